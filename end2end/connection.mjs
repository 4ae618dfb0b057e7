// Replaces the browser's own RTCPeerConnection in the room's library; vendor.mjs bundles it.
//
// For each video that may come, the library offers every format that the browser can decode, more than thirty, and about as many
// for audio. Both sides write and read all of that three times before the first frame, and prepare to receive it. One form of each
// codec is enough; as vendor.mjs also asks for fewer tracks, the offer shrinks to a third.
//
// It also finds the studio's TURN server at the studio's own port.

/** The formats that are worth offering. @param {"audio" | "video"} kind */
function formats(kind) {
  const seen = new Set();
  return (RTCRtpReceiver.getCapabilities?.(kind)?.codecs ?? []).filter(({ mimeType, sdpFmtpLine = "" }) => {
    const name = mimeType.toLowerCase();
    // LiveKit's servers send Opus, plain or with redundancy; lost video is repaired by sending it again.
    if (kind === "audio") return name === "audio/opus" || name === "audio/red";
    if (name === "video/rtx") return true;
    if (!/^video\/(vp8|vp9|h264|av1)$/.test(name) || seen.has(name)) return false;
    // The profile that everybody sends; a decoder accepts the others under its payload type too.
    const form = sdpFmtpLine.toLowerCase();
    if (name === "video/h264" && !(form.includes("packetization-mode=1") && form.includes("profile-level-id=42e0"))) return false;
    seen.add(name);
    return true;
  });
}

/** LiveKit says that its TURN server is at port 443 of the studio's host, whichever port the studio has: there it is. @param {string} url */
function atOwnPort(url) {
  const { hostname, port } = globalThis.location ?? {};
  return hostname && port && url.startsWith(`turns:${hostname}:443?`) ? url.replace(":443?", `:${port}?`) : url;
}

/** @param {RTCConfiguration} [how] @returns {RTCConfiguration | undefined} */
function reachable(how) {
  const iceServers = how?.iceServers?.map((server) => ({ ...server, urls: [server.urls].flat().map(atOwnPort) }));
  return iceServers ? { ...how, iceServers } : how;
}

class Connection extends globalThis.RTCPeerConnection {
  /** @param {RTCConfiguration} [how] */
  constructor(how) {
    super(reachable(how));
  }

  /** @override @param {RTCConfiguration} [how] */
  setConfiguration(how) {
    super.setConfiguration(reachable(how));
  }

  /** @override @param {MediaStreamTrack | string} what @param {RTCRtpTransceiverInit} [how] */
  addTransceiver(what, how) {
    const made = super.addTransceiver(what, how);
    // A kind instead of a track: this one receives.
    if (what === "audio" || what === "video") {
      const some = formats(what);
      if (some.some(({ mimeType }) => !/rtx|red$/i.test(mimeType))) made.setCodecPreferences?.(some);
    }
    return made;
  }
}

export { Connection as RTCPeerConnection };
