// The streamer's Chromium: a camera of one colour, a microphone with one tone, and a tab to share with another colour and tone.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import path from "node:path";
import { chromium, type Browser, type BrowserContext, type Page } from "@playwright/test";
import { run } from "./commands.ts";
import { type Rgb } from "./recording.ts";

export const camera: { colour: Rgb; hertz: number } = { colour: [24, 160, 64], hertz: 700 };
export const screen: { colour: Rgb; hertz: number; title: string } = { colour: [32, 64, 192], hertz: 1900, title: "Footlight test screen" };

export const chromiumProgram = process.env["FOOTLIGHT_TEST_CHROMIUM"] ?? "/usr/bin/chromium";
/** Nothing listens there: a route of Playwright's answers with the page. */
const sharedTabAddress = "http://shared-tab.localhost/";

/** What the browser itself says of an answer that is an error, and of one that never came. */
export const lostFile = /Failed to load resource/;
/** And of a server that is gone. */
export const lostServer = /Failed to load resource|WebSocket connection to \S+ failed|net::ERR_/;

const hex = (colour: Rgb): string => colour.map((value) => value.toString(16).padStart(2, "0")).join("");

export class Streamer {
  /** Errors of the pages' programs and on their consoles. A spec that leaves one it does not expect fails (test.ts). */
  readonly broken: string[] = [];

  private constructor(
    private readonly folder: string,
    private readonly browser: Browser,
    readonly context: BrowserContext,
    readonly page: Page,
  ) {
    context.on("weberror", (error) => this.broken.push(`${error.page()?.url() ?? "a page"}: ${error.error().message}`));
    context.on("console", (said) => {
      if (said.type() === "error") this.broken.push(`${said.page()?.url() ?? "a page"}: ${said.text()}`);
    });
  }

  /** Opens the browser and the tab to share; permissions are given for the studio's origin. */
  static async start(studioUrl: string, program = chromiumProgram, further: string[] = []): Promise<Streamer> {
    const folder = await mkdtemp(path.join(tmpdir(), "footlight-streamer-"));
    const picture = path.join(folder, "camera.y4m");
    const sound = path.join(folder, "microphone.wav");
    await run("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", `color=c=0x${hex(camera.colour)}:s=640x360:r=15:d=2`, "-pix_fmt", "yuv420p", picture]);
    // It pulses: the browser's noise suppression takes a steady tone for noise.
    const pulse = "volume='if(lt(mod(t,0.6),0.35),4,0)':eval=frame";
    await run("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", `sine=f=${camera.hertz}:r=48000:d=6`, "-af", pulse, "-ac", "1", sound]);
    const browser = await chromium.launch({
      executablePath: program,
      ignoreDefaultArgs: ["--mute-audio"],
      args: [
        "--use-fake-device-for-media-stream",
        `--use-file-for-fake-video-capture=${picture}`,
        `--use-file-for-fake-audio-capture=${sound}`,
        // Chooses the tab in the picker. The fake media interface would replace the tab's video.
        `--auto-select-tab-capture-source-by-title=${screen.title}`,
        "--autoplay-policy=no-user-gesture-required",
        "--allow-loopback-in-peer-connection",
        ...(userInfo().uid === 0 ? ["--no-sandbox"] : []),
        ...further,
      ],
    });
    const context = await browser.newContext({ baseURL: studioUrl, viewport: { width: 1440, height: 900 } });
    await context.grantPermissions(["camera", "microphone"], { origin: studioUrl });
    const shared = await context.newPage();
    await shared.route(sharedTabAddress, (route) => route.fulfill({ contentType: "text/html", body: sharedTabPage() }));
    await shared.goto(sharedTabAddress);
    const page = await context.newPage();
    return new Streamer(folder, browser, context, page);
  }

  /** Returns and clears the errors, without those for files that did not load. */
  brokenButForLostFiles(): string[] {
    return this.broken.splice(0).filter((error) => !error.endsWith("Failed to fetch") && !lostFile.test(error));
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** One colour and one tone. The dot keeps the picture changing, so that frames keep coming. */
function sharedTabPage(): string {
  return `<!doctype html><title>${screen.title}</title>
<body style="margin:0;background:#${hex(screen.colour)};color:#fff"><i>.</i>
<script>
  const audio = new AudioContext();
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  tone.frequency.value = ${screen.hertz};
  volume.gain.value = 0.2;
  tone.connect(volume).connect(audio.destination);
  tone.start();
  let count = 0;
  setInterval(() => (document.querySelector("i").textContent = String(count++)), 50);
</script>`;
}
