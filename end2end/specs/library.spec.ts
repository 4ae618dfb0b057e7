// Our build of livekit-client (vendor.mjs) does what the original build does.

import { readdirSync } from "node:fs";
import path from "node:path";
import { root } from "../stack/commands.ts";
import { expect, test } from "../stack/test.ts";

interface Library {
  Room: new () => { getSid(): Promise<string>; connect(url: string, token: string, how: object): Promise<void> };
}

const file = readdirSync(path.join(root, "public/vendor")).find((name) => name.endsWith(".mjs")) ?? "";

test("livekit-client settles the promise of a room id", async ({ streamer }) => {
  const { page } = streamer;
  // At its own address no content security policy applies, so the test can import it.
  await page.goto(`/vendor/${file}`);
  const sid = await page.evaluate(async () => {
    const { Room } = (await import(location.href)) as Library;
    return new Room().getSid();
  });
  expect(sid, "of a room that nobody is in").toBe("");
});

test("livekit-client reads no cookies", async ({ streamer }) => {
  const { page } = streamer;
  await page.goto(`/vendor/${file}`);
  const reads = await page.evaluate(async () => {
    let reads = 0;
    Object.defineProperty(document, "cookie", { get: () => ((reads += 1), "") });
    await import(location.href);
    return reads;
  });
  expect(reads).toBe(0);
});

test("livekit-client offers two videos, two audios, each codec once", async ({ streamer }) => {
  const { page } = streamer;
  await page.goto(`/vendor/${file}`);
  const offer = await page.evaluate(async () => {
    const { Room } = (await import(location.href)) as Library;
    let made = "";
    const createOffer = RTCPeerConnection.prototype.createOffer as () => Promise<RTCSessionDescriptionInit>;
    RTCPeerConnection.prototype.createOffer = async function (this: RTCPeerConnection) {
      const offer = await createOffer.call(this);
      made ||= offer.sdp ?? "";
      return offer;
    } as typeof RTCPeerConnection.prototype.createOffer;
    // Nobody answers there: the offer is made before any request.
    await new Room().connect("ws://127.0.0.1:9", "no token", { maxRetries: 0 }).catch(() => {});
    return made;
  });
  const sections = offer.split("\r\nm=").slice(1);
  const kinds = sections.map((section) => section.split(" ")[0]);
  expect(kinds.sort()).toEqual(["application", "audio", "audio", "video", "video"]);
  const codecs = (section = ""): string[] => [...section.matchAll(/^a=rtpmap:\d+ ([^/]+)/gm)].map(([, name = ""]) => name).filter((name) => name !== "rtx");
  const of = (kind: string): string[] => codecs(sections.find((section) => section.startsWith(kind))).sort();
  expect(of("audio")).toEqual(["opus", "red"]);
  expect(of("video")).toEqual(["AV1", "H264", "VP8", "VP9"]);
  expect(offer).toContain("profile-level-id=42e0");
});
