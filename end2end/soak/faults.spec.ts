// Faults during a stream that take longer to recover from.

import { ended, onAir, survives } from "../stack/faults.ts";
import { lostServer } from "../stack/streamer.ts";
import { expect, test } from "../stack/test.ts";
import { sleep } from "../stack/wait.ts";

test.use({ expectedErrors: lostServer });

test("a killed egress is replaced in the same broadcast", async ({ sink, studio, streamer, goLive }) => {
  const broadcast = { sink, studio, streamer, goLive };
  const key = await onAir(broadcast);
  await survives(broadcast, key, "egress worker killed", () => studio.killRole("egress"));
  expect((await ended(broadcast, key)).files, "one broadcast").toHaveLength(1);
});

test("a killed relay gets its streams back", async ({ sink, studio, streamer, goLive }) => {
  const broadcast = { sink, studio, streamer, goLive };
  const key = await onAir(broadcast);
  await survives(broadcast, key, "relay killed", () => studio.killRole("relay"));
  expect((await ended(broadcast, key)).files, "one reconnect").toHaveLength(2);
});

test("a killed LiveKit server does not end the broadcast", async ({ sink, studio, streamer, goLive }) => {
  const broadcast = { sink, studio, streamer, goLive };
  const key = await onAir(broadcast);
  await survives(broadcast, key, "media server killed", () => studio.killRole("livekit"), 100_000);
  const { files, longestS } = await ended(broadcast, key);
  expect(files, "one unbroken broadcast").toHaveLength(1);
  expect(longestS).toBeLessThan(0.5);
});

test("a platform outage of 20 s recovers", async ({ sink, studio, streamer, goLive }) => {
  const broadcast = { sink, studio, streamer, goLive };
  const key = await onAir(broadcast);
  const path = await survives(
    broadcast,
    key,
    "platform down for 20 s",
    async () => {
      await sink.goDown();
      await sleep(20_000);
      await sink.comeBack();
    },
    90_000,
  );
  expect(path.some((state) => /\| Off air: .*refused/.test(state)), path.join("\n")).toBe(true);
  expect((await ended(broadcast, key)).files, "one reconnect").toHaveLength(2);
});
