// Level meter and speaker test.

import { captures } from "./captures.js";
import { emit, newHandle } from "./events.js";

/** @type {AudioContext | null} */
let audioContext = null;

function audio() {
  if (!audioContext) {
    const context = new AudioContext();
    audioContext = context;
    // Browsers suspend audio until the first gesture.
    const wake = () => context.resume().catch(() => {});
    for (const gesture of ["pointerdown", "keydown"]) addEventListener(gesture, wake, { passive: true });
  }
  audioContext.resume().catch(() => {});
  return audioContext;
}

/** @type {Map<number, () => void>} */
const meters = new Map();

/**
 * Shows the level of a microphone in a meter, 15 times a second: `--level` (0 to 1) and `aria-valuenow` (0 to 100) of the element.
 * Emits `{heard}` when the microphone is silent for 4 s or is heard again.
 * @param {number} capture @param {string} elementId
 */
export function startMeter(capture, elementId) {
  const handle = newHandle();
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
    // -60 dB is the quiet end of the scale; like other meters, it falls more slowly than it rises.
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
