// Sound graphs, screens and devices that do not work as they should: the page says so, and everything else works.

import { paintedCamera, pluggedCameras, screenWithoutSound } from "../stack/captures.ts";
import { expect, test } from "../stack/test.ts";

for (const [what, breakSound] of [
  ["no source", () => { AudioContext.prototype.createMediaStreamSource = () => { throw new DOMException("x", "NotSupportedError"); }; }],
  ["no context", () => { window.AudioContext = class { constructor() { throw new DOMException("x", "NotSupportedError"); } } as unknown as typeof AudioContext; }],
] as const) {
  test(`without a sound graph (${what}) the level meter is left out`, async ({ streamer, goLive }) => {
    const { page } = streamer;
    await page.addInitScript(breakSound);
    await goLive.open();
    await expect(page.getByText("This browser shows no level; the microphone works without.")).toBeVisible();
    await expect(page.getByRole("meter")).toBeHidden();
    await goLive.cameraOff();
    await page.getByRole("button", { name: "Camera on" }).click();
    await expect(page.getByRole("button", { name: "Camera off" })).toBeVisible();
    if (what === "no context") {
      await page.getByText("Speaker, mirror, frame rate").click();
      await page.getByRole("button", { name: "Test speaker" }).click();
      await expect(page.getByText("This browser could not play the test sound.")).toBeVisible();
    }
    await goLive.rehearse();
    await goLive.mute();
    await expect(page.getByRole("button", { name: "Unmute" })).toBeVisible();
    await goLive.end();
  });
}

test("a screen whose sound is refused is shared without it", async ({ streamer, goLive }) => {
  const { page } = streamer;
  await page.addInitScript(screenWithoutSound);
  await goLive.open();
  await page.getByRole("button", { name: "Share screen" }).click();
  await expect(page.getByText("Sharing your screen without audio: your system did not give it.")).toBeVisible();
  expect(await page.evaluate(() => window.devices.asked)).toEqual([true, false]);
  await page.getByRole("button", { name: "Stop sharing" }).click();
  await expect(page.getByRole("button", { name: "Share screen" })).toBeVisible();
});

test("a screen's sound that ends is reported while its picture goes on", async ({ streamer, goLive }) => {
  const { page } = streamer;
  await page.addInitScript(() => {
    const ask = navigator.mediaDevices.getDisplayMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getDisplayMedia = async (wishes) => {
      const stream = await ask(wishes);
      Object.assign(window, { sound: stream.getAudioTracks()[0] });
      return stream;
    };
  });
  await goLive.open();
  await goLive.shareScreen();
  await expect(page.getByText("Sharing your screen with audio.")).toBeVisible();
  await page.evaluate(() => (window as unknown as { sound: MediaStreamTrack }).sound.dispatchEvent(new Event("ended")));
  await expect(page.getByText("Sharing your screen without audio: it has ended.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Stop sharing" })).toBeVisible();
});

test("devices that do not start as they are wished for start as they are", async ({ streamer, goLive }) => {
  const { page } = streamer;
  await page.addInitScript(() => {
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = (wishes) => {
      const wished = [wishes?.video, wishes?.audio].some((of) => typeof of === "object" && ("width" in of || "echoCancellation" in of));
      return wished ? Promise.reject(new DOMException("Could not start source", "NotReadableError")) : ask(wishes);
    };
  });
  await goLive.open();
  await expect(page.locator(".checks li").filter({ hasText: "Camera and microphone" })).toContainText("ready");
});

test("a camera that was pulled out comes back by itself", async ({ streamer, goLive }) => {
  const { page } = streamer;
  await page.addInitScript(pluggedCameras);
  await goLive.open();
  const gone = page.getByText("The camera went away.");
  const opened = (): Promise<number> => page.evaluate(() => window.devices.tracks.length);
  const plug = (cameras: { id: string; label: string }[]): Promise<void> =>
    page.evaluate((cameras) => {
      window.devices.plugged = cameras;
      navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
    }, cameras);
  const pullOut = async (left: { id: string; label: string }[]): Promise<void> => {
    await page.evaluate(() => window.devices.tracks.at(-1)?.dispatchEvent(new Event("ended")));
    await plug(left);
    await expect(gone).toBeVisible();
  };
  expect(await opened()).toBe(1);
  await pullOut([]);
  await plug([{ id: "first", label: "Front camera" }]);
  await expect(gone, "the same camera").toBeHidden();
  await expect.poll(opened).toBe(2);
  await pullOut([{ id: "lid", label: "Lid camera" }]);
  await page.waitForTimeout(2_500);
  expect(await opened(), "another camera is offered, not taken").toBe(2);
  await expect(page.getByRole("combobox", { name: /^Camera/ })).toContainText("Lid camera");
  await plug([{ id: "lid", label: "Lid camera" }, { id: "second", label: "Front camera" }]);
  await expect(gone, "the same camera under another id").toBeHidden();
  await expect.poll(opened).toBe(3);
  await expect(page.getByRole("combobox", { name: /^Camera/ })).toHaveValue("second");
  await test.step("a track that ends while its camera stays is opened again", async () => {
    await page.evaluate(() => window.devices.tracks.at(-1)?.dispatchEvent(new Event("ended")));
    await expect.poll(opened, { timeout: 5_000 }).toBe(4);
    await expect(gone).toBeHidden();
  });
});

test("a permission that is withdrawn is named, and used when it is given again", async ({ streamer, goLive }) => {
  const { page } = streamer;
  await page.addInitScript(paintedCamera, true);
  await page.addInitScript(() => {
    const status = Object.assign(new EventTarget(), { state: "granted" });
    Object.assign(window, { permission: status });
    navigator.permissions.query = () => Promise.resolve(status as unknown as PermissionStatus);
  });
  await goLive.open();
  const set = (state: string): Promise<void> =>
    page.evaluate((state) => {
      const { permission } = window as unknown as { permission: EventTarget & { state: string } };
      permission.state = state;
      if (state !== "granted") window.devices.tracks.at(-1)?.dispatchEvent(new Event("ended"));
      permission.dispatchEvent(new Event("change"));
    }, state);
  await set("denied");
  await expect(page.getByText("The camera is blocked for this page.")).toBeVisible();
  await set("granted");
  await expect(page.getByText("The camera is blocked for this page.")).toBeHidden();
  await expect.poll(() => page.evaluate(() => window.devices.tracks.length)).toBe(2);
});
