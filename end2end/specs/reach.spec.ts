// A browser on another machine, with an address of its own, goes live over TLS.

import { airs, plain, test } from "../stack/reach.ts";

test(plain.name, async ({ row, machines, studio, streamer, goLive }) => airs({ row, machines, studio, streamer, goLive }));
