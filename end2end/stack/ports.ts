// Finds free ports.

import { createServer } from "node:net";

function bind(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(port, "127.0.0.1", () => {
      server.close(() => resolve(port));
    });
  });
}

/** One free port, below the system's own range too, where any program's outgoing connection could take it first. */
export function freePort(): Promise<number> {
  return freePorts(1);
}

/** The first of `count` free ports in a row, below the range from which the system gives out its own. */
export async function freePorts(count: number): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const base = 12_000 + Math.floor(Math.random() * 18_000);
    const free = await Promise.all(Array.from({ length: count }, (_, index) => bind(base + index)));
    if (free.every((port) => port !== undefined)) return base;
  }
  throw new Error(`no ${count} free ports in a row`);
}
