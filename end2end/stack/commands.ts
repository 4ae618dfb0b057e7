// Runs other programs, to their end or in the background.

import path from "node:path";
import { fileURLToPath } from "node:url";
import { execFile, spawn, type ChildProcess } from "node:child_process";

/** The project's folder. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

/** Runs a program to its end; if it fails, the error contains its output. */
export function run(program: string, args: string[]): Promise<{ stdout: Buffer; stderr: string }> {
  return runWith(program, args, process.env);
}

/** With another environment. */
export function runWith(program: string, args: string[], env: NodeJS.ProcessEnv): Promise<{ stdout: Buffer; stderr: string }> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { encoding: "buffer", maxBuffer: 256 * 1024 * 1024, env, cwd: root }, (error, stdout, stderr) => {
      const output = stderr.toString();
      if (error) reject(new Error(`${program} failed: ${error.message}\n${output.slice(-2000)}`));
      else resolve({ stdout, stderr: output });
    });
  });
}

/** SIGTERM, then SIGKILL after the limit. */
export async function end(child: ChildProcess, limitMs: number): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), limitMs);
  const code = await ended;
  clearTimeout(timer);
  return code;
}

export { spawn, type ChildProcess };
