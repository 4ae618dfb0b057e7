// WebAssembly modules section by section, as bytes (WebAssembly Core Specification 2.0, chapter 5). What stands in functions is
// Binaryen's business.

/** Numbers of sections. */
export const SECTION = { custom: 0, type: 1, import: 2, function: 3, table: 4, export: 7, element: 9, code: 10, data: 11, dataCount: 12 };
/** Kinds of imports and exports. */
export const KIND = { function: 0, table: 1, memory: 2, global: 3 };
const MAGIC = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
export const I32_CONST = 0x41;
const END = 0x0b;
const REF_NULL = 0xd0;
const REF_FUNC = 0xd2;

export const leb = (value) => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)]);
const signedLeb = (value) => (value < 0x40 ? [value] : [(value & 0x7f) | 0x80, ...signedLeb(value >>> 7)]);
export const name = (text) => [...leb(Buffer.byteLength(text)), ...Buffer.from(text)];
export const vector = (items) => Buffer.concat([Buffer.from(leb(items.length)), ...items.map((item) => Buffer.from(item))]);
export const section = (id, body) => ({ id, body: Buffer.from(body) });
export const custom = (called, bytes) => section(SECTION.custom, Buffer.concat([Buffer.from(name(called)), bytes]));
/** A segment that puts functions into the table, from a slot on. */
export const element = (slot, functions) => [0, I32_CONST, ...signedLeb(slot), END, ...leb(functions.length), ...functions.flatMap(leb)];

/** A module of these sections. */
export const assembled = (sections) =>
  Buffer.concat([MAGIC, ...sections.flatMap(({ id, body }) => [Buffer.from([id, ...leb(body.length)]), body])]);

const unknown = (what, found) => new Error(`a module is not as this script knows them: ${what} ${found} (.config/wasm.mjs)`);

/** Reads on where it stands. */
class Reader {
  constructor(bytes, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }
  byte() {
    return this.bytes[this.at++];
  }
  number() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }
  take(length) {
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
  text() {
    return this.take(this.number()).toString();
  }
  list(read) {
    return Array.from({ length: this.number() }, () => read());
  }
  /** The bytes that `read` goes over. */
  over(read) {
    const from = this.at;
    read();
    return this.bytes.subarray(from, this.at);
  }
  expect(byte, what) {
    const found = this.byte();
    if (found !== byte) throw unknown(what, found);
  }
  constant() {
    this.expect(I32_CONST, "offset by instruction");
    const value = this.number();
    this.expect(END, "offset ends with");
    return value;
  }
  limits() {
    if (this.byte() & 1) this.number();
    this.number();
  }
}

/** The sections in their order. */
export function sections(module) {
  const reader = new Reader(module, MAGIC.length);
  const all = [];
  while (reader.at < module.length) {
    const id = reader.byte();
    all.push({ id, body: reader.take(reader.number()) });
  }
  return all;
}

const EMPTY = Buffer.from([0]);
const read = (all, id) => new Reader(all.find((one) => one.id === id)?.body ?? EMPTY);

/** What is imported: module, name, kind, and the description as it stands there. */
export function imports(all) {
  const reader = read(all, SECTION.import);
  return reader.list(() => {
    const [module, called] = [reader.text(), reader.text()];
    const kind = reader.bytes[reader.at];
    const description = reader.over(() => {
      reader.byte();
      if (kind === KIND.function) return reader.number();
      if (kind === KIND.global) return reader.take(2);
      if (kind === KIND.table) reader.byte();
      return reader.limits();
    });
    return { module, name: called, kind, description };
  });
}

/** Functions by their bodies, without those that are imported. */
export function bodies(all) {
  const reader = read(all, SECTION.code);
  return reader.list(() => reader.take(reader.number()));
}

/** What is put into the table when a module starts: slot, functions (null: none), and the segment as it stands there. */
export function elements(all) {
  const reader = read(all, SECTION.element);
  return reader.list(() => {
    let segment;
    const bytes = reader.over(() => {
      // 0: a list of functions; 2: one that names the table and its kind; 4: a list of expressions.
      const flag = reader.number();
      if (![0, 2, 4].includes(flag)) throw unknown("element segment of kind", flag);
      if (flag === 2) reader.number();
      const slot = reader.constant();
      if (flag === 2) reader.expect(0, "elements of kind");
      segment = { slot, functions: reader.list(() => (flag === 4 ? expression(reader) : reader.number())) };
    });
    return { ...segment, bytes };
  });
}

function expression(reader) {
  const instruction = reader.byte();
  if (instruction !== REF_NULL && instruction !== REF_FUNC) throw unknown("element by instruction", instruction);
  const found = reader.number();
  reader.expect(END, "element ends with");
  return instruction === REF_NULL ? null : found;
}

/** What is put into memory when a module starts. */
export function data(all) {
  const reader = read(all, SECTION.data);
  return reader.list(() => {
    reader.expect(0, "data segment of kind");
    return { offset: reader.constant(), bytes: reader.take(reader.number()) };
  });
}

/** The types of the functions that a module puts into the table, by their slots: each as it stands in the type section. */
export function slots(all) {
  const types = read(all, SECTION.type);
  const known = types.list(() =>
    types.over(() => {
      types.expect(0x60, "type of kind");
      types.list(() => types.byte());
      types.list(() => types.byte());
    }),
  );
  const own = read(all, SECTION.function);
  const imported = imports(all).filter(({ kind }) => kind === KIND.function);
  const typeOf = [...imported.map(({ description }) => new Reader(description, 1).number()), ...own.list(() => own.number())];
  const held = elements(all).flatMap(({ slot, functions }) => functions.map((of, at) => [slot + at, of]));
  return new Map(held.filter(([, of]) => of !== null).map(([slot, of]) => [slot, known[typeOf[of]]]));
}

/** Names of a few letters where a program and the script that wasm-bindgen wrote for it meet, instead of names with a hash in them. */
export function shortened(module, script) {
  const all = sections(module);
  const found = imports(all);
  const ends = read(all, SECTION.export);
  const exported = ends.list(() => ({ name: ends.text(), rest: ends.over(() => [ends.byte(), ends.number()]) }));
  const long = [...found.filter((one) => one.module.endsWith("_bg.js")), ...exported.filter((one) => one.name.startsWith("_R"))];
  const short = new Map(long.map((one, at) => [one.name, `_${at.toString(36)}`]));
  const called = (one) => name(short.get(one) ?? one);
  const changed = new Map([
    [SECTION.import, found.map((one) => [...name(one.module), ...called(one.name), ...one.description])],
    [SECTION.export, exported.map((one) => [...called(one.name), ...one.rest])],
  ]);
  return {
    module: assembled(all.map((one) => (changed.has(one.id) ? section(one.id, vector(changed.get(one.id))) : one))),
    script: script.replace(/\b(__wb|_R)\w+/g, (one) => short.get(one) ?? one),
  };
}
