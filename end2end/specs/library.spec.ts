// The room's library as we build it (vendor.mjs) does what its authors' own build does.

import { readdirSync } from "node:fs";
import path from "node:path";
import { root } from "../stack/programs.ts";
import { expect, test } from "../stack/test.ts";

test("the room's library settles the promises by which it notices that a connection is gone", async ({ streamer }) => {
  const { page } = streamer;
  const file = readdirSync(path.join(root, "public/vendor")).find((name) => name.endsWith(".mjs")) ?? "";
  // Its own address has no page's policy, so that a test may import it.
  await page.goto(`/vendor/${file}`);
  const sid = await page.evaluate(async () => {
    const { Room } = (await import(location.href)) as { Room: new () => { getSid(): Promise<string> } };
    return new Room().getSid();
  });
  expect(sid, "of a room that nobody is in").toBe("");
});
