// Searches responses, pages, files, process arguments and environments for a stream key.

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

  /** Searches everything that can be read now. */
  async check(page: Page): Promise<void> {
    // The value of an input is not part of the content.
    this.note(await page.content(), `the page ${page.url()}`);
    for (const process of whoHolds(this.secret, "cmdline", processes())) this.found.add(`the arguments of ${process.name}`);
    for (const process of whoHolds(this.secret, "environ", descendants(this.studio.pid))) this.found.add(`the environment of ${process.name}`);
    for (const file of await this.studio.filesThatHold(this.secret)) this.found.add(`the file ${file}`);
  }

  /** The places where it was found. */
  async findings(): Promise<string[]> {
    await Promise.all(this.pending);
    return [...this.found];
  }

  private readLater(response: Response): void {
    // The body of an event stream does not end; its events appear on the page, which is searched.
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
