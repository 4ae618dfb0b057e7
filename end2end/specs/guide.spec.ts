// docs/API.md: its commands work as they stand there, one after the other.

import { readFile } from "node:fs/promises";
import path from "node:path";
import { root, runWith } from "../stack/commands.ts";
import { admin } from "../stack/studio.ts";
import { expect, test } from "../stack/test.ts";

/** The commands of the guide, with the address and the key of this run in place of the sample's. */
async function commands(values: Record<string, string>): Promise<string> {
  const guide = await readFile(path.join(root, "docs/API.md"), "utf8");
  const blocks = [...guide.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, block = ""]) => block);
  expect(blocks.length).toBeGreaterThan(5);
  const exports = Object.entries(values).map(([name, value]) => `${name}=${value}`);
  const sample = /^export ORIGIN=\S+ FOOTLIGHT_KEY=fl_…$/m;
  expect(blocks[0]).toMatch(sample);
  return blocks.join("\n").replace(sample, `export ${exports.join(" ")}`);
}

test("the API guide goes from the key to the end of a session", async ({ studio }) => {
  test.setTimeout(120_000);
  expect(await admin(studio, "create-user", "Ada")).toContain("/sign-in?token=");
  const key = await admin(studio, "create-key", "Ada", "--scopes", "start,stop,events,read");
  const { stdout } = await runWith("bash", ["-euo", "pipefail", "-c", await commands({ ORIGIN: studio.url, FOOTLIGHT_KEY: key })], process.env);
  const printed = stdout.toString();
  expect(printed).toContain('"status":"pending"');
  expect(printed).toContain('"accepted":["e1","e2","e3","e4"]');
  expect(printed).toContain('"streamTitle":"Finals"');
  expect(printed).toMatch(/^event: session$/m);
  expect(printed).toMatch(/"status":"(ended|ending)"/);
  expect(printed).toContain("b8569b78799ff9e3cbff0fc2d63a33a2b57f3282abd07c37ae5e8e7d79a5f163");
});
