// A network namespace for a browser, whose connection can be cut. The studio's ports are forwarded to 127.0.0.1 there too, so that
// the page's origin stays a secure one.

import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import path from "node:path";
import { end, run, spawn, type ChildProcess } from "./commands.ts";

export interface Ports {
  tcp: number[];
  udp: number[];
}

const here = "10.213.77.1";
const there = "10.213.77.2";

export class Network {
  private readonly forwarders: ChildProcess[] = [];

  private constructor(
    private readonly name: string,
    private readonly cable: string,
    private readonly folder: string,
  ) {}

  /** Creates it and forwards these ports. */
  static async open(ports: Ports): Promise<Network> {
    if (userInfo().uid !== 0) throw new Error("a network of its own can only be made by root: run this as root");
    const network = new Network(`footlight-${process.pid}`, `fl${process.pid}`, await mkdtemp(path.join(tmpdir(), "footlight-network-")));
    try {
      await network.forward(ports);
    } catch (error) {
      await network.close();
      throw error;
    }
    return network;
  }

  private async forward(ports: Ports): Promise<void> {
    const far = `${this.cable}b`;
    await run("ip", ["netns", "add", this.name]);
    await run("ip", ["link", "add", this.cable, "type", "veth", "peer", "name", far, "netns", this.name]);
    await run("ip", ["addr", "add", `${here}/30`, "dev", this.cable]);
    await run("ip", ["link", "set", this.cable, "up"]);
    await this.inside(["ip", "addr", "add", `${there}/30`, "dev", far]);
    await this.inside(["ip", "link", "set", far, "up"]);
    await this.inside(["ip", "link", "set", "lo", "up"]);
    await this.inside(["ip", "route", "add", "default", "via", here]);
    const pairs = [...ports.tcp.map((port) => ["TCP4", "TCP4-LISTEN", port] as const), ...ports.udp.map((port) => ["UDP4", "UDP4-LISTEN", port] as const)];
    for (const [to, listen, port] of pairs) {
      const options = to === "TCP4" ? ",fork,reuseaddr" : ",fork";
      this.forwarders.push(spawn("socat", [`${listen}:${port},bind=${here}${options}`, `${to}:127.0.0.1:${port}`], { stdio: "ignore" }));
      const inner = ["netns", "exec", this.name, "socat", `${listen}:${port},bind=127.0.0.1${options}`, `${to}:${here}:${port}`];
      this.forwarders.push(spawn("ip", inner, { stdio: "ignore" }));
    }
  }

  /** A script that runs a program inside. */
  async launcher(program: string): Promise<string> {
    const file = path.join(this.folder, "launch");
    await writeFile(file, `#!/bin/sh\nexec ip netns exec ${this.name} ${program} "$@"\n`);
    await chmod(file, 0o755);
    return file;
  }

  /** Cuts the connection: packets are lost, and neither side is notified. */
  async cut(): Promise<void> {
    await run("ip", ["link", "set", this.cable, "down"]);
  }

  async restore(): Promise<void> {
    await run("ip", ["link", "set", this.cable, "up"]);
  }

  async close(): Promise<void> {
    await Promise.all(this.forwarders.map((forwarder) => end(forwarder, 2_000)));
    // Deleting the namespace deletes the other end of the veth pair, and this end with it.
    await run("ip", ["netns", "del", this.name]).catch(() => undefined);
    await run("ip", ["link", "del", this.cable]).catch(() => undefined);
    await rm(this.folder, { recursive: true, force: true });
  }

  private inside(command: string[]): Promise<unknown> {
    return run("ip", ["netns", "exec", this.name, ...command]);
  }
}
