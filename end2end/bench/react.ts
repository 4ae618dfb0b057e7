// The React page, in a usual production build, from a plain static server: uncompressed.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), "react");
const page = '<!doctype html><html><head><meta charset="utf-8"><title>React</title></head><body><div id="root"></div><script type="module" src="/page.js"></script></body></html>';

export class ReactPage {
  private constructor(
    private readonly server: Server,
    readonly url: string,
    /** The bundle as `gzip -9` makes it. */
    readonly gzipBytes: number,
  ) {}

  static async serve(): Promise<ReactPage> {
    if (!existsSync(path.join(folder, "node_modules/react"))) execFileSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: folder, stdio: "ignore" });
    const built = await build({
      absWorkingDir: folder,
      entryPoints: ["page.jsx"],
      bundle: true,
      format: "esm",
      minify: true,
      jsx: "automatic",
      legalComments: "none",
      target: "chrome120",
      // Without our tsconfig: its paths would put a second livekit-client into the bundle.
      tsconfigRaw: "{}",
      define: { "process.env.NODE_ENV": '"production"' },
      write: false,
      logLevel: "warning",
    });
    const [bundle] = built.outputFiles;
    if (!bundle) throw new Error("nothing was built");
    const server = createServer((request, answer) => {
      const script = request.url?.startsWith("/page.js") === true;
      answer.writeHead(200, { "content-type": script ? "text/javascript" : "text/html" }).end(script ? bundle.contents : page);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    return new ReactPage(server, `http://127.0.0.1:${port}/`, gzipSync(bundle.contents, { level: 9 }).length + page.length);
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}
