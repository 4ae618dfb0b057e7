// A rehearsal is a whole stream that only its streamer can watch, afterwards, on the page where it ended and on its own.

import type { Locator } from "@playwright/test";
import { Frame } from "../stack/recording.ts";
import { camera, screen } from "../stack/streamer.ts";
import { expect, test } from "../stack/test.ts";
import { sleep } from "../stack/wait.ts";

/** The length of the recording, and a frame from its middle, decoded by the browser. */
async function watched(video: Locator): Promise<{ durationS: number; picture: Frame }> {
  await video.scrollIntoViewIfNeeded();
  const { durationS, width, height, pixels } = await video.evaluate(async (element: HTMLVideoElement) => {
    if (element.readyState < HTMLMediaElement.HAVE_METADATA) await new Promise((resolve) => element.addEventListener("loadedmetadata", resolve, { once: true }));
    element.muted = true;
    const middleS = element.duration / 2;
    // "seeked" comes before the frame can be drawn; under load nothing would be drawn.
    const painted = new Promise<void>((resolve) => {
      const look = (_: number, { mediaTime }: VideoFrameCallbackMetadata): void => {
        if (Math.abs(mediaTime - middleS) < 0.5) resolve();
        else element.requestVideoFrameCallback(look);
      };
      element.requestVideoFrameCallback(look);
    });
    element.currentTime = middleS;
    await painted;
    const canvas = new OffscreenCanvas(element.videoWidth, element.videoHeight);
    const paper = canvas.getContext("2d");
    if (!paper) throw new Error("no canvas");
    paper.drawImage(element, 0, 0);
    const { data } = paper.getImageData(0, 0, canvas.width, canvas.height);
    return { durationS: element.duration, width: canvas.width, height: canvas.height, pixels: [...data].filter((_, index) => index % 4 < 3) };
  });
  return { durationS, picture: new Frame(width, height, Buffer.from(pixels)) };
}

test("a rehearsal is labelled, and plays back on both pages", async ({ streamer, goLive }) => {
  const { page } = streamer;
  await goLive.open();
  await goLive.shareScreen();
  const shape = page.locator(".preview");
  await expect(shape).toHaveAttribute("data-shape", "wide");
  await page.getByLabel("Resolution").selectOption("portrait");
  await expect(shape, "the preview of a portrait stream").toHaveAttribute("data-shape", "portrait");
  await page.getByLabel("Resolution").selectOption("");
  await expect(shape, "and of the default").toHaveAttribute("data-shape", "wide");
  await page.getByLabel(/^Rehearsal/).check();
  const go = page.getByRole("button", { name: "Start rehearsal" });
  await go.click();
  await expect(goLive.light).toContainText("REHEARSAL", { timeout: 45_000 });
  await expect(page.getByLabel(/^Rehearsal/), "a second rehearsal is not offered").toHaveCount(0);
  await test.step("the webcam is dragged to another corner", async () => {
    const preview = page.locator(".preview");
    const webcam = await preview.locator(".scene-webcam").boundingBox();
    const frame = await preview.boundingBox();
    if (!webcam || !frame) throw new Error("there is no webcam in the preview");
    await expect(preview.locator(".scene")).toHaveAttribute("data-corner", "bottom-right");
    await page.mouse.move(webcam.x + webcam.width / 2, webcam.y + webcam.height / 2);
    await page.mouse.down();
    await page.mouse.move(frame.x + frame.width * 0.2, frame.y + frame.height * 0.2, { steps: 6 });
    await expect(preview).toHaveAttribute("data-dragging", "yes");
    const drawn = await preview.locator(".scene-webcam").boundingBox();
    expect(drawn?.x ?? webcam.x, "it follows the pointer").toBeLessThan(webcam.x - 100);
    await page.mouse.up();
    await expect(page.getByRole("button", { name: "Top left", exact: true }), "the setting was changed").toHaveAttribute("aria-pressed", "true");
    await expect(preview.locator(".scene")).toHaveAttribute("data-corner", "top-left");
  });
  await sleep(10_000);
  await goLive.end();

  const seen = async (place: string): Promise<void> => {
    const { durationS, picture } = await watched(page.getByLabel("Recording"));
    expect(durationS, place).toBeGreaterThan(5);
    expect(picture.share(screen.colour), `${place}: the screen`).toBeGreaterThan(0.5);
    expect(picture.quarters(camera.colour)[0], `${place}: the webcam where it was dragged to`).toBeGreaterThan(0.05);
  };
  await seen("where it ended");
  await expect(page.locator(".ended .stats"), "what came of it").toContainText("Decisions");
  const details = await page.getByRole("link", { name: "Details of this stream" }).getAttribute("href");
  await test.step("the next one starts in the same page", async () => {
    await page.getByRole("button", { name: "Go live again" }).click();
    await expect(page.getByLabel(/^Rehearsal/), "what was chosen is still chosen").toBeChecked();
    await expect(page, "the title is not that of the end").toHaveTitle(/^Go live/);
    await page.getByRole("button", { name: "Start rehearsal" }).click();
    await expect(goLive.light).toContainText("REHEARSAL", { timeout: 45_000 });
    await goLive.end();
    await expect(page.getByRole("link", { name: "Details of this stream" }), "another stream").not.toHaveAttribute("href", details ?? "");
  });
  await page.goto(details ?? "");
  await seen("on its own page");
  const picture = page.locator(".thumbnail img");
  await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth), "its last thumbnail").toBeGreaterThan(0);
});
