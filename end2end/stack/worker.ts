// `footlight egress` alone, with a page to capture and a webhook receiver.

import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { EgressClient, WebhookReceiver, type WebhookEvent } from "livekit-server-sdk";
import { freePort } from "./ports.ts";
import { end, spawn, type ChildProcess } from "./commands.ts";
import { program } from "./studio.ts";
import { until } from "./wait.ts";

const key = "devkey";
const secret = "0123456789abcdef0123456789abcdef";

export class Worker {
  readonly client: EgressClient;
  readonly webhooks: WebhookEvent[] = [];
  /** Webhooks that failed verification. */
  readonly refusals: string[] = [];
  pageUrl = "";

  private constructor(
    private readonly data: string,
    port: number,
    private readonly site: Server,
    private child: ChildProcess | undefined,
  ) {
    this.client = new EgressClient(`http://127.0.0.1:${port}`, key, secret);
  }

  static async start(page: string): Promise<Worker> {
    const data = await mkdtemp(path.join(tmpdir(), "footlight-worker-"));
    const port = await freePort();
    const site = createServer();
    const worker = new Worker(data, port, site, undefined);
    const receiver = new WebhookReceiver(key, secret);
    site.on("request", (request: IncomingMessage, answer) => {
      if (request.url !== "/hook") {
        answer.writeHead(200, { "content-type": "text/html" }).end(page);
        return;
      }
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        receiver
          .receive(Buffer.concat(parts).toString(), request.headers.authorization)
          .then((event) => worker.webhooks.push(event))
          .catch((error: unknown) => worker.refusals.push(String(error)))
          .finally(() => answer.writeHead(200).end());
      });
    });
    await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
    worker.pageUrl = `${url}/page.html`;
    worker.child = spawn(program, ["egress"], {
      stdio: "ignore",
      env: {
        PATH: process.env["PATH"],
        HOME: data,
        FOOTLIGHT_DATA: data,
        FOOTLIGHT_EGRESS_LISTEN: `127.0.0.1:${port}`,
        FOOTLIGHT_EGRESS_SLOTS: "1",
        FOOTLIGHT_EGRESS_WEBHOOK_URLS: `${url}/hook`,
        PUBLIC_APP_URL: url,
        LIVEKIT_API_KEY: key,
        LIVEKIT_API_SECRET: secret,
      },
    });
    await until("the worker listens", async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).ok, 20_000);
    return worker;
  }

  async stop(): Promise<void> {
    if (this.child) await end(this.child, 15_000);
    this.site.closeAllConnections();
    await new Promise((resolve) => this.site.close(resolve));
    await rm(this.data, { recursive: true, force: true });
  }
}
