// Server-sent events, reconnected after every loss.

import { emit, newHandle } from "./events.js";

/** @type {Map<number, () => void>} */
const feeds = new Map();

/**
 * Reads a feed of server-sent events from `after` on, and reconnects after every loss. Emits `{event, seq, data}` for each named
 * event, and `{event: "connection", seq, data: "open" | "lost"}`.
 * @param {string} path with its query, without `after` @param {number} after @param {string} names comma-separated
 */
export function openFeed(path, after, names) {
  const handle = newHandle();
  let seq = after;
  let failures = 0;
  let open = false;
  /** @type {EventSource | null} */
  let source = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let silence;
  const connect = () => {
    const made = new EventSource(`${path}${path.includes("?") ? "&" : "?"}after=${seq}`);
    source = made;
    // The server pings every 10 s: an EventSource does not notice a connection that hangs.
    const alive = () => {
      clearTimeout(silence);
      silence = setTimeout(lost, 25_000);
    };
    const lost = () => {
      made.close();
      clearTimeout(silence);
      if (source !== made) return;
      source = null;
      if (open) emit(handle, { event: "connection", seq, data: "lost" });
      open = false;
      timer = setTimeout(connect, Math.min(500 * 2 ** failures, 10_000));
      failures += 1;
    };
    alive();
    made.addEventListener("open", () => {
      failures = 0;
      open = true;
      emit(handle, { event: "connection", seq, data: "open" });
    });
    made.addEventListener("ping", alive);
    made.addEventListener("error", lost);
    for (const name of names.split(",")) {
      made.addEventListener(name, (event) => {
        alive();
        const id = Number(event.lastEventId);
        if (event.lastEventId !== "" && Number.isFinite(id)) seq = id;
        emit(handle, { event: name, seq, data: event.data });
      });
    }
  };
  // Reconnects at once when the network is back: a connection from before may hang for minutes.
  const online = () => {
    clearTimeout(timer);
    clearTimeout(silence);
    source?.close();
    failures = 0;
    connect();
  };
  globalThis.addEventListener("online", online);
  globalThis.addEventListener("wake", online);
  connect();
  feeds.set(handle, () => {
    const last = source;
    source = null;
    last?.close();
    globalThis.removeEventListener("online", online);
    globalThis.removeEventListener("wake", online);
    clearTimeout(timer);
    clearTimeout(silence);
  });
  return handle;
}

/** @param {number} handle */
export function closeFeed(handle) {
  feeds.get(handle)?.();
  feeds.delete(handle);
}
