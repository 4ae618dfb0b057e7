// What a browser fetches of WASM for each page: the program's file and the page's part (parts.mjs), as they are served; and for
// a part of a page that is fetched after it, that part alone.
// usage: node wasm-sizes.mjs FOLDER LIMIT_KB; fails when a page is over the limit.
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, manifestFile, only } from "./site.mjs";

const [folder, limit] = [process.argv[2], Number(process.argv[3])];
const packed = (name, ending) => statSync(join(folder, name + ending)).size;
const program = only(folder, /^footlight\..*\.wasm$/);
const manifest = JSON.parse(readFileSync(join(folder, only(folder, manifestFile)), "utf8"));

const kb = (bytes) => String(Math.round(bytes / 1000)).padStart(5);
console.log(`  WASM, kB fetched (gzip / brotli); limit: gzip ${limit}`);
let over = 0;
const tell = (page, gzip, brotli) => {
  console.log(`    ${page.padEnd(16)}${kb(gzip)} /${kb(brotli)}  ${gzip > limit * 1000 ? "over" : ""}`.trimEnd());
  if (gzip > limit * 1000) over += 1;
};
const composite = only(folder, /^composite\..*\.wasm$/);
tell("composite", packed(composite, ".gz"), packed(composite, ".br"));
for (const [page, parts] of Object.entries(manifest)) {
  const name = page.replaceAll("_", " ");
  const later = page in after;
  const files = [...(later ? [] : [program]), ...parts.map((part) => `${part}.wasm`)];
  const [gzip, brotli] = [".gz", ".br"].map((ending) => files.reduce((sum, file) => sum + packed(file, ending), 0));
  tell(later ? `(${name})` : name, gzip, brotli);
}
if (over > 0) {
  console.error(`${over} page(s) fetch more than ${limit} kB of WASM: see what grew before it lands.`);
  process.exit(1);
}
