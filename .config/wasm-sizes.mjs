// What a browser fetches of WASM for each page: the program's file and the page's part (parts.mjs), as they are served; and for
// a part of a page that is fetched after it, that part alone.
// usage: node wasm-sizes.mjs FOLDER AIM_KB LIMIT_KB; fails when a page is over the limit.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

const [folder, aim, limit] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const names = readdirSync(folder);
const only = (pattern) => {
  const found = names.filter((name) => pattern.test(name));
  if (found.length !== 1) throw new Error(`${folder} holds ${found.length} files like ${pattern}: build the browser's side again`);
  return found[0];
};
const packed = (name, ending) => statSync(join(folder, name + ending)).size;
const program = only(/^footlight\..*\.wasm$/);
const manifest = JSON.parse(readFileSync(join(folder, only(/^__wasm_split_manifest\..*\.json$/)), "utf8"));

/** What is fetched after the page it belongs to (`wasm_split` in src/pages); the others are pages (src/app/lazy.rs). */
const parts = ["studio"];
const kb = (bytes) => String(Math.round(bytes / 1000)).padStart(5);
console.log(`  WASM, kB fetched (gzip / brotli); aim: gzip ${aim}, limit: ${limit}`);
let over = 0;
const tell = (page, gzip, brotli) => {
  console.log(`    ${page.padEnd(16)}${kb(gzip)} /${kb(brotli)}  ${gzip > aim * 1000 ? "over the aim" : ""}`.trimEnd());
  if (gzip > limit * 1000) over += 1;
};
const composite = only(/^composite\..*\.wasm$/);
tell("composite", packed(composite, ".gz"), packed(composite, ".br"));
for (const [view, chunks] of Object.entries(manifest)) {
  const name = view.replace(/^_*(.*)_\d+$/, "$1").replaceAll("_", " ");
  const later = parts.includes(name);
  const files = [...(later ? [] : [program]), ...chunks.map((chunk) => `${chunk}.wasm`)];
  const [gzip, brotli] = [".gz", ".br"].map((ending) => files.reduce((sum, file) => sum + packed(file, ending), 0));
  tell(later ? `(${name})` : name, gzip, brotli);
}
if (over > 0) {
  console.error(`${over} page(s) fetch more than ${limit} kB of WASM: see what grew before it lands.`);
  process.exit(1);
}
