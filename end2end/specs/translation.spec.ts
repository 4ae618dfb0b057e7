// A page whose texts a translation has replaced stays true; other keyboard layouts; the initial of any name.

import type { Page } from "@playwright/test";
import { newest } from "../stack/timeline.ts";
import { expect, test } from "../stack/test.ts";

/** As browsers translate, and more: every text, whatever is marked as not to be translated. */
function translate(page: Page): Promise<number> {
  return page.evaluate(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const texts: Text[] = [];
    while (walker.nextNode()) if (walker.currentNode.nodeValue?.trim()) texts.push(walker.currentNode as Text);
    for (const text of texts) {
      const font = document.createElement("font");
      font.innerHTML = "<font></font>";
      font.firstElementChild?.append(text.data);
      text.replaceWith(font);
    }
    return texts.length;
  });
}

test("a translated studio shows what is true", async ({ streamer, goLive }) => {
  const { page } = streamer;
  await goLive.open();
  await page.getByLabel(/^Rehearsal/).check();
  await page.getByRole("button", { name: "Start rehearsal" }).click();
  await expect(page.locator(".studio-clock")).toBeVisible();
  for (const word of [".on-air-light", ".studio-clock", ".media-controls .button > span", ".destination-status"]) {
    await expect(page.locator(word).first(), `${word} is not for translation`).toHaveAttribute("translate", "no");
  }
  expect(await translate(page)).toBeGreaterThan(20);
  await expect(goLive.light).toContainText("REHEARSAL", { timeout: 45_000 });
  await expect(page.locator(".studio-clock")).not.toHaveText("0:00:00");
  await translate(page);
  await goLive.mute();
  await expect(page.getByRole("button", { name: "Unmute" })).toBeVisible();
  await expect(page.getByText("You are muted.")).toBeVisible();

  await test.step("single keys on other layouts", async () => {
    const press = (key: string, code: string): Promise<void> =>
      page.evaluate(([key, code]) => void document.body.dispatchEvent(new KeyboardEvent("keydown", { key, code, bubbles: true })), [key, code] as const);
    await press("ь", "KeyM");
    await expect(page.getByRole("button", { name: "Mute", exact: true })).toBeVisible();
    await expect(page.getByText("You are muted."), "the note is gone, not left behind").toBeHidden();
    await press("с", "KeyC");
    await expect(page.getByRole("button", { name: "Camera on" })).toBeVisible();
    await press("&", "Digit1");
    await expect(page.getByRole("button", { name: "Starting soon" })).toHaveAttribute("aria-pressed", "true");
  });

  await translate(page);
  const { sessionId } = (await newest(page)) ?? {};
  await page.request.post("/api/streaming/stop", { headers: { origin: new URL(page.url()).origin }, data: { sessionId } });
  await expect(page.getByRole("heading", { name: "Stream ended" })).toBeVisible({ timeout: 30_000 });
});

test("the initial is the first visible character of a name, whole", async ({ streamer, goLive }) => {
  const { page } = streamer;
  await goLive.open();
  await goLive.cameraOff();
  for (const [name, initial] of [["🇩🇪 Ada", "🇩🇪"], ["👍🏽 Kim", "👍🏽"], ["\u200fعلي", "ع"], ["\u202aAda", "A"], ["E\u0301mile", "E\u0301"], ["ß", "ß"]] as const) {
    await page.getByLabel("Display name").fill(name);
    await expect(page.locator(".preview .scene-initial")).toHaveText(initial);
  }
});
