// LiveKit's own Node client and webhook receiver, neither of which we wrote, against `footlight egress` alone.

import { expect, test } from "@playwright/test";
import { EgressStatus, StreamOutput, StreamProtocol, TwirpError, VideoCodec, AudioCodec, EncodingOptions } from "livekit-server-sdk";
import { Sink } from "../stack/sink.ts";
import { until } from "../stack/wait.ts";
import { Worker } from "../stack/worker.ts";

const page = `<!doctype html><canvas id=c width=640 height=360></canvas><script>
  const x = c.getContext('2d'); let n = 0;
  (function draw() { x.fillStyle = 'hsl(' + n++ % 360 + ',70%,40%)'; x.fillRect(0, 0, 640, 360); requestAnimationFrame(draw); })();
  console.log('START_RECORDING')</script>`;

test("livekit-server-sdk starts, lists, updates and stops, and its receiver takes the webhooks", async () => {
  const sink = await Sink.start();
  const worker = await Worker.start(page);
  try {
    const client = worker.client;
    const encodingOptions = new EncodingOptions({
      width: 640,
      height: 360,
      framerate: 15,
      videoCodec: VideoCodec.H264_MAIN,
      videoBitrate: 800,
      audioCodec: AudioCodec.AAC,
      keyFrameInterval: 2,
    });
    const stream = new StreamOutput({ protocol: StreamProtocol.RTMP, urls: [`${sink.url}/firstkey`] });
    const info = await client.startWebEgress(worker.pageUrl, { stream }, { encodingOptions, awaitStartSignal: true });
    expect(info.status).toBe(EgressStatus.EGRESS_STARTING);
    expect(info.egressId).toMatch(/^EG_/);
    await until("the sink takes it", () => sink.live("firstkey"), 20_000);
    const listed = await client.listEgress({ active: true });
    expect(listed.map((egress) => [egress.egressId, egress.status])).toEqual([[info.egressId, EgressStatus.EGRESS_ACTIVE]]);
    expect((await client.listEgress({ egressId: info.egressId })).length).toBe(1);

    const added = await client.updateStream(info.egressId, [`${sink.url}/secondkey`], []);
    expect(added.streamResults.length).toBe(2);
    await until("the second output is taken", () => sink.live("secondkey"), 20_000);
    await client.updateStream(info.egressId, [], [`${sink.url}/firstkey`]);
    await until("the first output ends", async () => (await sink.live("firstkey")) === undefined, 20_000);

    const refused = await client.startWebEgress(worker.pageUrl, { stream }, { encodingOptions }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(TwirpError);
    expect(String(refused)).toContain("no free egress slot: 1 of 1 in use");

    expect((await client.stopEgress(info.egressId)).status).toBe(EgressStatus.EGRESS_ENDING);
    const end = await until("the last webhook", () => worker.webhooks.find((event) => event.event === "egress_ended"), 20_000);
    expect(end.egressInfo?.status).toBe(EgressStatus.EGRESS_COMPLETE);
    expect(worker.webhooks[0]?.event).toBe("egress_started");
    expect(new Set(worker.webhooks.map((event) => event.id)).size).toBe(worker.webhooks.length);
    expect(worker.refusals, "the receiver verifies every signature").toEqual([]);
    expect((await client.listEgress({ active: true })).length).toBe(0);
    expect((await client.listEgress({ egressId: info.egressId }))[0]?.details).toBe("End reason: StopEgress API");
  } finally {
    await worker.stop();
    await sink.stop();
  }
});
