// The script by which the program fetches its parts (parts.mjs), instead of the one that cargo-leptos writes for its modules.

/** `parts`: each page with the address of its part. */
export const loader = (parts) => `import { initSync } from "PROGRAM";

const program = () => initSync(undefined, undefined);
const written = new Set();

// What comes with a part that is not there yet is looked up when it is called.
const held = (table, slot) => table.get(slot) ?? ((...given) => table.get(slot)(...given));

function start(part) {
    const { memory, __indirect_function_table: table, __wasm_split_shared0: stack } = program();
    const [index, data] = ["index", "data"].map((name) => WebAssembly.Module.customSections(part, name)[0]);
    let [from, offset] = [0, 0];
    // What a module put into memory comes with every part that it is in, and is put there once: the program may have changed it since.
    for (const [module, ...places] of JSON.parse(new TextDecoder().decode(index))) {
        for (let at = 0; at < places.length; at += 2) {
            const length = places[at + 1];
            offset += places[at];
            if (!written.has(module)) new Uint8Array(memory.buffer).set(new Uint8Array(data, from, length), offset);
            from += length;
            offset += length;
        }
        written.add(module);
    }
    const p = { memory, table, stack };
    for (const { name, kind } of WebAssembly.Module.imports(part)) if (kind === "function") p[name] = held(table, parseInt(name, 36));
    return WebAssembly.instantiate(part, { p });
}

function part(file) {
    let begun;
    return async (callback, given) => {
        let here = true;
        try {
            await (begun ??= WebAssembly.compileStreaming(fetch(new URL(file, import.meta.url))).then(start));
        } catch (error) {
            console.error(error);
            begun = undefined;
            here = false;
        }
        program().__indirect_function_table.get(callback)(given, here);
    };
}
${parts.map(([page, file]) => `export const __wasm_split_load_${page} = part(${JSON.stringify(file)});`).join("\n")}
`;
