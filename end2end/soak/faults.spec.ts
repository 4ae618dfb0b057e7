// The long rows of what may be lost in mid-show.

import { ended, onAir, survives } from "../stack/faults.ts";
import { expect, test } from "../stack/test.ts";
import { sleep } from "../stack/wait.ts";

test("the egress worker is killed and started again: another capture takes over in the same broadcast", async ({ sink, studio, streamer, goLive }) => {
  const broadcast = { sink, studio, streamer, goLive };
  const key = await onAir(broadcast);
  await survives(broadcast, key, "egress worker killed", () => studio.killRole("egress"));
  expect((await ended(broadcast, key)).files, "one broadcast").toHaveLength(1);
});

test("the relay is killed and started again: its shows are put to it again and the platform takes them", async ({ sink, studio, streamer, goLive }) => {
  const broadcast = { sink, studio, streamer, goLive };
  const key = await onAir(broadcast);
  await survives(broadcast, key, "relay killed", () => studio.killRole("relay"));
  expect((await ended(broadcast, key)).files, "one reconnect").toHaveLength(2);
});

test("the media server is killed and started again: the broadcast goes on and the host is back in the picture", async ({ sink, studio, streamer, goLive }) => {
  const broadcast = { sink, studio, streamer, goLive };
  const key = await onAir(broadcast);
  await survives(broadcast, key, "media server killed", () => studio.killRole("livekit"), 100_000);
  const { files, longestS } = await ended(broadcast, key);
  expect(files, "one unbroken broadcast").toHaveLength(1);
  expect(longestS).toBeLessThan(0.5);
});

test("the platform is down for 20 s: the page says so, tries, and is on air again", async ({ sink, studio, streamer, goLive }) => {
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
  expect(path.some((said) => /\| Off air: .*refused/.test(said)), path.join("\n")).toBe(true);
  expect((await ended(broadcast, key)).files, "one reconnect").toHaveLength(2);
});
