// What the scripts beside it know of the built site.
import { readdirSync } from "node:fs";

/** The one file of a folder whose name is like that. */
export function only(folder, pattern) {
  const found = readdirSync(folder).filter((name) => pattern.test(name));
  if (found.length !== 1) throw new Error(`${folder} holds ${found.length} files like ${pattern}: build the browser's side again`);
  return found[0];
}

export const manifestFile = /^__wasm_split_manifest\..*\.json$/;

/** What is fetched after the page it belongs to (`wasm_split` in src/pages); the others are pages (src/app/lazy.rs). */
export const after = { studio: "go_live" };
