// The web server is killed at many moments of starting and of ending a show. Whatever was stored by then, the next process
// converges within 15 s, and nothing is left running. (Killed at each single step: the server's own tests.)

import { randomBytes } from "node:crypto";
import type { Page } from "@playwright/test";
import type { Sink } from "../stack/sink.ts";
import { newest, type Listed } from "../stack/timeline.ts";
import type { Studio } from "../stack/studio.ts";
import { expect, test } from "../stack/test.ts";
import { sleep, until } from "../stack/wait.ts";

const moments = [0, 15, 30, 50, 75, 120, 250, 600, 1200];
/** A role that lived this long is started again at once. */
const settledMs = 10_500;
const within = 15_000;

/** Calls the API as the page does, and does not wait for an answer that may never come. */
function call(page: Page, path: string, body: unknown): void {
  const send = ([path, body]: [string, unknown]): void => {
    void fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }).catch(() => undefined);
  };
  void page.evaluate(send, [path, body] as [string, unknown]);
}

const over = (show: Listed | undefined): boolean => show === undefined || ["ended", "failed"].includes(show.status);

async function nothingLeft(studio: Studio): Promise<boolean> {
  return (await studio.egresses()).length === 0 && (await studio.rooms()).length === 0 && studio.captureProcesses().length === 0;
}

/** Kills the web server after a moment; from the time when another is back it has 15 s. */
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

test("killed at any moment of a start or an end, the next web server converges within 15 s", async ({ sink, studio, streamer, goLive }) => {
  await goLive.open();
  const { page } = streamer;
  for (const moment of moments) {
    await sleep(settledMs);
    const title = `Killed after ${moment} ms`;
    startAt(page, sink, title);
    const started = await killed(studio, moment, "start", async () => {
      const show = await newest(page);
      if (over(show)) return nothingLeft(studio);
      return show?.status === "starting" && (await studio.egresses()).length === 1;
    });
    const show = await newest(page);
    let [ended, was] = [0, "over"];
    if (show && !over(show)) {
      was = show.status;
      await sleep(settledMs);
      call(page, "/api/streaming/stop", { sessionId: show.sessionId });
      ended = await killed(studio, moment, "end", async () => {
        const now = await newest(page);
        // An order that was never stored is none: it is given again.
        if (!over(now) && now?.status !== "ending") call(page, "/api/streaming/stop", { sessionId: show.sessionId });
        return over(now) && nothingLeft(studio);
      });
    }
    console.log(`  killed after ${String(moment).padStart(4)} ms: start ${(started / 1000).toFixed(1)} s (${was}), end ${(ended / 1000).toFixed(1)} s`);
    expect(await nothingLeft(studio)).toBe(was === "over" || ended > 0);
  }
});
