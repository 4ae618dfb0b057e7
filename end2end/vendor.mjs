// Builds public/vendor/livekit-client-<version>.mjs: the one browser library that Footlight serves itself, with its licences beside it.
import { build } from "esbuild";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { browsers } from "./browsers.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.join(here, "..", "public", "vendor");
const modules = path.join(here, "node_modules");
const { version } = JSON.parse(await readFile(path.join(modules, "livekit-client/package.json"), "utf8"));
// The exports that src/browser/bridge uses (`Library` there lists the same); browsers need not fetch the rest.
const names = ["AudioPresets", "Room", "RoomEvent", "Track", "setLogLevel"];
const file = path.join(out, `livekit-client-${version}.mjs`);

// A session has two video and two audio tracks. The library prepares for three of each; further tracks are added when they are
// published.
const room = /const initialMediaSections(Audio|Video) = 3;/g;
/** @type {import("esbuild").Plugin} */
const fewerSections = {
  name: "fewer-sections",
  setup: (it) =>
    it.onLoad({ filter: /livekit-client\/src\/room\/RTCEngine\.ts$/ }, async ({ path: source }) => {
      const text = await readFile(source, "utf8");
      if (text.match(room)?.length !== 2) throw new Error("livekit-client makes room for media in another way now: see vendor.mjs.");
      return { contents: text.replace(room, "const initialMediaSections$1 = 2;"), loader: "ts" };
    }),
};

await mkdir(out, { recursive: true });
for (const name of await readdir(out)) {
  if (name.startsWith("livekit-client-")) await rm(path.join(out, name));
}
await build({
  absWorkingDir: here,
  // From the sources in the package: its own bundle supports browsers without `async`, and is a seventh larger.
  stdin: { contents: `export { ${names.join(", ")} } from "./node_modules/livekit-client/src/index.ts";`, resolveDir: here },
  outfile: file,
  bundle: true,
  format: "esm",
  minify: true,
  legalComments: "none",
  // Like the package's own build: a field that a class only declares keeps the value that its parent set.
  tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
  inject: [path.join(here, "connection.mjs")],
  plugins: [fewerSections],
  define: {
    // A room opens an AudioContext before it connects, for analyses that our pages do not use. That takes a tenth of a second of the
    // composite's start, and keeps threads for the whole session. Without the constructor the room leaves it out.
    "window.AudioContext": "undefined",
    "window.webkitAudioContext": "undefined",
    // Each of its loggers looks for a stored level. Chromium records where a script reads cookies, and to do so it reads
    // the whole library again: a twentieth of a second.
    "window.localStorage": "{}",
    "window.document.cookie": '""',
  },
  target: browsers,
  logLevel: "warning",
});

// The published library already carries its dependencies, so their licence texts belong beside it too.
const packages = new Map();
/** @param {string} name */
async function collect(name) {
  if (packages.has(name) || name.startsWith("@types/")) return;
  const manifest = JSON.parse(await readFile(path.join(modules, name, "package.json"), "utf8"));
  packages.set(name, manifest);
  for (const dependency of Object.keys(manifest.dependencies ?? {})) await collect(dependency);
}
await collect("livekit-client");
let licences = `Licences of what is bundled in livekit-client-${version}.mjs. It is changed from what was published: it opens no AudioContext,
keeps no log levels, makes room for fewer pictures and sounds beforehand, asks for each codec in one form, and finds TURN at the page's port.\n`;
for (const [name, manifest] of [...packages].sort(([a], [b]) => a.localeCompare(b))) {
  const folder = path.join(modules, name);
  const text = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  licences += `\n${"=".repeat(80)}\n${name} ${manifest.version} (${manifest.license})\n\n`;
  licences += text ? await readFile(path.join(folder, text), "utf8") : "The package carries no licence text of its own.\n";
}
await writeFile(path.join(out, `livekit-client-${version}.LICENSE`), licences);

const bytes = await readFile(file);
console.log(`public/vendor/${path.basename(file)}: ${Math.round(bytes.length / 1000)} kB, ${Math.round(gzipSync(bytes).length / 1000)} kB gzip, ${packages.size} packages`);
