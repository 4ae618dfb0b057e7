// An egress that accepts one start and captures nothing: the benchmark opens the page itself.

import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { EgressInfo, EgressStatus, WebEgressRequest } from "livekit-server-sdk";
import { until } from "../stack/wait.ts";

export class IdleEgress {
  private started: EgressInfo | undefined;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async serve(): Promise<IdleEgress> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const egress = new IdleEgress(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on("request", async (request, answer) => {
      const reply = egress.reply(request.url ?? "", await body(request));
      if (reply === undefined) answer.writeHead(404).end();
      else answer.writeHead(200, { "content-type": typeof reply === "string" ? "application/json" : "application/protobuf" }).end(reply);
    });
    return egress;
  }

  private reply(path: string, asked: Buffer): Uint8Array | string | undefined {
    switch (path.split("/").at(-1)) {
      case "healthz":
        return JSON.stringify({ slots: { total: 1, used: this.started ? 1 : 0 } });
      case "StartWebEgress": {
        const web = WebEgressRequest.fromBinary(asked);
        this.started = new EgressInfo({ egressId: "EG_measured", status: EgressStatus.EGRESS_ACTIVE, request: { case: "web", value: web } });
        return this.started.toBinary();
      }
      case "ListEgress":
        return this.started ? inList(this.started.toBinary()) : new Uint8Array();
      case "StopEgress":
        this.started = undefined;
        return new EgressInfo({ egressId: "EG_measured", status: EgressStatus.EGRESS_COMPLETE }).toBinary();
      default:
        return undefined;
    }
  }

  /** The address of the page to capture, with its token. */
  async page(): Promise<string> {
    return until("an egress is asked for", () => {
      const request = this.started?.request;
      return request?.case === "web" ? request.value.url : undefined;
    });
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

/** `ListEgressResponse`: field 1, one message. */
function inList(item: Uint8Array): Uint8Array {
  const length: number[] = [];
  for (let rest = item.length; ; rest >>>= 7) {
    length.push(rest < 128 ? rest : (rest & 127) | 128);
    if (rest < 128) break;
  }
  return Uint8Array.from([0x0a, ...length, ...item]);
}

async function body(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
