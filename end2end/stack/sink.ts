// Stands in for a platform: nginx with its RTMP module. It records every stream as FLV, refuses the given keys, and reports what is
// live.

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir, userInfo } from "node:os";
import path from "node:path";
import { freePorts } from "./ports.ts";
import { end, spawn, type ChildProcess } from "./commands.ts";
import { until } from "./wait.ts";

export interface LiveStream {
  /** Milliseconds since the publisher connected. */
  timeMs: number;
  bytesIn: number;
}

export class Sink {
  /** The address as a streamer enters it. */
  readonly url: string;
  readonly hostPort: string;
  /** The stream keys that publishers tried, in order, each with its time. */
  readonly offered: { key: string; at: number; accepted: boolean }[] = [];
  private readonly refused = new Set<string>();

  private constructor(
    readonly folder: string,
    rtmpPort: number,
    private readonly statPort: number,
    private readonly auth: Server,
    private nginx: ChildProcess,
  ) {
    this.hostPort = `127.0.0.1:${rtmpPort}`;
    this.url = `rtmp://${this.hostPort}/live`;
  }

  static async start(): Promise<Sink> {
    const folder = await mkdtemp(path.join(tmpdir(), "footlight-sink-"));
    await mkdir(path.join(folder, "recordings"));
    // Another program may take a port before nginx does; then nginx exits, and other ports are tried.
    for (let attempt = 1; ; attempt++) {
      const base = await freePorts(2);
      const sink = await Sink.open(folder, base, base + 1);
      try {
        await sink.untilUp("the RTMP sink starts");
        return sink;
      } catch (error) {
        await sink.stop(attempt < 3);
        if (attempt === 3) throw error;
      }
    }
  }

  private static async open(folder: string, rtmpPort: number, statPort: number): Promise<Sink> {
    let sink: Sink | undefined;
    const auth = createServer((request, answer) => {
      const key = new URL(request.url ?? "/", "http://auth").searchParams.get("name") ?? "";
      const accepted = !sink?.refused.has(key);
      sink?.offered.push({ key, at: Date.now(), accepted });
      answer.writeHead(accepted ? 200 : 403).end();
    });
    await new Promise<void>((resolve) => auth.listen(0, "127.0.0.1", resolve));
    const { port: authPort } = auth.address() as AddressInfo;
    await writeFile(path.join(folder, "nginx.conf"), configuration(folder, rtmpPort, statPort, authPort));
    sink = new Sink(folder, rtmpPort, statPort, auth, server(folder));
    return sink;
  }

  /** From now on this key is refused, as a platform refuses a wrong one. */
  refuse(key: string): void {
    this.refused.add(key);
  }

  /** Stops the server. */
  async goDown(): Promise<void> {
    await end(this.nginx, 5_000);
  }

  /** Starts it again with the same folder. */
  async comeBack(): Promise<void> {
    this.nginx = server(this.folder);
    await this.untilUp("the RTMP sink is back");
  }

  /** What is being published under a key, if anything. */
  async live(key: string): Promise<LiveStream | undefined> {
    const xml = await this.stat();
    for (const [stream] of xml.matchAll(/<stream>[\s\S]*?<\/stream>/g)) {
      const value = (tag: string): string => new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(stream)?.[1] ?? "";
      if (value("name") === key && stream.includes("<publishing/>")) return { timeMs: Number(value("time")), bytesIn: Number(value("bytes_in")) };
    }
    return undefined;
  }

  /** The recordings of a key, oldest first. */
  async recordings(key: string): Promise<string[]> {
    const files = await readdir(path.join(this.folder, "recordings"));
    return files
      .filter((file) => file.startsWith(`${key}-`))
      .sort()
      .map((file) => path.join(this.folder, "recordings", file));
  }

  async stop(keep = false): Promise<void> {
    await end(this.nginx, 5_000);
    await new Promise((resolve) => this.auth.close(resolve));
    if (!keep) await rm(this.folder, { recursive: true, force: true });
  }

  /** nginx exits by itself when its ports are taken; then there is nothing to wait for. */
  private async untilUp(what: string): Promise<void> {
    const { nginx } = this;
    const up = await until(what, () => (nginx.exitCode === null ? this.stat() : "ended"), 30_000);
    if (up === "ended") throw new Error(`${what}: nginx ended with ${nginx.exitCode}: ${await readFile(path.join(this.folder, "error.log"), "utf8")}`);
  }

  private async stat(): Promise<string> {
    const answer = await fetch(`http://127.0.0.1:${this.statPort}/stat`);
    if (!answer.ok) throw new Error(`the sink's /stat answers ${answer.status}: ${await readFile(path.join(this.folder, "error.log"), "utf8")}`);
    return answer.text();
  }
}

function server(folder: string): ChildProcess {
  return spawn("nginx", ["-c", path.join(folder, "nginx.conf"), "-p", folder, "-e", path.join(folder, "error.log")], {
    stdio: "ignore",
    env: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin` },
  });
}

function configuration(folder: string, rtmpPort: number, statPort: number, authPort: number): string {
  // As root nginx would hand its workers to a user who cannot write our folder.
  const user = userInfo().uid === 0 ? "user root;" : "";
  return `${user}
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log info;
load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
events { worker_connections 128; }
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  server { listen 127.0.0.1:${statPort}; location /stat { rtmp_stat all; } }
}
rtmp {
  access_log off;
  server {
    listen 127.0.0.1:${rtmpPort};
    application live {
      live on;
      record all; record_path ${folder}/recordings; record_unique on;
      notify_method get;
      on_publish http://127.0.0.1:${authPort}/auth;
    }
  }
}
`;
}
