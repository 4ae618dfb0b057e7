// The processes of this machine, read from /proc: parents and children, arguments, environments.

import { readFileSync, readdirSync } from "node:fs";

export interface Process {
  pid: number;
  parent: number;
  name: string;
  /** In clock ticks since boot; together with the pid it identifies one process for good. */
  startedAt: string;
}

export function processes(): Process[] {
  const found: Process[] = [];
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = read(`/proc/${entry}/stat`);
    const end = stat.lastIndexOf(")");
    if (end < 0) continue;
    const fields = stat.slice(end + 2).split(" ");
    if (fields[0] === "Z") continue;
    found.push({ pid: Number(entry), name: stat.slice(stat.indexOf("(") + 1, end), parent: Number(fields[1]), startedAt: fields[19] ?? "" });
  }
  return found;
}

export function descendants(root: number): Process[] {
  const all = processes();
  const found: Process[] = [];
  const parents = [root];
  for (let parent = parents.pop(); parent !== undefined; parent = parents.pop()) {
    for (const child of all.filter((process) => process.parent === parent)) {
      found.push(child);
      parents.push(child.pid);
    }
  }
  return found;
}

export function stillRunning(known: Iterable<Process>): Process[] {
  const now = new Set(processes().map((process) => `${process.pid}/${process.startedAt}`));
  return [...known].filter((process) => now.has(`${process.pid}/${process.startedAt}`));
}

/** The processes whose arguments or environment hold a text. Our own environment and our browser are left out. */
export function whoHolds(text: string, where: "cmdline" | "environ", among: Process[]): Process[] {
  return among.filter((process) => read(`/proc/${process.pid}/${where}`).includes(text));
}

/** A process's arguments. */
export function argumentsOf(process: Process): string[] {
  return read(`/proc/${process.pid}/cmdline`).split("\0");
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** A process's environment. */
export function environmentOf(process: Process): Record<string, string> {
  const pairs = read(`/proc/${process.pid}/environ`).split("\0").filter(Boolean);
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]));
}
