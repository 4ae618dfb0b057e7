// The events of twelve busy hours, sent within minutes. The overlay keeps what it shows and drops the rest.

import { SignUp } from "../stack/pages.ts";
import { admin, post } from "../stack/studio.ts";
import { expect, test } from "../stack/test.ts";
import { sleep } from "../stack/wait.ts";

test.use({ studioEnv: { FOOTLIGHT_RATE_FACTOR: "10000" } });

const hours = 12;
const everySeconds = 2;
const batch = 100;

test("the overlay's memory stays flat over twelve hours", async ({ studio, streamer }) => {
  await new SignUp(streamer.page).as("Ada", "a long enough password");
  const key = await admin(studio, "create-key", "Ada");
  const call = (path: string, body: object): Promise<Response> => post(studio, key, path, body);
  const { sessionId } = (await (await call("start", { streamType: "agent", platform: "rehearsal" })).json()) as { sessionId: string };
  const page = await streamer.context.newPage();
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Performance.enable");
  await page.goto(`/stream/overlay?sessionId=${sessionId}`);
  await expect(page.locator("html[data-hydrated]")).toBeAttached();

  const used = async (): Promise<{ heap: number; nodes: number }> => {
    for (let turn = 0; turn < 3; turn++) await devtools.send("HeapProfiler.collectGarbage");
    const { metrics } = await devtools.send("Performance.getMetrics");
    const of = (name: string): number => metrics.find((metric) => metric.name === name)?.value ?? Number.NaN;
    return { heap: of("JSHeapUsedSize") / 1e6, nodes: of("Nodes") };
  };
  const all = (hours * 3600) / everySeconds / batch;
  const samples: { part: number; heap: number; nodes: number }[] = [];
  for (let turn = 0; turn < all; turn++) {
    const events = Array.from({ length: batch }, (_, at) => made(turn * batch + at));
    const answer = await call("events", { sessionId, events });
    expect(answer.ok, await answer.clone().text()).toBe(true);
    const { accepted } = (await answer.json()) as { accepted: string[] };
    expect(accepted).toHaveLength(batch);
    if ((turn + 1) % Math.floor(all / 4) === 0) {
      await expect(page.locator(".scene"), "the page has heard of it").toContainText(`turn ${turn}`, { timeout: 60_000 });
      await sleep(12_000);
      samples.push({ part: (turn + 1) / all, ...(await used()) });
      console.log(samples.at(-1));
    }
  }
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last) throw new Error("nothing was measured");
  expect(last.heap / first.heap, "the heap after all of it, over the heap after a quarter").toBeLessThan(1.15);
  expect(last.nodes / first.nodes, "the same of the document's nodes").toBeLessThan(1.15);
});

/** Events of every kind in turn, as a match sends them. */
function made(number: number): object {
  const turn = Math.floor(number / batch);
  switch (number % 4) {
    case 0:
      return { kind: "stat", label: `Stat ${number % 8}`, value: String(number) };
    case 1:
      return { kind: "decision", title: `Move ${number}`, reason: `Because of what was seen in turn ${turn}, this is better than the ${number} others.` };
    default:
      return { kind: "event", text: `Something happened in turn ${turn}` };
  }
}
