// What a host publishes, and how.

import { captures } from "./captures.js";
import { emit } from "./events.js";
import { library } from "./library.js";

/**
 * @typedef {import("livekit-client").Room} Room
 * @typedef {import("livekit-client").LocalTrackPublication} LocalTrackPublication
 * @typedef {import("./captures.js").CaptureKind} CaptureKind
 * @typedef {"camera" | "microphone" | "screen" | "screenAudio"} Slot
 * @typedef {{ width: number, height: number, framerate: number }} Picture
 */
/**
 * A room as the host wants it. `wanted` is what should be published; `syncTracks` publishes it, after every reconnect too.
 * @typedef {{
 *   handle: number, room: Room | null, left: boolean, syncing: boolean, again: boolean, timer: number,
 *   wanted: Map<CaptureKind, { capture: number, muted: boolean, framerate: number }>, picture: Picture,
 *   bytes: number, bytesAt: number,
 * }} HostRoom
 */

/** @type {Slot[]} */
export const SLOTS = ["camera", "microphone", "screen", "screenAudio"];

/** @param {HostRoom} host @param {Slot} slot @returns {MediaStreamTrack | undefined} */
export function wantedTrack(host, slot) {
  const request = host.wanted.get(slot === "screenAudio" ? "screen" : slot);
  const stream = request && captures.get(request.capture)?.stream;
  const tracks = slot === "camera" || slot === "screen" ? stream?.getVideoTracks() : stream?.getAudioTracks();
  return tracks?.find((track) => track.readyState === "live");
}

/** @type {Record<Slot, string>} LiveKit's Track.Source */
const SOURCES = { camera: "camera", microphone: "microphone", screen: "screen_share", screenAudio: "screen_share_audio" };

/** What is published, by the library's own list: after a reconnect the library publishes again by itself.
 * @param {Room} room @param {Slot} slot @returns {LocalTrackPublication | undefined} */
function published(room, slot) {
  return [...room.localParticipant.trackPublications.values()].find((it) => it.source === SOURCES[slot] && it.track);
}

/** @param {HostRoom} host @param {Room} room @param {Slot} slot */
export async function syncSlot(host, room, slot) {
  const request = host.wanted.get(slot === "screenAudio" ? "screen" : slot);
  const track = wantedTrack(host, slot);
  const muted = request?.muted && slot !== "screenAudio";
  let current = published(room, slot);
  if (current?.track && !track) {
    // A device that is switched off keeps its muted publication: the scene then knows that it will be back.
    if (muted && !current.isMuted) await current.mute();
    if (!muted) await room.localParticipant.unpublishTrack(current.track, false);
  }
  if (!track || !request) return;
  const framerate = Math.min(request.framerate, host.picture.framerate);
  if (slot === "screen") await fit(track, { ...host.picture, framerate });
  if (current?.track && current.track.mediaStreamTrack !== track) {
    await /** @type {import("livekit-client").LocalTrack} */ (current.track).replaceTrack(track, true);
  }
  if (!current) {
    if (muted) track.enabled = false;
    current = await room.localParticipant.publishTrack(track, await publishOptions(slot, framerate));
    if (host.room !== room) return;
    emit(host.handle, { type: "published", source: slot });
  }
  if (muted && !current.isMuted) await current.mute();
  if (!muted) {
    track.enabled = true;
    if (current.isMuted) await current.unmute();
  }
}

/** The constraints applied to screens. @type {WeakMap<MediaStreamTrack, string>} */
const fitted = new WeakMap();

/** Limits a screen to the size and frame rate of the stream: more would be encoded and sent only to be scaled down. A browser that
 * cannot sends it as it is. @param {MediaStreamTrack} screen @param {Picture} picture */
async function fit(screen, { width, height, framerate }) {
  const size = `${width}x${height} at ${framerate}`;
  if (fitted.get(screen) === size) return;
  fitted.set(screen, size);
  await screen.applyConstraints({ width: { max: width }, height: { max: height }, frameRate: { ideal: framerate, max: framerate } }).catch(() => {});
}

/** @param {Slot} slot @param {number} framerate */
async function publishOptions(slot, framerate) {
  const { Track, AudioPresets } = await library();
  const video = { simulcast: false, videoCodec: /** @type {const} */ ("vp8"), degradationPreference: /** @type {const} */ ("balanced") };
  switch (slot) {
    case "camera":
      return { ...video, name: "camera", source: Track.Source.Camera, videoEncoding: { maxBitrate: 1_700_000, maxFramerate: framerate } };
    case "microphone":
      return { name: "microphone", source: Track.Source.Microphone, audioPreset: AudioPresets.music, dtx: true, red: true };
    case "screen": {
      const encoding = { maxBitrate: framerate > 30 ? 8_000_000 : 5_000_000, maxFramerate: framerate };
      return { ...video, name: "screen", source: Track.Source.ScreenShare, screenShareEncoding: encoding, videoEncoding: encoding };
    }
    case "screenAudio":
      return {
        name: "screen-audio", source: Track.Source.ScreenShareAudio,
        audioPreset: AudioPresets.musicHighQualityStereo, forceStereo: true, dtx: false, red: false,
      };
  }
}

/** Measures the upload, every 2 s. @param {HostRoom} host */
export async function measure(host) {
  const room = host.room;
  if (!room || room.state !== "connected") return;
  let bytes = 0;
  let fps = 0;
  let limit = "none";
  const picture = published(room, "screen") ? "screen" : "camera";
  for (const slot of SLOTS) {
    const report = await published(room, slot)?.track?.getRTCStatsReport().catch(() => undefined);
    report?.forEach((entry) => {
      if (entry.type !== "outbound-rtp") return;
      bytes += entry.bytesSent ?? 0;
      if (slot === picture) fps = entry.framesPerSecond ?? fps;
      if (entry.qualityLimitationReason && entry.qualityLimitationReason !== "none") limit = entry.qualityLimitationReason;
    });
  }
  const now = performance.now();
  const kbps = host.bytesAt && bytes >= host.bytes ? Math.round(((bytes - host.bytes) * 8) / (now - host.bytesAt)) : 0;
  if (host.bytesAt) emit(host.handle, { type: "uplink", kbps, fps: Math.round(fps), limit });
  host.bytes = bytes;
  host.bytesAt = now;
}
