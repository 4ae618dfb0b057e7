// Two web servers over one database server: the one that holds the lease dies.

import { ended, onAir, survives } from "../stack/faults.ts";
import { freePorts } from "../stack/ports.ts";
import { Balancer, Database, Replica } from "../stack/replicas.ts";
import { Streamer } from "../stack/streamer.ts";
import { Studio } from "../stack/studio.ts";
import { expect, studioOptions, test as base } from "../stack/test.ts";
import { until } from "../stack/wait.ts";

interface Cluster {
  balancer: Balancer;
  second: Replica;
  url: string;
}

const test = base.extend<{ database: Database; cluster: Cluster; ports: number }>({
  ports: async ({}, use) => use(await freePorts(3)),
  database: async ({ ports }, use) => {
    const database = await Database.start(ports);
    await use(database);
    await database.stop();
  },
  studio: async ({ sink, database, ports }, use) => {
    const { allow, env } = studioOptions(sink);
    const store = { FOOTLIGHT_STORE: database.address, FOOTLIGHT_STORE_USER: Database.user, FOOTLIGHT_STORE_PASSWORD: Database.password };
    const studio = await Studio.start({ allow, env: { ...env, ...store, PUBLIC_APP_URL: `http://127.0.0.1:${ports + 2}` } });
    await use(studio);
    expect(await studio.stop(), "left running").toEqual([]);
  },
  cluster: async ({ studio, ports }, use, info) => {
    const first = studio.role("serve");
    if (!first) throw new Error("no web server");
    const second = await Replica.beside(first, ports + 1);
    const balancer = await Balancer.start(ports + 2, second.port);
    await use({ balancer, second, url: `http://127.0.0.1:${ports + 2}` });
    if (info.status !== info.expectedStatus) console.log(`--- second\n${second.output.join("").slice(-4000)}\n--- first\n${(await studio.log("serve")).slice(-4000)}`);
    await balancer.stop();
    await second.stop();
  },
  streamer: async ({ cluster }, use) => {
    const streamer = await Streamer.start(cluster.url);
    await use(streamer);
    await streamer.stop();
  },
});

test("the other replica takes over within 15 s", async ({ sink, studio, streamer, goLive, cluster }) => {
  const broadcast = { sink, studio, streamer, goLive };
  const key = await onAir(broadcast);
  const logged = async (what: string): Promise<boolean> => (await studio.log("serve")).includes(what);
  expect(cluster.second.output.join(""), "the second one leads").toContain("this replica leads the show");
  await survives(broadcast, key, "leader and capture killed", async () => {
    await cluster.second.kill();
    const died = Date.now();
    cluster.balancer.sendTo(Number(new URL(studio.url).port));
    // Nobody but the new leader can know that the capture is gone.
    await studio.killRenderer();
    await until("the first one leads", () => logged("this replica leads the show"), 15_000);
    console.log(`the other one led after ${((Date.now() - died) / 1000).toFixed(1)} s`);
    await until("the capture is replaced", () => logged("The new capture was accepted."), 30_000);
  });
  expect((await ended(broadcast, key)).files, "one broadcast").toHaveLength(1);
});
