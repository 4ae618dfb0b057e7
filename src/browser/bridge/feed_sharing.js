// A feed that the tabs of a browser share: over HTTP/1.1 a browser has six connections to a server, and a seventh tab would never load.
// The tab that holds the feed's lock has the connection and passes on what comes; when it closes, the next in the queue gets the lock.
// Each tab counts its own lines. One that misses some says so, and the connection is opened again from there.

import { connect } from "./feed_connection.js";

/** @typedef {import("./feed_connection.js").News} News */
/** @typedef {News | { type: "leading" } | { type: "missing", after: number }} Message */

/** A leading tab is never silent for so long, whatever the network does. One that is was frozen by the browser. */
const SILENCE_MS = 40_000;
/** It answers a new tab at once. */
const NO_ANSWER_MS = 6000;
/** Several tabs that are opened together are served together. */
const TOGETHER_MS = 50;
const ASK_EVERY_MS = 1000;

/**
 * @param {string} path @param {string[]} names of events @param {() => number} position the last line that this tab has
 * @param {(news: News) => void} hear @param {boolean} alone with a connection of its own
 */
export function share(path, names, position, hear, alone) {
  if (alone || !("locks" in navigator) || !("BroadcastChannel" in globalThis)) {
    return { askForMissing: () => {}, leave: connect(path, names, position(), hear).close };
  }
  // Numbered, so that tabs of different versions do not talk to each other.
  const name = `footlight feed 1 ${path}`;
  const channel = new BroadcastChannel(name);
  /** @type {ReturnType<typeof connect> | null} */
  let connection = null;
  /** What a new tab gets. @type {{ status: News | null, state: News | null }} */
  let last = { status: null, state: null };
  let waiting = new AbortController();
  let release = () => {};
  let left = false;
  let asked = -Infinity;
  let wanted = Infinity;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let reopening;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let patience;

  /** @param {Message} message */
  const post = (message) => channel.postMessage(message);
  /** @param {News} news */
  const tell = (news) => {
    if (news.type === "status") last.status = news;
    else if (news.type === "line" && news.seq === news.before) last.state = news;
    post(news);
    hear(news);
  };
  const ask = () => {
    asked = performance.now();
    post({ type: "missing", after: position() });
  };
  /** @param {number} after */
  const answer = (after) => {
    if (!connection) return;
    if (after >= connection.position()) {
      if (last.status) post(last.status);
      if (last.state) post(last.state);
      return;
    }
    wanted = Math.min(wanted, after);
    reopening ??= setTimeout(() => {
      connection?.reopen(wanted);
      reopening = undefined;
      wanted = Infinity;
    }, TOGETHER_MS);
  };

  const lead = () => {
    clearTimeout(patience);
    last = { status: null, state: null };
    post({ type: "leading" });
    connection = connect(path, names, position(), tell);
    return new Promise((/** @type {(value?: undefined) => void} */ resolve) => (release = resolve));
  };
  const stopLeading = () => {
    clearTimeout(reopening);
    reopening = undefined;
    wanted = Infinity;
    connection?.close();
    connection = null;
  };
  /** @param {boolean} steal from a tab that has it and does nothing */
  const waitForLock = async (steal) => {
    const mine = new AbortController();
    waiting = mine;
    try {
      await navigator.locks.request(name, steal ? { steal } : { signal: mine.signal }, () => (mine.signal.aborted ? undefined : lead()));
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "AbortError")) {
        // Without locks each tab has its own connection.
        if (!left) lead();
        return;
      }
    }
    if (left || mine !== waiting) return;
    // Another tab took over.
    stopLeading();
    follow();
  };
  /** @param {number} ms */
  const expectNews = (ms) => {
    clearTimeout(patience);
    patience = setTimeout(() => {
      waiting.abort();
      hear({ type: "status", connection: 0, open: false });
      waitForLock(true);
    }, ms);
  };
  const follow = () => {
    waitForLock(false);
    expectNews(NO_ANSWER_MS);
    ask();
  };

  channel.onmessage = (/** @type {MessageEvent<Message>} */ { data: message }) => {
    if (message.type === "missing") answer(message.after);
    if (message.type === "missing" || connection) return;
    expectNews(SILENCE_MS);
    if (message.type === "leading") ask();
    else hear(message);
  };
  follow();
  return {
    /** Lines are missing before one that came. */
    askForMissing: () => {
      if (performance.now() - asked > ASK_EVERY_MS) ask();
    },
    leave: () => {
      left = true;
      clearTimeout(patience);
      stopLeading();
      channel.close();
      waiting.abort();
      release();
    },
  };
}
