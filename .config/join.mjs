// Joins the modules that one page fetches into one. cargo-leptos makes a module of everything that the same pages share, and every
// call from one into another goes by a number in the table. Here those calls become what they were: calls.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { binaryen } from "./binaryen.mjs";
import { KIND, SECTION, assembled, custom, element, elements, imports, leb, name, section, sections, vector } from "./wasm.mjs";

/** Where a joined module's imports come from: the program's `memory`, `table` and `stack` (its pointer), and functions by their
 * slots in base 36. */
const PROGRAM = "p";
const TABLE = "__indirect_function_table";
const SHARED = { memory: "memory", [TABLE]: "table", __wasm_split_shared0: "stack" };
const IMPORTED = "__wasm_split";

/** A module with functions alone: what they find in memory is put there once, however many pages bring it. */
const withoutData = (all) => assembled(all.filter(({ id }) => ![SECTION.custom, SECTION.data, SECTION.dataCount].includes(id)));
const imported = ({ module, name: called, description }) => [...name(module), ...name(called), ...description];

/** The modules as one; `elsewhere`: the types of all functions that other modules put into the table, by slot. */
export async function joined(modules, elsewhere, folder) {
  mkdirSync(folder);
  const file = (called) => join(folder, called);
  const shared = new Map(modules.flatMap(({ parsed }) => imports(parsed)).map((one) => [one.name, one]));
  const strange = [...shared.values()].find((one) => one.module !== IMPORTED || !(one.name in SHARED));
  if (strange) throw new Error(`a module imports ${strange.module} ${strange.name}, which this script does not know: .config/join.mjs`);

  writeFileSync(file("house.wasm"), house(shared, elsewhere));
  const named = modules.map(({ parsed }, at) => {
    writeFileSync(file(`${at}.wasm`), withoutData(parsed));
    return [file(`${at}.wasm`), String(at)];
  });
  await binaryen("wasm-merge", file("house.wasm"), IMPORTED, ...named.flat(), "-o", file("merged.wasm"));
  await binaryen("wasm-opt", file("merged.wasm"), "--directize", "--pass-arg=directize-initial-contents-immutable", "-o", file("direct.wasm"));
  return withoutHouse(sections(readFileSync(file("direct.wasm"))), shared.get(TABLE));
}

/** A module that has the whole table, with everything that is elsewhere imported into it: Binaryen makes calls of calls by number
 * only where it sees what the number stands for, and takes an empty slot for one that is never filled. */
function house(shared, elsewhere) {
  const types = [...new Map([...elsewhere.values()].map((type) => [type.toString("hex"), type])).entries()];
  const numbers = new Map(types.map(([hex], at) => [hex, at]));
  const functions = [...elsewhere].sort(([one], [other]) => one - other);
  const rest = [...shared.values()].filter(({ kind }) => kind !== KIND.table);
  const own = rest.map(({ name: called, description }) => [...name(PROGRAM), ...name(SHARED[called]), ...description]);
  const theirs = functions.map(([slot, type]) => [...name(PROGRAM), ...name(slot.toString(36)), KIND.function, ...leb(numbers.get(type.toString("hex")))]);
  // Every kind is numbered by itself, and there is one of each.
  const exported = [...shared.values()].map(({ name: called, kind }) => [...name(called), kind, 0]);
  const table = shared.get(TABLE).description.subarray(1);
  return assembled([
    section(SECTION.type, vector(types.map(([, type]) => type))),
    section(SECTION.import, vector([...own, ...theirs])),
    section(SECTION.table, vector([table])),
    section(SECTION.export, vector(exported)),
    section(SECTION.element, vector(functions.map(([slot], at) => element(slot, [at])))),
  ]);
}

/** The table is the program's again, and what is elsewhere is not put into it a second time. */
function withoutHouse(all, table) {
  const found = imports(all);
  const foreign = found.filter(({ kind }) => kind === KIND.function).length;
  const [theirs, ours] = [(of) => of < foreign, (of) => of >= foreign];
  const segments = elements(all);
  const mixed = segments.find(({ functions }) => functions.some(theirs) && functions.some(ours));
  if (mixed) throw new Error(`the segment at slot ${mixed.slot} holds functions of two modules: .config/join.mjs`);
  const kept = segments.filter(({ functions }) => functions.every(ours));
  const back = [...name(PROGRAM), ...name(SHARED[TABLE]), ...table.description];
  return assembled(
    all
      .filter(({ id }) => ![SECTION.table, SECTION.export, SECTION.custom].includes(id))
      .map(({ id, body }) => {
        if (id === SECTION.import) return section(id, vector([...found.map(imported), back]));
        return id === SECTION.element ? section(id, vector(kept.map(({ bytes }) => bytes))) : { id, body };
      }),
  );
}

/** With what modules put into memory: `data` the bytes of all, `index` the number of each with its places, `[gap, length]`, where
 * a gap is how far from the end of the place before. */
export function withData(module, modules) {
  const held = modules.filter(({ segments }) => segments.length > 0).sort((one, other) => one.segments[0].offset - other.segments[0].offset);
  let end = 0;
  const place = ({ offset, bytes }) => {
    const gap = offset - end;
    end = offset + bytes.length;
    return [gap, bytes.length];
  };
  const index = held.map(({ number, segments }) => [number, ...segments.flatMap(place)]);
  const bytes = held.flatMap(({ segments }) => segments.map((segment) => segment.bytes));
  return assembled([...sections(module), custom("index", Buffer.from(JSON.stringify(index))), custom("data", Buffer.concat(bytes))]);
}
