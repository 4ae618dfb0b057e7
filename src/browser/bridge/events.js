// Events from JavaScript to Rust.

let lastHandle = 0;

/** The number of an object on this side. */
export function newHandle() {
  lastHandle += 1;
  return lastHandle;
}

/** @type {((handle: number, json: string) => void) | null} */
let listener = null;
/** Events before the listener: the composite joins its room before its program is loaded.
 * @type {[number, string][]} */
const early = [];

/** Sets the one callback for all events. @param {(handle: number, json: string) => void} callback */
export function listen(callback) {
  listener = callback;
  for (const [handle, json] of early.splice(0)) callback(handle, json);
}

/** No event any more: the program is broken. */
export function stopListening() {
  listener = () => {};
}

/** Always after the call that caused it has returned, so that its caller can subscribe to the handle first.
 * @param {number} handle @param {object} event */
export function emit(handle, event) {
  const json = JSON.stringify(event);
  queueMicrotask(() => {
    if (listener) listener(handle, json);
    else if (early.push([handle, json]) > 200) early.shift();
  });
}
