// The commands and examples that README, /api/docs and the example agent print work as printed.

import { readFile } from "node:fs/promises";
import path from "node:path";
import { settled, signIn } from "../stack/pages.ts";
import { root, runWith } from "../stack/commands.ts";
import { admin, program } from "../stack/studio.ts";
import { expect, test } from "../stack/test.ts";
import { until } from "../stack/wait.ts";

interface Session {
  sessionId: string;
  status: string;
  streamTitle: string;
  endMessage?: string;
}

/** The lines of the fenced block below a heading, with the address and the key of this run in place of the sample's. */
async function readmeBlock(heading: string, values: Record<string, string>): Promise<string> {
  const readme = await readFile(path.join(root, "README.md"), "utf8");
  const block = readme.split(`## ${heading}`)[1]?.split("```")[1] ?? "";
  const exports = Object.entries(values).map(([name, value]) => `${name}=${value}`);
  const lines = block.trim().split("\n");
  expect(lines[0]).toMatch(/^export ORIGIN=\S+ FOOTLIGHT_KEY=fl_…$/);
  return [`export ${exports.join(" ")}`, ...lines.slice(1)].join("\n");
}

test("printed commands, curl examples and the example agent work", async ({ studio, streamer }) => {
  const { page } = streamer;
  await signIn(page, await admin(studio, "create-user", "Grace"));
  await page.goto("/settings");
  await settled(page);
  const device = page.getByRole("listitem").filter({ hasText: "This device" });
  await expect(device).toContainText("Chrome on Linux");
  await expect(device.locator("time"), "the browser has replaced the server's UTC").toHaveText(/just now|minutes? ago/);
  await page.getByLabel("New agent name").fill("Nyx");
  await page.getByRole("button", { name: "Create agent" }).click();
  await expect(page.getByRole("button", { name: "Delete Nyx" })).toBeVisible();
  const key = await admin(studio, "create-key", "Grace", "--agent", "Nyx", "--scopes", "start,stop,events,read", "--days", "1");
  expect(key).toMatch(/^fl_\S{40,}$/);

  // The commands of the README.
  const printed = await runWith("bash", ["-euo", "pipefail", "-c", await readmeBlock("Call it", { ORIGIN: studio.url, FOOTLIGHT_KEY: key })], process.env);
  expect(printed.stdout.toString()).toContain('"streamTitle":"First light"');
  const listed = (await admin(studio, "list-sessions")).split("\t");
  expect(listed.slice(1)).toEqual([expect.stringMatching(/^(pending|starting|live)$/), expect.any(String), "Grace", "First light"]);
  const session = listed[0] ?? "";
  expect(await admin(studio, "stop", session, "--note", "Maintenance.")).toContain("\tended\t");
  const status = await page.request.get(`/api/streaming/status?sessionId=${session}`);
  expect(((await status.json()) as Session).endMessage).toContain("Maintenance.");

  // The command of /api/docs.
  await page.goto("/api/docs");
  const sample = (await page.getByLabel("A first call").textContent()) ?? "";
  const again = await runWith("bash", ["-euo", "pipefail", "-c", sample], { ...process.env, ORIGIN: studio.url, FOOTLIGHT_KEY: key });
  const example = JSON.parse(again.stdout.toString()) as Session;
  expect(example.status).toBe("pending");

  // The example agent replaces that session with its own.
  const played = await runWith("node", ["end2end/agent/play.mjs", studio.url], { ...process.env, FOOTLIGHT_KEY: key });
  expect(played.stdout.toString()).toMatch(/started \S+: \w+\nlive\nturn 1: [^]*turn 4: [^]*\nended: /);

  expect(await admin(studio, "rotate-keys")).toContain("0 stream keys were sealed again.");
  expect(await admin(studio, "test-webhook")).toContain("accepted");
  const link = await admin(studio, "reset-password", "Grace");
  await until("the old sign-in is invalid", async () => (await page.request.get("/api/streaming/sessions")).status() === 401);
  await signIn(page, link);
  await expect(admin(studio, "stop", "nobody")).rejects.toThrow(/no such session/i);
  await expect(runWith(program, ["admin", "list-sessions"], { ...process.env, FOOTLIGHT_DATA: "/nowhere" })).rejects.toThrow(/no server responds at \/nowhere/);
});
