// Devices and captures.

import { emit, newHandle } from "./events.js";
import { permissionOf, watchCapture } from "./state.js";
import { attachStream } from "./video_elements.js";

/** @typedef {"camera" | "microphone" | "screen"} CaptureKind */
/** `framed`: a frame has come; only then a camera is published.
 * @typedef {{ kind: CaptureKind, stream: MediaStream | null, framed: boolean, unwatch: () => void }} Capture */

/** @type {Map<number, Capture>} */
export const captures = new Map();
/** @type {Set<number>} */
const deviceWatches = new Set();
let devicesWatched = false;

/** @type {Record<string, string>} */
const DEVICE_KINDS = { videoinput: "camera", audioinput: "microphone", audiooutput: "speaker" };

/** Emits the devices, now and whenever they change. */
export function watchDevices() {
  const handle = newHandle();
  deviceWatches.add(handle);
  if (!devicesWatched && navigator.mediaDevices) {
    devicesWatched = true;
    navigator.mediaDevices.addEventListener("devicechange", () => emitDevices());
    // Some browsers tell nothing of devices that changed while the machine slept.
    addEventListener("wake", () => emitDevices());
    for (const kind of /** @type {const} */ (["camera", "microphone"])) {
      permissionOf(kind).then((status) => status?.addEventListener("change", () => status.state === "granted" && emitDevices(kind)));
    }
  }
  emitDevices();
  return handle;
}

/** @param {number} handle */
export function unwatchDevices(handle) {
  deviceWatches.delete(handle);
}

/** @param {CaptureKind} [granted] what has just been allowed */
async function emitDevices(granted) {
  if (!navigator.mediaDevices || deviceWatches.size === 0) return;
  const found = await navigator.mediaDevices.enumerateDevices().catch(() => []);
  const devices = found
    .filter((device) => device.deviceId !== "" && device.deviceId !== "communications")
    .map((device) => ({ kind: DEVICE_KINDS[device.kind], id: device.deviceId, label: device.label }));
  for (const handle of deviceWatches) emit(handle, { devices, granted: granted ?? null });
}

/** Not every browser's errors are of one class. @param {unknown} error @returns {{ name: string, message: string }} */
function wordsOf(error) {
  const { name = "", message = "" } = /** @type {{ name?: string, message?: string }} */ (error ?? {});
  return { name: String(name), message: String(message) };
}

/** @param {unknown} error @param {CaptureKind} kind */
function failureOf(error, kind) {
  const { name, message } = wordsOf(error);
  switch (name) {
    case "SoundRefused":
      return "soundRefused";
    case "NotAllowedError":
    case "SecurityError":
      if (/system/i.test(message)) return "blockedBySystem";
      if (kind === "screen" && !/policy/i.test(message)) return "dismissed";
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
  const handle = newHandle();
  captures.set(handle, { kind, stream: null, framed: false, unwatch: () => {} });
  if (!window.isSecureContext || !navigator.mediaDevices) {
    emit(handle, { type: "failed", failure: "insecure" });
    return handle;
  }
  ask().then(
    (stream) => {
      const capture = captures.get(handle);
      const [first] = kind === "microphone" ? stream.getAudioTracks() : stream.getVideoTracks();
      if (!capture || !first) {
        stream.getTracks().forEach((track) => track.stop());
        if (capture) emit(handle, { type: "failed", failure: "notFound" });
        return;
      }
      capture.stream = stream;
      const sound = stream.getAudioTracks().length > 0 ? "present" : silent.has(stream) ? "refused" : "absent";
      emit(handle, { type: "opened", deviceId: first.getSettings().deviceId ?? "", label: first.label, sound });
      capture.unwatch = watchCapture(handle, capture, stream, first);
      // Browsers reveal device names only after the first permission.
      emitDevices();
    },
    (error) => captures.has(handle) && emit(handle, { type: "failed", failure: failureOf(error, kind) }),
  );
  return handle;
}

/** What is asked of a device besides being there. @typedef {{ deviceId?: ConstrainDOMString }} Which */

/** If the remembered device is gone, any other is opened.
 * @param {string} deviceId @param {(which: Which) => Promise<MediaStream>} ask */
async function askFor(deviceId, ask) {
  if (!deviceId) return ask({});
  try {
    return await ask({ deviceId: { exact: deviceId } });
  } catch (error) {
    if (["OverconstrainedError", "NotFoundError"].includes(wordsOf(error).name)) return ask({});
    throw error;
  }
}

/** Some devices do not start as they are wished for, and start as they are.
 * @param {"video" | "audio"} what @param {Which} which @param {MediaTrackConstraints} wishes */
async function start(what, which, wishes) {
  try {
    return await navigator.mediaDevices.getUserMedia({ [what]: { ...which, ...wishes } });
  } catch (error) {
    if (!["NotReadableError", "AbortError", "NotSupportedError"].includes(wordsOf(error).name)) throw error;
    return navigator.mediaDevices.getUserMedia({ [what]: { ...which } });
  }
}

/** @param {string} deviceId empty: any */
export function openCamera(deviceId) {
  const wishes = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
  return open("camera", () => askFor(deviceId, (which) => start("video", which, wishes)));
}

/** @param {string} deviceId empty: any */
export function openMicrophone(deviceId) {
  const wishes = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  return open("microphone", () => askFor(deviceId, (which) => start("audio", which, wishes)));
}

/** Opens a screen, window or tab, with its audio if the browser offers it. @param {number} framerate 30 or 60 */
export function openScreen(framerate) {
  return open("screen", async () => {
    /** @type {DisplayMediaStreamOptions & Record<string, unknown>} */
    const options = {
      video: { frameRate: { ideal: framerate, max: framerate }, width: { max: 1920 }, height: { max: 1080 } },
      audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: 2, sampleRate: 48000 },
      systemAudio: "include",
      surfaceSwitching: "include",
      selfBrowserSurface: "exclude",
    };
    const stream = await askForScreen(options);
    for (const track of stream.getVideoTracks()) track.contentHint = "motion";
    for (const track of stream.getAudioTracks()) track.contentHint = "music";
    return stream;
  });
}

/** The screens whose sound was refused. @type {WeakSet<MediaStream>} */
const silent = new WeakSet();
/** The next screen is asked for without sound: the browser wants a click for each question. */
let askSilently = false;

/** Asks again without sound where it is not to be had. @param {DisplayMediaStreamOptions} options */
async function askForScreen(options) {
  if (!askSilently) {
    try {
      return await navigator.mediaDevices.getDisplayMedia(options);
    } catch (error) {
      if (["NotAllowedError", "SecurityError", "InvalidStateError"].includes(wordsOf(error).name)) throw error;
    }
  }
  try {
    const stream = await navigator.mediaDevices.getDisplayMedia({ ...options, audio: false });
    silent.add(stream);
    askSilently = false;
    return stream;
  } catch (error) {
    askSilently = !askSilently && wordsOf(error).name === "InvalidStateError";
    throw askSilently ? { name: "SoundRefused" } : error;
  }
}

/** Closes a capture; the device's light goes out. @param {number} handle */
export function closeCapture(handle) {
  const capture = captures.get(handle);
  captures.delete(handle);
  capture?.unwatch();
  capture?.stream?.getTracks().forEach((track) => track.stop());
}

/** Shows a capture in a video element, now or when the element appears.
 * @param {number} capture @param {string} elementId @param {boolean} mirrored */
export function showCapture(capture, elementId, mirrored) {
  const stream = captures.get(capture)?.stream;
  if (stream) attachStream(elementId, new MediaStream(stream.getVideoTracks()), mirrored, null);
}
