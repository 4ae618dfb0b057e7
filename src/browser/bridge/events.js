// What this side tells the other.

let lastHandle = 0;

/** A number that stands for something on this side. */
export function newHandle() {
  lastHandle += 1;
  return lastHandle;
}

/** @type {((handle: number, json: string) => void) | null} */
let listener = null;
/** What happened before anybody listened: the composite page is on stage before its program is loaded.
 * @type {[number, string][]} */
const unheard = [];

/** Takes the one callback for all events. @param {(handle: number, json: string) => void} callback */
export function listen(callback) {
  listener = callback;
  for (const [handle, json] of unheard.splice(0)) callback(handle, json);
}

/** Always later than the call that caused it, so that whoever asked for a handle can listen to it first.
 * @param {number} handle @param {object} event */
export function emit(handle, event) {
  const json = JSON.stringify(event);
  queueMicrotask(() => {
    if (listener) listener(handle, json);
    else if (unheard.push([handle, json]) > 200) unheard.shift();
  });
}
