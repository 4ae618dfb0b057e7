// Many tabs of one browser. Over HTTP/1.1 a browser has six connections to a server, so tabs share the connection of a feed.

import type { Page } from "@playwright/test";
import { settled, signIn } from "../stack/pages.ts";
import { admin } from "../stack/studio.ts";
import { expect, test } from "../stack/test.ts";
import { until } from "../stack/wait.ts";

interface Session {
  sessionId: string;
  status: string;
  overlayUrl: string;
}

/** The addresses of feeds that a page has asked for. */
function feedsOf(page: Page): string[] {
  const asked: string[] = [];
  page.on("request", (request) => {
    if (request.url().includes("/api/streaming/feed")) asked.push(request.url());
  });
  return asked;
}

test("a seventh tab loads, and End takes effect at once", async ({ streamer, goLive }) => {
  const { page, context } = streamer;
  await goLive.open();
  await goLive.rehearse();
  const listed = (await (await page.request.get("/api/streaming/sessions")).json()) as { sessions: Session[] };
  const id = listed.sessions[0]?.sessionId ?? "";
  const status = async (): Promise<string> => ((await (await page.request.get(`/api/streaming/status?sessionId=${id}`)).json()) as Session).status;

  const tabs: { tab: Page; feeds: string[] }[] = [];
  for (let nth = 2; nth <= 7; nth += 1) {
    const tab = await context.newPage();
    tabs.push({ tab, feeds: feedsOf(tab) });
    await test.step(`tab ${nth} loads`, async () => {
      await tab.goto(`/sessions/${id}`, { timeout: 10_000 });
      await settled(tab);
    });
  }
  expect(tabs.flatMap(({ feeds }) => feeds), "the Studio has the connection").toEqual([]);

  await page.getByRole("button", { name: "End stream" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "End stream" }).click();
  await expect.poll(status, { timeout: 5_000 }).not.toBe("live");
  await expect(page.getByRole("heading", { name: "Stream ended" })).toBeVisible({ timeout: 30_000 });
  for (const { tab } of tabs) await expect(tab.getByText("Ended", { exact: true }).first(), "every tab hears of it").toBeVisible();
});

test("no line is lost or shown twice when the tab that has the connection is closed", async ({ studio, streamer }) => {
  const { page, context } = streamer;
  await signIn(page, await admin(studio, "create-user", "Grace"));
  const key = await admin(studio, "create-key", "Grace", "--scopes", "start,stop,events,read", "--days", "1");
  const call = async (path: string, data: object): Promise<Session> => {
    const answer = await page.request.post(`/api/streaming/${path}`, { headers: { authorization: `Bearer ${key}` }, data });
    expect(answer.ok(), await answer.text()).toBe(true);
    return (await answer.json()) as Session;
  };
  const { sessionId, overlayUrl } = await call("start", { streamType: "agent", destinations: [{ platform: "rehearsal" }] });
  await until("the rehearsal is live", async () => {
    const answer = await page.request.get(`/api/streaming/status?sessionId=${sessionId}`);
    return ((await answer.json()) as Session).status === "live";
  }, 60_000);
  const send = (...texts: string[]): Promise<Session> => call("events", { sessionId, events: texts.map((text) => ({ kind: "event", text })) });

  const [first, second] = [await context.newPage(), await context.newPage()];
  const [firstFeeds, secondFeeds] = [feedsOf(first), feedsOf(second)];
  for (const tab of [first, second]) {
    await tab.goto(overlayUrl);
    await settled(tab);
  }
  const shown = (tab: Page): Promise<string[]> => tab.locator(".scene-ticker-item > span").allTextContents();
  await send("one", "two");
  for (const tab of [first, second]) await expect.poll(() => shown(tab)).toEqual(["two", "one"]);
  expect([firstFeeds.length > 0, secondFeeds.length], "the first tab has the connection").toEqual([true, 0]);

  await Promise.all([first.close(), send("three", "four")]);
  await send("five", "six");
  await expect.poll(() => shown(second)).toEqual(["six", "five", "four", "three", "two", "one"]);
  expect(secondFeeds.length, "now the second has it").toBeGreaterThan(0);
  await call("stop", { sessionId });
});
