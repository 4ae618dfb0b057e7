// The program of the check page: starts the capture, joins the room, reports.

const LIBRARY = "/vendor/livekit-client-2.23.0.mjs";

// The egress starts to encode; if nobody ends the capture, the page does.
requestAnimationFrame(() => setTimeout(() => console.log("START_RECORDING")));
setTimeout(() => console.log("END_RECORDING"), 60_000);

const { ticket, url, token } = JSON.parse(document.getElementById("given")?.textContent ?? "{}");
/** @type {RTCPeerConnection[]} */
const peers = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  /** @param {RTCConfiguration} [how] */
  constructor(how) {
    super(how);
    peers.push(this);
  }
};

/** Protocol and address of the server's side of the first connection in use. */
async function path() {
  for (const peer of peers) {
    /** @type {Map<string, any>} */
    const stats = new Map();
    (await peer.getStats()).forEach((one) => stats.set(one.id, one));
    for (const one of stats.values()) {
      const pair = one.type === "transport" && stats.get(one.selectedCandidatePairId);
      const remote = pair && stats.get(pair.remoteCandidateId);
      if (remote) return `${remote.protocol} ${remote.address}:${remote.port}`;
    }
  }
  return "";
}

/** @param {"open" | "blocked" | "unreachable"} result @param {string} path */
function report(result, path) {
  const body = JSON.stringify({ result, path });
  fetch(`/stream/check?ticket=${ticket}`, { method: "POST", headers: { "content-type": "application/json" }, body }).catch(() => {});
}

/** Joins the room, and reports what came of it. */
async function join() {
  let signalled = false;
  try {
    const { Room, RoomEvent, setLogLevel } = await import(LIBRARY);
    setLogLevel("silent");
    const room = new Room({ adaptiveStream: false, dynacast: false });
    room.on(RoomEvent.SignalConnected, () => (signalled = true));
    await room.connect(url, token, { autoSubscribe: false, maxRetries: 0, peerConnectionTimeout: 8000 });
    report("open", await path());
    await room.disconnect(false);
  } catch {
    report(signalled ? "blocked" : "unreachable", "");
  }
}

void join();
