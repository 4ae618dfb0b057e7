// A whole stream by script: it is on air for 20 s to a local RTMP server, and prints what arrived there.

import { copyFile, mkdir } from "node:fs/promises";
import path from "node:path";
import { format, loudness } from "./stack/recording.ts";
import { expect, test } from "./stack/test.ts";
import { sleep, until } from "./stack/wait.ts";

test("demo", async ({ sink, streamer, goLive }, info) => {
  const key = "demo";
  await goLive.open();
  await goLive.shareScreen();
  await goLive.fill({ address: sink.url, key, title: "Footlight demo" });
  await goLive.ready();
  const clicked = Date.now();
  await goLive.start();
  await until("bytes at the RTMP server", () => sink.live(key), 40_000);
  const firstByte = Date.now() - clicked;
  // When an installation began, in seconds since 1970 (scripts/try-package.sh).
  const began = process.env["FOOTLIGHT_TEST_BEGAN"];
  const sinceInstallation = began ? Date.now() / 1000 - Number(began) : undefined;
  await expect(goLive.light).toBeVisible({ timeout: 30_000 });
  await sleep(20_000);
  await streamer.page.screenshot({ path: info.outputPath("studio.png") });
  await goLive.end();
  await until("the end of the broadcast", async () => (await sink.live(key)) === undefined);

  const [file] = await sink.recordings(key);
  if (file === undefined) throw new Error("nothing was recorded");
  const kept = path.join(info.project.outputDir, "stream.flv");
  await mkdir(path.dirname(kept), { recursive: true });
  await copyFile(file, kept);
  const { video, audio, keyframesS, durationS } = await format(kept);
  console.log(`
  video      ${video.codec} ${video.profile}, ${video.width}x${video.height} at ${video.fps.toFixed(2)} frames per second
  keyframes  at ${keyframesS.map((time) => time.toFixed(2)).join(", ")} s
  audio      ${audio.codec}, ${audio.channels} channels at ${audio.sampleRate} Hz, ${(await loudness(kept)).toFixed(1)} LUFS
  on air     ${durationS.toFixed(1)} s, first byte ${firstByte} ms after the click
  recording  ${kept}
`);
  expect([video.codec, audio.codec, durationS > 15]).toEqual(["h264", "aac", true]);
  if (sinceInstallation !== undefined) {
    console.log(`  first show ${sinceInstallation.toFixed(0)} s after the installation began\n`);
    expect(sinceInstallation).toBeLessThan(180);
  }
});
