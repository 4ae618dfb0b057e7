// Makes a module small to send rather than small: gzip finds what stands twice within 32 kB, and monomorphised functions are alike.
// So they stay as the compiler made them, and those that are alike stand together. What saves instructions otherwise (-Oz: other
// locals, code moved to and fro) makes them unlike: the largest page had 740 instead of 904 kB, packed 232 instead of 205.
import { readFileSync, writeFileSync } from "node:fs";
import { binaryen } from "./binaryen.mjs";
import { KIND, assembled, bodies, custom, imports, leb, name, sections } from "./wasm.mjs";

/** Only what does nothing but call goes where it is called from. */
const INLINING = ["--inlining", "-aimfs", "4", "-fimfs", "0", "-ocimfs", "0"];
const PASSES = [
  ...["duplicate-import-elimination", "simplify-locals-nostructure", "vacuum", "reorder-locals", "merge-blocks", "remove-unused-brs"],
  ...["optimize-instructions", "precompute", "vacuum", "duplicate-function-elimination", "remove-unused-module-elements"],
  // What is called most gets the smallest numbers.
  "reorder-functions",
].map((pass) => `--${pass}`);
/** Bytes that are compared as one: shorter ones are everywhere. */
const GRAM = 8;
/** Of so many of them one is looked at. */
const ONE_IN = 2;
/** Bytes that gzip looks back over, less what it is about to write. */
const WINDOW = 30_000;
/** What a like length counts beside like content: of those with nothing in common, small ones stand with small ones. */
const LENGTH = 0.02;

/** The module, smaller to send. `folder`: where files may be left. */
export async function ordered(module, folder) {
  const [plain, named, done] = ["plain", "named", "done"].map((called) => `${folder}/${called}.wasm`);
  writeFileSync(plain, module);
  await binaryen("wasm-opt", plain, ...INLINING, ...PASSES, "-o", plain);
  writeFileSync(named, withRanks(sections(readFileSync(plain))));
  await binaryen("wasm-opt", named, "--reorder-functions-by-name", "--strip-producers", "--strip-target-features", "-o", done);
  return readFileSync(done);
}

/** Names by which the functions sort into their order. */
function withRanks(all) {
  const foreign = imports(all).filter(({ kind }) => kind === KIND.function).length;
  const functions = bodies(all);
  const ranks = new Map(order(functions).map((at, rank) => [at, rank]));
  const called = (at) => name(at < foreign ? `a${String(at).padStart(6, "0")}` : `b${String(ranks.get(at - foreign)).padStart(6, "0")}`);
  const count = foreign + functions.length;
  const names = Buffer.concat([Buffer.from(leb(count)), ...Array.from({ length: count }, (_, at) => Buffer.from([...leb(at), ...called(at)]))]);
  return assembled([...all, custom("name", Buffer.concat([Buffer.from([1, ...leb(names.length)]), names]))]);
}

/** What stands in a function, as numbers: a sample of its runs of bytes. */
function grams(body) {
  const found = new Set();
  for (let at = 0; at + GRAM <= body.length; at += 1) {
    // FNV-1a, its bits mixed so that the sample is a fair one.
    let hash = 0x811c9dc5;
    for (let step = 0; step < GRAM; step += 1) hash = Math.imul(hash ^ body[at + step], 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
    hash = (hash ^ (hash >>> 13)) >>> 0;
    if (hash % ONE_IN === 0) found.add(hash);
  }
  return found;
}

/** Always the function next of which most has been seen within the window. */
function order(functions) {
  const numbers = new Map();
  const number = (hash) => numbers.get(hash) ?? (numbers.set(hash, numbers.size), numbers.size - 1);
  const own = functions.map((body) => [...grams(body)].map(number));
  const holders = Array.from(numbers, () => []);
  own.forEach((all, at) => all.forEach((gram) => holders[gram].push(at)));
  const seen = new Uint32Array(numbers.size);
  const known = new Float64Array(functions.length);
  const tell = (gram, by) => holders[gram].forEach((at) => (known[at] += by));
  const left = new Set(functions.keys());
  const recent = [];
  const result = [];
  let bytes = 0;
  let last = Infinity;
  while (left.size > 0) {
    let next = -1;
    let best = -1;
    for (const at of left) {
      const length = functions[at].length;
      const score = (own[at].length && known[at] / own[at].length) + (LENGTH * Math.min(length, last)) / Math.max(length, last);
      if (score > best) [next, best] = [at, score];
    }
    left.delete(next);
    result.push(next);
    recent.push(next);
    last = functions[next].length;
    bytes += last;
    for (const gram of own[next]) if (seen[gram]++ === 0) tell(gram, 1);
    while (bytes > WINDOW && recent.length > 1) {
      const gone = recent.shift();
      bytes -= functions[gone].length;
      for (const gram of own[gone]) if (--seen[gram] === 0) tell(gram, -1);
    }
  }
  return result;
}
