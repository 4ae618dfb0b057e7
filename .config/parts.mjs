// Packs what a page fetches beside the program, hundreds of small modules, into one file: one request, and words that modules share are
// sent once. The file is itself a module that does nothing but hold the others as custom sections, so that the browser unpacks it.
// Scripts get names that follow from what they hold: cargo-leptos names them before it writes each other's names into them, and a
// browser that kept one of last week's build would join it to this week's program.
// usage: node parts.mjs FOLDER HASH_FILE
import { createHash } from "node:crypto";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, manifestFile, only } from "./site.mjs";

const [folder, hashFile] = process.argv.slice(2);
const read = (name) => readFileSync(join(folder, name));
const hash = (...contents) => {
  const sum = createHash("sha256");
  contents.forEach((content) => sum.update(content));
  return sum.digest("base64url").slice(0, 22);
};
const replaced = (text, pattern, by) => {
  const changed = text.replaceAll(pattern, by);
  if (changed === text) throw new Error(`what cargo-leptos wrote reads otherwise than this script knows (no ${pattern}): see .config/parts.mjs`);
  return changed;
};

// A module: magic, version, sections; a custom section: 0, length, name, bytes (WebAssembly Core Specification, 5.5).
const leb = (value) => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)]);
const section = (name, bytes) => {
  const body = Buffer.concat([Buffer.from(leb(name.length)), Buffer.from(name), bytes]);
  return Buffer.concat([Buffer.from([0, ...leb(body.length)]), body]);
};
const pack = (modules) =>
  Buffer.concat([
    Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]),
    section("names", Buffer.from(JSON.stringify(modules))),
    ...modules.map((name) => section("module", read(`${name}.wasm`))),
  ]);

const [manifestName, loaderName, programName] = [manifestFile, /^__wasm_split\..*\.js$/, /^footlight\..*\.js$/].map((like) => only(folder, like));
const manifest = JSON.parse(read(manifestName).toString());
const size = (module) => statSync(join(folder, `${module}.wasm`)).size;
const parts = Object.entries(manifest).map(([page, modules]) => {
  // What the page before it has brought is not sent again.
  const there = new Set(manifest[after[page]]);
  // By size, because those of a size are alike: a fiftieth less to send.
  const packed = pack(modules.filter((module) => !there.has(module)).sort((a, b) => size(a) - size(b) || (a < b ? -1 : 1)));
  const name = `part_${page}.${hash(packed)}`;
  writeFileSync(join(folder, `${name}.wasm`), packed);
  return [page, name];
});

// What knows the program's side of a module stays as it was written; how the modules come is ours.
const known = replaced(read(loaderName).toString(), /function makeLoad\([^]*$/g, "");
const loader = `${known}const begun = new Map();
function once(name, bytes) {
    if (!begun.has(name)) {
        const starting = WebAssembly.instantiate(bytes, getSharedImports());
        starting.catch(() => begun.delete(name));
        begun.set(name, starting);
    }
    return begun.get(name);
}
function part(file) {
    return wrapAsyncCb(async () => {
        const pack = await WebAssembly.compileStreaming(fetch(new URL(file, import.meta.url)));
        const held = (name) => WebAssembly.Module.customSections(pack, name);
        const names = JSON.parse(new TextDecoder().decode(held("names")[0]));
        const modules = held("module");
        await Promise.all(names.map((name, at) => once(name, modules[at])));
    });
}
${parts.map(([page, name]) => `export const __wasm_split_load_${page} = part("./${name}.wasm");`).join("\n")}
`;
const program = read(programName).toString();
const name = hash(program, loader);
writeFileSync(join(folder, `__wasm_split.${name}.js`), replaced(loader, `./${programName}`, `./footlight.${name}.js`));
writeFileSync(join(folder, `footlight.${name}.js`), replaced(program, /from ?"\.\/__wasm_split\.[^"]+"/g, `from"./__wasm_split.${name}.js"`));
const told = JSON.stringify(Object.fromEntries(parts.map(([page, file]) => [page, [file]])));
writeFileSync(join(folder, `__wasm_split_manifest.${hash(told)}.json`), told);

const lines = readFileSync(hashFile, "utf8");
writeFileSync(hashFile, lines.replace(/^(js|split): .*$/gm, `$1: ${name}`).replace(/^manifest: .*$/m, `manifest: ${hash(told)}`));
const modules = new Set(Object.values(manifest).flat());
[manifestName, loaderName, programName, ...[...modules].map((module) => `${module}.wasm`)].forEach((name) => rmSync(join(folder, name)));
console.log(`${modules.size} modules packed into ${parts.length} parts`);
