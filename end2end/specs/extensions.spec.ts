// Extensions add elements to pages while they load. The pages work nevertheless; where a program has failed for good, the page says so.

import type { Page } from "@playwright/test";
import { settled, signIn } from "../stack/pages.ts";
import { expect, test } from "../stack/test.ts";

/** A page of each program works: what is clicked changes it. */
async function works(page: Page): Promise<void> {
  await page.goto("/go-live");
  await settled(page);
  await page.getByRole("button", { name: "Add a destination" }).click();
  await expect(page.getByLabel("Stream key")).toBeVisible();
  await page.goto("/settings");
  await settled(page);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Settings");
  await page.getByRole("button", { name: "Add a destination" }).click();
  await expect(page.getByRole("button", { name: "Save destination" })).toBeVisible();
}

test("elements that are added once the document is there", async ({ studio, streamer }) => {
  const { page } = streamer;
  await page.addInitScript(() => {
    document.addEventListener("DOMContentLoaded", () => {
      const bar = Object.assign(document.createElement("div"), { id: "bar-of-an-extension" });
      document.body.prepend(bar);
      for (const element of document.querySelectorAll("h1, h2, label, button")) {
        element.prepend(document.createElement("span"));
        const text = [...element.childNodes].find((node) => node instanceof Text);
        const font = document.createElement("font");
        font.append(text?.nodeValue ?? "");
        text?.replaceWith(font);
      }
    });
  });
  await signIn(page, studio.firstSignIn() ?? "");
  await works(page);
  await expect(page.locator("#bar-of-an-extension"), "what was added to the page stays").toBeAttached();
});

test.describe("elements in the middle of the server's own", () => {
  test.use({ expectedErrors: /panicked at|unreachable|RuntimeError/ });
  /** While the document is being parsed: nobody can tell them from the server's. */
  const early = (): void => {
    const observer = new MutationObserver(() => {
      const main = document.querySelector("main > *");
      if (!main) return;
      observer.disconnect();
      document.body.prepend(document.createElement("div"));
      main.before(document.createElement("aside"));
    });
    observer.observe(document, { childList: true, subtree: true });
  };

  test("the pages are rendered anew", async ({ studio, streamer }) => {
    const { page } = streamer;
    await signIn(page, studio.firstSignIn() ?? "");
    await page.addInitScript(early);
    await works(page);
    await expect(page.locator("main")).toHaveCount(1);
  });

  test("a page that cannot be helped says so and offers to reload", async ({ studio, streamer }) => {
    const { page } = streamer;
    await signIn(page, studio.firstSignIn() ?? "");
    await page.addInitScript(early);
    await page.addInitScript(() => {
      Object.defineProperty(window, "sessionStorage", { get: () => { throw new DOMException("no storage", "SecurityError"); } });
    });
    await page.goto("/settings");
    const notice = page.getByRole("alert").filter({ hasText: "This page has stopped working" });
    await expect(notice).toContainText("a stream that is on air goes on");
    await notice.getByRole("button", { name: "Reload" }).click();
    await expect(notice).toBeVisible();
  });
});
