// Several web servers over one database: the database server, a second `footlight serve`, and a load balancer in front of them.

import { existsSync, readFileSync } from "node:fs";
import { createServer, connect, type Server, type Socket } from "node:net";
import { homedir } from "node:os";
import path from "node:path";
import { environmentOf, type Process } from "./processes.ts";
import { end, spawn, type ChildProcess } from "./commands.ts";
import { until } from "./wait.ts";

const cache = path.join(process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache"), "footlight");
const surreal = path.join(cache, "tools", "surreal-3.3.5", "bin", "surreal");

/** SurrealDB's server, in memory, over `ws://`. */
export class Database {
  static readonly user = "footlight";
  static readonly password = "a database's password";

  private constructor(
    readonly address: string,
    private readonly server: ChildProcess,
  ) {}

  static async start(port: number): Promise<Database> {
    if (!existsSync(surreal)) throw new Error(`${surreal} is missing: scripts/setup.sh soak builds it`);
    const environment = { PATH: process.env["PATH"] ?? "", SURREAL_USER: Database.user, SURREAL_PASS: Database.password, SURREAL_NO_BANNER: "true" };
    const server = spawn(surreal, ["start", "--bind", `127.0.0.1:${port}`, "--log", "warn", "memory"], { env: environment, stdio: ["ignore", "inherit", "inherit"] });
    const answers = async (): Promise<boolean> => (await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined))?.ok ?? false;
    await until("the database answers", answers, 30_000);
    return new Database(`ws://127.0.0.1:${port}`, server);
  }

  async stop(): Promise<void> {
    await end(this.server, 5_000);
  }
}

/** A second web server, configured like the first except for its port and name. */
export class Replica {
  readonly output: string[] = [];

  private constructor(
    readonly port: number,
    private readonly server: ChildProcess,
  ) {
    for (const pipe of [server.stdout, server.stderr]) pipe?.on("data", (text: Buffer) => this.output.push(text.toString()));
  }

  static async beside(first: Process, port: number): Promise<Replica> {
    // It must not watch its standard input, which nobody holds open here.
    const { FOOTLIGHT_DIE_WITH_STDIN: _, ...environment } = environmentOf(first);
    const program = readFileSync(`/proc/${first.pid}/cmdline`, "utf8").split("\0")[0] ?? "";
    const server = spawn(program, ["serve"], {
      env: { ...environment, FOOTLIGHT_LISTEN: `127.0.0.1:${port}`, FOOTLIGHT_REPLICA: `replica-${port}` },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const replica = new Replica(port, server);
    const answers = async (): Promise<boolean> => (await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined))?.ok ?? false;
    await until("the replica answers", answers, 30_000);
    return replica;
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    const gone = new Promise((resolve) => this.server.once("exit", resolve));
    this.server.kill("SIGKILL");
    await gone;
  }

  async stop(): Promise<void> {
    await end(this.server, 10_000);
  }
}

/** A change of the target closes all connections, as a load balancer does when a server is down. */
export class Balancer {
  private readonly open = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private target: number,
  ) {}

  static async start(port: number, target: number): Promise<Balancer> {
    const balancer: Balancer = new Balancer(createServer((browser) => balancer.join(browser)), target);
    await new Promise<void>((resolve) => balancer.server.listen(port, "127.0.0.1", resolve));
    return balancer;
  }

  sendTo(target: number): void {
    this.target = target;
    for (const socket of this.open) socket.destroy();
  }

  async stop(): Promise<void> {
    for (const socket of this.open) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private join(browser: Socket): void {
    const server = connect(this.target, "127.0.0.1");
    for (const [from, to] of [[browser, server], [server, browser]] as const) {
      this.open.add(from);
      from.pipe(to);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        this.open.delete(from);
        to.destroy();
      });
    }
  }
}
