// The state of a session over time: its status from the API, and the text of the on-air light.

import type { Locator, Page } from "@playwright/test";

export interface Listed {
  sessionId: string;
  status: string;
}

/** The newest session of the person signed in on this page. */
export async function newest(page: Page): Promise<Listed | undefined> {
  const answer = await page.request.get("/api/streaming/sessions?limit=1");
  return ((await answer.json()) as { sessions: Listed[] }).sessions[0];
}

interface Status {
  sessionId: string;
  status: string;
  onAir: boolean;
  health: { name: string }[];
  destinations: { reconnects: number }[];
}

export class Timeline {
  /** Each state once, with its start. */
  readonly path: { atMs: number; state: string }[] = [];
  private readonly began = Date.now();
  private isOver = false;
  /** Reconnects of all destinations: at the first poll, and now. */
  private reconnects: [number, number] | undefined;
  /** When the page was loaded: more than one if it was reloaded. */
  private readonly loads: Set<number>;
  private readonly polling: Promise<void>;

  private constructor(
    private readonly page: Page,
    private readonly light: Locator,
    readonly session: string,
    loaded: number,
  ) {
    this.loads = new Set([loaded]);
    this.polling = this.poll();
  }

  /** Follows the newest session of the person signed in on this page. */
  static async follow(page: Page, light: Locator): Promise<Timeline> {
    const session = (await newest(page))?.sessionId;
    if (session === undefined) throw new Error("there is no session to follow");
    // Before anything happens, because a reload may be over before the first poll.
    return new Timeline(page, light, session, await page.evaluate(() => performance.timeOrigin));
  }

  /** Whether a fault was noticed and the stream is on air again without issues, on the page too. A fault shorter than the time between two polls shows
   * as a reconnect or a reloaded page. */
  hasRecovered(): boolean {
    const last = this.path.at(-1)?.state ?? "";
    const [first, now] = this.reconnects ?? [0, 0];
    return (this.path.length > 1 || now > first || this.loads.size > 1) && last === "live, on air | ON AIR";
  }

  /** Stops following, prints the path and returns it. */
  async end(title: string): Promise<string[]> {
    this.isOver = true;
    await this.polling;
    console.log(`${title}\n${this.path.map(({ atMs, state }) => `  ${(atMs / 1000).toFixed(1).padStart(6)} s  ${state}`).join("\n")}`);
    return this.path.map(({ state }) => state);
  }

  private async poll(): Promise<void> {
    while (!this.isOver) {
      const state = `${await this.status()} | ${await this.lightText()}`;
      const loaded = await this.page.evaluate(() => performance.timeOrigin).catch(() => undefined);
      if (loaded !== undefined) this.loads.add(loaded);
      if (this.path.at(-1)?.state !== state) this.path.push({ atMs: Date.now() - this.began, state });
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  private async status(): Promise<string> {
    try {
      const answer = await this.page.request.get(`/api/streaming/status?sessionId=${this.session}`, { timeout: 2_000 });
      if (!answer.ok()) return `(${answer.status()})`;
      const { status, onAir, health, destinations } = (await answer.json()) as Status;
      const now = destinations.reduce((sum, { reconnects }) => sum + reconnects, 0);
      this.reconnects = [this.reconnects?.[0] ?? now, now];
      return [status, ...(onAir ? ["on air"] : []), ...health.map(({ name }) => name)].join(", ");
    } catch {
      return "(no answer)";
    }
  }

  private async lightText(): Promise<string> {
    return (await this.light.textContent({ timeout: 500 }).catch(() => "(no light)"))?.trim() ?? "";
  }
}
