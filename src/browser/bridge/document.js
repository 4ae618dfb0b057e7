// What others do to the document: extensions add elements, translation replaces texts, the browser brings a left page back. The program
// knows its own nodes only.

import { stopListening } from "./events.js";
import { guardLeaving } from "./page.js";

/** Set in a tab where the server's document could not be taken over: its pages are rendered anew. */
const RENDER_ANEW = "footlight.render-anew";

/** What others did until the program started. @type {MutationRecord[]} */
const early = [];
/** @type {MutationObserver | null} */
let observer = null;

/** Called before the program is loaded, when the document is parsed: whatever changes it from now on is not ours. */
export function protectDocument() {
  observer = new MutationObserver((records) => early.push(...records));
  observer.observe(document.body, { childList: true, subtree: true, characterData: true, characterDataOldValue: true });
  // It shows what was, perhaps to someone who has signed out since.
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  addEventListener("error", ({ error }) => passedThroughProgram(error) && showBroken());
  addEventListener("unhandledrejection", ({ reason }) => passedThroughProgram(reason) && showBroken());
  watchSleep();
}

/** Undoes what others did, so that the program finds what the server rendered. True: render anew instead, into an empty body. */
export function takeDocument() {
  early.push(...(observer?.takeRecords() ?? []));
  observer?.disconnect();
  if (rememberedAnew()) {
    document.body.replaceChildren();
    keepTexts();
    return true;
  }
  /** @type {Node[]} */
  const foreign = [];
  for (const record of early.splice(0).reverse()) {
    if (record.type === "characterData") {
      record.target.nodeValue = record.oldValue;
      continue;
    }
    for (const node of record.addedNodes) {
      if (node.parentNode !== record.target) continue;
      record.target.removeChild(node);
      if (record.target === document.body) foreign.unshift(node);
    }
    const next = record.nextSibling?.parentNode === record.target ? record.nextSibling : null;
    for (const node of record.removedNodes) record.target.insertBefore(node, next);
  }
  setTimeout(() => {
    // Behind everything: there they are in nobody's way.
    document.body.append(...foreign);
    keepTexts();
  });
  return false;
}

function rememberedAnew() {
  try {
    return sessionStorage.getItem(RENDER_ANEW) !== null;
  } catch {
    return false;
  }
}

/** Translation puts an element in the place of a text. When the program changes that text, it comes back. */
function keepTexts() {
  /** @type {WeakMap<Node, ChildNode>} */
  const shown = new WeakMap();
  const changes = new MutationObserver((records) => {
    for (const { target } of records) {
      const instead = shown.get(target);
      if (instead?.isConnected && !target.isConnected) instead.replaceWith(target);
      shown.delete(target);
    }
  });
  const replaced = new MutationObserver((records) => {
    for (const { addedNodes, removedNodes, previousSibling, nextSibling } of records) {
      for (const text of removedNodes) {
        if (!(text instanceof Text) || text.isConnected) continue;
        const instead = [...addedNodes, previousSibling, nextSibling].find((node) => node instanceof HTMLElement && node.localName === "font");
        if (!instead) continue;
        shown.set(text, /** @type {ChildNode} */ (instead));
        changes.observe(text, { characterData: true });
      }
    }
  });
  replaced.observe(document.body, { childList: true, subtree: true });
}

/** Dispatches `wake` after the machine has slept: connections may be dead then without any word of it. */
function watchSleep() {
  let last = Date.now();
  setInterval(() => {
    const gap = Date.now() - last;
    last = Date.now();
    // A hidden page's timers run as seldom as once a minute.
    if (gap > (document.hidden ? 120_000 : 15_000)) dispatchEvent(new Event("wake"));
  }, 2000);
}

/** Such an error leaves the program broken, panic or not. @param {unknown} error */
function passedThroughProgram(error) {
  return error instanceof Error && /wasm-function/.test(error.stack ?? "");
}

/** The program has failed for good. Before it has taken over the document, another way is tried; later the page says so. What is
 * published goes on. */
export function showBroken() {
  stopListening();
  guardLeaving(false);
  const { dataset } = document.documentElement;
  if (dataset.page === "overlay") {
    // It is recorded: no words, but a new beginning. One that never began would only fail again.
    if ("hydrated" in dataset) setTimeout(() => location.reload(), 1000);
    return;
  }
  if (!("hydrated" in dataset) && !rememberedAnew()) {
    try {
      sessionStorage.setItem(RENDER_ANEW, "");
      location.reload();
      return;
    } catch {
      // Nothing can be remembered: the sentence it is.
    }
  }
  if (document.getElementById("broken-page")) return;
  const notice = document.createElement("div");
  notice.id = "broken-page";
  notice.className = "notice";
  notice.dataset.kind = "error";
  notice.setAttribute("role", "alert");
  const sentence = document.createElement("p");
  sentence.textContent = "This page has stopped working; a stream that is on air goes on. Reload the page to control it again.";
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button";
  button.textContent = "Reload";
  button.addEventListener("click", () => location.reload());
  notice.append(sentence, button);
  document.body.prepend(notice);
}
