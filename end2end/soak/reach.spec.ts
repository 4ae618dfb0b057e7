// The same through networks that let less pass, and through a proxy.

import { airs, plain, test, type Row } from "../stack/reach.ts";

const rows: Row[] = [
  plain,
  { name: "UDP is blocked: media go over TCP", blocked: ["udp"], turn: false, path: "tcp" },
  { name: "UDP and the port for media over TCP are blocked: TURN, over TLS, at the pages' own port", blocked: ["udp", "media over tcp"], path: "relay over tls" },
  { name: "the pages are behind an nginx that buffers", blocked: [], behindNginx: true, path: "udp" },
];

for (const row of rows) {
  test.describe(row.name, () => {
    test.use({ row });
    test("goes on air", async ({ machines, studio, streamer, goLive }) => airs({ row, machines, studio, streamer, goLive }));
  });
}
