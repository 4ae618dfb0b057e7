// The test stack itself: a studio starts, restarts killed roles, and stops without leaving anything.

import { existsSync } from "node:fs";
import { kill } from "node:process";
import { descendants, stillRunning } from "../stack/processes.ts";
import { run } from "../stack/commands.ts";
import * as recording from "../stack/recording.ts";
import { expect, test } from "../stack/test.ts";
import { until } from "../stack/wait.ts";

test("a killed role restarts while the others keep running", async ({ studio }) => {
  const roles = descendants(studio.pid).filter((process) => process.parent === studio.pid);
  expect(roles).toHaveLength(4);
  const victim = roles[1];
  if (!victim) throw new Error("no second role");
  kill(victim.pid, "SIGKILL");
  await until("four roles again", () => {
    const now = descendants(studio.pid).filter((process) => process.parent === studio.pid);
    return now.length === 4 && stillRunning([victim]).length === 0;
  });
  expect(stillRunning(roles)).toHaveLength(3);
  await until("the studio answers", async () => (await fetch(`${studio.url}/healthz`)).ok);
});

test("a killed supervisor leaves nothing running", async ({ studio }) => {
  const all = descendants(studio.pid);
  expect(existsSync(studio.scratch)).toBe(true);
  expect(all.length).toBeGreaterThan(3);
  kill(studio.pid, "SIGKILL");
  await until("its roles end", () => stillRunning(all).length === 0, 15_000);
  expect(existsSync(studio.scratch), "nor the folder for its captures").toBe(false);
});

test("the sink records what was sent and refuses keys", async ({ sink }) => {
  const send = (key: string): Promise<unknown> =>
    run("ffmpeg", [
      ...["-v", "error", "-re", "-f", "lavfi", "-i", "color=c=0x2040c0:s=640x360:r=15:d=6,drawbox=x=480:y=260:w=150:h=90:c=0x18a040:t=fill"],
      ...["-f", "lavfi", "-i", "sine=f=700:d=6", "-c:v", "libx264", "-profile:v", "main", "-g", "30", "-pix_fmt", "yuv420p"],
      ...["-c:a", "aac", "-ac", "2", "-f", "flv", `${sink.url}/${key}`],
    ]);
  sink.refuse("wrong");
  await expect(send("wrong")).rejects.toThrow();
  await send("right");
  await until("the end of the broadcast", async () => (await sink.live("right")) === undefined);
  expect(await sink.recordings("wrong")).toEqual([]);
  const file = (await sink.recordings("right"))[0] ?? "";
  const { video, audio, keyframesS } = await recording.format(file);
  expect(video).toMatchObject({ codec: "h264", profile: "Main", width: 640, height: 360 });
  expect(video.fps).toBeCloseTo(15, 1);
  expect(audio).toMatchObject({ codec: "aac", channels: 2 });
  expect(keyframesS.map((time) => Math.round(time - (keyframesS[0] ?? 0)))).toEqual([0, 2, 4]);
  const picture = await recording.frame(file, 3);
  expect(picture.share([32, 64, 192])).toBeGreaterThan(0.8);
  expect(picture.quarters([24, 160, 64]).map((share) => share > 0.05)).toEqual([false, false, false, true]);
  expect(await recording.tone(file, 700, 1, 5)).toBeGreaterThan(-30);
  expect(await recording.tone(file, 1900, 1, 5)).toBeLessThan(-60);
});
