// Streams in video elements.

/**
 * The stream of each video element, by element id. The element may appear later or be replaced.
 * @type {Map<string, { stream: MediaStream, mirrored: boolean, painted: (() => void) | null, watched: Element | null }>}
 */
const attached = new Map();
/** @type {MutationObserver | null} */
let observer = null;

/** @param {string} id */
function attach(id) {
  const picture = attached.get(id);
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
  const report = () => {
    const painted = picture.painted;
    picture.painted = null;
    painted?.();
  };
  element.requestVideoFrameCallback(report);
  // A hidden video is decoded but never presented. It counts as painted half a second later, or a scene that waits for its first
  // frame would wait for ever.
  const decoded = () => setTimeout(report, 500);
  if (element.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && element.videoWidth > 0) decoded();
  else element.addEventListener("loadeddata", decoded, { once: true });
}

/** @param {string} id @param {MediaStream} stream @param {boolean} mirrored @param {(() => void) | null} painted */
export function attachStream(id, stream, mirrored, painted) {
  attached.set(id, { stream, mirrored, painted, watched: null });
  if (!observer) {
    observer = new MutationObserver(() => attached.forEach((_, known) => attach(known)));
    observer.observe(document.documentElement, { childList: true, subtree: true });
  }
  attach(id);
}

/** Detaches the stream of a video element. @param {string} elementId */
export function clearPicture(elementId) {
  attached.delete(elementId);
  const element = document.getElementById(elementId);
  if (element instanceof HTMLVideoElement) element.srcObject = null;
}
