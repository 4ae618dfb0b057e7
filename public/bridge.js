// @ts-check
// The only door between the pages (Rust) and what a browser can do. This side keeps rooms, tracks, streams and timers
// under numbers; the other side holds the numbers and hears of everything through one callback. No decisions about a
// show are made here, and nothing is imported until it is used: livekit-client comes with the first room.

/**
 * @typedef {import("livekit-client").Room} Room
 * @typedef {import("livekit-client").LocalTrackPublication} LocalTrackPublication
 * What end2end/vendor.mjs bundles of it.
 * @typedef {Pick<typeof import("livekit-client"), "AudioPresets" | "Room" | "RoomEvent" | "Track" | "setLogLevel">} Library
 * @typedef {"camera" | "microphone" | "screen"} CaptureKind
 * @typedef {"camera" | "microphone" | "screen" | "screenAudio"} Slot
 */

const LIBRARY = "/vendor/livekit-client-2.23.0.mjs";

/** @type {Promise<Library> | null} */
let fetching = null;

/** @returns {Promise<Library>} */
function library() {
  fetching ??= import(LIBRARY).then(
    (/** @type {Library} */ loaded) => {
      loaded.setLogLevel("error");
      return loaded;
    },
    (error) => {
      fetching = null;
      throw error;
    },
  );
  return fetching;
}

/** Fetches the library ahead of the first room. */
export function warmUp() {
  library().catch(() => {});
}

// Events

let lastHandle = 0;
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
function emit(handle, event) {
  const json = JSON.stringify(event);
  queueMicrotask(() => {
    if (listener) listener(handle, json);
    else if (unheard.push([handle, json]) > 200) unheard.shift();
  });
}

// Pictures on the page

/**
 * Which stream hangs in which video element, by element id. The element may come later or be made anew.
 * @type {Map<string, { stream: MediaStream, mirrored: boolean, painted: (() => void) | null, watched: Element | null }>}
 */
const hung = new Map();
/** @type {MutationObserver | null} */
let wall = null;

/** @param {string} id */
function hang(id) {
  const picture = hung.get(id);
  const element = document.getElementById(id);
  if (!picture || !(element instanceof HTMLVideoElement)) return;
  if (element.srcObject !== picture.stream) {
    element.muted = true;
    element.autoplay = true;
    element.playsInline = true;
    element.srcObject = picture.stream;
    element.play().catch(() => {});
  }
  element.style.setProperty("scale", picture.mirrored ? "-1 1" : "none");
  if (picture.painted && picture.watched !== element) watchFirstFrame(picture, element);
}

/** @param {{ painted: (() => void) | null, watched: Element | null }} picture @param {HTMLVideoElement} element */
function watchFirstFrame(picture, element) {
  picture.watched = element;
  const tell = () => {
    const painted = picture.painted;
    picture.painted = null;
    painted?.();
  };
  element.requestVideoFrameCallback(tell);
  // A video that the scene does not show yet is decoded but never presented: half a second later it counts too,
  // or the scene that waits for its first frame would wait for ever.
  const decoded = () => setTimeout(tell, 500);
  if (element.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && element.videoWidth > 0) decoded();
  else element.addEventListener("loadeddata", decoded, { once: true });
}

/** @param {string} id @param {MediaStream} stream @param {boolean} mirrored @param {(() => void) | null} painted */
function show(id, stream, mirrored, painted) {
  hung.set(id, { stream, mirrored, painted, watched: null });
  if (!wall) {
    wall = new MutationObserver(() => hung.forEach((_, known) => hang(known)));
    wall.observe(document.documentElement, { childList: true, subtree: true });
  }
  hang(id);
}

/** Shows a capture's picture in a video element, now or when the element appears.
 * @param {number} capture @param {string} elementId @param {boolean} mirrored */
export function showCapture(capture, elementId, mirrored) {
  const stream = captures.get(capture)?.stream;
  if (stream) show(elementId, new MediaStream(stream.getVideoTracks()), mirrored, null);
}

/** Takes the picture out of a video element. @param {string} elementId */
export function clearPicture(elementId) {
  hung.delete(elementId);
  const element = document.getElementById(elementId);
  if (element instanceof HTMLVideoElement) element.srcObject = null;
}

// Devices and captures

/** @type {Map<number, { kind: CaptureKind, stream: MediaStream | null }>} */
const captures = new Map();
/** @type {Set<number>} */
const deviceWatches = new Set();
let devicesWatched = false;

/** @type {Record<string, string>} */
const DEVICE_KINDS = { videoinput: "camera", audioinput: "microphone", audiooutput: "speaker" };

/** Says which devices there are, now and whenever that changes. */
export function watchDevices() {
  const handle = ++lastHandle;
  deviceWatches.add(handle);
  if (!devicesWatched && navigator.mediaDevices) {
    devicesWatched = true;
    navigator.mediaDevices.addEventListener("devicechange", tellDevices);
  }
  tellDevices();
  return handle;
}

/** @param {number} handle */
export function unwatchDevices(handle) {
  deviceWatches.delete(handle);
}

async function tellDevices() {
  if (!navigator.mediaDevices || deviceWatches.size === 0) return;
  const found = await navigator.mediaDevices.enumerateDevices().catch(() => []);
  const devices = found
    .filter((device) => device.deviceId !== "" && device.deviceId !== "communications")
    .map((device) => ({ kind: DEVICE_KINDS[device.kind], id: device.deviceId, label: device.label }));
  for (const handle of deviceWatches) emit(handle, { devices });
}

/** @param {unknown} error @param {CaptureKind} kind */
function failureOf(error, kind) {
  const name = error instanceof Error || error instanceof DOMException ? error.name : "";
  const words = error instanceof Error || error instanceof DOMException ? error.message : "";
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
      if (/system/i.test(words)) return "blockedBySystem";
      if (kind === "screen" && !/policy/i.test(words)) return "dismissed";
      return "notAllowed";
    case "NotFoundError":
    case "OverconstrainedError":
      return "notFound";
    case "NotReadableError":
    case "AbortError":
      return "inUse";
    case "TypeError":
    case "NotSupportedError":
      return "unsupported";
    default:
      return "unknown";
  }
}

/** @param {CaptureKind} kind @param {() => Promise<MediaStream>} ask */
function open(kind, ask) {
  const handle = ++lastHandle;
  captures.set(handle, { kind, stream: null });
  if (!window.isSecureContext || !navigator.mediaDevices) {
    emit(handle, { type: "failed", failure: "insecure" });
    return handle;
  }
  ask().then(
    (stream) => {
      const capture = captures.get(handle);
      if (!capture) {
        stream.getTracks().forEach((track) => track.stop());
        return;
      }
      capture.stream = stream;
      const first = kind === "microphone" ? stream.getAudioTracks()[0] : stream.getVideoTracks()[0];
      first.addEventListener("ended", () => captures.has(handle) && emit(handle, { type: "ended" }));
      emit(handle, {
        type: "opened",
        deviceId: first.getSettings().deviceId ?? "",
        label: first.label,
        audio: stream.getAudioTracks().length > 0,
      });
      // Names of devices are told only after the first permission.
      tellDevices();
    },
    (error) => captures.has(handle) && emit(handle, { type: "failed", failure: failureOf(error, kind) }),
  );
  return handle;
}

/** A remembered device may be gone: then any other will do.
 * @param {string} deviceId @param {(id: ConstrainDOMString | undefined) => Promise<MediaStream>} ask */
async function askFor(deviceId, ask) {
  if (!deviceId) return ask(undefined);
  try {
    return await ask({ exact: deviceId });
  } catch (error) {
    if (error instanceof Error && (error.name === "OverconstrainedError" || error.name === "NotFoundError")) return ask(undefined);
    throw error;
  }
}

/** @param {string} deviceId empty: any */
export function openCamera(deviceId) {
  return open("camera", () =>
    askFor(deviceId, (id) =>
      navigator.mediaDevices.getUserMedia({
        video: { deviceId: id, width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } },
      }),
    ),
  );
}

/** @param {string} deviceId empty: any */
export function openMicrophone(deviceId) {
  return open("microphone", () =>
    askFor(deviceId, (id) =>
      navigator.mediaDevices.getUserMedia({
        audio: { deviceId: id, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
      }),
    ),
  );
}

/** Asks for a screen, window or tab, with its sound where the browser gives it. @param {number} framerate 30 or 60 */
export function openScreen(framerate) {
  return open("screen", async () => {
    /** @type {DisplayMediaStreamOptions & Record<string, unknown>} */
    const wish = {
      video: { frameRate: { ideal: framerate, max: framerate }, width: { max: 1920 }, height: { max: 1080 } },
      audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: 2, sampleRate: 48000 },
      systemAudio: "include",
      surfaceSwitching: "include",
      selfBrowserSurface: "exclude",
    };
    const stream = await navigator.mediaDevices.getDisplayMedia(wish);
    for (const track of stream.getVideoTracks()) track.contentHint = "motion";
    for (const track of stream.getAudioTracks()) track.contentHint = "music";
    return stream;
  });
}

/** Stops a capture: the device's light goes out. @param {number} handle */
export function closeCapture(handle) {
  const capture = captures.get(handle);
  captures.delete(handle);
  capture?.stream?.getTracks().forEach((track) => track.stop());
}

// Sound: level meter and speaker test

/** @type {AudioContext | null} */
let audioContext = null;

function audio() {
  if (!audioContext) {
    const context = new AudioContext();
    audioContext = context;
    // Browsers keep sound suspended until the first gesture.
    const wake = () => context.resume().catch(() => {});
    for (const gesture of ["pointerdown", "keydown"]) addEventListener(gesture, wake, { passive: true });
  }
  audioContext.resume().catch(() => {});
  return audioContext;
}

/** @type {Map<number, () => void>} */
const meters = new Map();

/**
 * Moves a meter with a microphone, 15 times a second: `--level` (0 to 1) and `aria-valuenow` (0 to 100) of the element.
 * Says `{heard}` when the microphone falls silent for 4 s or is heard again.
 * @param {number} capture @param {string} elementId
 */
export function startMeter(capture, elementId) {
  const handle = ++lastHandle;
  const stream = captures.get(capture)?.stream;
  if (!stream || stream.getAudioTracks().length === 0) return handle;
  const context = audio();
  const source = context.createMediaStreamSource(stream);
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let level = 0;
  let heard = true;
  let lastHeard = performance.now();
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    const decibels = 10 * Math.log10(power + 1e-10);
    // -60 dB is the quiet end of the scale; it falls slower than it rises, as meters do.
    level = Math.max(Math.min(Math.max((decibels + 60) / 60, 0), 1), level * 0.82);
    const element = document.getElementById(elementId);
    element?.style.setProperty("--level", level.toFixed(3));
    element?.setAttribute("aria-valuenow", String(Math.round(level * 100)));
    const now = performance.now();
    if (level > 0.1) lastHeard = now;
    const hears = now - lastHeard < 4000 || context.state !== "running";
    if (hears !== heard) {
      heard = hears;
      emit(handle, { heard });
    }
  }, 66);
  meters.set(handle, () => {
    clearInterval(timer);
    source.disconnect();
    const element = document.getElementById(elementId);
    element?.style.setProperty("--level", "0");
    element?.setAttribute("aria-valuenow", "0");
  });
  return handle;
}

/** @param {number} handle */
export function stopMeter(handle) {
  meters.get(handle)?.();
  meters.delete(handle);
}

/** Plays three notes. @param {string} speakerId empty: the default one */
export async function testSpeaker(speakerId) {
  const context = audio();
  if (speakerId && "setSinkId" in context) {
    await /** @type {any} */ (context).setSinkId(speakerId === "default" ? "" : speakerId).catch(() => {});
  }
  [523.25, 659.25, 783.99].forEach((frequency, index) => {
    const [oscillator, gain, at] = [context.createOscillator(), context.createGain(), context.currentTime + index * 0.22];
    oscillator.frequency.value = frequency;
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(0.25, at + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.001, at + 0.5);
    oscillator.connect(gain).connect(context.destination);
    oscillator.start(at);
    oscillator.stop(at + 0.55);
  });
}

// The host's room

/** @typedef {{ width: number, height: number, framerate: number }} Picture */
/**
 * A room as the host wants it. `wanted` is what shall be published; `settle` makes it so, over every reconnect.
 * @typedef {{
 *   handle: number, room: Room | null, left: boolean, settling: boolean, again: boolean, timer: number,
 *   wanted: Map<CaptureKind, { capture: number, muted: boolean, framerate: number }>, picture: Picture,
 *   bytes: number, bytesAt: number,
 * }} HostRoom
 */
/** @type {Map<number, HostRoom>} */
const hostRooms = new Map();

/** @type {Slot[]} */
const SLOTS = ["camera", "microphone", "screen", "screenAudio"];
/** @type {Record<number, string>} LiveKit's DisconnectReason, the ones that matter here */
const REASONS = { 1: "left", 2: "takenOver", 4: "removed", 5: "roomClosed", 10: "roomClosed" };

/** Joins a room to publish. Says `connected`, `reconnecting`, `reconnected`, `lost` (the library gave up: `rejoinRoom`
 * with a fresh token), `published`, `quality`, `uplink`. Width, height and framerate are those of the picture that viewers get.
 * @param {string} url @param {string} token @param {number} width @param {number} height @param {number} framerate */
export function joinRoom(url, token, width, height, framerate) {
  const handle = ++lastHandle;
  /** @type {HostRoom} */
  const host = {
    handle, room: null, left: false, settling: false, again: false, timer: 0,
    wanted: new Map(), picture: { width, height, framerate }, bytes: 0, bytesAt: 0,
  };
  hostRooms.set(handle, host);
  host.timer = setInterval(() => measure(host), 2000);
  connectHost(host, url, token);
  return handle;
}

/** Joins the same room again with a fresh token. @param {number} handle @param {string} url @param {string} token */
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
        settle(host);
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
    settle(host);
  } catch (error) {
    if (host.left) return;
    emit(host.handle, { type: "lost", reason: "network" });
    console.warn("room not joined:", error instanceof Error ? error.message : "unknown");
  }
}

/** What shall be published from now on; capture 0 takes it away.
 * @param {number} handle @param {CaptureKind} kind @param {number} capture @param {number} framerate */
export function publish(handle, kind, capture, framerate) {
  const host = hostRooms.get(handle);
  if (!host) return;
  const muted = host.wanted.get(kind)?.muted ?? false;
  if (capture === 0) host.wanted.delete(kind);
  else host.wanted.set(kind, { capture, muted, framerate });
  settle(host);
}

/** @param {number} handle @param {CaptureKind} kind @param {boolean} muted */
export function setMuted(handle, kind, muted) {
  const host = hostRooms.get(handle);
  const wish = host?.wanted.get(kind);
  if (!host || !wish) return;
  wish.muted = muted;
  const track = wantedTrack(host, kind);
  if (track && muted) track.enabled = false;
  settle(host);
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

/** @param {HostRoom} host @param {Slot} slot @returns {MediaStreamTrack | undefined} */
function wantedTrack(host, slot) {
  const wish = host.wanted.get(slot === "screenAudio" ? "screen" : slot);
  const stream = wish && captures.get(wish.capture)?.stream;
  const tracks = slot === "camera" || slot === "screen" ? stream?.getVideoTracks() : stream?.getAudioTracks();
  return tracks?.find((track) => track.readyState === "live");
}

/** Brings what is published to what is wanted, one run at a time. @param {HostRoom} host */
async function settle(host) {
  host.again = true;
  if (host.settling) return;
  host.settling = true;
  while (host.again && !host.left) {
    host.again = false;
    const room = host.room;
    if (!room || room.state !== "connected") break;
    announce(host, room);
    const results = await Promise.allSettled(SLOTS.map((slot) => settleSlot(host, room, slot)));
    for (const result of results) {
      if (result.status === "rejected" && host.room === room) {
        console.warn("not published:", result.reason instanceof Error ? result.reason.message : "unknown");
        setTimeout(() => settle(host), 2000);
      }
    }
  }
  host.settling = false;
}

/** Tells the composite what to wait for, where the token allows it. @param {HostRoom} host @param {Room} room */
function announce(host, room) {
  const announces = SLOTS.filter((slot) => wantedTrack(host, slot)).join(",");
  if (room.localParticipant.attributes.announces !== announces) {
    room.localParticipant.setAttributes({ announces }).catch(() => {});
  }
}

/** @type {Record<Slot, string>} LiveKit's Track.Source */
const SOURCES = { camera: "camera", microphone: "microphone", screen: "screen_share", screenAudio: "screen_share_audio" };

/** What is published, as the library has it: after a reconnect it has published by itself.
 * @param {Room} room @param {Slot} slot @returns {LocalTrackPublication | undefined} */
function published(room, slot) {
  return [...room.localParticipant.trackPublications.values()].find((it) => it.source === SOURCES[slot] && it.track);
}

/** @param {HostRoom} host @param {Room} room @param {Slot} slot */
async function settleSlot(host, room, slot) {
  const wish = host.wanted.get(slot === "screenAudio" ? "screen" : slot);
  const track = wantedTrack(host, slot);
  const muted = wish?.muted && slot !== "screenAudio";
  let current = published(room, slot);
  if (current?.track && !track) {
    // A device that is switched off leaves its muted publication: it tells the picture that it will be back.
    if (muted && !current.isMuted) await current.mute();
    if (!muted) await room.localParticipant.unpublishTrack(current.track, false);
  }
  if (!track || !wish) return;
  const framerate = Math.min(slot === "camera" ? 30 : wish.framerate, host.picture.framerate);
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

/** To what screens were fitted. @type {WeakMap<MediaStreamTrack, string>} */
const fitted = new WeakMap();

/** Makes a screen no larger than the picture that it is shown in, and no faster: more would be encoded, sent, decoded and made
 * smaller again. A browser that cannot sends it as it is. @param {MediaStreamTrack} screen @param {Picture} picture */
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

/** What really goes up, every 2 s. @param {HostRoom} host */
async function measure(host) {
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

/** Asks whether LiveKit answers; says `{ms}` or `{ms: null}`. @param {string} url ws:// or wss:// */
export function probe(url) {
  const handle = ++lastHandle;
  (async () => {
    const address = url.replace(/^ws/, "http");
    /** @type {number | null} */
    let ms = null;
    // The first answer pays for the connection; the second is the way there and back.
    for (let round = 0; round < 2; round += 1) {
      const asked = performance.now();
      try {
        await fetch(address, { mode: "no-cors", cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(5000) });
        ms = Math.max(1, Math.round(performance.now() - asked));
      } catch {
        ms = null;
      }
    }
    emit(handle, { ms });
  })();
  return handle;
}

// The composite's stage

/**
 * @typedef {{
 *   handle: number, sessionId: string, recorded: boolean, fonts: boolean, pagePainted: boolean, room: boolean,
 *   connected: boolean, joinedAt: number, host: boolean,
 *   screen: { announced: boolean, muted: boolean, present: boolean, painted: boolean },
 *   camera: { announced: boolean, muted: boolean, present: boolean, painted: boolean },
 *   sounds: Map<string, HTMLMediaElement>, frames: number,
 * }} Stage
 */
/** @type {Stage | null} */
let stage = null;
let startSaid = false;
let endSaid = false;

/** Called by the composite page before its program is loaded: reads what the server rendered and joins the room. */
export function earlyStage() {
  enterStage();
}

/** Settled as soon as there is nothing to do but to wait for pictures: the room is joined, or need not be.
 * @type {() => void} */
let atLeisure = () => {};
const leisure = new Promise((/** @type {(value: void) => void} */ done) => (atLeisure = done));

/** The composite's program: compiled and begun while the first pictures are on their way, and not before, where it would
 * compete for the processor with what brings them. @param {() => Promise<void>} begin */
export async function onStage(begin) {
  await Promise.race([leisure, new Promise((late) => setTimeout(late, 3000))]);
  await begin();
}

/** The page's one stage, begun now if it was not before. Says its media facts whenever they change. */
export function enterStage() {
  if (stage) {
    tellStage(stage);
    return stage.handle;
  }
  /** @type {{ sessionId: string, generation: number | null, room: { url: string, token: string } | null }} */
  const set = JSON.parse(document.getElementById("stage")?.textContent || '{"sessionId":"","generation":null,"room":null}');
  /** @type {Stage} */
  const made = {
    handle: ++lastHandle, sessionId: set.sessionId, recorded: set.generation !== null, fonts: false, pagePainted: false,
    room: set.room !== null, connected: false, joinedAt: 0, host: false,
    screen: { announced: false, muted: false, present: false, painted: false },
    camera: { announced: false, muted: false, present: false, painted: false },
    sounds: new Map(), frames: 0,
  };
  stage = made;
  lettered().then(() => {
    made.fonts = true;
    tellStage(made);
  });
  const count = () => {
    made.frames += 1;
    if (made.frames === 3) {
      made.pagePainted = true;
      tellStage(made);
    }
    // Then a sample is enough to tell a page that lives from one that is frozen, and every frame asked for is work.
    if (made.frames < 3) requestAnimationFrame(count);
    else setTimeout(() => requestAnimationFrame(count), 200);
  };
  requestAnimationFrame(count);
  if (made.recorded) setInterval(() => beat(made), 2000);
  if (set.room) joinStage(made, set.room.url, set.room.token, 0);
  else atLeisure();
  return made.handle;
}

/** Fonts are asked for by stylesheets, and this may run before those are there: only after the load is `ready` the truth. */
async function lettered() {
  if (document.readyState !== "complete") await new Promise((loaded) => addEventListener("load", loaded, { once: true }));
  await document.fonts.ready;
}

/** @param {Stage} on */
function tellStage(on) {
  emit(on.handle, {
    fonts: on.fonts, pagePainted: on.pagePainted, room: on.room, connected: on.connected,
    joinedForMs: on.joinedAt ? Math.round(performance.now() - on.joinedAt) : null,
    host: on.host, screen: on.screen, camera: on.camera, audio: on.sounds.size > 0,
  });
}

/** @param {Stage} on @param {string} url @param {string} token @param {number} attempt */
async function joinStage(on, url, token, attempt) {
  const again = () => setTimeout(() => joinStage(on, url, token, attempt + 1), Math.min(500 * 2 ** attempt, 5000));
  try {
    const { Room, RoomEvent, Track } = await library();
    const room = new Room({ adaptiveStream: false, dynacast: false });
    const look = () => {
      const hosts = [...room.remoteParticipants.values()].filter((participant) => participant.identity.startsWith("host-"));
      on.host = hosts.length > 0;
      const announces = hosts.flatMap((host) => (host.attributes.announces ?? "").split(","));
      const publications = hosts.flatMap((host) => [...host.trackPublications.values()]);
      const has = (/** @type {string} */ source, /** @type {boolean} */ muted) =>
        publications.some((it) => it.source === source && it.isMuted === muted);
      on.screen.announced = has(Track.Source.ScreenShare, false) || announces.includes("screen");
      on.camera.announced = has(Track.Source.Camera, false) || announces.includes("camera");
      on.screen.muted = has(Track.Source.ScreenShare, true);
      on.camera.muted = has(Track.Source.Camera, true);
      tellStage(on);
    };
    const gone = () => {
      on.connected = false;
      on.host = false;
      for (const picture of [on.screen, on.camera]) Object.assign(picture, { announced: false, muted: false, present: false, painted: false });
      on.sounds.forEach((element) => element.remove());
      on.sounds.clear();
      tellStage(on);
    };
    room
      .on(RoomEvent.Connected, () => atLeisure())
      .on(RoomEvent.ParticipantConnected, look)
      .on(RoomEvent.ParticipantDisconnected, look)
      .on(RoomEvent.ParticipantAttributesChanged, look)
      .on(RoomEvent.TrackPublished, look)
      .on(RoomEvent.TrackUnpublished, look)
      .on(RoomEvent.TrackSubscribed, (track, publication, participant) => {
        atLeisure();
        if (!participant.identity.startsWith("host-")) return;
        if (track.kind === Track.Kind.Audio) hear(on, track);
        else if (!publication.isMuted) see(on, publication.source === Track.Source.Camera ? "camera" : "screen", track.mediaStreamTrack);
        look();
      })
      .on(RoomEvent.TrackUnsubscribed, (track, publication) => {
        on.sounds.get(track.sid ?? "")?.remove();
        on.sounds.delete(track.sid ?? "");
        if (track.kind === Track.Kind.Video) unsee(on, publication.source === Track.Source.Camera ? "camera" : "screen", track.mediaStreamTrack);
        look();
      })
      .on(RoomEvent.TrackMuted, (publication) => {
        if (publication.track?.kind === Track.Kind.Video) unsee(on, publication.source === Track.Source.Camera ? "camera" : "screen", publication.track.mediaStreamTrack);
        look();
      })
      .on(RoomEvent.TrackUnmuted, (publication) => {
        if (publication.track?.kind === Track.Kind.Video) see(on, publication.source === Track.Source.Camera ? "camera" : "screen", publication.track.mediaStreamTrack);
        look();
      })
      .on(RoomEvent.Reconnecting, () => {
        on.connected = false;
        tellStage(on);
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
    if (!on.joinedAt) {
      on.joinedAt = performance.now();
      setTimeout(() => tellStage(on), 5020);
    }
    look();
  } catch {
    atLeisure();
    again();
  }
}

/** @param {Stage} on @param {"screen" | "camera"} what @param {MediaStreamTrack} track */
function see(on, what, track) {
  const picture = on[what];
  picture.present = true;
  picture.painted = false;
  seen[what] = track;
  show(`${what}-video`, new MediaStream([track]), false, () => {
    if (seen[what] !== track || !picture.present) return;
    picture.painted = true;
    tellStage(on);
  });
}

/** @type {{ screen: MediaStreamTrack | null, camera: MediaStreamTrack | null }} */
const seen = { screen: null, camera: null };

/** The element keeps its last frame: the scene changes first. @param {Stage} on @param {"screen" | "camera"} what @param {MediaStreamTrack} track */
function unsee(on, what, track) {
  if (seen[what] !== track) return;
  on[what].present = false;
  on[what].painted = false;
}

/** @param {Stage} on @param {import("livekit-client").RemoteTrack} track */
function hear(on, track) {
  const element = track.attach();
  // A preview beside the Studio would play the show back into the microphone.
  element.muted = !on.recorded;
  document.body.append(element);
  on.sounds.set(track.sid ?? "", element);
}

/** @param {Stage} on */
function beat(on) {
  const body = JSON.stringify({
    frames: on.frames, screen: on.screen.painted, camera: on.camera.painted, audio: on.sounds.size > 0, connected: on.connected,
  });
  fetch(`/api/streaming/heartbeat?sessionId=${encodeURIComponent(on.sessionId)}`, {
    method: "POST", headers: { "content-type": "application/json" }, body, cache: "no-store", signal: AbortSignal.timeout(5000),
  }).catch(() => {});
}

/** Tells the egress to begin, once, after the scene that made it possible is painted. */
export function sayStartRecording() {
  if (startSaid) return;
  startSaid = true;
  // A task that a frame's own callback asks for runs when that frame has been painted.
  requestAnimationFrame(() => setTimeout(() => console.log("START_RECORDING")));
}

/** Tells the egress that the show is over, once. */
export function sayEndRecording() {
  if (endSaid) return;
  endSaid = true;
  console.log("END_RECORDING");
}

// The feed

/** @type {Map<number, () => void>} */
const feeds = new Map();

/**
 * Reads a feed of server-sent events for ever, from `after` on, over every loss. Says `{event, seq, data}` for each
 * named event, and `{event: "connection", seq, data: "open" | "lost"}`.
 * @param {string} path with its query, without `after` @param {number} after @param {string} names comma-separated
 */
export function openFeed(path, after, names) {
  const handle = ++lastHandle;
  let seq = after;
  let failures = 0;
  let open = false;
  /** @type {EventSource | null} */
  let source = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let silence;
  const connect = () => {
    const made = new EventSource(`${path}${path.includes("?") ? "&" : "?"}after=${seq}`);
    source = made;
    // The server pings every 10 s: a half-dead connection, or one that hangs at its beginning, looks alive to an EventSource.
    const alive = () => {
      clearTimeout(silence);
      silence = setTimeout(lost, 25_000);
    };
    const lost = () => {
      made.close();
      clearTimeout(silence);
      if (source !== made) return;
      source = null;
      if (open) emit(handle, { event: "connection", seq, data: "lost" });
      open = false;
      timer = setTimeout(connect, Math.min(500 * 2 ** failures, 10_000));
      failures += 1;
    };
    alive();
    made.addEventListener("open", () => {
      failures = 0;
      open = true;
      emit(handle, { event: "connection", seq, data: "open" });
    });
    made.addEventListener("ping", alive);
    made.addEventListener("error", lost);
    for (const name of names.split(",")) {
      made.addEventListener(name, (event) => {
        alive();
        const told = Number(event.lastEventId);
        if (event.lastEventId !== "" && Number.isFinite(told)) seq = told;
        emit(handle, { event: name, seq, data: event.data });
      });
    }
  };
  // A network that comes back is tried at once; what was open before it went may hang for minutes.
  const online = () => {
    clearTimeout(timer);
    clearTimeout(silence);
    source?.close();
    failures = 0;
    connect();
  };
  globalThis.addEventListener("online", online);
  connect();
  feeds.set(handle, () => {
    const last = source;
    source = null;
    last?.close();
    globalThis.removeEventListener("online", online);
    clearTimeout(timer);
    clearTimeout(silence);
  });
  return handle;
}

/** @param {number} handle */
export function closeFeed(handle) {
  feeds.get(handle)?.();
  feeds.delete(handle);
}

// The page itself

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
  if (link.pathname === location.pathname || confirm("You are on air. Leave the studio? The show ends soon after.")) return;
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

/** Keeps the screen from going dark in mid-show, where the browser can. @param {boolean} on */
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

/** A name for one click, so that its repetition is not a second show. */
export function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * One call of the HTTP API, as its page tries it. An endless answer is told by its beginning.
 * @param {string} method @param {string} path @param {string} key @param {string} body
 */
export async function callApi(method, path, key, body) {
  /** @type {Record<string, string>} */
  const headers = {};
  if (key) headers.authorization = `Bearer ${key}`;
  if (body) headers["content-type"] = "application/json";
  try {
    const answer = await fetch(path, { method, headers, body: body || undefined, credentials: key ? "omit" : "same-origin" });
    const kind = answer.headers.get("content-type") ?? "";
    let text = "";
    if (kind.startsWith("text/event-stream")) {
      const reader = answer.body?.getReader();
      text = new TextDecoder().decode((await reader?.read())?.value);
      await reader?.cancel();
    } else if (kind.startsWith("application/json")) {
      text = JSON.stringify(await answer.json(), null, 2);
    } else if (kind.startsWith("text/") || kind.includes("mpegurl")) {
      text = await answer.text();
    }
    return `${answer.status} ${answer.statusText}\n${text}`;
  } catch (error) {
    return `The call did not get through: ${error}`;
  }
}
