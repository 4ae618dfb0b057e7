// What pages load: links between pages of one program stay in the document, and other links open a new one; plain pages need no
// script; a page whose program does not load stays as the server rendered it.

import { settled, signIn } from "../stack/pages.ts";
import { lostFile } from "../stack/streamer.ts";
import { expect, test } from "../stack/test.ts";

test.use({ expectedErrors: lostFile });

test("links within a program stay in the document", async ({ studio, streamer }) => {
  const { page } = streamer;
  await signIn(page, studio.firstSignIn() ?? "");
  await settled(page);
  const mark = (): Promise<void> => page.evaluate(() => document.documentElement.setAttribute("data-same-document", ""));
  const sameDocument = (): Promise<boolean> => page.evaluate(() => document.documentElement.hasAttribute("data-same-document"));
  const follow = async (link: string, address: RegExp): Promise<void> => {
    await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: link, exact: true }).click();
    await expect(page).toHaveURL(address);
    await settled(page);
  };
  await mark();
  await follow("Settings", /\/settings$/);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Settings");
  expect(await sameDocument(), "from home to settings").toBe(true);
  await follow("Go live", /\/go-live$/);
  expect(await sameDocument(), "from settings to Go live").toBe(false);
  await page.goBack();
  await settled(page);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Settings");
  await page.getByRole("link", { name: "Help", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Help");
  await expect(page.locator('script[type="module"], link[rel="modulepreload"]'), "help loads no program").toHaveCount(0);
});

test("a page whose program does not load stays as rendered", async ({ studio, streamer }) => {
  const { page } = streamer;
  await signIn(page, studio.firstSignIn() ?? "");
  const program = /\/pkg\/manage\..*\.(js|wasm)$/;
  await page.route(program, (route) => route.abort());
  const lost = page.waitForEvent("requestfailed");
  await page.goto("/settings");
  await lost;
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Settings");
  await expect(page.locator("html[data-hydrated]")).not.toBeAttached();
  await page.unroute(program);
  await page.reload();
  await settled(page);
  expect(streamer.brokenButForLostFiles(), "nothing else failed").toEqual([]);
});

test("sign-up, sign-in and the gallery work without scripts", async ({ studio, streamer }) => {
  const context = await streamer.context.browser()?.newContext({ baseURL: studio.url, javaScriptEnabled: false });
  if (!context) throw new Error("the browser is gone");
  const page = await context.newPage();
  const enter = async (password: string, button: RegExp): Promise<void> => {
    await page.getByLabel("Name").fill("Ada");
    await page.getByLabel("Password").fill(password);
    await page.getByRole("main").getByRole("button", { name: button }).click();
  };
  await page.goto("/sign-up");
  await enter("a long enough password", /account/);
  await expect(page).toHaveURL(/\/go-live$/);
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByRole("link", { name: "Sign in", exact: true })).toBeVisible();
  await page.goto("/sign-in?next=/settings");
  await enter("another password", /Sign in/);
  await expect(page.getByRole("alert")).toBeVisible();
  await expect(page.getByLabel("Name")).toHaveValue("Ada");
  await enter("a long enough password", /Sign in/);
  await expect(page).toHaveURL(/\/settings$/);
  await page.goto("/gallery");
  await page.getByRole("combobox", { name: "Theme" }).selectOption("Light");
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page).toHaveURL(/[?&]theme=light&/);
  await expect(page.getByRole("combobox", { name: "Theme" })).toHaveValue("light");
  await expect(page.locator('.scene[data-theme="light"]').first()).toBeVisible();
  await expect(page.locator('.scene[data-theme="dark"]')).toHaveCount(0);
  await context.close();
});
