// Pages that come back: by the Back button, or with a machine that has slept.

import { settled, signIn } from "../stack/pages.ts";
import { expect, test } from "../stack/test.ts";

test("a page that comes back shows what is true now", async ({ studio, streamer }) => {
  const { page } = streamer;
  await signIn(page, studio.firstSignIn() ?? "");
  const feeds: string[] = [];
  page.on("request", (request) => {
    if (request.url().includes("/api/admin/feed")) feeds.push(request.url());
  });
  await page.goto("/admin/sessions");
  await settled(page);
  await expect.poll(() => feeds.length).toBe(1);

  await test.step("after a sleep the feed is opened anew at once", async () => {
    await page.evaluate(() => {
      const now = Date.now.bind(Date);
      Date.now = () => now() + 3_600_000;
    });
    await expect.poll(() => feeds.length, { timeout: 5_000 }).toBeGreaterThan(1);
  });

  await test.step("what the browser kept of a page is loaded again", async () => {
    const loaded = await page.evaluate(() => performance.timeOrigin);
    await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })));
    await expect.poll(() => page.evaluate(() => performance.timeOrigin).catch(() => loaded)).not.toBe(loaded);
    await settled(page);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  });
});
