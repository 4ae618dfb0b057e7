// Every page, wide and narrow, dark and light: no violation of WCAG 2.2 AA that a machine can find, nothing wider than the window.

import { AxeBuilder } from "@axe-core/playwright";
import { settled, signIn } from "../stack/pages.ts";
import { admin, post } from "../stack/studio.ts";
import { expect, test } from "../stack/test.ts";

test("every page is accessible and fits its window", async ({ studio, streamer }, info) => {
  test.setTimeout(300_000);
  const { page } = streamer;
  const look = async (name: string, address: string): Promise<void> => {
    await page.goto(address);
    await settled(page);
    // The gallery shows the loading state too.
    if (name !== "gallery") await page.getByText("Loading").first().waitFor({ state: "detached" });
    for (const [colorScheme, width] of [["dark", 1440], ["light", 390]] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.setViewportSize({ width, height: 900 });
      await page.evaluate(transitionsDone);
      const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]).analyze();
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" ")}`);
      expect.soft(found, `${name}, ${colorScheme}, ${width} px wide`).toEqual([]);
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect.soft(wider, `${name} is so much wider than a window of ${width} px`).toBeLessThanOrEqual(0);
      await page.screenshot({ path: info.outputPath(`${name}-${colorScheme}-${width}.png`), fullPage: true });
    }
  };
  const all = async (pages: Record<string, string>): Promise<void> => {
    for (const [name, address] of Object.entries(pages)) await look(name, address);
  };
  await all({ "sign-in": "/sign-in", "sign-up": "/sign-up", "sign-out": "/sign-out", help: "/help", "api-docs": "/api/docs", front: "/" });
  await signIn(page, studio.firstSignIn() ?? "");
  await all({ "home-empty": "/", "analytics-empty": "/analytics", "admin-sessions-empty": "/admin/sessions", "deliveries-empty": "/admin/deliveries" });
  await admin(studio, "create-user", "Grace");
  const key = await admin(studio, "create-key", "Grace");
  const call = (path: string, body: object): Promise<Response> => post(studio, key, path, body);
  const started = await call("start", { streamType: "agent", platform: "rehearsal", streamTitle: "A quiet match" });
  const { sessionId } = (await started.json()) as { sessionId: string };
  await all({ "session-running": `/sessions/${sessionId}`, "admin-sessions-running": "/admin/sessions" });
  expect((await call("stop", { sessionId })).ok).toBe(true);
  await expect.poll(() => sessionOf(studio, key, sessionId).then(({ status }) => status), { timeout: 30_000 }).toBe("ended");
  await all({
    "session-over": `/sessions/${sessionId}`,
    "go-live": "/go-live",
    settings: "/settings",
    gallery: "/gallery",
    analytics: "/admin/analytics",
    "not-found": "/nowhere",
  });
});

/** In the page: waits until all colour transitions are done. Polled, because `finished` of a replaced transition may never settle. */
async function transitionsDone(): Promise<void> {
  const moment = (): Promise<unknown> => new Promise((resolve) => (requestAnimationFrame(resolve), setTimeout(resolve, 100)));
  const running = (): boolean => document.getAnimations().some((animation) => animation instanceof CSSTransition && animation.playState === "running");
  const deadline = performance.now() + 5_000;
  await moment();
  do await moment();
  while (running() && performance.now() < deadline);
}

async function sessionOf(studio: { url: string }, key: string, id: string): Promise<{ status: string }> {
  const answer = await fetch(`${studio.url}/api/streaming/status?sessionId=${id}`, { headers: { authorization: `Bearer ${key}` } });
  return (await answer.json()) as { status: string };
}
