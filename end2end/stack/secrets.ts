// Looks everywhere for a stream key that must be nowhere: answers, pages, files, argument lists, environments.

import { type BrowserContext, type Page, type Response } from "@playwright/test";
import { processes, descendants, whoHolds } from "./processes.ts";
import { type Studio } from "./studio.ts";

export class SecretScan {
  private readonly found = new Set<string>();
  private readonly pending = new Set<Promise<void>>();

  constructor(
    private readonly secret: string,
    private readonly studio: Studio,
    context: BrowserContext,
  ) {
    context.on("response", (response) => this.readLater(response));
    context.on("console", (message) => this.note(message.text(), "the page's console"));
  }

  /** Everything that can be asked at this moment. */
  async check(page: Page): Promise<void> {
    // What a person types stands in the field they type into; everything else on the page is ours.
    this.note(await page.content(), `the page ${page.url()}`);
    for (const process of whoHolds(this.secret, "cmdline", processes())) this.found.add(`the arguments of ${process.name}`);
    for (const process of whoHolds(this.secret, "environ", descendants(this.studio.pid))) this.found.add(`the environment of ${process.name}`);
    for (const file of await this.studio.filesThatHold(this.secret)) this.found.add(`the file ${file}`);
  }

  /** Where it was seen; empty when it was seen nowhere. */
  async findings(): Promise<string[]> {
    await Promise.all(this.pending);
    return [...this.found];
  }

  private readLater(response: Response): void {
    // An event stream's body ends with the show, if ever; its lines come up on the page, which is read.
    if (!response.url().startsWith(this.studio.url) || (response.headers()["content-type"] ?? "").includes("event-stream")) return;
    const reading: Promise<void> = response
      .text()
      .then((body) => this.note(body, `the answer of ${new URL(response.url()).pathname}`))
      .catch(() => undefined)
      .finally(() => this.pending.delete(reading));
    this.pending.add(reading);
  }

  private note(text: string, place: string): void {
    if (text.includes(this.secret)) this.found.add(place);
  }
}
