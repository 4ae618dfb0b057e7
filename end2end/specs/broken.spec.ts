// A program that fails on air: the page says so in one sentence, the stream goes on, and after a reload all is as before.

import { newest } from "../stack/timeline.ts";
import { expect, test } from "../stack/test.ts";
import { sleep } from "../stack/wait.ts";

test.use({ expectedErrors: /panicked at|unreachable|RuntimeError|no elements any more|already borrowed/ });

test("a studio that fails leaves the stream on air", async ({ streamer, goLive }) => {
  const { page } = streamer;
  await goLive.open();
  await goLive.rehearse();
  const session = (await newest(page))?.sessionId ?? "";
  const seen = await streamer.context.newPage();
  await seen.goto(`/stream/overlay?sessionId=${session}`);
  const picture = seen.locator('.scene[data-layout="camera"][data-webcam="video"]');
  await expect(picture).toBeVisible({ timeout: 10_000 });
  await page.evaluate(() => {
    const refuse = (): void => {
      if (/wasm-function/.test(new Error().stack ?? "")) throw new Error("no elements any more");
    };
    const [create, clone] = [document.createElement.bind(document), Node.prototype.cloneNode];
    document.createElement = ((...given: [string]) => (refuse(), create(...given))) as typeof document.createElement;
    Node.prototype.cloneNode = function (deep) {
      refuse();
      return clone.call(this, deep);
    };
  });
  await page.getByRole("button", { name: "Mute", exact: true }).click();
  const notice = page.getByRole("alert").filter({ hasText: "This page has stopped working; a stream that is on air goes on." });
  await expect(notice).toBeVisible();
  await sleep(6_000);
  await expect(picture, "viewers still see the camera").toBeVisible();
  expect((await newest(page))?.status).toBe("live");
  await seen.close();
  await notice.getByRole("button", { name: "Reload" }).click();
  await expect(goLive.light).toContainText("REHEARSAL", { timeout: 20_000 });
  await expect(notice).toBeHidden();
  await goLive.end();
});
