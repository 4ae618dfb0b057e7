// Compares the overlay page with a React page that does the same, in the same room, on the same machine, in one run. It prints
// figures and asserts nothing.

import { AccessToken } from "livekit-server-sdk";
import { GoLive, SignUp } from "../stack/pages.ts";
import { Streamer } from "../stack/streamer.ts";
import { Studio } from "../stack/studio.ts";
import { studioOptions, test } from "../stack/test.ts";
import { sleep } from "../stack/wait.ts";
import { IdleEgress } from "./egress.ts";
import { Measured } from "./measured.ts";
import { ReactPage } from "./react.ts";

const rounds = 9;
const cpuSeconds = 60;
const minutes = Number(process.env["FOOTLIGHT_BENCH_MINUTES"] ?? 10);

interface Figures {
  start: number[];
  task: number[];
  script: number[];
  sent: number;
}

const nothing = (): Figures => ({ start: [], task: [], script: [], sent: 0 });

const median = (all: number[]): number => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN;

function print(what: string, unit: string, ours: number, theirs: number): void {
  const shown = (value: number): string => `${value.toFixed(value < 1 ? 3 : value < 10 ? 2 : 0)} ${unit}`.padStart(12);
  console.log(`${what.padEnd(34)}${shown(ours)}${shown(theirs)}   ratio ${(ours / theirs).toFixed(2)}`);
}

test("the overlay beside a React page of the same function", async ({ sink }) => {
  test.setTimeout((minutes + 20) * 60_000);
  const egress = await IdleEgress.serve();
  const react = await ReactPage.serve();
  const { allow, env } = studioOptions(sink);
  const deadlines = { FOOTLIGHT_START_DEADLINE: "7200", FOOTLIGHT_SIGNAL_DEADLINE: "7200", FOOTLIGHT_FROZEN_AFTER: "7200" };
  const studio = await Studio.start({ allow, env: { ...env, ...deadlines, FOOTLIGHT_EGRESS_URL: egress.url, FOOTLIGHT_EGRESS_WARM: "0" } });
  const streamer = await Streamer.start(studio.url);
  try {
    await new SignUp(streamer.page).as("Ada", "a long enough password");
    const goLive = new GoLive(streamer.page);
    await goLive.open();
    await goLive.shareScreen();
    await streamer.page.getByLabel(/^Rehearsal/).check();
    await streamer.page.getByRole("button", { name: "Start rehearsal" }).click();
    const overlay = await egress.page();
    const room = `stream-${new URL(overlay).searchParams.get("sessionId") ?? ""}`;
    const access = new AccessToken(studio.secret("LIVEKIT_API_KEY"), studio.secret("LIVEKIT_API_SECRET"), { identity: "react", ttl: "2h" });
    access.addGrant({ roomJoin: true, room, hidden: true, canPublish: false, canSubscribe: true });
    const query = new URLSearchParams({ url: studio.mediaUrl, token: await access.toJwt(), name: "Ada", title: "A stream" });
    const theirs = `${react.url}?${query}`;
    // Both tracks are there before anything is measured.
    await sleep(5_000);

    const figures = { ours: nothing(), theirs: nothing() };
    for (const [whose, url] of [["ours", overlay], ["theirs", theirs]] as const) {
      const page = await Measured.open(url, true);
      await page.start(whose);
      await sleep(2_000);
      figures[whose].sent = page.sent;
      await page.close();
    }
    for (let round = 0; round < rounds; round++) {
      for (const [whose, url] of [["ours", overlay], ["theirs", theirs]] as const) {
        const page = await Measured.open(url);
        figures[whose].start.push(await page.start(whose));
        const { task, script } = await page.thread();
        figures[whose].task.push(task * 1000);
        figures[whose].script.push(script * 1000);
        await page.close();
      }
    }
    console.log(`\n${" ".repeat(34)}${"overlay".padStart(12)}${"React".padStart(12)}   (medians of ${rounds})`);
    const { ours: us, theirs: them } = figures;
    print("navigation to START_RECORDING", "ms", median(us.start), median(them.start));
    print("CPU of the main thread until then", "ms", median(us.task), median(them.task));
    print("scripts until then", "ms", median(us.script), median(them.script));
    print("bytes as they are sent", "kB", us.sent / 1000, them.sent / 1000);
    print("bytes, the React page as gzip -9", "kB", us.sent / 1000, react.gzipBytes / 1000);

    // Both at the same time, because the load of the machine changes within minutes: this way it affects both alike.
    const both = [await Measured.open(overlay), await Measured.open(theirs)] as const;
    for (const page of both) await page.start();
    await sleep(10_000);
    const [ourCores = Number.NaN, theirCores = Number.NaN] = await Promise.all(both.map((page) => page.cores(cpuSeconds)));
    print(`CPU over ${cpuSeconds} s`, "cores", ourCores, theirCores);
    const early = both.map((page) => page.megabytes);
    await sleep(minutes * 60_000);
    const late = both.map((page) => page.megabytes);
    print("memory by then", "MB", early[0] ?? 0, early[1] ?? 0);
    print(`memory after ${minutes} min more`, "MB", late[0] ?? 0, late[1] ?? 0);
    for (const page of both) await page.close();
  } finally {
    await streamer.stop();
    await studio.stop();
    react.close();
    egress.close();
  }
});
