// A browser's clock that is seven minutes slow, and is set ten minutes ahead while a stream runs: pages and the overlay show the
// studio's time all the same.

import { type Page } from "@playwright/test";
import { settled, signIn } from "../stack/pages.ts";
import { admin } from "../stack/studio.ts";
import { expect, test } from "../stack/test.ts";
import { until } from "../stack/wait.ts";

interface Session {
  sessionId: string;
  status: string;
  overlayUrl: string;
  duration: number;
}

/** Replaces the browser's clock. It runs in every page before its own scripts. */
function wrongClock(): void {
  const right = Date;
  const clock = globalThis as unknown as { clockAheadMs: number };
  clock.clockAheadMs = -7 * 60_000;
  const now = (): number => right.now() + clock.clockAheadMs;
  globalThis.Date = new Proxy(right, {
    construct: (target, given, made) => Reflect.construct(target, given.length === 0 ? [now()] : given, made) as Date,
    get: (target, name) => (name === "now" ? now : (Reflect.get(target, name) as unknown)),
  });
}

/** Sets the browser's clock, as its owner or the network would. */
function setClock(page: Page, byMs: number): Promise<void> {
  return page.evaluate((by) => {
    (globalThis as unknown as { clockAheadMs: number }).clockAheadMs += by;
  }, byMs);
}

/** The seconds in a text such as `1:42:07` or `4:59`. */
const seconds = (text: string): number => text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);

test("the time on air is right with a wrong clock, and stays right when it is set", async ({ streamer, goLive }) => {
  const { page, context } = streamer;
  await context.addInitScript(wrongClock);
  await goLive.open();
  await goLive.rehearse();
  expect(await page.evaluate(() => Date.now()), "the browser's clock is wrong").toBeLessThan(Date.now() - 6 * 60_000);
  const listed = (await (await page.request.get("/api/streaming/sessions")).json()) as { sessions: Session[] };
  const id = listed.sessions[0]?.sessionId ?? "";
  const shown = async (): Promise<number> => seconds((await page.getByLabel("Time on air").textContent()) ?? "");
  /** How many seconds the page's figure is from the server's. */
  const wrong = async (): Promise<number> => {
    const [status, own] = await Promise.all([page.request.get(`/api/streaming/status?sessionId=${id}`), shown()]);
    return Math.abs(((await status.json()) as Session).duration / 1000 - own);
  };
  const confirmed = page.getByText(/\(confirmed (just now|[1-4] s ago)\)/).first();

  await expect(confirmed).toBeVisible({ timeout: 15_000 });
  expect(await wrong()).toBeLessThan(3);
  for (const step of [10 * 60_000, -20 * 60_000]) {
    const before = await shown();
    await setClock(page, step);
    // The page writes the time anew each second.
    await expect.poll(shown, { timeout: 10_000 }).toBeGreaterThan(before + 2);
    expect(await wrong(), `after a step of ${step} ms`).toBeLessThan(3);
    await expect(confirmed).toBeVisible();
    await expect(goLive.light).toContainText("REHEARSAL");
  }

  const tab = await context.newPage();
  await tab.goto(`/sessions/${id}`);
  await settled(tab);
  await expect(tab.locator(".timeline time").first()).toHaveText(/^(just now|[12] minutes? ago)$/);
  await goLive.end();
});

test("countdown and ticker of the overlay follow the studio's time", async ({ studio, streamer }) => {
  const { page, context } = streamer;
  await signIn(page, await admin(studio, "create-user", "Grace"));
  const key = await admin(studio, "create-key", "Grace", "--scopes", "start,stop,events,read", "--days", "1");
  const call = async (method: "POST" | "PATCH", path: string, data: object): Promise<Session> => {
    const answer = await page.request.fetch(`/api/streaming/${path}`, { method, headers: { authorization: `Bearer ${key}` }, data });
    expect(answer.ok(), await answer.text()).toBe(true);
    return (await answer.json()) as Session;
  };
  const { sessionId, overlayUrl } = await call("POST", "start", { streamType: "agent", destinations: [{ platform: "rehearsal" }] });
  await until("the rehearsal is live", async () => {
    const answer = await page.request.get(`/api/streaming/status?sessionId=${sessionId}`);
    return ((await answer.json()) as Session).status === "live";
  }, 60_000);
  await context.addInitScript(wrongClock);
  const tab = await context.newPage();
  await tab.goto(overlayUrl);
  await settled(tab);

  await test.step("the ticker", async () => {
    await call("POST", "events", { sessionId, events: [{ kind: "event", text: "one" }] });
    const age = tab.locator(".scene-ticker-item em");
    await expect(age).toHaveText(/^(now|\d s)$/);
    await setClock(tab, 10 * 60_000);
    // It counts on: a line is shown for two minutes.
    await expect(age).toHaveText(/^[3-9] s$/, { timeout: 8_000 });
  });

  await test.step("the countdown", async () => {
    const startsAt = new Date(Date.now() + 5 * 60_000).toISOString();
    await call("PATCH", "overlay", { sessionId, scene: "starting-soon", startsAt });
    const left = async (): Promise<number> => seconds((await tab.locator(".scene-countdown").textContent()) ?? "");
    await expect(tab.locator(".scene-countdown")).toBeVisible();
    expect(await left()).toBeGreaterThan(280);
    expect(await left()).toBeLessThanOrEqual(301);
    const before = await left();
    await setClock(tab, -20 * 60_000);
    await expect.poll(left, { timeout: 10_000 }).toBeLessThan(before - 2);
    expect(await left()).toBeGreaterThan(270);
  });
  await call("POST", "stop", { sessionId });
});
