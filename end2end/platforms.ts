// Streams for a minute to each real platform whose key is in the environment. The key goes into the page's form and nowhere else.

import { expect, test } from "./stack/test.ts";
import { sleep, until } from "./stack/wait.ts";

const minuteMs = 60_000;

interface Target {
  platform: string;
  address: string | undefined;
  key: string;
}

/** `FOOTLIGHT_TEST_TWITCH_KEY`, `FOOTLIGHT_TEST_KICK_URL` and `_KEY`, … */
export function targets(): Target[] {
  const of = (platform: string, what: string): string | undefined => process.env[`FOOTLIGHT_TEST_${platform.toUpperCase()}_${what}`] || undefined;
  return ["twitch", "youtube", "kick", "x", "custom"].flatMap((platform) => {
    const [address, key] = [of(platform, "URL"), of(platform, "KEY")];
    return key === undefined && !(platform === "custom" && address) ? [] : [{ platform, address, key: key ?? "" }];
  });
}

interface SessionList {
  sessions: { onAir: boolean; destinations: { state: { name: string; reason?: string }; uptimeMs: number; reconnects: number }[] }[];
}

for (const target of targets()) {
  test(`${target.platform} receives a stream for a minute`, async ({ streamer, goLive }) => {
    const destination = async (): Promise<SessionList["sessions"][number]["destinations"][number]> => {
      const answer = await streamer.page.request.get("/api/streaming/sessions?limit=1");
      const found = ((await answer.json()) as SessionList).sessions[0]?.destinations[0];
      if (!found) throw new Error("no session");
      return found;
    };
    await goLive.open();
    await goLive.shareScreen();
    const { platform, address, key } = target;
    await goLive.fill({ platform, key, title: "A minute of Footlight", ...(address === undefined ? {} : { address }) });
    await goLive.start();
    const decided = await until("the platform accepts the stream, or says why not", async () => {
      const now = await destination();
      return ["live", "failed"].includes(now.state.name) ? now : undefined;
    }, 45_000);
    expect(decided.state.name, decided.state.reason ?? "").toBe("live");
    await sleep(minuteMs);
    const after = await destination();
    console.log(`${platform}: live for ${(after.uptimeMs / 1000).toFixed(0)} s, ${after.reconnects} reconnects`);
    expect(after).toMatchObject({ state: { name: "live" }, reconnects: 0 });
    expect(after.uptimeMs).toBeGreaterThan(0.9 * minuteMs);
    await goLive.end();
  });
}
