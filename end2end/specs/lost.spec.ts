// A page's part of the program that gets lost on its way takes nothing else with it.

import { settled, signIn } from "../stack/pages.ts";
import { expect, test } from "../stack/test.ts";

test("a page that does not reach the browser says so and comes at the next try, and one that was opened by its address comes alive later", async ({
  studio,
  streamer,
}) => {
  const { page } = streamer;
  const helpFile = /\/pkg\/part_help\b/;
  await signIn(page, studio.firstSignIn() ?? "");
  await settled(page);
  await page.route(helpFile, (route) => route.abort());
  await page.getByRole("link", { name: "Help", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText("did not reach this browser");
  await expect(page, "the address is that of the page that was asked for").toHaveURL(/\/help$/);
  await expect(page).toHaveTitle(/^Not loaded/);
  await test.step("the rest of the house goes on", async () => {
    await page.getByRole("link", { name: "Settings", exact: true }).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Settings");
    await page.goBack();
    await expect(page.getByRole("alert")).toContainText("did not reach this browser");
  });
  await test.step("another try brings it", async () => {
    await page.unroute(helpFile);
    await page.getByRole("button", { name: "Try again" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Help");
    await settled(page);
  });
  await test.step("a document names its part, so that a browser fetches it beside the program", async () => {
    const { link = "" } = (await page.request.get(page.url())).headers();
    expect(link).toMatch(/^<\/pkg\/part_help\.[\w-]+\.wasm>; rel=preload; as=fetch/);
  });
  await test.step("a document that was opened by its address stands as it was sent, and comes alive when the rest comes", async () => {
    await page.route(helpFile, (route) => route.abort());
    const lost = page.waitForEvent("requestfailed");
    await page.reload();
    await lost;
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Help");
    await expect(page.locator("html[data-hydrated]")).not.toBeAttached();
    await page.unroute(helpFile);
    await settled(page);
  });
  expect(streamer.brokenButForLostFiles(), "the pages' programs live on").toEqual([]);
});

test("a form that does not reach the browser says so and comes at the next try", async ({ streamer, goLive }) => {
  const { page } = streamer;
  const studioFile = /\/pkg\/part_studio\b/;
  await page.route(studioFile, (route) => route.abort());
  await goLive.open();
  await page.getByRole("button", { name: "Add a destination" }).click();
  await expect(page.getByRole("alert")).toContainText("did not reach this browser");
  await page.unroute(studioFile);
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByLabel("Platform").selectOption("custom");
  await page.getByRole("button", { name: "Take it back" }).click();
  await expect(page.getByLabel("Platform")).toHaveCount(0);
  expect(streamer.brokenButForLostFiles(), "the page's program lives on").toEqual([]);
});
