// A whole stream from a browser on one machine to a studio on another, over TLS, through a network that may let little pass.

import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Page } from "@playwright/test";
import { end, spawn, type ChildProcess } from "./commands.ts";
import { Machines, type Machine } from "./machines.ts";
import { GoLive } from "./pages.ts";
import * as recording from "./recording.ts";
import { camera, chromiumProgram, screen, Streamer } from "./streamer.ts";
import { Studio } from "./studio.ts";
import { expect, format, test as base } from "./test.ts";
import { sleep, until } from "./wait.ts";

const httpsPort = 8443;

/** How media leave the browser. */
export type Path = "udp" | "tcp" | "relay over tls";

export interface Row {
  name: string;
  /** What the network drops, by the studio's ports. */
  blocked: ("udp" | "media over tcp")[];
  /** Who ends TLS: the studio, or an nginx in front of it, as Debian's package is set up. */
  behindNginx?: boolean;
  /** Whether the studio offers TURN. */
  turn?: boolean;
  path: Path;
}

export const plain: Row = { name: "a studio that is opened from another machine", blocked: [], path: "udp" };

/** Where others open the studio. */
const urlOf = ({ server }: Machines): string => `https://${server.address}:${httpsPort}`;

interface Fixtures {
  row: Row;
  machines: Machines;
  /** nginx in front of the studio, where the row asks for it. */
  front: Front | undefined;
}

export const test = base.extend<Fixtures>({
  row: [plain, { option: true }],
  machines: async ({}, use) => {
    const machines = await Machines.open();
    await use(machines);
    await machines.close();
  },
  front: async ({ machines, row }, use) => {
    const front = row.behindNginx ? await Front.prepare(machines.server) : undefined;
    await use(front);
    await front?.stop();
  },
  studio: async ({ machines, front, row }, use, info) => {
    const studio = await Studio.start({
      allow: [],
      env: {
        FOOTLIGHT_VIDEO: `${format.width}x${format.height}@${format.fps}/${format.kbps}`,
        FOOTLIGHT_EGRESS_SLOTS: "1",
        ...(front && { FOOTLIGHT_TRUSTED_PROXIES: "127.0.0.1" }),
        ...(row.turn === false && { FOOTLIGHT_TURN_PORT: "off" }),
      },
      on: { machine: machines.server, url: urlOf(machines) },
    });
    try {
      await front?.start(studio.ports.tcp[0] ?? 0);
      const [, , mediaTcp] = studio.ports.tcp;
      await machines.block(row.blocked.map((what) => (what === "udp" ? { protocol: "udp" } : { protocol: "tcp", port: mediaTcp ?? 0 })));
      await use(studio);
      if (info.status !== info.expectedStatus) {
        for (const role of ["serve", "relay", "egress", "livekit"]) console.log(`--- ${role}\n${(await studio.log(role)).slice(-4000)}`);
        console.log(`--- up\n${studio.output.join("").slice(-4000)}`);
      }
    } finally {
      const left = await studio.stop();
      if (left.length > 0) throw new Error(`left running: ${left.map((process) => `${process.name} (${process.pid})`).join(", ")}`);
    }
  },
  streamer: async ({ machines, studio }, use, info) => {
    // Media's TLS is checked as strictly as that of pages, and takes no exception but this one.
    const trusted = `--ignore-certificate-errors-spki-list=${await publicKey(machines.visitor, machines.server.address)}`;
    const streamer = await Streamer.start(studio.url, await machines.visitor.launcher(chromiumProgram), [trusted]);
    await streamer.context.addInitScript(() => {
      const connections: RTCPeerConnection[] = [];
      Object.assign(window, { connections });
      window.RTCPeerConnection = class extends RTCPeerConnection {
        constructor(how?: RTCConfiguration) {
          super(how);
          connections.push(this);
        }
      };
    });
    await use(streamer);
    if (info.status !== info.expectedStatus) await streamer.page.screenshot({ path: info.outputPath("page.png"), fullPage: true }).catch(() => undefined);
    await streamer.stop();
    if (streamer.broken.length > 0) throw new Error(`a page failed:\n${streamer.broken.join("\n")}`);
  },
});

/** Goes live into a recording, and finds in it what the browser showed. */
export async function airs({ row, machines, studio, streamer, goLive }: { row: Row; machines: Machines; studio: Studio; streamer: Streamer; goLive: GoLive }): Promise<void> {
  const { page } = streamer;
  await goLive.open();
  expect(await page.evaluate(() => isSecureContext), "the browser gives its camera").toBe(true);
  await goLive.shareScreen();
  await goLive.rehearse();
  const used = await until("media leave the browser", () => route(page), 15_000);
  expect(used.path, "the path of the media").toBe(row.path);
  if (row.path !== "relay over tls") expect(used.to).toBe(machines.server.address);
  await sleep(8_000);
  await goLive.end();
  const files = await readdir(path.join(studio.data, "recordings"), { recursive: true });
  const playlist = files.find((file) => file.endsWith("index.m3u8"));
  const file = path.join(studio.data, "recordings", playlist ?? "no playlist");
  const found = await until("the recording is whole", async () => {
    const now = await recording.format(file);
    return now.durationS > 5 ? now : undefined;
  });
  console.log(`  ${used.path}: ${found.video.width}x${found.video.height}, ${found.durationS.toFixed(1)} s`);
  expect(found.video).toMatchObject({ codec: "h264", width: format.width, height: format.height });
  expect(found.audio).toMatchObject({ codec: "aac" });
  const picture = await recording.frame(file, found.durationS - 2);
  expect(picture.share(screen.colour), "the screen").toBeGreaterThan(0.5);
  expect(Math.max(...picture.quarters(camera.colour)), "the webcam").toBeGreaterThan(0.05);
}

/** The way that the most bytes went. */
async function route(page: Page): Promise<{ path: Path; to: string } | undefined> {
  const pairs = await page.evaluate(async () => {
    const { connections } = window as unknown as { connections: RTCPeerConnection[] };
    const found = [];
    for (const connection of connections.filter((one) => one.connectionState === "connected")) {
      const stats = new Map<string, Record<string, unknown>>();
      (await connection.getStats()).forEach((value: { id: string }, id: string) => stats.set(id, { ...value }));
      const transport = [...stats.values()].find((one) => one["type"] === "transport" && one["selectedCandidatePairId"] !== undefined);
      const pair = stats.get(String(transport?.["selectedCandidatePairId"]));
      const [local, remote] = [stats.get(String(pair?.["localCandidateId"])), stats.get(String(pair?.["remoteCandidateId"]))];
      if (pair && local && remote) found.push({ sent: Number(pair["bytesSent"]), relay: local["relayProtocol"], protocol: local["protocol"], to: String(remote["address"]) });
    }
    return found;
  });
  const [most] = pairs.sort((a, b) => b.sent - a.sent);
  if (!most || most.sent < 50_000) return undefined;
  return { path: (typeof most.relay === "string" ? `relay over ${most.relay}` : String(most.protocol)) as Path, to: most.to };
}

/** The hash of the public key that a server shows, in base64. */
async function publicKey(from: Machine, address: string): Promise<string> {
  const script =
    'openssl s_client -connect "$1" </dev/null 2>/dev/null | openssl x509 -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64';
  const { stdout } = await from.run("sh", ["-c", script, "sh", `${address}:${httpsPort}`]);
  return stdout.toString().trim();
}

/** nginx with TLS of its own before a studio that has none. It buffers answers, as it does unless it is told not to. */
class Front {
  private nginx: ChildProcess | undefined;

  private constructor(
    private readonly machine: Machine,
    private readonly folder: string,
  ) {}

  static async prepare(machine: Machine): Promise<Front> {
    const folder = await mkdtemp(path.join(tmpdir(), "footlight-front-"));
    const [key, certificate] = ["key.pem", "cert.pem"].map((name) => path.join(folder, name));
    const names = ["-subj", "/CN=footlight-front", "-addext", `subjectAltName=IP:${machine.address}`, "-days", "2", "-nodes"];
    await machine.run("openssl", ["req", "-x509", "-newkey", "rsa:2048", ...names, "-keyout", key ?? "", "-out", certificate ?? ""]);
    return new Front(machine, folder);
  }

  async start(studioPort: number): Promise<void> {
    const file = path.join(this.folder, "nginx.conf");
    await writeFile(file, this.configuration(studioPort));
    const [program, args] = this.machine.command("nginx", ["-c", file, "-p", this.folder, "-e", path.join(this.folder, "error.log")]);
    this.nginx = spawn(program, args, { stdio: "ignore", env: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin` } });
    await until("nginx listens", async () => (await this.machine.run("ss", ["-ltn"])).stdout.toString().includes(`:${httpsPort} `), 10_000);
  }

  async stop(): Promise<void> {
    if (this.nginx) await end(this.nginx, 5_000);
    await rm(this.folder, { recursive: true, force: true });
  }

  private configuration(studioPort: number): string {
    const { folder } = this;
    return `user root;
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  map $http_upgrade $connection_upgrade { default upgrade; "" ""; }
  server {
    listen ${httpsPort} ssl;
    ssl_certificate ${folder}/cert.pem;
    ssl_certificate_key ${folder}/key.pem;
    location / {
      proxy_pass http://127.0.0.1:${studioPort};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
    }
  }
}
`;
  }
}
