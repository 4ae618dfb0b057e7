// Makes the folder that Footlight serves: what is in public/, the stylesheets, and each browser program in two files, its WASM and one
// script (the bridge and the program's glue), because a page would wait for every further file. File names contain a hash of the
// content, and pkg/manifest.json lists them for the server. Everything is compressed here, once, as far as it goes.
// usage: node site.mjs FOLDER_OF_PROGRAMS SITE; fails when a program is over its limit.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { cp, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { compile } from "sass";
import { browsers } from "./browsers.mjs";

/** The limit for each program: kB of WASM, compressed with brotli. */
const LIMITS = { composite: 165, live: 420, manage: 400 };
/** @typedef {keyof typeof LIMITS} Program */

const [programs = "", site = ""] = process.argv.slice(2).map((name) => path.resolve(name));
const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
const bridge = path.join(root, "src/browser/bridge/bridge.js");

/** @param {string} name */
const style = (name) => Buffer.from(compile(path.join(root, `style/${name}.scss`), { style: "compressed" }).css);

/** The program's WASM lies beside its script, under the same name. The composite has other work to do before it needs it.
 * @param {Program} name */
function beginning(name) {
  const glue = JSON.stringify(path.join(programs, `${name}.js`));
  const start = 'start({ module_or_path: import.meta.url.replace(/js$/, "wasm") })';
  if (name !== "composite") return `import start from ${glue}; ${start};`;
  return `import { joinEarly, startWhenIdle } from "/bridge.js"; import start from ${glue}; joinEarly(); startWhenIdle(() => ${start});`;
}

/** @param {Program} name */
async function script(name) {
  const { outputFiles } = await build({
    stdin: { contents: beginning(name), resolveDir: root },
    write: false,
    bundle: true,
    minify: true,
    format: "esm",
    legalComments: "none",
    target: browsers,
    logLevel: "warning",
    // wasm-bindgen names a module once for each import of it.
    logOverride: { "duplicate-object-key": "silent" },
    plugins: [{ name: "bridge", setup: (it) => it.onResolve({ filter: /^\/bridge\.js$/ }, () => ({ path: bridge })) }],
  });
  const file = outputFiles[0];
  if (!file) throw new Error(`esbuild made nothing of ${name}`);
  return file.contents;
}

/** @param {Uint8Array[]} parts */
const hash = (...parts) => parts.reduce((sum, part) => sum.update(part), createHash("sha256")).digest("hex").slice(0, 22);

/** @param {Uint8Array} bytes */
const asBrotli = (bytes) =>
  promisify(brotliCompress)(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  });
/** @param {Uint8Array} bytes */
const asGzip = (bytes) => promisify(gzip)(bytes, { level: constants.Z_BEST_COMPRESSION });

/** Writes both compressed forms beside a file, and returns the size of each. @param {string} file */
async function pack(file) {
  const bytes = await readFile(file);
  const [zipped, tight] = await Promise.all([asGzip(bytes), asBrotli(bytes)]);
  await Promise.all([writeFile(`${file}.gz`, zipped), writeFile(`${file}.br`, tight)]);
  return /** @type {const} */ ([path.relative(fresh, file), { raw: bytes.length, gzip: zipped.length, brotli: tight.length }]);
}

/** @param {string} folder @returns {Promise<string[]>} */
async function below(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
}

// Built beside what is served now, and moved into its place at the end, so that an interrupted run leaves no half-built site.
const [fresh, old] = [`${site}.new`, `${site}.old`];
await Promise.all([fresh, old].map((folder) => rm(folder, { recursive: true, force: true })));
await cp(path.join(root, "public"), fresh, { recursive: true, filter: (from) => !from.endsWith(".d.ts") });
const pkg = path.join(fresh, "pkg");
await mkdir(pkg, { recursive: true });

const names = /** @type {Program[]} */ (Object.keys(LIMITS));
/** @type {Record<string, string>} */
const manifest = {};
for (const name of names) {
  const wasm = await readFile(path.join(programs, `${name}.wasm`));
  const js = await script(name);
  const css = name === "composite" ? style(name) : undefined;
  const called = `${name}.${hash(wasm, js, ...(css ? [css] : []))}`;
  await writeFile(path.join(pkg, `${called}.wasm`), wasm);
  await writeFile(path.join(pkg, `${called}.js`), js);
  if (css) await writeFile(path.join(pkg, `${called}.css`), css);
  manifest[name] = called;
}
const main = style("main");
manifest["style"] = `main.${hash(main)}.css`;
await writeFile(path.join(pkg, manifest["style"]), main);

const sizes = new Map(await Promise.all((await below(fresh)).filter((file) => !/\.(woff2|png|jpg)$/.test(file)).map(pack)));
await writeFile(path.join(pkg, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
await rename(site, old).catch(() => {});
await rename(fresh, site);
await rm(old, { recursive: true, force: true });

/** @param {number} bytes */
const kb = (bytes) => (bytes / 1000).toFixed(1).padStart(8);
/** @param {string} file @param {string} what */
function line(file, what) {
  const size = sizes.get(path.join("pkg", file));
  if (!size) throw new Error(`${file} was not packed`);
  console.log(`${what.padEnd(17)}${kb(size.raw)}${kb(size.gzip)}${kb(size.brotli)}`);
  return size.brotli;
}
console.log(`${"kB".padEnd(17)}     raw    gzip  brotli`);
let over = 0;
for (const name of names) {
  const fetched = line(`${manifest[name]}.wasm`, name);
  if (fetched > LIMITS[name] * 1000) {
    console.log(`${name} is over its limit of ${LIMITS[name]} kB: see what grew.`);
    over += 1;
  }
  line(`${manifest[name]}.js`, `${name}, script`);
}
line(`${manifest["composite"]}.css`, "composite, style");
line(manifest["style"], "style");
process.exit(over);
