// The host's network fails, for less and for more than the grace period.

import { ended, onAir, survives } from "../stack/faults.ts";
import { Network } from "../stack/network.ts";
import { chromiumProgram, Streamer } from "../stack/streamer.ts";
import { Timeline } from "../stack/timeline.ts";
import { expect, test as base } from "../stack/test.ts";
import { sleep, until } from "../stack/wait.ts";

const test = base.extend<{ network: Network }>({
  network: async ({ studio }, use) => {
    const network = await Network.open(studio.ports);
    await use(network);
    await network.close();
  },
  streamer: async ({ studio, network }, use) => {
    const streamer = await Streamer.start(studio.url, await network.launcher(chromiumProgram));
    await use(streamer);
    await streamer.stop();
  },
});

test("the broadcast survives 30 s without the host", async ({ sink, studio, streamer, goLive, network }) => {
  const broadcast = { sink, studio, streamer, goLive };
  const key = await onAir(broadcast);
  await survives(
    broadcast,
    key,
    "host's network cut for 30 s",
    async () => {
      await network.cut();
      await sleep(30_000);
      await network.restore();
    },
    90_000,
  );
  const { files, longestS } = await ended(broadcast, key);
  expect(files, "one unbroken broadcast").toHaveLength(1);
  expect(longestS).toBeLessThan(0.5);
});

test("the stream ends after the grace period", async ({ sink, studio, streamer, goLive, network }) => {
  const broadcast = { sink, studio, streamer, goLive };
  const key = await onAir(broadcast);
  const timeline = await Timeline.follow(streamer.page, goLive.sign);
  await network.cut();
  await sleep(120_000);
  await network.restore();
  await expect(streamer.page.getByText(/The host left and did not come back in time/)).toBeVisible({ timeout: 60_000 });
  const path = await timeline.end("host's network cut for 120 s");
  expect(path.some((state) => state.startsWith("ended")), path.join("\n")).toBe(true);
  await until("nothing is left running", async () => (await studio.egresses()).length === 0 && studio.captureProcesses().length === 0, 20_000);
  expect(await sink.recordings(key), "one broadcast").toHaveLength(1);
});
