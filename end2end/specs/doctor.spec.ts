// The checks of a running studio, with its real egress, LiveKit server and relay.

import { signIn } from "../stack/pages.ts";
import { doctor } from "../stack/studio.ts";
import { expect, test } from "../stack/test.ts";

test("a whole check captures two seconds and joins a room, and leaves nothing", async ({ studio, streamer }, info) => {
  test.setTimeout(120_000);
  const { checks, failed } = await doctor(studio, "--offline");
  const of = (name: string): { outcome: string; found: string } => {
    const check = checks.find((one) => one.name === name);
    if (!check) throw new Error(`no line ${name}: ${JSON.stringify(checks)}`);
    return check;
  };
  for (const name of ["studio", "store", "livekit", "relay", "egress slot", "webhook", "clock", "certificate", "names", "capture", "media"]) {
    expect(of(name), name).toMatchObject({ outcome: "ok" });
  }
  expect(of("capture").found).toMatch(/\d+ frames a second, with sound/);
  expect(of("media").found).toContain(`:${studio.ports.udp[0]}`);
  expect(failed).toBe(checks.some((one) => one.outcome === "fail"));
  await expect.poll(() => studio.egresses()).toEqual([]);
  await expect.poll(() => studio.rooms()).toEqual([]);

  const { page } = streamer;
  await signIn(page, studio.firstSignIn() ?? "");
  await page.goto("/admin/health");
  const line = (name: string) => page.locator(".checks li").filter({ has: page.getByText(name, { exact: true }) });
  await expect(line("capture")).toHaveAttribute("data-state", "ok");
  await page.screenshot({ path: info.outputPath("health.png"), fullPage: true });
  const before = await page.locator("time").getAttribute("datetime");
  await page.getByRole("button", { name: "Check now" }).click({ timeout: 60_000 });
  await expect(page.locator("time")).not.toHaveAttribute("datetime", before ?? "", { timeout: 60_000 });
  await expect(line("media")).toHaveAttribute("data-state", "ok");
});
