// The host's room: it publishes what is wanted, after every reconnect too.

import { emit, newHandle } from "./events.js";
import { library } from "./library.js";
import { SLOTS, measure, syncSlot, wantedTrack } from "./published.js";

/**
 * @typedef {import("./captures.js").CaptureKind} CaptureKind
 * @typedef {import("./published.js").HostRoom} HostRoom
 */

/** @type {Map<number, HostRoom>} */
const hostRooms = new Map();

/** @type {Record<number, string>} LiveKit's DisconnectReason, the ones that matter here */
const REASONS = { 1: "left", 2: "takenOver", 4: "removed", 5: "roomClosed", 10: "roomClosed" };

/** Joins a room to publish. Emits `connected`, `reconnecting`, `reconnected`, `lost` (the library gave up: `rejoinRoom`
 * with a new token), `published`, `quality`, `uplink`. Width, height and framerate are those of the stream.
 * @param {string} url @param {string} token @param {number} width @param {number} height @param {number} framerate */
export function joinRoom(url, token, width, height, framerate) {
  const handle = newHandle();
  /** @type {HostRoom} */
  const host = {
    handle, room: null, left: false, syncing: false, again: false, timer: 0,
    wanted: new Map(), picture: { width, height, framerate }, bytes: 0, bytesAt: 0,
  };
  hostRooms.set(handle, host);
  host.timer = window.setInterval(() => measure(host), 2000);
  connectHost(host, url, token);
  return handle;
}

/** Joins the same room again with a new token. @param {number} handle @param {string} url @param {string} token */
export function rejoinRoom(handle, url, token) {
  const host = hostRooms.get(handle);
  if (host) connectHost(host, url, token);
}

/** @param {HostRoom} host @param {string} url @param {string} token */
async function connectHost(host, url, token) {
  try {
    const { Room, RoomEvent } = await library();
    const old = host.room;
    host.room = null;
    await old?.disconnect(false);
    if (host.left) return;
    const room = new Room({ adaptiveStream: false, dynacast: false, stopLocalTrackOnUnpublish: false });
    host.room = room;
    room
      .on(RoomEvent.Reconnecting, () => emit(host.handle, { type: "reconnecting" }))
      .on(RoomEvent.SignalReconnecting, () => emit(host.handle, { type: "reconnecting" }))
      .on(RoomEvent.Reconnected, () => {
        emit(host.handle, { type: "reconnected" });
        syncTracks(host);
      })
      .on(RoomEvent.ConnectionQualityChanged, (quality, participant) => {
        if (participant === room.localParticipant) emit(host.handle, { type: "quality", quality });
      })
      .on(RoomEvent.Disconnected, (reason) => {
        if (host.room !== room || host.left) return;
        host.room = null;
        emit(host.handle, { type: "lost", reason: REASONS[reason ?? 0] ?? "network" });
      });
    await room.connect(url, token, { autoSubscribe: false });
    if (host.left || host.room !== room) {
      await room.disconnect(false);
      return;
    }
    emit(host.handle, { type: "connected" });
    syncTracks(host);
  } catch (error) {
    if (host.left) return;
    emit(host.handle, { type: "lost", reason: "network" });
    console.warn("room not joined:", error instanceof Error ? error.message : "unknown");
  }
}

/** Publishes a capture from now on; capture 0 stops it.
 * @param {number} handle @param {CaptureKind} kind @param {number} capture @param {number} framerate */
export function publish(handle, kind, capture, framerate) {
  const host = hostRooms.get(handle);
  if (!host) return;
  const muted = host.wanted.get(kind)?.muted ?? false;
  if (capture === 0) host.wanted.delete(kind);
  else host.wanted.set(kind, { capture, muted, framerate });
  syncTracks(host);
}

/** @param {number} handle @param {CaptureKind} kind @param {boolean} muted */
export function setMuted(handle, kind, muted) {
  const host = hostRooms.get(handle);
  const request = host?.wanted.get(kind);
  if (!host || !request) return;
  request.muted = muted;
  const track = wantedTrack(host, kind);
  if (track && muted) track.enabled = false;
  syncTracks(host);
}

/** Leaves for good. The captures stay open: whoever opened them closes them. @param {number} handle */
export function leaveRoom(handle) {
  const host = hostRooms.get(handle);
  if (!host) return;
  host.left = true;
  clearInterval(host.timer);
  hostRooms.delete(handle);
  host.room?.disconnect(false);
}

/** Publishes what is wanted, one run at a time. @param {HostRoom} host */
async function syncTracks(host) {
  host.again = true;
  if (host.syncing) return;
  host.syncing = true;
  while (host.again && !host.left) {
    host.again = false;
    const room = host.room;
    if (!room || room.state !== "connected") break;
    const results = await Promise.allSettled(SLOTS.map((slot) => syncSlot(host, room, slot)));
    for (const result of results) {
      if (result.status === "rejected" && host.room === room) {
        console.warn("not published:", result.reason instanceof Error ? result.reason.message : "unknown");
        setTimeout(() => syncTracks(host), 2000);
      }
    }
  }
  host.syncing = false;
}
