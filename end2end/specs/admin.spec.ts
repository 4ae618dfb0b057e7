// What an administrator sees of another user's stream, in a table that stays open.

import { AxeBuilder } from "@axe-core/playwright";
import { signIn } from "../stack/pages.ts";
import { admin, post } from "../stack/studio.ts";
import { expect, test } from "../stack/test.ts";

test("the table of all streams follows them, and draining refuses new ones", async ({ studio, streamer }, info) => {
  const { page } = streamer;
  await signIn(page, studio.firstSignIn() ?? "");
  await admin(studio, "create-user", "Grace");
  const key = await admin(studio, "create-key", "Grace");
  const start = (): Promise<Response> =>
    post(studio, key, "start", { streamType: "agent", platform: "rehearsal", streamTitle: "A quiet match" });
  await page.goto("/admin/sessions");
  await expect(page.locator("html[data-hydrated]")).toBeAttached();
  await expect(page.getByText("Streams appear here as soon as they are created.")).toBeVisible();
  await page.evaluate(() => document.documentElement.setAttribute("data-same-document", ""));
  expect((await start()).status).toBe(201);
  const row = page.getByRole("row").filter({ hasText: "A quiet match" });
  await expect(row).toBeVisible();
  await expect(row.locator('[data-label="Status"]')).toHaveText("Rehearsal", { timeout: 30_000 });
  await expect(page.getByText("1 of 1 captures in use. No further stream fits until one ends.")).toBeVisible();
  for (const [name, width] of [["wide", 1440], ["phone", 390]] as const) {
    await page.setViewportSize({ width, height: 900 });
    await page.screenshot({ path: info.outputPath(`${name}.png`), fullPage: true });
    const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]).analyze();
    expect(violations.map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.html).join(" ")}`), name).toEqual([]);
  }
  await page.setViewportSize({ width: 1440, height: 900 });

  await page.getByRole("button", { name: /^Drain/ }).click();
  await expect(page.getByText("New streams are refused; running ones go on.")).toBeVisible();
  await row.getByRole("checkbox").focus();
  await page.keyboard.press("Space");
  await page.getByRole("button", { name: "End 1 stream" }).click();
  await page.getByLabel("Reason").fill("Maintenance.");
  await page.getByRole("button", { name: "End now" }).click();
  await expect(row).toContainText("Ended");
  await expect(row).toContainText("Maintenance.");
  expect((await start()).status).toBe(503);
  await page.getByRole("button", { name: "Accept new streams" }).click();
  await expect(page.getByText("New streams are accepted.")).toBeVisible();
  expect(await page.evaluate(() => document.documentElement.hasAttribute("data-same-document")), "the page was never reloaded").toBe(true);
  await page.goto("/admin/sessions?show=ended&q=quiet");
  await expect(page.getByRole("row").filter({ hasText: "A quiet match" })).toBeVisible();
  expect((await start()).status).toBe(201);
});
