// Writes the bridge as it is served, and what the composite's document loads beside the room's library: one script, of the bridge
// and the program's glue, and its part of the stylesheets. Each further file would be a request that a show waits for.
// usage: node scripts.mjs OUT_BRIDGE GLUE OUT_JS OUT_CSS
import { build } from "esbuild";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { compile } from "sass";
import { browsers } from "./browsers.mjs";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
const [bridge, glue, script, style] = process.argv.slice(2).map((name) => path.resolve(name));
const contents = `
  import { earlyStage, onStage } from "/bridge.js";
  import start, { hydrate_composite } from ${JSON.stringify(glue)};
  earlyStage();
  // Beside this file, under its name.
  onStage(() => start({ module_or_path: import.meta.url.replace(/js$/, "wasm") }).then(hydrate_composite));
`;
const packed = { minify: true, format: "esm", legalComments: "none", target: browsers, logLevel: "warning" };
const source = path.join(root, "src/browser/bridge/bridge.js");
await build({ ...packed, entryPoints: [source], outfile: bridge, bundle: true });
await build({
  ...packed,
  stdin: { contents, resolveDir: root },
  outfile: script,
  bundle: true,
  // wasm-bindgen names a module once for each import of it.
  logOverride: { "duplicate-object-key": "silent" },
  plugins: [{ name: "site", setup: (it) => it.onResolve({ filter: /^\/bridge\.js$/ }, () => ({ path: source })) }],
});
await writeFile(style, compile(path.join(root, "style/composite.scss"), { style: "compressed" }).css);
