// Machines of our own making, with real addresses: two network namespaces with a router between them, which forwards what it is not
// told to drop. Only root can make them. They are gone when the test is, also if it is killed.

import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { tmpdir, userInfo } from "node:os";
import path from "node:path";
import { run, spawn, type ChildProcess } from "./commands.ts";

/** What the router drops, in both directions. */
export interface Blocked {
  protocol: "udp" | "tcp";
  /** Of the server; every port if absent. */
  port?: number;
}

/** Takes the place of a killed test: ends what still runs in the namespaces, and removes them. */
const removal =
  'cat > /dev/null; rm -rf "$1"; shift; for name; do ip netns pids "$name" | xargs -r kill -KILL; ip netns del "$name"; done';

export class Machine {
  constructor(
    readonly name: string,
    readonly address: string,
    private readonly folder: string,
  ) {}

  /** A command on it. */
  command(program: string, args: string[]): [program: string, args: string[]] {
    return ["ip", ["netns", "exec", this.name, program, ...args]];
  }

  /** Runs a program on it, to its end. */
  run(program: string, args: string[]): Promise<{ stdout: Buffer; stderr: string }> {
    return run(...this.command(program, args));
  }

  /** A script that runs a program on it. */
  async launcher(program: string): Promise<string> {
    const file = path.join(this.folder, this.name);
    await writeFile(file, `#!/bin/sh\nexec ip netns exec ${this.name} ${program} "$@"\n`);
    await chmod(file, 0o755);
    return file;
  }
}

export class Machines {
  private rules = 0;

  private constructor(
    /** Where the studio runs. */
    readonly server: Machine,
    /** Where somebody opens it. */
    readonly visitor: Machine,
    private readonly router: Machine,
    private readonly remover: ChildProcess,
  ) {}

  static async open(): Promise<Machines> {
    if (userInfo().uid !== 0) throw new Error("network namespaces can only be made by root: run this as root");
    const folder = await mkdtemp(path.join(tmpdir(), "footlight-machines-"));
    const run = `fl${process.pid}-${randomBytes(3).toString("hex")}`;
    const machine = (what: string, address: string): Machine => new Machine(`${run}-${what}`, address, folder);
    const [server, visitor, router] = [machine("server", "10.213.1.1"), machine("visitor", "10.213.2.1"), machine("router", "10.213.1.254")];
    const names = [server, visitor, router].map(({ name }) => name);
    const remover = spawn("sh", ["-c", removal, "sh", folder, ...names], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
    const machines = new Machines(server, visitor, router, remover);
    try {
      await machines.connect();
    } catch (error) {
      await machines.close().catch(() => undefined);
      throw new Error("network namespaces cannot be made here: this needs root with CAP_SYS_ADMIN and CAP_NET_ADMIN", { cause: error });
    }
    return machines;
  }

  /** From now on the router drops these without a word, as many firewalls do. */
  async block(blocked: Blocked[]): Promise<void> {
    for (const { protocol, port } of blocked) {
      const selectors = port === undefined ? [[]] : [["dport", String(port)], ["sport", String(port)]];
      for (const selector of selectors) {
        const rule = ["rule", "add", "pref", String(100 + this.rules++), "ipproto", protocol, ...selector, "blackhole"];
        await run("ip", ["-n", this.router.name, ...rule]);
      }
    }
  }

  /** Ends what still runs on them, and removes them. */
  async close(): Promise<void> {
    const gone = once(this.remover, "exit");
    this.remover.stdin?.end();
    await gone;
    const { stdout } = await run("ip", ["netns", "list"]);
    const left = [this.server, this.visitor, this.router].filter(({ name }) => stdout.toString().includes(name));
    if (left.length > 0) throw new Error(`left behind: ${left.map(({ name }) => name).join(", ")}`);
  }

  private async connect(): Promise<void> {
    for (const { name } of [this.server, this.visitor, this.router]) {
      await run("ip", ["netns", "add", name]);
      await run("ip", ["-n", name, "link", "set", "lo", "up"]);
    }
    for (const [machine, far] of [[this.server, "to-server"], [this.visitor, "to-visitor"]] as const) {
      const gateway = machine.address.replace(/\.1$/, ".254");
      await run("ip", ["link", "add", "net", "netns", machine.name, "type", "veth", "peer", "name", far, "netns", this.router.name]);
      await run("ip", ["-n", machine.name, "addr", "add", `${machine.address}/24`, "dev", "net"]);
      await run("ip", ["-n", machine.name, "link", "set", "net", "up"]);
      await run("ip", ["-n", this.router.name, "addr", "add", `${gateway}/24`, "dev", far]);
      await run("ip", ["-n", this.router.name, "link", "set", far, "up"]);
      await run("ip", ["-n", machine.name, "route", "add", "default", "via", gateway]);
    }
    await this.router.run("sh", ["-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]);
  }
}
