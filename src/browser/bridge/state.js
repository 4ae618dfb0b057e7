// What happens to an open capture: muted by the system, without frames, ended, permission withdrawn.

import { emit } from "./events.js";
import { watchFrames } from "./frames.js";

/** A short mute is no news: browsers mute while a device changes its format. */
const MUTED_MS = 1000;

/** Watches an open capture. Emits `trouble` (`starting`, `noPicture`, `silenced`, or null when all is well), `soundEnded`, `ended`.
 * @param {number} handle @param {import("./captures.js").Capture} capture @param {MediaStream} stream @param {MediaStreamTrack} first
 * @returns {() => void} ends it */
export function watchCapture(handle, capture, stream, first) {
  const { kind } = capture;
  /** @type {boolean | null} */
  let gives = kind === "camera" ? null : true;
  let silenced = false;
  let told = gives === null ? "starting" : "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const tell = () => {
    const trouble = silenced ? "silenced" : gives === false ? "noPicture" : gives === null ? "starting" : "";
    if (trouble !== told) emit(handle, { type: "trouble", trouble: trouble || null });
    told = trouble;
  };
  const muted = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      silenced = first.muted;
      tell();
    }, MUTED_MS);
  };
  const unmuted = () => {
    clearTimeout(timer);
    silenced = false;
    tell();
  };
  first.addEventListener("mute", muted);
  first.addEventListener("unmute", unmuted);
  if (first.muted) muted();
  const endFrames = kind === "camera" ? watchFrames(first, (now) => {
    gives = now;
    capture.framed ||= now;
    tell();
  }) : undefined;

  const sound = kind === "screen" ? stream.getAudioTracks()[0] : undefined;
  const soundEnded = () => emit(handle, { type: "soundEnded" });
  sound?.addEventListener("ended", soundEnded);

  const allowed = permission(kind);
  const ended = async () => {
    // Only what was allowed before can have been withdrawn.
    const [before, now] = [await allowed, await permission(kind)];
    emit(handle, { type: "ended", failure: before === "granted" && now !== "granted" ? "notAllowed" : "unplugged" });
  };
  first.addEventListener("ended", ended);
  return () => {
    clearTimeout(timer);
    endFrames?.();
    first.removeEventListener("mute", muted);
    first.removeEventListener("unmute", unmuted);
    first.removeEventListener("ended", ended);
    sound?.removeEventListener("ended", soundEnded);
  };
}

/** @param {import("./captures.js").CaptureKind} kind */
async function permission(kind) {
  return (await permissionOf(kind))?.state;
}

/** Not every browser answers for every kind.
 * @param {import("./captures.js").CaptureKind} kind @returns {Promise<PermissionStatus | undefined>} */
export async function permissionOf(kind) {
  if (kind === "screen") return undefined;
  try {
    return await navigator.permissions.query({ name: /** @type {PermissionName} */ (kind) });
  } catch {
    return undefined;
  }
}
