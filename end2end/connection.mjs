// Bundled into the room's library by vendor.mjs, in the stead of the browser's own class.
//
// For each picture that may come the library offers whatever the browser can decode, over thirty formats, and as much for sounds.
// Both sides write and read all of that three times before the first frame, and set up to receive it. One form of each codec is
// enough: with room for fewer (vendor.mjs) the offer is a third as long.

/** How much is worth having of what can be received. @param {"audio" | "video"} kind */
function formats(kind) {
  const seen = new Set();
  return (RTCRtpReceiver.getCapabilities?.(kind)?.codecs ?? []).filter(({ mimeType, sdpFmtpLine = "" }) => {
    const name = mimeType.toLowerCase();
    // LiveKit's servers send Opus, alone or doubled; what repairs a picture is what was lost, sent again.
    if (kind === "audio") return name === "audio/opus" || name === "audio/red";
    if (name === "video/rtx") return true;
    if (!/^video\/(vp8|vp9|h264|av1)$/.test(name) || seen.has(name)) return false;
    // The profile that everybody sends; a decoder takes the others under its number too.
    const form = sdpFmtpLine.toLowerCase();
    if (name === "video/h264" && !(form.includes("packetization-mode=1") && form.includes("profile-level-id=42e0"))) return false;
    seen.add(name);
    return true;
  });
}

class Connection extends globalThis.RTCPeerConnection {
  /** @override @param {MediaStreamTrack | string} what @param {RTCRtpTransceiverInit} [how] */
  addTransceiver(what, how) {
    const made = super.addTransceiver(what, how);
    // A kind and no track: something to receive.
    if (what === "audio" || what === "video") {
      const some = formats(what);
      if (some.some(({ mimeType }) => !/rtx|red$/i.test(mimeType))) made.setCodecPreferences?.(some);
    }
    return made;
  }
}

export { Connection as RTCPeerConnection };
