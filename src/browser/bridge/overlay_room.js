// The room of the overlay page, joined to subscribe only.

import { emit, newHandle } from "./events.js";
import { library } from "./library.js";
import { attachStream } from "./video_elements.js";

/**
 * @typedef {{
 *   handle: number, sessionId: string, recorded: boolean, fonts: boolean, pagePainted: boolean, room: boolean,
 *   connected: boolean, joinedAt: number, host: boolean,
 *   screen: { announced: boolean, muted: boolean, present: boolean, painted: boolean },
 *   camera: { announced: boolean, muted: boolean, present: boolean, painted: boolean },
 *   sounds: Map<string, HTMLMediaElement>, frames: number,
 * }} OverlayRoom
 */
/** @type {OverlayRoom | null} */
let overlayRoom = null;
let startSent = false;
let endSent = false;

/** Called before the program is loaded: reads what the server rendered and joins the room. */
export function joinEarly() {
  joinOverlayRoom();
}

/** Resolves once only the video is missing: the room is joined, or there is none.
 * @type {() => void} */
let markIdle = () => {};
const idle = new Promise((/** @type {(value: void) => void} */ done) => (markIdle = done));

/** Starts the program while the first video is on its way. Earlier it would compete for the processor with joining the room. @param {() => Promise<void>} begin */
export async function startWhenIdle(begin) {
  await Promise.race([idle, new Promise((late) => setTimeout(late, 3000))]);
  await begin();
}

/** Joins the page's room unless it is joined already. Emits the state of the media whenever it changes. */
export function joinOverlayRoom() {
  if (overlayRoom) {
    emitMedia(overlayRoom);
    return overlayRoom.handle;
  }
  /** @type {{ sessionId: string, generation: number | null, room: { url: string, token: string } | null }} */
  const set = JSON.parse(document.getElementById("overlay-snapshot")?.textContent || '{"sessionId":"","generation":null,"room":null}');
  /** @type {OverlayRoom} */
  const made = {
    handle: newHandle(), sessionId: set.sessionId, recorded: set.generation !== null, fonts: false, pagePainted: false,
    room: set.room !== null, connected: false, joinedAt: 0, host: false,
    screen: { announced: false, muted: false, present: false, painted: false },
    camera: { announced: false, muted: false, present: false, painted: false },
    sounds: new Map(), frames: 0,
  };
  overlayRoom = made;
  fontsReady().then(() => {
    made.fonts = true;
    emitMedia(made);
  });
  const count = () => {
    made.frames += 1;
    if (made.frames === 3) {
      made.pagePainted = true;
      emitMedia(made);
    } else requestAnimationFrame(count);
  };
  requestAnimationFrame(count);
  if (made.recorded) setInterval(() => sendHeartbeat(made), 2000);
  if (set.room) connectRoom(made, set.room.url, set.room.token, 0);
  else markIdle();
  return made.handle;
}

/** The scene's text is not laid out while it is hidden: without its font the browser would try other fonts, file by file, while the
 * room is being joined. So the font is loaded by the text that needs it. */
async function fontsReady() {
  if (document.readyState === "loading") await new Promise((parsed) => addEventListener("DOMContentLoaded", parsed, { once: true }));
  await document.fonts.load("1em Archivo", document.querySelector(".scene")?.textContent || "A").catch(() => {});
  await document.fonts.ready;
}

/** @param {OverlayRoom} on */
function emitMedia(on) {
  emit(on.handle, {
    fonts: on.fonts, pagePainted: on.pagePainted, room: on.room, connected: on.connected,
    joinedForMs: on.joinedAt ? Math.round(performance.now() - on.joinedAt) : null,
    host: on.host, screen: on.screen, camera: on.camera, audio: on.sounds.size > 0,
  });
}

/** @param {OverlayRoom} on @param {string} url @param {string} token @param {number} attempt */
async function connectRoom(on, url, token, attempt) {
  const again = () => setTimeout(() => connectRoom(on, url, token, attempt + 1), Math.min(500 * 2 ** attempt, 5000));
  try {
    const { Room, RoomEvent, Track } = await library();
    const room = new Room({ adaptiveStream: false, dynacast: false });
    const which = (/** @type {import("livekit-client").TrackPublication} */ publication) =>
      publication.source === Track.Source.Camera ? "camera" : "screen";
    // Only by the room's clock, which counts whole seconds: ours may differ from it too much.
    let [own, since] = [0, 0];
    const ageOf = (/** @type {import("livekit-client").Participant} */ host) => {
      const joined = Number(room.localParticipant.joinedAt ?? 0);
      if (joined !== own) [own, since] = [joined, performance.now()];
      return own + performance.now() - since - Number(host.joinedAt ?? 0);
    };
    const look = () => {
      const hosts = [...room.remoteParticipants.values()].filter((participant) => participant.identity.startsWith("host-"));
      on.host = hosts.length > 0;
      // An announcement counts only as long as the host may be about to publish; later the device may have been switched off.
      const joining = hosts.filter((host) => ageOf(host) < 5000);
      const announces = joining.flatMap((host) => (host.attributes.announces ?? "").split(","));
      const publications = hosts.flatMap((host) => [...host.trackPublications.values()]);
      const has = (/** @type {string} */ source, /** @type {boolean} */ muted) =>
        publications.some((it) => it.source === source && it.isMuted === muted);
      on.screen.announced = has(Track.Source.ScreenShare, false) || announces.includes("screen");
      on.camera.announced = has(Track.Source.Camera, false) || announces.includes("camera");
      on.screen.muted = has(Track.Source.ScreenShare, true);
      on.camera.muted = has(Track.Source.Camera, true);
      emitMedia(on);
    };
    // After the first the announcements have expired; the second allows for the rounding to whole seconds. A room that is gone has no
    // participants.
    const lookLater = () => [5020, 6020].forEach((ms) => setTimeout(() => (room.state === "connected" ? look() : emitMedia(on)), ms));
    const gone = () => {
      on.connected = false;
      on.host = false;
      for (const picture of [on.screen, on.camera]) Object.assign(picture, { announced: false, muted: false, present: false, painted: false });
      on.sounds.forEach((element) => element.remove());
      on.sounds.clear();
      emitMedia(on);
    };
    room
      .on(RoomEvent.Connected, () => markIdle())
      .on(RoomEvent.ParticipantConnected, () => {
        look();
        lookLater();
      })
      .on(RoomEvent.ParticipantDisconnected, look)
      .on(RoomEvent.TrackPublished, look)
      .on(RoomEvent.TrackUnpublished, look)
      .on(RoomEvent.TrackSubscribed, (track, publication, participant) => {
        markIdle();
        if (!participant.identity.startsWith("host-")) return;
        if (track.kind === Track.Kind.Audio) attachAudio(on, track);
        else if (!publication.isMuted) attachVideo(on, which(publication), track.mediaStreamTrack);
        look();
      })
      .on(RoomEvent.TrackUnsubscribed, (track, publication) => {
        on.sounds.get(track.sid ?? "")?.remove();
        on.sounds.delete(track.sid ?? "");
        if (track.kind === Track.Kind.Video) detachVideo(on, which(publication), track.mediaStreamTrack);
        look();
      })
      .on(RoomEvent.TrackMuted, (publication) => {
        if (publication.track?.kind === Track.Kind.Video) detachVideo(on, which(publication), publication.track.mediaStreamTrack);
        look();
      })
      .on(RoomEvent.TrackUnmuted, (publication) => {
        if (publication.track?.kind === Track.Kind.Video) attachVideo(on, which(publication), publication.track.mediaStreamTrack);
        look();
      })
      .on(RoomEvent.Reconnecting, () => {
        on.connected = false;
        emitMedia(on);
      })
      .on(RoomEvent.Reconnected, () => {
        on.connected = true;
        look();
      })
      .on(RoomEvent.Disconnected, () => {
        gone();
        again();
      });
    await room.connect(url, token, { autoSubscribe: true, maxRetries: 0 });
    attempt = 0;
    on.connected = true;
    on.joinedAt ||= performance.now();
    look();
    lookLater();
  } catch {
    markIdle();
    again();
  }
}

/** @param {OverlayRoom} on @param {"screen" | "camera"} what @param {MediaStreamTrack} track */
function attachVideo(on, what, track) {
  const picture = on[what];
  picture.present = true;
  picture.painted = false;
  attached[what] = track;
  attachStream(`${what}-video`, new MediaStream([track]), false, () => {
    if (attached[what] !== track || !picture.present) return;
    picture.painted = true;
    emitMedia(on);
  });
}

/** @type {{ screen: MediaStreamTrack | null, camera: MediaStreamTrack | null }} */
const attached = { screen: null, camera: null };

/** The element keeps its last frame: the scene changes first. @param {OverlayRoom} on @param {"screen" | "camera"} what @param {MediaStreamTrack} track */
function detachVideo(on, what, track) {
  if (attached[what] !== track) return;
  on[what].present = false;
  on[what].painted = false;
}

/** @param {OverlayRoom} on @param {import("livekit-client").RemoteTrack} track */
function attachAudio(on, track) {
  const element = track.attach();
  // A preview beside the studio would play the stream into the microphone.
  element.muted = !on.recorded;
  document.body.append(element);
  on.sounds.set(track.sid ?? "", element);
}

/** @param {OverlayRoom} on */
function sendHeartbeat(on) {
  const body = JSON.stringify({
    frames: on.frames, screen: on.screen.painted, camera: on.camera.painted, audio: on.sounds.size > 0, connected: on.connected,
  });
  fetch(`/api/streaming/heartbeat?sessionId=${encodeURIComponent(on.sessionId)}`, {
    method: "POST", headers: { "content-type": "application/json" }, body, cache: "no-store", signal: AbortSignal.timeout(5000),
  }).catch(() => {});
  // One frame between two heartbeats is enough to detect a frozen page, and every requested frame is work.
  requestAnimationFrame(() => (on.frames += 1));
}

/** Tells the egress to start, once, after the scene is painted. */
export function sendStartSignal() {
  if (startSent) return;
  startSent = true;
  // A task queued by a frame's callback runs after that frame is painted.
  requestAnimationFrame(() => setTimeout(() => console.log("START_RECORDING")));
}

/** Tells the egress that the session is over, once. */
export function sendEndSignal() {
  if (endSent) return;
  endSent = true;
  console.log("END_RECORDING");
}
