// Measures a page in its own browser.

import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { chromium, type Browser, type CDPSession } from "@playwright/test";
import { descendants } from "../stack/processes.ts";
import { chromiumProgram } from "../stack/streamer.ts";
import { sleep, until } from "../stack/wait.ts";

export class Measured {
  private bytes = 0;
  private startedAt: number | undefined;
  private pid = 0;
  private error: string | undefined;

  private constructor(
    private readonly browser: Browser,
    private readonly devtools: CDPSession,
  ) {}

  /** Opens an address with nothing cached. Traffic is counted only on request, because the browser reports
   * every request, and that costs a page of many files more time than a page of one. */
  static async open(url: string, counting = false): Promise<Measured> {
    const before = new Set(descendants(process.pid).map(({ pid }) => pid));
    const browser = await chromium.launch({
      executablePath: chromiumProgram,
      args: [
        "--autoplay-policy=no-user-gesture-required",
        "--allow-loopback-in-peer-connection",
        "--disable-gpu",
        "--disable-background-timer-throttling",
        "--disable-renderer-backgrounding",
        ...(userInfo().uid === 0 ? ["--no-sandbox"] : []),
      ],
    });
    const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
    const devtools = await page.context().newCDPSession(page);
    const measured = new Measured(browser, devtools);
    measured.pid = descendants(process.pid).find((one) => one.parent === process.pid && !before.has(one.pid))?.pid ?? 0;
    devtools.on("Network.loadingFinished", ({ encodedDataLength }) => (measured.bytes += encodedDataLength));
    devtools.on("Runtime.consoleAPICalled", ({ args, timestamp }) => {
      if (args[0]?.value === "START_RECORDING") measured.startedAt ??= timestamp;
    });
    devtools.on("Runtime.exceptionThrown", ({ exceptionDetails }) => (measured.error ??= exceptionDetails.exception?.description ?? exceptionDetails.text));
    for (const domain of ["Runtime", "Performance"] as const) await devtools.send(`${domain}.enable`);
    if (counting) await devtools.send("Network.enable");
    // The egress uses a browser that has been idle; one that is still starting would slow the page down.
    await sleep(2_000);
    await page.goto(url, { waitUntil: "commit" });
    return measured;
  }

  /** From the navigation to `START_RECORDING`, in milliseconds. */
  async start(name = "the page"): Promise<number> {
    const started = await until("START_RECORDING", () => this.startedAt, 30_000).catch((error: unknown) => {
      throw new Error(`${name}, ${String(error)}: ${this.error ?? "the page logged nothing"}`);
    });
    const { result } = await this.devtools.send("Runtime.evaluate", { expression: "performance.timeOrigin" });
    return started - Number(result.value);
  }

  /** Bytes received over HTTP so far, as they were sent, if they are counted. */
  get sent(): number {
    return this.bytes;
  }

  /** Seconds of the page's main thread so far: processor time (by the wall clock it would pay for whatever else this machine
   * does), and scripts alone (JavaScript and WebAssembly, with compiling). */
  async thread(): Promise<{ task: number; script: number }> {
    const { metrics } = await this.devtools.send("Performance.getMetrics");
    const of = (name: string): number => metrics.find((metric) => metric.name === name)?.value ?? 0;
    return { task: of("ThreadTime"), script: of("ScriptDuration") };
  }

  /** How many cores the whole browser uses, on average over this many seconds. */
  async cores(seconds: number): Promise<number> {
    const before = this.ticks();
    const begun = performance.now();
    await sleep(seconds * 1000);
    return ((this.ticks() - before) * 10) / (performance.now() - begun);
  }

  /** The whole browser's memory, in megabytes; what processes share is counted once. */
  get megabytes(): number {
    const of = (pid: number): number => Number(/^Pss:\s+(\d+)/m.exec(text(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);
    return this.processes().reduce((sum, pid) => sum + of(pid), 0) / 1000;
  }

  async close(): Promise<void> {
    await this.browser.close();
  }

  private processes(): number[] {
    return [this.pid, ...descendants(this.pid).map(({ pid }) => pid)];
  }

  /** Processor time of all living processes of the browser, in hundredths of a second. */
  private ticks(): number {
    return this.processes().reduce((sum, pid) => {
      const stat = text(`/proc/${pid}/stat`);
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return sum + Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
    }, 0);
  }
}

function text(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
