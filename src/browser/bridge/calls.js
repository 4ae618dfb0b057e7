// Calls that are not server functions.

import { emit, newHandle } from "./events.js";

/** Measures the round trip to LiveKit; emits `{ms}` or `{ms: null}`. @param {string} url ws:// or wss:// */
export function probe(url) {
  const handle = newHandle();
  (async () => {
    const address = url.replace(/^ws/, "http");
    /** @type {number | null} */
    let ms = null;
    // The first request opens the connection; the second measures the round trip.
    for (let round = 0; round < 2; round += 1) {
      const asked = performance.now();
      try {
        await fetch(address, { mode: "no-cors", cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(5000) });
        ms = Math.max(1, Math.round(performance.now() - asked));
      } catch {
        ms = null;
      }
    }
    emit(handle, { ms });
  })();
  return handle;
}

/** A random key, so that a repeated start is not a second session. */
export function newIdempotencyKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * One call of the HTTP API. Of an event stream only the beginning is returned.
 * @param {string} method @param {string} path @param {string} key @param {string} body
 */
export async function callApi(method, path, key, body) {
  /** @type {Record<string, string>} */
  const headers = {};
  if (key) headers.authorization = `Bearer ${key}`;
  if (body) headers["content-type"] = "application/json";
  try {
    const answer = await fetch(path, { method, headers, ...(body && { body }), credentials: key ? "omit" : "same-origin" });
    const kind = answer.headers.get("content-type") ?? "";
    let text = "";
    if (kind.startsWith("text/event-stream")) {
      const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
      let read = await reader?.read();
      for (; read?.value; read = await reader?.read()) {
        // Comments only fill the buffers of proxies.
        text = `${text}${read.value}`.replace(/^:.*\n+/gm, "");
        if (text.includes("\n\n")) break;
      }
      await reader?.cancel();
    } else if (kind.startsWith("application/json")) {
      text = JSON.stringify(await answer.json(), null, 2);
    } else if (kind.startsWith("text/") || kind.includes("mpegurl")) {
      text = await answer.text();
    }
    return `${answer.status} ${answer.statusText}\n${text}`;
  } catch (error) {
    return `The request failed: ${error}`;
  }
}
