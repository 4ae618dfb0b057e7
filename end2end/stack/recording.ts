// Examines what arrived, with ffprobe and ffmpeg: format, keyframes, pixels of decoded frames, strength of a tone.

import { run } from "./commands.ts";

export type Rgb = readonly [number, number, number];

export interface Format {
  video: { codec: string; profile: string; width: number; height: number; fps: number };
  audio: { codec: string; channels: number; sampleRate: number };
  durationS: number;
  keyframesS: number[];
}

interface Probe {
  streams: { codec_type: string; codec_name: string; profile?: string; width?: number; height?: number; channels?: number; sample_rate?: string }[];
  packets: { pts_time: string; flags: string }[];
}

async function probe(file: string, args: string[]): Promise<Probe> {
  const { stdout } = await run("ffprobe", ["-v", "error", "-of", "json", ...args, file]);
  return JSON.parse(stdout.toString()) as Probe;
}

export async function format(file: string): Promise<Format> {
  const { streams } = await probe(file, ["-show_streams"]);
  const { packets } = await probe(file, ["-select_streams", "v", "-show_entries", "packet=pts_time,flags"]);
  const video = streams.find((stream) => stream.codec_type === "video");
  const audio = streams.find((stream) => stream.codec_type === "audio");
  if (!video || !audio) throw new Error(`${file} lacks ${video ? "audio" : "video"}`);
  const times = packets.map((packet) => Number(packet.pts_time)).sort((a, b) => a - b);
  const [first = 0, last = 0] = [times[0], times.at(-1)];
  return {
    video: {
      codec: video.codec_name,
      profile: video.profile ?? "",
      width: video.width ?? 0,
      height: video.height ?? 0,
      fps: (times.length - 1) / (last - first),
    },
    audio: { codec: audio.codec_name, channels: audio.channels ?? 0, sampleRate: Number(audio.sample_rate) },
    durationS: last - first,
    keyframesS: packets.filter((packet) => packet.flags.startsWith("K")).map((packet) => Number(packet.pts_time)),
  };
}

/** The longest time without a frame, and whether time ever ran backwards, by the recording's own timestamps. */
export async function gap(file: string): Promise<{ longestS: number; atS: number; backwards: number }> {
  const { packets } = await probe(file, ["-select_streams", "v", "-show_entries", "packet=pts_time,flags"]);
  const times = packets.map((packet) => Number(packet.pts_time));
  let [longestS, atS, backwards] = [0, 0, 0];
  for (const [index, time] of times.entries()) {
    const step = time - (times[index - 1] ?? time);
    if (step < 0) backwards++;
    if (step > longestS) [longestS, atS] = [step, time];
  }
  return { longestS, atS, backwards };
}

/** The pixels of a decoded frame. */
export class Frame {
  constructor(
    readonly width: number,
    readonly height: number,
    private readonly pixels: Buffer,
  ) {}

  at(x: number, y: number): Rgb {
    const index = (Math.round(y) * this.width + Math.round(x)) * 3;
    return [this.pixels[index] ?? 0, this.pixels[index + 1] ?? 0, this.pixels[index + 2] ?? 0];
  }

  /** The share of the frame, or of one quarter of it, that has about this colour. */
  share(colour: Rgb, within: { left: number; top: number; right: number; bottom: number } = { left: 0, top: 0, right: 1, bottom: 1 }): number {
    let all = 0;
    let alike = 0;
    for (let y = within.top * this.height; y < within.bottom * this.height; y += 4) {
      for (let x = within.left * this.width; x < within.right * this.width; x += 4) {
        const pixel = this.at(Math.min(x, this.width - 1), Math.min(y, this.height - 1));
        all++;
        if (pixel.every((value, channel) => Math.abs(value - (colour[channel] ?? 0)) < 40)) alike++;
      }
    }
    return alike / all;
  }

  /** The share that looks like another frame of the same size. Compared in tiles, because encoding blurs edges and shifts colours a little. */
  alike(other: Frame): number {
    const tile = 16;
    const mean = (frame: Frame, left: number, top: number): number[] => {
      const sum = [0, 0, 0];
      for (let y = top; y < top + tile; y += 2) for (let x = left; x < left + tile; x += 2) frame.at(x, y).forEach((value, channel) => (sum[channel] = (sum[channel] ?? 0) + value));
      return sum.map((value) => value / (tile / 2) ** 2);
    };
    let [same, all] = [0, 0];
    for (let top = 0; top + tile <= this.height; top += tile) {
      for (let left = 0; left + tile <= this.width; left += tile) {
        const [own, theirs] = [mean(this, left, top), mean(other, left, top)];
        all++;
        if (own.every((value, channel) => Math.abs(value - (theirs[channel] ?? 0)) < 32)) same++;
      }
    }
    return same / all;
  }

  /** The share of a colour in each quarter: top left, top right, bottom left, bottom right. */
  quarters(colour: Rgb): number[] {
    return [0, 0.5].flatMap((top) => [0, 0.5].map((left) => this.share(colour, { left, top, right: left + 0.5, bottom: top + 0.5 })));
  }
}

/** An image file as a frame of this size. */
export async function still(file: string, width: number, height: number): Promise<Frame> {
  const { stdout } = await run("ffmpeg", ["-v", "error", "-i", file, "-vf", `scale=${width}:${height}`, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]);
  return new Frame(width, height, stdout);
}

export async function frame(file: string, atS: number): Promise<Frame> {
  const { video } = await format(file);
  const { stdout } = await run("ffmpeg", [
    ...["-v", "error", "-i", file, "-ss", String(atS), "-frames:v", "1"],
    ...["-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
  ]);
  if (stdout.length !== video.width * video.height * 3) throw new Error(`no frame at ${atS} s in ${file}`);
  return new Frame(video.width, video.height, stdout);
}

/** When at least a hundredth of the frame first differs from the frame at `fromS`; undefined if that does not happen until `toS`. */
export async function change(file: string, fromS: number, toS: number): Promise<number | undefined> {
  const [width, height] = [160, 90];
  const { video } = await format(file);
  const { stdout } = await run("ffmpeg", [
    ...["-v", "error", "-i", file, "-ss", String(fromS), "-t", String(toS - fromS)],
    ...["-vf", `scale=${width}:${height}`, "-f", "rawvideo", "-pix_fmt", "gray", "-"],
  ]);
  const [area, first] = [width * height, stdout.subarray(0, width * height)];
  for (let index = 1; index * area < stdout.length; index++) {
    const now = stdout.subarray(index * area, (index + 1) * area);
    const moved = now.reduce((sum, value, at) => sum + (Math.abs(value - (first[at] ?? 0)) > 24 ? 1 : 0), 0);
    if (moved > area / 100) return fromS + index / video.fps;
  }
  return undefined;
}

/** How strong a tone is between two times, in dB below full scale: the loudest tenth of a second counts, so a tone may pulse. */
export async function tone(file: string, hertz: number, fromS: number, toS: number): Promise<number> {
  const rate = 16_000;
  const { stdout } = await run("ffmpeg", [
    ...["-v", "error", "-i", file, "-vn", "-af", `atrim=${fromS}:${toS}`],
    ...["-ac", "1", "-ar", String(rate), "-f", "f32le", "-"],
  ]);
  const samples = new Float32Array(stdout.buffer, stdout.byteOffset, Math.floor(stdout.length / 4));
  const window = rate / 10;
  let loudest = 0;
  for (let start = 0; start + window <= samples.length; start += window) {
    loudest = Math.max(loudest, goertzel(samples.subarray(start, start + window), hertz, rate));
  }
  return 20 * Math.log10(Math.max(loudest, 1e-6));
}

/** The amplitude of one frequency. */
function goertzel(samples: Float32Array, hertz: number, rate: number): number {
  const step = (2 * Math.PI * hertz) / rate;
  let [real, imaginary] = [0, 0];
  samples.forEach((sample, index) => {
    // Hann window: a neighbouring tone must not leak in.
    const weighted = sample * (1 - Math.cos((2 * Math.PI * index) / samples.length));
    real += weighted * Math.cos(step * index);
    imaginary -= weighted * Math.sin(step * index);
  });
  return (2 * Math.hypot(real, imaginary)) / samples.length;
}

/** Integrated loudness in LUFS. */
export async function loudness(file: string): Promise<number> {
  const { stderr } = await run("ffmpeg", ["-hide_banner", "-nostats", "-i", file, "-vn", "-af", "ebur128", "-f", "null", "-"]);
  const found = [...stderr.matchAll(/I:\s+(-?[\d.]+) LUFS/g)].at(-1);
  return Number(found?.[1]);
}
