// Webhooks are signed; a failed delivery is kept, shown, and sent again on request.

import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { AxeBuilder } from "@axe-core/playwright";
import { settled, signIn } from "../stack/pages.ts";
import { Streamer } from "../stack/streamer.ts";
import { Studio, admin, post } from "../stack/studio.ts";
import { expect, studioOptions, test } from "../stack/test.ts";

const secret = "a secret that signs the webhooks";

/** `t=SECONDS,v1=HMAC` over `SECONDS.BODY`, as the settings' example says. */
function isSigned(header: string, body: string): boolean {
  const [, seconds, given] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(header) ?? [];
  return given === createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex");
}

test("a failed webhook is listed and can be redelivered", async ({ sink }, info) => {
  let refusing = true;
  const received: { event: string; signed: boolean }[] = [];
  const server = createServer(async (request, answer) => {
    let body = "";
    for await (const part of request) body += String(part);
    const event = String(request.headers["x-footlight-event"]);
    if (!refusing) received.push({ event, signed: isSigned(String(request.headers["x-footlight-signature"]), body) });
    answer.writeHead(refusing ? 503 : 204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { allow, env } = studioOptions(sink);
  const webhooks = { FOOTLIGHT_WEBHOOKS: `http://${host}/hook`, FOOTLIGHT_WEBHOOK_SECRET: secret };
  const studio = await Studio.start({ allow: [...allow, host], env: { ...env, ...webhooks } });
  const streamer = await Streamer.start(studio.url);
  try {
    const { page } = streamer;
    await signIn(page, studio.firstSignIn() ?? "");
    await page.goto("/admin/deliveries");
    await expect(page.getByText("No deliveries yet")).toBeVisible();
    await admin(studio, "create-user", "Grace");
    const key = await admin(studio, "create-key", "Grace");
    const started = await post(studio, key, "start", { streamType: "agent", platform: "rehearsal", streamTitle: "A quiet match" });
    expect(started.status).toBe(201);

    const row = page.getByRole("row").filter({ hasText: "session.live" });
    await expect
      .poll(async () => {
        await page.goto("/admin/deliveries");
        await settled(page);
        return row.count();
      }, { timeout: 45_000 })
      .toBe(1);
    await expect(row).toContainText("answered 503");
    await expect(row).toContainText("Next attempt");
    await expect(row).toContainText("127.0.0.1");
    for (const [name, width] of [["wide", 1440], ["phone", 390]] as const) {
      await page.setViewportSize({ width, height: 900 });
      await page.screenshot({ path: info.outputPath(`${name}.png`), fullPage: true });
      const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]).analyze();
      expect(violations.map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.html).join(" ")}`), name).toEqual([]);
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(wider, `wider than ${width} px`).toBeLessThanOrEqual(0);
    }

    refusing = false;
    await row.getByRole("button", { name: /^Redeliver session\.live to 127\.0\.0\.1/ }).press("Enter");
    await expect(page.getByText("Queued for delivery again.")).toBeVisible();
    await expect(row, "the page reloads the list by itself").toContainText("answered 204", { timeout: 20_000 });
    expect(received.every(({ signed }) => signed)).toBe(true);
    expect(received.map(({ event }) => event)).toContain("session.live");
    await row.getByRole("link").click();
    await expect(page.getByRole("heading", { name: "A quiet match" })).toBeVisible();
  } finally {
    await streamer.stop();
    const left = await studio.stop();
    server.close();
    expect(left).toEqual([]);
  }
});
