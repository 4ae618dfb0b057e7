// What a show says of itself while something happens to it: its state by the API, and the words of the light on the page.

import type { Locator, Page } from "@playwright/test";

export interface Listed {
  sessionId: string;
  status: string;
}

/** The newest show of whoever is signed in on this page. */
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
  /** Each state once, with when it began. */
  readonly path: { atMs: number; said: string }[] = [];
  private readonly began = Date.now();
  private isOver = false;
  /** How often places came back, when it was first asked and now. */
  private reconnects: [number, number] | undefined;
  /** When the page was loaded: more than once, if it was loaded again. */
  private readonly loads: Set<number>;
  private readonly told: Promise<void>;

  private constructor(
    private readonly page: Page,
    private readonly light: Locator,
    readonly session: string,
    loaded: number,
  ) {
    this.loads = new Set([loaded]);
    this.told = this.listen();
  }

  /** Follows the newest show of whoever is signed in on this page. */
  static async follow(page: Page, light: Locator): Promise<Timeline> {
    const session = (await newest(page))?.sessionId;
    if (session === undefined) throw new Error("no show is there to be followed");
    // Before anything happens: a reload may be over before the first look.
    return new Timeline(page, light, session, await page.evaluate(() => performance.timeOrigin));
  }

  /** Whether something has happened to the show since, and it is on air without any trouble and the page says so. What lasts
   * less than a look is known by a place that came back, or by a page that was loaded again. */
  isWell(): boolean {
    const last = this.path.at(-1)?.said ?? "";
    const [first, now] = this.reconnects ?? [0, 0];
    return (this.path.length > 1 || now > first || this.loads.size > 1) && last === "live, on air | ON AIR";
  }

  /** Ends following, prints the path and gives it. */
  async end(title: string): Promise<string[]> {
    this.isOver = true;
    await this.told;
    console.log(`${title}\n${this.path.map(({ atMs, said }) => `  ${(atMs / 1000).toFixed(1).padStart(6)} s  ${said}`).join("\n")}`);
    return this.path.map(({ said }) => said);
  }

  private async listen(): Promise<void> {
    while (!this.isOver) {
      const said = `${await this.state()} | ${await this.words()}`;
      const loaded = await this.page.evaluate(() => performance.timeOrigin).catch(() => undefined);
      if (loaded !== undefined) this.loads.add(loaded);
      if (this.path.at(-1)?.said !== said) this.path.push({ atMs: Date.now() - this.began, said });
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  private async state(): Promise<string> {
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

  private async words(): Promise<string> {
    return (await this.light.textContent({ timeout: 500 }).catch(() => "(no light)"))?.trim() ?? "";
  }
}
