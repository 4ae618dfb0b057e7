// The media server answers, and no media get through: before and on air the page says which ports to open.

import { lostServer } from "../stack/streamer.ts";
import { expect, test } from "../stack/test.ts";

test.use({ expectedErrors: lostServer });

test("blocked media ports are named", async ({ studio, streamer, goLive }) => {
  const { page } = streamer;
  const ports = `UDP ${studio.ports.udp[0]} and TCP ${studio.ports.tcp[2]}`;
  const check = page.locator(".checks li").filter({ hasText: "Media connection" });
  await goLive.open();
  await expect(check).toContainText("open");
  await expect(check).toHaveAttribute("data-state", "ok");
  await page.addInitScript(() => {
    // Without a server that relays there is no path.
    window.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(how?: RTCConfiguration) {
        super({ ...how, iceTransportPolicy: "relay" });
      }
      override setConfiguration(how?: RTCConfiguration): void {
        super.setConfiguration({ ...how, iceTransportPolicy: "relay" });
      }
    };
  });
  await goLive.open();
  await expect(check).toContainText(`Open ${ports} to the LiveKit server`, { timeout: 30_000 });
  await expect(check).toHaveAttribute("data-state", "warn");
  await goLive.rehearse();
  await expect(page.getByText(`Open ${ports} to it. The stream goes on meanwhile.`)).toBeVisible({ timeout: 45_000 });
  await goLive.end();
});
