// Server-sent events, as a rule over a connection that the browser's tabs share.

import { emit, newHandle } from "./events.js";
import { share } from "./feed_sharing.js";

/** @type {Map<number, () => void>} */
const feeds = new Map();

/** A tab that is hidden for so long lets its connection go. */
const HIDDEN_MS = 5000;

/**
 * Reads a feed of server-sent events from `after` on, whatever happens to its connections. Emits `{event, seq, data}` for each named
 * event, and `{event: "connection", seq, data: "open" | "lost"}`. Each line comes once and in order.
 * @param {string} path with its query, without `after` @param {number} after @param {string} names comma-separated
 * @param {"own" | "shared" | "sharedWhileShown"} connection
 */
export function openFeed(path, after, names, connection) {
  const handle = newHandle();
  let seq = after;
  let open = false;
  let known = 0;
  /** @type {ReturnType<typeof share> | null} */
  let shared = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let leaving;

  /** @param {import("./feed_connection.js").News} news */
  const hear = (news) => {
    if (news.type === "status") {
      // A new connection may have missed states, so it is told of also where the last one was not lost.
      if (news.open ? !open || news.connection !== known : open) emit(handle, { event: "connection", seq, data: news.open ? "open" : "lost" });
      open = news.open;
      known = news.connection;
    } else if (news.type === "line") {
      const numbered = news.seq > news.before;
      if (numbered && news.seq <= seq) return;
      if (numbered && news.before > seq) {
        shared?.askForMissing();
        return;
      }
      if (numbered) seq = news.seq;
      emit(handle, { event: news.event, seq, data: news.data });
    }
  };
  const leave = () => {
    clearTimeout(leaving);
    shared?.leave();
    shared = null;
  };
  const shown = () => {
    clearTimeout(leaving);
    if (!document.hidden || connection !== "sharedWhileShown") shared ??= share(path, names.split(","), () => seq, hear, connection === "own");
    else if (shared) leaving = setTimeout(leave, HIDDEN_MS);
  };
  shown();
  document.addEventListener("visibilitychange", shown);
  // A page that the browser keeps for the Back button must hold no lock. It is loaded again when it comes back.
  addEventListener("pagehide", leave);
  feeds.set(handle, () => {
    document.removeEventListener("visibilitychange", shown);
    removeEventListener("pagehide", leave);
    leave();
  });
  return handle;
}

/** @param {number} handle */
export function closeFeed(handle) {
  feeds.get(handle)?.();
  feeds.delete(handle);
}
