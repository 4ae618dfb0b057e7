// The whole path with real parts: a browser's stream, composed, encoded once, relayed, and read back from the platform's recording.

import { randomBytes } from "node:crypto";
import * as recording from "../stack/recording.ts";
import { SecretScan } from "../stack/secrets.ts";
import { newest } from "../stack/timeline.ts";
import { camera, screen } from "../stack/streamer.ts";
import { expect, format, test } from "../stack/test.ts";
import { sleep, until } from "../stack/wait.ts";

/** Camera and microphone to the sink's file: WebRTC, capture, encoder, relay. */
const delayS = 4;

test("a stream goes on air, arrives complete and leaves nothing running", async ({ sink, studio, streamer, goLive }, info) => {
  const key = `live_${randomBytes(12).toString("hex")}`;
  const scan = new SecretScan(key, studio, streamer.context);

  await goLive.open();
  await goLive.shareScreen();
  await goLive.fill({ address: sink.url, key, title: "The first stream" });
  await goLive.ready();
  const clicked = Date.now();
  await goLive.start();
  await until("bytes at the platform", () => sink.live(key), 30_000);
  const firstByte = Date.now() - clicked;
  await expect(goLive.light).toContainText("ON AIR", { timeout: 30_000 - firstByte });
  const onAir = Date.now() - clicked;
  await scan.check(streamer.page);
  expect(await studio.rooms()).toHaveLength(1);
  expect(await studio.egresses()).toHaveLength(1);
  const shared = await studio.sharedScreen();
  expect(shared?.width, "no more of the screen is sent than the picture has room for").toBeLessThanOrEqual(format.width);
  expect(shared?.height).toBeLessThanOrEqual(format.height);
  expect(shared?.width).toBeGreaterThan(0);
  expect(studio.captureProcesses().map((process) => process.name)).toContain("ffmpeg");

  const at = async (): Promise<number> => (await until("the stream goes on", () => sink.live(key))).timeMs / 1000;
  await sleep(5_000);
  // Changes through the API during the stream: an event, another scene, the webcam's corner.
  const sessionId = (await newest(streamer.page))?.sessionId;
  const change = async (method: "POST" | "PATCH", path: string, data: object): Promise<number> => {
    const before = await at();
    const answer = await streamer.page.request.fetch(`/api/streaming/${path}`, { method, headers: { origin: studio.url }, data: { sessionId, ...data } });
    expect(answer.ok(), await answer.text()).toBe(true);
    await sleep(4_000);
    return before;
  };
  const changedAt = {
    event: await change("POST", "events", { events: [{ kind: "alert", title: "Eleven wins in a row", text: "A new record", tone: "good" }] }),
    scene: await change("PATCH", "overlay", { scene: "be-right-back" }),
    back: await change("PATCH", "overlay", { scene: "live" }),
    corner: await change("PATCH", "overlay", { pipCorner: "bottom-left" }),
  };
  const preview = info.outputPath("preview.png");
  await streamer.page.locator(".preview .scene").screenshot({ path: preview });
  const mutedAt = await at();
  await goLive.mute();
  await sleep(7_000);
  const cameraOffAt = await at();
  await goLive.cameraOff();
  await sleep(7_000);
  await scan.check(streamer.page);
  await goLive.end();
  await scan.check(streamer.page);

  await until("the egress ends", async () => (await studio.egresses()).length === 0, 20_000);
  await until("the room closes", async () => (await studio.rooms()).length === 0, 20_000);
  await until("the capture's processes end", () => studio.captureProcesses().length === 0, 10_000);
  await until("the platform sees the end", async () => (await sink.live(key)) === undefined, 10_000);

  const files = await sink.recordings(key);
  expect(files, "one unbroken broadcast").toHaveLength(1);
  const file = files[0] ?? "";
  const found = await recording.format(file);
  console.log(
    `click to first byte ${firstByte} ms, to ON AIR ${onAir} ms; ${found.video.codec} ${found.video.profile} ` +
      `${found.video.width}x${found.video.height} at ${found.video.fps.toFixed(2)} fps, ${found.durationS.toFixed(1)} s`,
  );
  expect(found.video).toMatchObject({ codec: "h264", profile: "Main", width: format.width, height: format.height });
  expect(Math.abs(found.video.fps / format.fps - 1), `${found.video.fps} frames per second`).toBeLessThan(0.02);
  expect(found.audio).toMatchObject({ codec: "aac", channels: 2 });
  const gaps = found.keyframesS.slice(1).map((time, index) => time - (found.keyframesS[index] ?? 0));
  expect(gaps.length).toBeGreaterThan(5);
  for (const gap of gaps) expect(Math.abs(gap - 2), `keyframes at ${found.keyframesS.join(", ")}`).toBeLessThan(0.1);

  await test.step("the screen and the webcam in its corner are one picture", async () => {
    for (const [when, atS] of [["from the first frame on", 0], ["later", mutedAt - 2]] as const) {
      const picture = await recording.frame(file, atS);
      expect(picture.share(screen.colour), `${when}: the screen`).toBeGreaterThan(0.5);
      const quarters = picture.quarters(camera.colour).sort((a, b) => b - a);
      expect(quarters[0], `${when}: the webcam in a corner`).toBeGreaterThan(0.05);
      expect(quarters[1], `${when}: and in that corner only`).toBeLessThan(0.02);
    }
  });

  await test.step("the streamer's preview is what the platform gets", async () => {
    const sent = await recording.frame(file, mutedAt - 1);
    const own = await recording.still(preview, sent.width, sent.height);
    expect(own.alike(sent)).toBeGreaterThan(0.92);
    expect(own.alike(await recording.frame(file, changedAt.scene + 3)), "the comparison can fail").toBeLessThan(0.5);
  });

  await test.step("changes through the API reach the platform soon", async () => {
    const delays = [];
    for (const [what, since] of Object.entries(changedAt)) {
      const seen = await recording.change(file, since, since + 5);
      expect(seen, `${what}: the picture changes within 5 s`).toBeDefined();
      delays.push(`${what} ${((seen ?? since) - since).toFixed(2)} s`);
    }
    console.log(`from the call to the platform's recording: ${delays.join(", ")}`);
    const during = (since: number): Promise<recording.Frame> => recording.frame(file, since + 3);
    expect((await during(changedAt.scene)).share(screen.colour), "another scene hides the screen").toBeLessThan(0.2);
    const corner = { left: 0, top: 0.5, right: 0.5, bottom: 1 };
    expect((await during(changedAt.back)).share(camera.colour, corner), "the webcam is elsewhere").toBeLessThan(0.02);
    expect((await during(changedAt.corner)).share(camera.colour, corner), "and moves when set").toBeGreaterThan(0.05);
  });

  await test.step("both tones are heard; mute takes the microphone's away and leaves the screen's", async () => {
    const before = { from: mutedAt - 6, to: mutedAt - 1 };
    const after = { from: mutedAt + delayS, to: cameraOffAt };
    expect(await recording.tone(file, screen.hertz, before.from, before.to)).toBeGreaterThan(-45);
    expect(await recording.tone(file, camera.hertz, before.from, before.to)).toBeGreaterThan(-45);
    expect(await recording.tone(file, screen.hertz, after.from, after.to)).toBeGreaterThan(-45);
    expect(await recording.tone(file, camera.hertz, after.from, after.to)).toBeLessThan(-55);
  });

  await test.step("camera off takes the webcam's picture away and leaves the screen", async () => {
    const picture = await recording.frame(file, cameraOffAt + delayS + 1);
    expect(picture.share(camera.colour)).toBeLessThan(0.01);
    expect(picture.share(screen.colour)).toBeGreaterThan(0.5);
  });

  expect(await scan.findings(), "the stream key was seen").toEqual([]);
});
