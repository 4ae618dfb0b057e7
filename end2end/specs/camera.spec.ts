// A camera without a picture: viewers see the initial within seconds, the streamer is told, and the picture comes back by itself.

import type { Page } from "@playwright/test";
import { paintedCamera } from "../stack/captures.ts";
import type { GoLive } from "../stack/pages.ts";
import { newest } from "../stack/timeline.ts";
import { expect, test } from "../stack/test.ts";

const told = "Your camera gives no picture: viewers see your initial.";

/** The composite of the running stream, in a tab of its own. */
async function composite(page: Page): Promise<Page> {
  const session = (await newest(page))?.sessionId ?? "";
  const seen = await page.context().newPage();
  await seen.goto(`/stream/overlay?sessionId=${session}`);
  return seen;
}

const scene = (webcam: string): string => `.scene[data-layout="camera"][data-webcam="${webcam}"]`;

async function stopsAndComesBack(page: Page, seen: Page, stop: () => Promise<void>, again: () => Promise<void>, words: string): Promise<void> {
  await stop();
  await expect(seen.locator(scene("avatar")), "viewers see the initial").toBeVisible({ timeout: 8_000 });
  await expect(page.getByText(words)).toBeVisible();
  await expect(page.locator(`.preview ${scene("avatar")}`)).toBeVisible();
  await again();
  await expect(seen.locator(scene("video")), "and the picture again").toBeVisible({ timeout: 8_000 });
  await expect(page.getByText(words)).toBeHidden();
}

async function onRehearsal(page: Page, goLive: GoLive): Promise<void> {
  await page.goto("/go-live");
  await goLive.rehearse();
}

test("a camera that never gives a frame", async ({ streamer, goLive }) => {
  const { page } = streamer;
  await page.addInitScript(paintedCamera, false);
  await page.goto("/go-live");
  await expect(page.getByText(told)).toBeVisible();
  await expect(page.getByText("your camera gives no picture: viewers see your initial", { exact: true })).toBeVisible();
  await goLive.rehearse();
  const seen = await composite(page);
  await expect(seen.locator(scene("avatar")), "never the waiting card").toBeVisible({ timeout: 6_000 });
  await expect(page.getByText(told)).toBeVisible();
  await page.evaluate(() => (window.devices.paints = true));
  await expect(seen.locator(scene("video"))).toBeVisible({ timeout: 8_000 });
  await expect(page.getByText(told)).toBeHidden();
  await seen.close();
  await goLive.end();
});

test("a camera that stops, is muted by the system, or changes its size", async ({ streamer, goLive }) => {
  const { page } = streamer;
  await page.addInitScript(paintedCamera, true);
  await onRehearsal(page, goLive);
  const seen = await composite(page);
  await expect(seen.locator(scene("video"))).toBeVisible({ timeout: 10_000 });
  const paint = (paints: boolean): Promise<void> => page.evaluate((paints) => void (window.devices.paints = paints), paints);
  await test.step("it stops", () => stopsAndComesBack(page, seen, () => paint(false), () => paint(true), told));
  const mute = (muted: boolean): Promise<void> =>
    page.evaluate((muted) => {
      const track = window.devices.tracks.at(-1);
      if (!track) throw new Error("no camera");
      window.devices.paints = !muted;
      Object.defineProperty(track, "muted", { value: muted, configurable: true });
      track.dispatchEvent(new Event(muted ? "mute" : "unmute"));
    }, muted);
  await test.step("the system mutes it", () =>
    stopsAndComesBack(page, seen, () => mute(true), () => mute(false), "Your system has switched the camera off"));
  for (const size of [[360, 640], [5120, 1440], [640, 360]] as [number, number][]) {
    await test.step(`it is ${size.join("x")} now`, async () => {
      await page.evaluate((size) => void (window.devices.size = size), size);
      const upright = size[1] > size[0];
      const video = seen.locator("#camera-video");
      await expect.poll(() => video.evaluate((video: HTMLVideoElement) => video.videoHeight > video.videoWidth), { timeout: 15_000 }).toBe(upright);
      await expect(seen.locator(scene("video"))).toBeVisible();
    });
  }
  await seen.close();
  await goLive.end();
});

test("a microphone that the system mutes", async ({ streamer, goLive }) => {
  const { page } = streamer;
  await page.addInitScript(() => {
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wishes) => {
      const stream = await ask(wishes);
      if (wishes?.audio) Object.assign(window, { microphone: stream.getAudioTracks()[0] });
      return stream;
    };
  });
  await goLive.open();
  await goLive.rehearse();
  const mute = (muted: boolean): Promise<void> =>
    page.evaluate((muted) => {
      const { microphone } = window as unknown as { microphone: MediaStreamTrack };
      Object.defineProperty(microphone, "muted", { value: muted, configurable: true });
      microphone.dispatchEvent(new Event(muted ? "mute" : "unmute"));
    }, muted);
  const words = page.getByText("Your system has muted the microphone: viewers do not hear you.");
  await mute(true);
  await expect(words).toBeVisible({ timeout: 5_000 });
  await mute(false);
  await expect(words).toBeHidden();
  await goLive.end();
});
