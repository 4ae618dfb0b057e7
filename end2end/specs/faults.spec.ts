// Faults during a stream that must not end the broadcast at the platform. Longer cases are in `soak`.

import { ended, onAir, survives } from "../stack/faults.ts";
import { settled } from "../stack/pages.ts";
import { expect, test } from "../stack/test.ts";

test("a killed server and a reloaded page leave no gap", async ({ sink, studio, streamer, goLive }) => {
  const broadcast = { sink, studio, streamer, goLive };
  const key = await onAir(broadcast);
  await survives(broadcast, key, "application killed", () => studio.killRole("serve"));
  await survives(broadcast, key, "host page reloaded", async () => {
    await streamer.page.reload();
    await settled(streamer.page);
    await goLive.shareScreen();
  });
  const { files, longestS } = await ended(broadcast, key);
  expect(files, "one unbroken broadcast").toHaveLength(1);
  expect(longestS).toBeLessThan(0.5);
});

test("a new capture takes over in the same broadcast", async ({ sink, studio, streamer, goLive }) => {
  const broadcast = { sink, studio, streamer, goLive };
  const key = await onAir(broadcast);
  const before = await studio.egresses();
  const path = await survives(broadcast, key, "renderer killed", async () => studio.killRenderer());
  expect(path.some((state) => !state.endsWith("| ON AIR") || state.includes("replacing")), "the page does not claim that all is well").toBe(true);
  expect(await studio.egresses()).not.toEqual(before);
  const { files } = await ended(broadcast, key);
  expect(files, "one broadcast").toHaveLength(1);
});
