// A whole stream without a mouse: Tab, Enter, Space and the keyboard shortcuts.

import { randomBytes } from "node:crypto";
import type { Locator } from "@playwright/test";
import { expect, test } from "../stack/test.ts";
import { until } from "../stack/wait.ts";

/** Presses Tab until this element has the focus, and checks that the focus is visible. */
async function reach(wanted: Locator): Promise<void> {
  await expect(wanted).toBeEnabled();
  for (let steps = 0; steps < 80; steps++) {
    if (await wanted.evaluate((element) => element === document.activeElement)) {
      const seen = await wanted.evaluate((element) => {
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
        return (outlineStyle !== "none" && parseFloat(outlineWidth) > 0) || boxShadow !== "none";
      });
      expect(seen, `the focus on ${wanted} can be seen`).toBe(true);
      return;
    }
    await wanted.page().keyboard.press("Tab");
  }
  throw new Error(`Tab never comes to ${wanted}`);
}

test("a stream is set up, started, controlled and ended without a mouse", async ({ sink, streamer, goLive }) => {
  const { page } = streamer;
  const key = `live_${randomBytes(12).toString("hex")}`;
  const button = (name: RegExp): Locator => page.getByRole("button", { name });
  await goLive.open();

  await reach(button(/^Share screen$/));
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Stop sharing" })).toBeVisible();
  await reach(button(/^Add a destination$/));
  await page.keyboard.press("Space");
  await reach(page.getByLabel("Platform").last());
  await page.keyboard.type("Custom");
  await reach(page.getByLabel("Server address").last());
  await page.keyboard.type(sink.url);
  await reach(page.getByLabel("Stream key").last());
  await page.keyboard.type(key);
  await reach(button(/^Go live/));
  await page.keyboard.press("Enter");
  await until("bytes at the platform", () => sink.live(key), 45_000);
  await expect(goLive.light).toContainText("ON AIR", { timeout: 20_000 });

  // No text field has the focus, so the shortcuts work.
  const log = page.getByRole("log");
  await expect(log).toContainText("You are on air.");
  await page.keyboard.press("m");
  await expect(page.getByRole("button", { name: "Unmute" })).toBeVisible();
  await page.keyboard.press("c");
  await expect(page.getByRole("button", { name: "Camera on" })).toBeVisible();
  await page.keyboard.press("3");
  await expect(button(/^Be right back$/)).toHaveAttribute("aria-pressed", "true");
  await reach(page.getByRole("checkbox", { name: /^Keyboard shortcuts/ }));
  await page.keyboard.press("Space");
  await page.keyboard.press("m");
  await expect(page.getByRole("button", { name: "Unmute" }), "turned off, a letter does nothing").toBeVisible();

  await reach(button(/^End stream$/));
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await expect(dialog).toBeVisible();
  await reach(dialog.getByRole("button", { name: "End stream" }));
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Stream ended" })).toBeVisible({ timeout: 30_000 });
});
