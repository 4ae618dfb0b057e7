// Which places in the table are meant by anybody: one that was only the way from one module into another is none when they are joined.
import { I32_CONST, KIND, SECTION, assembled, bodies, element, elements, imports, section, sections, slots, vector } from "./wasm.mjs";

/** The types of what modules put into the table, by slot. */
export function slotsOf(modules) {
  const all = new Map();
  for (const { name, parsed } of modules) {
    for (const [slot, type] of slots(parsed)) {
      if (all.has(slot)) throw new Error(`${name} fills slot ${slot}, which is full: .config/slots.mjs`);
      all.set(slot, type);
    }
  }
  return all;
}

/** All numbers that may be slots: what could be a constant in a function, or a word in memory (`segments`); the linker writes a slot
 * nowhere else (R_WASM_TABLE_INDEX_*, the tool conventions' Linking.md). Read byte by byte, so that what is meant is among them, with
 * much that is not. */
export function mentioned(all, segments) {
  const found = new Set();
  for (const body of bodies(all)) {
    for (let at = body.indexOf(I32_CONST); at !== -1; at = body.indexOf(I32_CONST, at + 1)) found.add(constant(body, at + 1));
  }
  for (const { bytes } of segments) {
    for (let at = 0; at + 4 <= bytes.length; at += 1) found.add(bytes.readUInt32LE(at));
  }
  return found;
}

/** The slots that a joined module imports. */
export const called = (all) => imports(all).filter(({ kind }) => kind === KIND.function).map(({ name }) => parseInt(name, 36));

function constant(body, from) {
  let value = 0;
  for (let [at, shift] = [from, 0]; shift < 35; at += 1, shift += 7) {
    value |= (body[at] & 0x7f) << shift;
    if (body[at] < 0x80) break;
  }
  return value;
}

/** The module with nothing in the table but what is meant. */
export function pruned(module, meant) {
  const all = sections(module);
  const runs = [];
  for (const { slot: first, functions } of elements(all)) {
    functions.forEach((of, at) => {
      const slot = first + at;
      if (of === null || !meant.has(slot)) return;
      const last = runs.at(-1);
      if (last && last.slot + last.functions.length === slot) last.functions.push(of);
      else runs.push({ slot, functions: [of] });
    });
  }
  const segments = vector(runs.map(({ slot, functions }) => element(slot, functions)));
  return assembled(all.map((one) => (one.id === SECTION.element ? section(one.id, segments) : one)));
}
