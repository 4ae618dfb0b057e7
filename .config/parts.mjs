// Makes what is served of what cargo-leptos built: the program, and for each page one part with all that it fetches beside the
// program, joined and put in order so that it is small to send.
// Files get names that follow from what they hold: cargo-leptos names them before it writes each other's names into them, and a
// browser that kept one of last week's build would join it to this week's program.
// usage: node parts.mjs FOLDER HASH_FILE
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { joined, withData } from "./join.mjs";
import { loader } from "./loader.mjs";
import { ordered } from "./order.mjs";
import { after, manifestFile, only } from "./site.mjs";
import { called, mentioned, pruned, slotsOf } from "./slots.mjs";
import { data, sections, shortened } from "./wasm.mjs";

const [folder, hashFile] = process.argv.slice(2);
const read = (name) => readFileSync(join(folder, name));
const write = (name, content) => writeFileSync(join(folder, name), content);
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

const built = [manifestFile, /^__wasm_split\..*\.js$/, /^footlight\..*\.js$/, /^footlight\..*\.wasm$/].map((like) => only(folder, like));
const [manifestName, , scriptName, programName] = built;
const manifest = JSON.parse(read(manifestName).toString());
const opened = (name, module) => {
  const parsed = sections(module);
  return { name, parsed, segments: data(parsed).filter(({ bytes }) => bytes.length > 0) };
};
const all = [...new Set(Object.values(manifest).flat())].map((name, number) => ({ number, ...opened(name, read(`${name}.wasm`)) }));
const program = shortened(read(programName), read(scriptName).toString());
const whole = opened(programName, program.module);
const table = slotsOf([whole, ...all]);
const scratch = mkdtempSync(join(tmpdir(), "footlight-parts-"));

async function part(page) {
  // What the page before it has brought is not sent again.
  const there = new Set(manifest[after[page]]);
  const modules = all.filter(({ name }) => manifest[page].includes(name) && !there.has(name));
  const own = slotsOf(modules);
  const elsewhere = new Map([...table].filter(([slot]) => !own.has(slot)));
  const one = await joined(modules, elsewhere, join(scratch, page));
  const parsed = sections(one);
  return { page, modules, one, meant: mentioned(parsed, modules.flatMap(({ segments }) => segments)), calls: called(parsed) };
}

/** What a page fetches. In the table stays what it means itself, what the program does, what comes after the page may mean, and
 * what anybody calls: of a part that is fetched later, they call what begins it. */
async function finished({ page, modules, one }, pages, meant) {
  const own = pages.filter((other) => other.page === page || after[other.page] === page).flatMap((other) => [...other.meant]);
  const kept = new Set([...own, ...meant, ...pages.flatMap(({ calls }) => calls)]);
  const bytes = withData(await ordered(pruned(one, kept), join(scratch, page)), modules);
  return [page, `part_${page}.${hash(bytes)}`, bytes];
}

try {
  const pages = [];
  for (const page of Object.keys(manifest)) pages.push(await part(page));
  const meant = mentioned(whole.parsed, whole.segments);
  const parts = [];
  for (const page of pages) parts.push(await finished(page, pages, meant));
  const anybody = new Set([...meant, ...pages.flatMap((one) => [...one.meant, ...one.calls])]);
  const module = await ordered(pruned(program.module, anybody), scratch);
  const wasm = hash(module);
  const script = loader(parts.map(([page, name]) => [page, `./${name}.wasm`]));
  const name = hash(program.script, script);
  const told = JSON.stringify(Object.fromEntries(parts.map(([page, file]) => [page, [file]])));
  [...built, ...all.map((one) => `${one.name}.wasm`)].forEach((old) => rmSync(join(folder, old)));
  for (const [, file, bytes] of parts) write(`${file}.wasm`, bytes);
  write(`footlight.${wasm}.wasm`, module);
  write(`__wasm_split.${name}.js`, script.replace("PROGRAM", `./footlight.${name}.js`));
  write(`footlight.${name}.js`, replaced(program.script, /from ?"\.\/__wasm_split\.[^"]+"/g, `from"./__wasm_split.${name}.js"`));
  write(`__wasm_split_manifest.${hash(told)}.json`, told);
  const lines = replaced(readFileSync(hashFile, "utf8"), /^(js|split): .*$/gm, `$1: ${name}`);
  writeFileSync(hashFile, replaced(replaced(lines, /^wasm: .*$/gm, `wasm: ${wasm}`), /^manifest: .*$/gm, `manifest: ${hash(told)}`));
  console.log(`${all.length} modules joined into ${parts.length} parts`);
} finally {
  rmSync(scratch, { recursive: true });
}
