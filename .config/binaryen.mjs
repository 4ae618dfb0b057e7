// Runs one of Binaryen's programs, with all that is built here may hold.
// usage: node binaryen.mjs PROGRAM ARGUMENTS
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

// What every browser has that the rest needs as well.
const FEATURES = ["bulk-memory", "nontrapping-float-to-int", "sign-ext", "mutable-globals", "reference-types", "multivalue"].map((feature) => `--enable-${feature}`);

export const binaryen = (program, ...args) => promisify(execFile)(program, [...args, ...FEATURES]);

if (process.argv[1] === fileURLToPath(import.meta.url)) await binaryen(...process.argv.slice(2));
