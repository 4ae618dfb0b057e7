// A whole session by an agent, against a running studio: start, a scripted match, its result, stop. Nothing but fetch.
// usage: FOOTLIGHT_KEY=fl_… node end2end/agent/play.mjs [http://127.0.0.1:3000]
import { setTimeout as pause } from "node:timers/promises";

const origin = process.argv[2] ?? "http://127.0.0.1:3000";
const key = process.env["FOOTLIGHT_KEY"];
if (!key) {
  console.error("Create an API key for an agent under Settings and set FOOTLIGHT_KEY to it.");
  process.exit(1);
}

/** Makes one call: waits as long as the server asks it to, and fails with the reason that the server gives.
 * @param {string} method @param {string} path @param {unknown} [body] @param {Record<string, string>} [headers] */
async function call(method, path, body, headers = {}) {
  for (;;) {
    const answer = await fetch(origin + path, {
      method,
      headers: { authorization: `Bearer ${key}`, ...(body !== undefined && { "content-type": "application/json" }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (answer.status === 429) {
      await pause(1000 * Number(answer.headers.get("retry-after") ?? 1));
      continue;
    }
    const read = await answer.json();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${read.message}`);
    return read;
  }
}

const session = await call(
  "POST",
  "/api/streaming/start",
  { streamType: "agent", platform: "rehearsal", streamTitle: "A scripted match", currentLobbyId: "scripted-1", replace: true },
  { "idempotency-key": `scripted-${Date.now()}` },
);
const sessionId = session.sessionId;
console.log(`started ${sessionId}: ${session.status}`);
/** @param {Record<string, unknown>[]} events */
const send = (...events) => call("POST", "/api/streaming/events", { sessionId, events });
/** @param {string} name @param {number} score */
const side = (name, score) => ({ name, score, of: 8000 });
try {
  for (let waited = 0, status = ""; status !== "live"; waited += 1) {
    if (waited === 60) throw new Error("the session is not live after a minute");
    status = (await call("GET", `/api/streaming/status?sessionId=${sessionId}`)).status;
    if (status === "ended" || status === "failed") throw new Error(`the session is ${status}`);
    await pause(1000);
  }
  console.log("live");
  /** @type {[number, number, string, string][]} */
  const turns = [
    [8000, 8000, "Draw a card", "Four lands in hand: look for a creature."],
    [7400, 5200, "Attack with Ember Wolf", "The opponent has no blocker."],
    [6400, 2150, "Hold the counterspell", "One more turn wins it; be safe."],
    [6400, 0, "Attack with everything", "One hit to win."],
  ];
  for (const [number, [ours, theirs, title, reason]] of turns.entries()) {
    await send(
      { kind: "match", turn: `Turn ${number + 1}`, phase: "battle", sides: [side("Nyx", ours), side("Blaze", theirs)] },
      { kind: "decision", title, reason, tookMs: 600 + 100 * number, confidence: 70 + 8 * number },
      { kind: "stat", label: "Cards left", value: String(20 - number) },
      { kind: "event", text: `Nyx: ${title}`, tone: "good" },
    );
    console.log(`turn ${number + 1}: ${title}`);
    await pause(3000);
  }
  await send({ kind: "match", result: "Nyx wins", sides: [side("Nyx", 6400), side("Blaze", 0)] }, { kind: "alert", title: "Victory", tone: "good" });
  await pause(3000);
} finally {
  const end = await call("POST", "/api/streaming/stop", { sessionId });
  console.log(`${end.status}: ${JSON.stringify(end.stats)}`);
}
