// A studio for one test: `footlight up` with its own ports and data folder.

import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { EgressClient, EgressStatus, RoomServiceClient, TrackSource } from "livekit-server-sdk";
import type { Machine } from "./machines.ts";
import type { Ports } from "./network.ts";
import { freePorts } from "./ports.ts";
import { kill } from "node:process";
import { argumentsOf, descendants, stillRunning, type Process } from "./processes.ts";
import { end, root, run, runWith, spawn, type ChildProcess } from "./commands.ts";
import { sleep, until } from "./wait.ts";

const cache = path.join(process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache"), "footlight");
const target = process.env["CARGO_TARGET_DIR"] ?? path.join(cache, "target");
export const program = process.env["FOOTLIGHT_PROGRAM"] ?? path.join(target, "debug/footlight");

export interface StudioOptions {
  /** `host:port` of destinations in the private network. */
  allow: string[];
  /** Further variables. */
  env?: Record<string, string>;
  /** The machine that it runs on, and the address at which others open it: this one, and loopback, if absent. */
  on?: { machine: Machine; url: string };
}

export class Studio {
  /** Everything that was ever seen running below `footlight up`. */
  readonly seen = new Map<string, Process>();
  private readonly watching: NodeJS.Timeout;
  private secrets: Record<string, string> = {};

  private constructor(
    readonly data: string,
    private readonly base: number,
    private readonly up: ChildProcess,
    readonly output: string[],
    readonly url: string,
  ) {
    this.watching = setInterval(() => this.look(), 250);
  }

  static async start(options: StudioOptions): Promise<Studio> {
    if (!existsSync(program)) throw new Error(`${program} is missing: run make test, or scripts/build.sh`);
    const data = await mkdtemp(path.join(tmpdir(), "footlight-studio-"));
    const base = await freePorts(8);
    const output: string[] = [];
    const { on } = options;
    const [started, args] = on ? on.machine.command(program, ["up"]) : [program, ["up"]];
    const up = spawn(started, args, {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...surroundings(),
        FOOTLIGHT_SITE: path.join(root, "target/site"),
        FOOTLIGHT_DATA: data,
        FOOTLIGHT_PORT_BASE: String(base),
        FOOTLIGHT_ALLOW_PRIVATE_DESTINATIONS: options.allow.join(","),
        ...(on && { PUBLIC_APP_URL: on.url }),
        ...options.env,
      },
    });
    for (const pipe of [up.stdout, up.stderr]) pipe?.on("data", (text: Buffer) => output.push(text.toString()));
    const studio = new Studio(data, base, up, output, on?.url ?? `http://127.0.0.1:${base}`);
    try {
      await until(
        "the studio starts",
        () => {
          if (up.exitCode !== null) return "ended";
          return output.join("").includes("Footlight is up at") && "up";
        },
        100_000,
      );
      if (up.exitCode !== null) throw new Error("footlight up ended");
    } catch (error) {
      await studio.stop();
      throw new Error(`${String(error)}\n${output.join("")}`);
    }
    const kept = await readFile(path.join(data, "secrets.env"), "utf8");
    for (const [, name, value] of kept.matchAll(/^([A-Z_]+)=(.*)$/gm)) studio.secrets[name ?? ""] = value ?? "";
    return studio;
  }

  get pid(): number {
    return this.up.pid ?? 0;
  }

  /** The folder of its captures' private folders: outside the data folder, and named after it. */
  get scratch(): string {
    return path.join(tmpdir(), `footlight-egress-${createHash("sha256").update(path.join(this.data, "egress")).digest("hex").slice(0, 12)}`);
  }

  /** The ports that a browser uses: the pages, and the media server's WebSocket, TCP and UDP. */
  get ports(): Ports {
    return { tcp: [this.base, this.base + 4, this.base + 5], udp: [this.base + 6] };
  }

  /** The one-time link of the first start. */
  firstSignIn(): string | undefined {
    return /First sign-in.*: (\S+)/.exec(this.output.join(""))?.[1];
  }

  /** The media server's address, for browsers. */
  get mediaUrl(): string {
    return `ws://127.0.0.1:${this.base + 4}`;
  }

  /** The rooms of sessions that LiveKit has now; those of media checks come and go. */
  async rooms(): Promise<string[]> {
    return (await this.media().listRooms()).map((room) => room.name).filter((name) => name.startsWith("stream-"));
  }

  /** The size at which the shared screen is sent, in the only room there is. */
  async sharedScreen(): Promise<{ width: number; height: number } | undefined> {
    const [room = ""] = await this.rooms();
    const tracks = (await this.media().listParticipants(room)).flatMap((participant) => participant.tracks);
    return tracks.find((track) => track.source === TrackSource.SCREEN_SHARE);
  }

  private media(): RoomServiceClient {
    return new RoomServiceClient(`http://127.0.0.1:${this.base + 4}`, this.secret("LIVEKIT_API_KEY"), this.secret("LIVEKIT_API_SECRET"));
  }

  /** The egresses that are not over. */
  async egresses(): Promise<string[]> {
    const client = new EgressClient(`http://127.0.0.1:${this.base + 3}`, this.secret("LIVEKIT_API_KEY"), this.secret("LIVEKIT_API_SECRET"));
    const over = [EgressStatus.EGRESS_COMPLETE, EgressStatus.EGRESS_FAILED, EgressStatus.EGRESS_ABORTED, EgressStatus.EGRESS_LIMIT_REACHED];
    return (await client.listEgress()).filter((egress) => !over.includes(egress.status)).map((egress) => egress.egressId);
  }

  /** The current process of a role: `serve`, `relay`, `egress` or `livekit`. */
  role(name: string): Process | undefined {
    const roles = descendants(this.pid).filter((process) => process.parent === this.pid);
    return roles.find((process) => argumentsOf(process).some((argument) => argument === name || (name === "livekit" && argument === "run-supervised")));
  }

  /** Kills a role as a crash would, and waits until another process has replaced it. */
  async killRole(name: string): Promise<void> {
    const victim = this.role(name);
    if (!victim) throw new Error(`no role ${name}`);
    kill(victim.pid, "SIGKILL");
    await until(`${name} is back`, () => {
      const now = this.role(name);
      return now !== undefined && now.pid !== victim.pid;
    }, 20_000);
  }

  /** Kills the renderers of every capture, as a crash of the page would. */
  killRenderer(): void {
    const renderers = descendants(this.pid).filter((process) => argumentsOf(process).some((argument) => argument.includes("--type=renderer")));
    if (renderers.length === 0) throw new Error("no renderer runs");
    for (const { pid } of renderers) kill(pid, "SIGKILL");
  }

  /** The programs that captures run below `footlight up` at this moment. */
  captureProcesses(): Process[] {
    return descendants(this.pid).filter((process) => /^(chrom|Xvfb|pulseaudio|ffmpeg)/.test(process.name));
  }

  /** The files in the data folder that hold a text. */
  async filesThatHold(text: string): Promise<string[]> {
    const found = await run("sh", ["-c", 'grep -rlaF -e "$1" "$2" || test $? -eq 1', "sh", text, this.data]);
    return found.stdout.toString().split("\n").filter(Boolean);
  }

  async log(role: string): Promise<string> {
    return readFile(path.join(this.data, "logs", `${role}.log`), "utf8").catch(() => "");
  }

  /** Ends it as Ctrl-C does. Returns what is left of it two seconds later, which should be nothing. */
  async stop(): Promise<Process[]> {
    this.look();
    clearInterval(this.watching);
    await end(this.up, 60_000);
    let left = stillRunning(this.seen.values());
    for (let tries = 0; left.length > 0 && tries < 20; tries++) {
      await sleep(100);
      left = stillRunning(this.seen.values());
    }
    await rm(this.data, { recursive: true, force: true });
    return left;
  }

  /** One of its secrets, for signing like one of its parts. */
  secret(name: string): string {
    const value = this.secrets[name];
    if (value === undefined) throw new Error(`${name} is not in secrets.env`);
    return value;
  }

  private look(): void {
    for (const process of descendants(this.pid)) this.seen.set(`${process.pid}/${process.startedAt}`, process);
  }
}

/** Runs a `footlight admin` command, and returns what it prints. */
export async function admin(studio: Studio, ...order: string[]): Promise<string> {
  const { stdout } = await runWith(program, ["admin", ...order], { ...process.env, FOOTLIGHT_DATA: studio.data });
  return stdout.toString().trim();
}

/** `footlight doctor --json`: its lines, and whether it failed. */
export async function doctor(studio: Studio, ...options: string[]): Promise<{ checks: { name: string; outcome: string; found: string }[]; failed: boolean }> {
  const told = await new Promise<{ code: number | null; text: string }>((resolve) => {
    const child = spawn(program, ["doctor", "--json", ...options], { env: { ...process.env, FOOTLIGHT_DATA: studio.data }, stdio: ["ignore", "pipe", "inherit"] });
    const text: string[] = [];
    child.stdout?.on("data", (part: Buffer) => text.push(part.toString()));
    child.once("close", (code) => resolve({ code, text: text.join("") }));
  });
  return { ...(JSON.parse(told.text) as { checks: { name: string; outcome: string; found: string }[] }), failed: told.code !== 0 };
}

/** A call of the API by key. */
export function post(studio: Studio, key: string, path: string, body: object): Promise<Response> {
  return fetch(`${studio.url}/api/streaming/${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

/** The environment without Footlight's variables, so that a developer's own settings do not affect a test. */
function surroundings(): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    const ours = /^(FOOTLIGHT_|LIVEKIT_|LEPTOS_|STREAM|PUBLIC_APP_URL|RUST_LOG)/.test(name) && name !== "FOOTLIGHT_LIVEKIT_SERVER";
    if (value !== undefined && !ours) kept[name] = value;
  }
  return kept;
}
