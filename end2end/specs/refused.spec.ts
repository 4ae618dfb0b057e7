// A platform that refuses the stream key: reported at once, and nothing keeps running.

import { randomBytes } from "node:crypto";
import { SecretScan } from "../stack/secrets.ts";
import { expect, test } from "../stack/test.ts";
import { until } from "../stack/wait.ts";

test("a destination that cannot work is named before the start", async ({ streamer, goLive }) => {
  const { page } = streamer;
  await goLive.open();
  // No private address but the sink's is allowed.
  await goLive.fill({ address: "rtmp://127.0.0.1:1/live", key: "any", title: "Never started" });
  const failed = page.locator('.checks li[data-state="bad"]');
  await expect(failed).toContainText("custom");
  await expect(page.getByRole("button", { name: /^Go live/ })).toBeDisabled();
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await page.getByLabel(/^Rehearsal/).check();
  await expect(failed, "another choice is tried anew").toHaveCount(0);
  await expect(page.getByRole("button", { name: "Start rehearsal" })).toBeEnabled();
});

test("a refused stream key is reported within five seconds", async ({ sink, studio, streamer, goLive }) => {
  const key = `wrong_${randomBytes(12).toString("hex")}`;
  sink.refuse(key);
  const scan = new SecretScan(key, studio, streamer.context);

  await goLive.open();
  await goLive.fill({ address: sink.url, key, title: "Never on air" });
  await goLive.start();
  const attempt = await until("the relay's attempt", () => sink.offered.find((offer) => offer.key === key), 30_000, 20);
  await expect(goLive.refusal).toBeVisible({ timeout: 5_000 - (Date.now() - attempt.at) });
  await expect(goLive.light).not.toBeVisible();

  await until("the egress ends", async () => (await studio.egresses()).length === 0, 20_000);
  await until("the room closes", async () => (await studio.rooms()).length === 0, 20_000);
  await until("the capture's processes end", () => studio.captureProcesses().length === 0, 10_000);
  expect(await sink.recordings(key)).toEqual([]);
  await scan.check(streamer.page);
  expect(await scan.findings(), "the stream key was seen").toEqual([]);
});
