// The fixtures of every spec: a sink, a studio and a streamer.

import { test as base } from "@playwright/test";
import { GoLive, SignUp } from "./pages.ts";
import { Sink } from "./sink.ts";
import { Streamer } from "./streamer.ts";
import { Studio, type StudioOptions } from "./studio.ts";

interface Fixtures {
  sink: Sink;
  studio: Studio;
  streamer: Streamer;
  goLive: GoLive;
  /** Further variables of this file's studios. */
  studioEnv: Record<string, string>;
  /** Errors of pages that this file brings about. */
  expectedErrors: RegExp | undefined;
}

export const format = { width: 640, height: 360, fps: 15, kbps: 800 };

/** A custom server that `make test-platforms` was given. */
function typed(): string[] {
  const url = process.env["FOOTLIGHT_TEST_CUSTOM_URL"];
  return url ? [new URL(url.replace(/^rtmp/, "http")).host] : [];
}

/** One small stream at a time, to the sink. */
export function studioOptions(sink: Sink): Required<Omit<StudioOptions, "on">> {
  const video = `${format.width}x${format.height}@${format.fps}/${format.kbps}`;
  return { allow: [sink.hostPort, ...typed()], env: { FOOTLIGHT_VIDEO: video, FOOTLIGHT_EGRESS_SLOTS: "1" } };
}

export const test = base.extend<Fixtures>({
  studioEnv: [{}, { option: true }],
  expectedErrors: [undefined, { option: true }],
  // Playwright reads from this pattern which fixtures this one needs.
  sink: async ({}, use) => {
    const sink = await Sink.start();
    await use(sink);
    await sink.stop();
  },
  studio: async ({ sink, studioEnv }, use, info) => {
    const { allow, env } = studioOptions(sink);
    const studio = await Studio.start({ allow, env: { ...env, ...studioEnv } });
    await use(studio);
    if (info.status !== info.expectedStatus) {
      for (const role of ["serve", "relay", "egress", "livekit"]) console.log(`--- ${role}\n${(await studio.log(role)).slice(-4000)}`);
      console.log(`--- up\n${studio.output.join("").slice(-4000)}`);
    }
    const left = await studio.stop();
    if (left.length > 0) throw new Error(`left running: ${left.map((process) => `${process.name} (${process.pid})`).join(", ")}`);
  },
  streamer: async ({ studio, expectedErrors }, use, info) => {
    const streamer = await Streamer.start(studio.url);
    await use(streamer);
    if (info.status !== info.expectedStatus) await streamer.page.screenshot({ path: info.outputPath("page.png"), fullPage: true }).catch(() => undefined);
    await streamer.stop();
    const unexpected = streamer.broken.filter((told) => !expectedErrors?.test(told));
    if (unexpected.length > 0) throw new Error(`a page failed:\n${unexpected.join("\n")}`);
  },
  goLive: async ({ streamer }, use) => {
    await new SignUp(streamer.page).as("Ada", "a long enough password");
    await use(new GoLive(streamer.page));
  },
});

export { expect } from "@playwright/test";
