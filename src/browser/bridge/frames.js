// Whether a camera gives a picture.

/** How long without a frame until it gives none. */
const PATIENCE_MS = 3000;
const LOOK_MS = 250;
/** A page that looked so long ago stood still itself: a hidden one looks once a second. */
const STILL_MS = 2000;
/** Others may stop counting frames while the page is hidden. */
const COUNTS_HIDDEN = "MediaStreamTrackProcessor" in globalThis;

/** Tells when frames come (true) and when they do not, or not any more (false).
 * @param {MediaStreamTrack} camera @param {(gives: boolean) => void} tell @returns {() => void} ends it */
export function watchFrames(camera, tell) {
  // A copy: the published track is switched off while viewers see no camera, and would show black frames.
  const copy = camera.clone();
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.srcObject = new MediaStream([copy]);
  // A browser that does not play it counts nothing.
  let plays = true;
  video.play().catch(() => (plays = false));
  let counted = 0;
  let [countedAt, lookedAt] = [performance.now(), performance.now()];
  /** @type {boolean | null} */
  let gives = null;
  const look = () => {
    const [frames, now] = [video.getVideoPlaybackQuality().totalVideoFrames, performance.now()];
    const stoodStill = now - lookedAt > STILL_MS || (document.hidden && !COUNTS_HIDDEN);
    lookedAt = now;
    if (frames !== counted || !plays) {
      [counted, countedAt] = [frames, now];
      if (gives !== true) tell((gives = true));
    } else if (stoodStill) countedAt = now;
    else if (gives !== false && now - countedAt > PATIENCE_MS) tell((gives = false));
  };
  const timer = setInterval(look, LOOK_MS);
  video.requestVideoFrameCallback?.(look);
  return () => {
    clearInterval(timer);
    copy.stop();
    video.srcObject = null;
  };
}
