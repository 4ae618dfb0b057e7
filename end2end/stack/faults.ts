// A stream on air, a fault, and what must be true afterwards.

import { randomBytes } from "node:crypto";
import type { GoLive } from "./pages.ts";
import * as recording from "./recording.ts";
import type { Sink } from "./sink.ts";
import { Timeline } from "./timeline.ts";
import { camera, screen, type Streamer } from "./streamer.ts";
import type { Studio } from "./studio.ts";
import { expect } from "./test.ts";
import { sleep, until } from "./wait.ts";

export interface Broadcast {
  sink: Sink;
  studio: Studio;
  streamer: Streamer;
  goLive: GoLive;
}

/** Goes live to the sink with a new key and waits until it has been on air for a while. */
export async function onAir({ sink, goLive }: Broadcast): Promise<string> {
  const key = `live_${randomBytes(12).toString("hex")}`;
  await goLive.open();
  await goLive.shareScreen();
  await goLive.fill({ address: sink.url, key, title: "A hard day" });
  await goLive.start();
  await expect(goLive.light).toContainText("ON AIR", { timeout: 30_000 });
  await sleep(4_000);
  return key;
}

/** Causes a fault, and follows the stream until it has recovered, and a little longer. */
export async function survives(broadcast: Broadcast, key: string, what: string, fault: () => Promise<void>, limitMs = 60_000): Promise<string[]> {
  const timeline = await Timeline.follow(broadcast.streamer.page, broadcast.goLive.sign);
  const stalls = new Stalls(broadcast.sink, key);
  await fault();
  await until(`recovered after: ${what}`, () => timeline.hasRecovered(), limitMs);
  await sleep(4_000);
  const longest = await stalls.end();
  return timeline.end(`${what}: longest stall at the platform ${(longest / 1000).toFixed(1)} s`);
}

/** Ends the stream and reads what the platform recorded: the broadcasts, the longest gap in each, the last frame. */
export async function ended({ sink, studio, goLive }: Broadcast, key: string): Promise<{ files: string[]; longestS: number }> {
  await goLive.end();
  await until("nothing is left running", async () => (await studio.egresses()).length === 0 && studio.captureProcesses().length === 0, 20_000);
  const files = await sink.recordings(key);
  let longestS = 0;
  for (const file of files) {
    const gap = await recording.gap(file);
    const { durationS } = await recording.format(file);
    console.log(`  a broadcast of ${durationS.toFixed(1)} s, its longest gap ${gap.longestS.toFixed(2)} s at ${gap.atS.toFixed(1)} s`);
    expect(gap.backwards, "time never runs backwards").toBe(0);
    longestS = Math.max(longestS, gap.longestS);
  }
  const last = files.at(-1) ?? "";
  const picture = await recording.frame(last, (await recording.format(last)).durationS - 2);
  expect(picture.share(screen.colour), "the screen is there at the end").toBeGreaterThan(0.5);
  expect(Math.max(...picture.quarters(camera.colour)), "and the webcam").toBeGreaterThan(0.05);
  return { files, longestS };
}

/** The longest time in which the platform received nothing. */
class Stalls {
  private longest = 0;
  private isOver = false;
  private readonly watched: Promise<void>;

  constructor(
    private readonly sink: Sink,
    private readonly key: string,
  ) {
    this.watched = this.watch();
  }

  async end(): Promise<number> {
    this.isOver = true;
    await this.watched;
    return this.longest;
  }

  private async watch(): Promise<void> {
    let [bytes, since] = [-1, Date.now()];
    while (!this.isOver) {
      const now = (await this.sink.live(this.key).catch(() => undefined))?.bytesIn;
      if (now !== undefined && now !== bytes) [bytes, since] = [now, Date.now()];
      this.longest = Math.max(this.longest, Date.now() - since);
      await sleep(100);
    }
  }
}
