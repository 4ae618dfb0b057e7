// One connection to a feed: an EventSource that is opened again after every loss.

/**
 * A line, or a state. `before`: the number of the last line before it. `seq`: its own number; a state has none and leaves it as it was.
 * @typedef {{ type: "line", event: string, before: number, seq: number, data: string }} Line
 * @typedef {{ type: "status", connection: number, open: boolean }} Status
 * @typedef {Line | Status | { type: "alive" }} News
 */

/** The server pings every 10 s: an EventSource does not notice a connection that hangs. */
const SILENCE_MS = 25_000;

/**
 * @param {string} path with its query, without `after` @param {string[]} names of events @param {number} after the first line's number
 * less one @param {(news: News) => void} tell
 */
export function connect(path, names, after, tell) {
  let position = after;
  let failures = 0;
  /** @type {EventSource | null} */
  let source = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let silence;
  const open = () => {
    const made = new EventSource(`${path}${path.includes("?") ? "&" : "?"}after=${position}`);
    const connection = Math.random();
    source = made;
    const alive = () => {
      clearTimeout(silence);
      silence = setTimeout(lost, SILENCE_MS);
    };
    const lost = () => {
      made.close();
      if (source !== made) return;
      clearTimeout(silence);
      source = null;
      tell({ type: "status", connection, open: false });
      timer = setTimeout(open, Math.min(500 * 2 ** failures, 10_000));
      failures += 1;
    };
    /** @param {string} name @param {(event: MessageEvent) => void} act */
    const on = (name, act) => made.addEventListener(name, (event) => source === made && act(event));
    alive();
    on("open", () => {
      failures = 0;
      tell({ type: "status", connection, open: true });
    });
    on("ping", () => {
      alive();
      tell({ type: "alive" });
    });
    on("error", lost);
    for (const name of names) {
      on(name, (event) => {
        alive();
        const [before, id] = [position, Number(event.lastEventId)];
        if (event.lastEventId !== "" && Number.isFinite(id)) position = id;
        tell({ type: "line", event: name, before, seq: position, data: event.data });
      });
    }
  };
  const close = () => {
    const last = source;
    source = null;
    last?.close();
    clearTimeout(timer);
    clearTimeout(silence);
  };
  /** @param {number} from */
  const reopen = (from) => {
    close();
    failures = 0;
    position = from;
    open();
  };
  // At once when the network is back: a connection from before may hang for minutes.
  const online = () => reopen(position);
  addEventListener("online", online);
  addEventListener("wake", online);
  open();
  return {
    /** The number of the last line that was passed on. */
    position: () => position,
    reopen,
    close: () => {
      removeEventListener("online", online);
      removeEventListener("wake", online);
      close();
    },
  };
}
