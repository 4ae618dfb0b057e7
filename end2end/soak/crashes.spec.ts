// The web server is killed at many moments while a session starts and ends. Whatever was stored by then, the next process reaches
// the right state within 15 s, and nothing is left running. (The server's own tests cover each single step.)

import { randomBytes } from "node:crypto";
import type { Page } from "@playwright/test";
import type { Sink } from "../stack/sink.ts";
import { newest, type Listed } from "../stack/timeline.ts";
import type { Studio } from "../stack/studio.ts";
import { expect, test } from "../stack/test.ts";
import { sleep, until } from "../stack/wait.ts";

const moments = [0, 15, 30, 50, 75, 120, 250, 600, 1200];
/** A role that ran this long is restarted without delay. */
const stableMs = 10_500;
const within = 15_000;

/** Calls the API as the page does, and does not wait for an answer that may never come. */
function call(page: Page, path: string, body: unknown): void {
  const send = ([path, body]: [string, unknown]): void => {
    void fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }).catch(() => undefined);
  };
  void page.evaluate(send, [path, body] as [string, unknown]);
}

const over = (session: Listed | undefined): boolean => session === undefined || ["ended", "failed"].includes(session.status);

async function nothingLeft(studio: Studio): Promise<boolean> {
  return (await studio.egresses()).length === 0 && (await studio.rooms()).length === 0 && studio.captureProcesses().length === 0;
}

/** Kills the web server after this long; once the next one runs, it has 15 s. */
async function killed(studio: Studio, afterMs: number, what: string, isRight: () => Promise<boolean>): Promise<number> {
  await sleep(afterMs);
  await studio.killRole("serve");
  await until("the web server answers", async () => (await fetch(`${studio.url}/healthz`).catch(() => undefined))?.ok, 20_000);
  const began = Date.now();
  await until(`${what}, killed after ${afterMs} ms: converges`, isRight, within);
  return Date.now() - began;
}

function startAt(page: Page, sink: Sink, title: string): void {
  const key = `live_${randomBytes(12).toString("hex")}`;
  call(page, "/api/streaming/start", {
    streamType: "user",
    streamTitle: title,
    destinations: [{ platform: "custom", customRtmpUrl: sink.url, streamKey: key }],
  });
}

test.setTimeout(900_000);

test("a killed server converges within 15 s", async ({ sink, studio, streamer, goLive }) => {
  await goLive.open();
  const { page } = streamer;
  for (const moment of moments) {
    await sleep(stableMs);
    const title = `Killed after ${moment} ms`;
    startAt(page, sink, title);
    const started = await killed(studio, moment, "start", async () => {
      const session = await newest(page);
      if (over(session)) return nothingLeft(studio);
      return session?.status === "starting" && (await studio.egresses()).length === 1;
    });
    const session = await newest(page);
    let [ended, was] = [0, "over"];
    if (session && !over(session)) {
      was = session.status;
      await sleep(stableMs);
      call(page, "/api/streaming/stop", { sessionId: session.sessionId });
      ended = await killed(studio, moment, "end", async () => {
        const now = await newest(page);
        // A request that was never stored has no effect, so it is sent again.
        if (!over(now) && now?.status !== "ending") call(page, "/api/streaming/stop", { sessionId: session.sessionId });
        return over(now) && nothingLeft(studio);
      });
    }
    console.log(`  killed after ${String(moment).padStart(4)} ms: start ${(started / 1000).toFixed(1)} s (${was}), end ${(ended / 1000).toFixed(1)} s`);
    expect(await nothingLeft(studio)).toBe(was === "over" || ended > 0);
  }
});
