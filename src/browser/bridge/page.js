// The page itself: leaving, tab icon, wake lock, storage, dialogs.

let guarded = false;

/** Whether closing the tab asks first. @param {boolean} on */
export function guardLeaving(on) {
  if (on === guarded) return;
  guarded = on;
  if (on) {
    addEventListener("beforeunload", askBeforeLeaving);
    // The router would change the page without the browser asking.
    addEventListener("click", askBeforeFollowing, true);
  } else {
    removeEventListener("beforeunload", askBeforeLeaving);
    removeEventListener("click", askBeforeFollowing, true);
  }
}

/** @param {BeforeUnloadEvent} event */
function askBeforeLeaving(event) {
  event.preventDefault();
  event.returnValue = "";
}

/** @param {MouseEvent} event */
function askBeforeFollowing(event) {
  const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
  if (!(link instanceof HTMLAnchorElement) || link.target || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (link.pathname === location.pathname || confirm("You are on air. Leave the studio? The stream ends soon after.")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}

/** Marks the tab itself while on air. @param {boolean} on */
export function markTab(on) {
  document.documentElement.toggleAttribute("data-on-air", on);
  const icon = document.querySelector('link[rel="icon"]');
  if (icon instanceof HTMLLinkElement) {
    icon.dataset.rest ??= icon.getAttribute("href") ?? "";
    icon.href = on ? "/favicon-on-air.svg" : icon.dataset.rest;
  }
}

let wantsAwake = false;
/** @type {WakeLockSentinel | null} */
let wakeLock = null;

/** Keeps the screen on during a stream, if the browser can. @param {boolean} on */
export function keepAwake(on) {
  if (on === wantsAwake) return;
  wantsAwake = on;
  if (on) document.addEventListener("visibilitychange", holdAwake);
  else document.removeEventListener("visibilitychange", holdAwake);
  if (on) holdAwake();
  else wakeLock?.release().catch(() => {});
}

function holdAwake() {
  if (!wantsAwake || document.visibilityState !== "visible" || !("wakeLock" in navigator)) return;
  navigator.wakeLock.request("screen").then(
    (lock) => (wakeLock = lock),
    () => {},
  );
}

/** @param {string} key @param {string} value */
export function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Private windows may refuse; then nothing is remembered.
  }
}

/** @param {string} key @returns {string} empty if unknown */
export function recall(key) {
  try {
    return localStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}

/** @param {string} id @param {boolean} on */
export function setDialog(id, on) {
  const dialog = document.getElementById(id);
  if (!(dialog instanceof HTMLDialogElement) || dialog.open === on) return;
  if (on) dialog.showModal();
  else dialog.close();
}
