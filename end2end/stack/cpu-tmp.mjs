// cpu-tmp.ts
import { readFileSync as readFileSync2 } from "node:fs";

// stack/sink.ts
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer as createServer2 } from "node:http";
import { tmpdir, userInfo } from "node:os";
import path2 from "node:path";

// stack/ports.ts
import { createServer } from "node:net";
function bind(port) {
  return new Promise((resolve) => {
    const server2 = createServer();
    server2.once("error", () => resolve(void 0));
    server2.listen(port, "127.0.0.1", () => {
      server2.close(() => resolve(port));
    });
  });
}
async function freePorts(count) {
  for (let attempt = 0; attempt < 200; attempt++) {
    const base2 = 12e3 + Math.floor(Math.random() * 18e3);
    const free = await Promise.all(Array.from({ length: count }, (_, index) => bind(base2 + index)));
    if (free.every((port) => port !== void 0)) return base2;
  }
  throw new Error(`no ${count} free ports in a row`);
}

// stack/commands.ts
import path from "node:path";
import { fileURLToPath } from "node:url";
import { execFile, spawn } from "node:child_process";
var root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
function run(program2, args) {
  return runWith(program2, args, process.env);
}
function runWith(program2, args, env2) {
  return new Promise((resolve, reject) => {
    execFile(program2, args, { encoding: "buffer", maxBuffer: 256 * 1024 * 1024, env: env2, cwd: root }, (error, stdout, stderr) => {
      const output = stderr.toString();
      if (error) reject(new Error(`${program2} failed: ${error.message}
${output.slice(-2e3)}`));
      else resolve({ stdout, stderr: output });
    });
  });
}
async function end(child, limitMs) {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = new Promise((resolve) => child.once("exit", (code2) => resolve(code2)));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), limitMs);
  const code = await ended;
  clearTimeout(timer);
  return code;
}

// stack/wait.ts
var sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
async function until(what2, ask, limitMs = 1e4, everyMs = 100) {
  const deadline = Date.now() + limitMs;
  let last;
  for (; ; ) {
    try {
      const answer = await ask();
      if (answer !== void 0 && answer !== null && answer !== false) return answer;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`${what2}: not within ${limitMs} ms`, { cause: last });
    await sleep(everyMs);
  }
}

// stack/sink.ts
var Sink = class _Sink {
  constructor(folder, rtmpPort, statPort, auth, nginx) {
    this.folder = folder;
    this.statPort = statPort;
    this.auth = auth;
    this.nginx = nginx;
    this.hostPort = `127.0.0.1:${rtmpPort}`;
    this.url = `rtmp://${this.hostPort}/live`;
  }
  folder;
  statPort;
  auth;
  nginx;
  /** The address as a streamer enters it. */
  url;
  hostPort;
  /** Stream keys that were offered, in order, with when. */
  offered = [];
  refused = /* @__PURE__ */ new Set();
  static async start() {
    const folder = await mkdtemp(path2.join(tmpdir(), "footlight-sink-"));
    await mkdir(path2.join(folder, "recordings"));
    for (let attempt = 1; ; attempt++) {
      const base2 = await freePorts(2);
      const sink2 = await _Sink.open(folder, base2, base2 + 1);
      try {
        await sink2.untilUp("the RTMP sink starts");
        return sink2;
      } catch (error) {
        await sink2.stop(attempt < 3);
        if (attempt === 3) throw error;
      }
    }
  }
  static async open(folder, rtmpPort, statPort) {
    let sink2;
    const auth = createServer2((request, answer) => {
      const key = new URL(request.url ?? "/", "http://auth").searchParams.get("name") ?? "";
      const accepted = !sink2?.refused.has(key);
      sink2?.offered.push({ key, at: Date.now(), accepted });
      answer.writeHead(accepted ? 200 : 403).end();
    });
    await new Promise((resolve) => auth.listen(0, "127.0.0.1", resolve));
    const { port: authPort } = auth.address();
    await writeFile(path2.join(folder, "nginx.conf"), configuration(folder, rtmpPort, statPort, authPort));
    sink2 = new _Sink(folder, rtmpPort, statPort, auth, server(folder));
    return sink2;
  }
  /** From now on this key is refused, as a platform refuses a wrong one. */
  refuse(key) {
    this.refused.add(key);
  }
  /** Stops the server. */
  async goDown() {
    await end(this.nginx, 5e3);
  }
  /** Starts it again with the same folder. */
  async comeBack() {
    this.nginx = server(this.folder);
    await this.untilUp("the RTMP sink is back");
  }
  /** What is being published under a key, if anything. */
  async live(key) {
    const xml = await this.stat();
    for (const [stream] of xml.matchAll(/<stream>[\s\S]*?<\/stream>/g)) {
      const value = (tag) => new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(stream)?.[1] ?? "";
      if (value("name") === key && stream.includes("<publishing/>")) return { timeMs: Number(value("time")), bytesIn: Number(value("bytes_in")) };
    }
    return void 0;
  }
  /** The recordings of a key, oldest first. */
  async recordings(key) {
    const files = await readdir(path2.join(this.folder, "recordings"));
    return files.filter((file) => file.startsWith(`${key}-`)).sort().map((file) => path2.join(this.folder, "recordings", file));
  }
  async stop(keep = false) {
    await end(this.nginx, 5e3);
    await new Promise((resolve) => this.auth.close(resolve));
    if (!keep) await rm(this.folder, { recursive: true, force: true });
  }
  /** nginx gives up by itself when it cannot have its ports; then there is nothing to wait for. */
  async untilUp(what2) {
    const { nginx } = this;
    const up = await until(what2, () => nginx.exitCode === null ? this.stat() : "ended", 3e4);
    if (up === "ended") throw new Error(`${what2}: nginx ended with ${nginx.exitCode}: ${await readFile(path2.join(this.folder, "error.log"), "utf8")}`);
  }
  async stat() {
    const answer = await fetch(`http://127.0.0.1:${this.statPort}/stat`);
    if (!answer.ok) throw new Error(`the sink's /stat answers ${answer.status}: ${await readFile(path2.join(this.folder, "error.log"), "utf8")}`);
    return answer.text();
  }
};
function server(folder) {
  return spawn("nginx", ["-c", path2.join(folder, "nginx.conf"), "-p", folder, "-e", path2.join(folder, "error.log")], {
    stdio: "ignore",
    env: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin` }
  });
}
function configuration(folder, rtmpPort, statPort, authPort) {
  const user = userInfo().uid === 0 ? "user root;" : "";
  return `${user}
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log info;
load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
events { worker_connections 128; }
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  server { listen 127.0.0.1:${statPort}; location /stat { rtmp_stat all; } }
}
rtmp {
  access_log off;
  server {
    listen 127.0.0.1:${rtmpPort};
    application live {
      live on;
      record all; record_path ${folder}/recordings; record_unique on;
      notify_method get;
      on_publish http://127.0.0.1:${authPort}/auth;
    }
  }
}
`;
}

// stack/studio.ts
import { createHash } from "node:crypto";
import { mkdtemp as mkdtemp2, readFile as readFile2, rm as rm2 } from "node:fs/promises";
import { existsSync } from "node:fs";
import { homedir, tmpdir as tmpdir2 } from "node:os";
import path3 from "node:path";
import { EgressClient, EgressStatus, RoomServiceClient, TrackSource } from "livekit-server-sdk";
import { kill } from "node:process";

// stack/processes.ts
import { readFileSync, readdirSync } from "node:fs";
function processes() {
  const found = [];
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = read(`/proc/${entry}/stat`);
    const end2 = stat.lastIndexOf(")");
    if (end2 < 0) continue;
    const fields = stat.slice(end2 + 2).split(" ");
    if (fields[0] === "Z") continue;
    found.push({ pid: Number(entry), name: stat.slice(stat.indexOf("(") + 1, end2), parent: Number(fields[1]), startedAt: fields[19] ?? "" });
  }
  return found;
}
function descendants(root2) {
  const all = processes();
  const found = [];
  const parents = [root2];
  for (let parent = parents.pop(); parent !== void 0; parent = parents.pop()) {
    for (const child of all.filter((process2) => process2.parent === parent)) {
      found.push(child);
      parents.push(child.pid);
    }
  }
  return found;
}
function stillRunning(known) {
  const now = new Set(processes().map((process2) => `${process2.pid}/${process2.startedAt}`));
  return [...known].filter((process2) => now.has(`${process2.pid}/${process2.startedAt}`));
}
function argumentsOf(process2) {
  return read(`/proc/${process2.pid}/cmdline`).split("\0");
}
function read(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

// stack/studio.ts
var cache = path3.join(process.env["XDG_CACHE_HOME"] ?? path3.join(homedir(), ".cache"), "footlight");
var target = process.env["CARGO_TARGET_DIR"] ?? path3.join(cache, "target");
var program = process.env["FOOTLIGHT_PROGRAM"] ?? path3.join(target, "debug/footlight");
var Studio = class _Studio {
  constructor(data, base2, up, output) {
    this.data = data;
    this.base = base2;
    this.up = up;
    this.output = output;
    this.url = `http://127.0.0.1:${base2}`;
    this.watching = setInterval(() => this.look(), 250);
  }
  data;
  base;
  up;
  output;
  url;
  /** Everything that was ever seen running below `footlight up`. */
  seen = /* @__PURE__ */ new Map();
  watching;
  secrets = {};
  static async start(options) {
    if (!existsSync(program)) throw new Error(`${program} is missing: run make test, or scripts/build.sh`);
    const data = await mkdtemp2(path3.join(tmpdir2(), "footlight-studio-"));
    const base2 = await freePorts(7);
    const output = [];
    const up = spawn(program, ["up"], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...surroundings(),
        FOOTLIGHT_SITE: path3.join(root, "target/site"),
        FOOTLIGHT_DATA: data,
        FOOTLIGHT_PORT_BASE: String(base2),
        FOOTLIGHT_ALLOW_PRIVATE_DESTINATIONS: options.allow.join(","),
        ...options.env
      }
    });
    for (const pipe of [up.stdout, up.stderr]) pipe?.on("data", (text) => output.push(text.toString()));
    const studio2 = new _Studio(data, base2, up, output);
    try {
      await until(
        "the studio starts",
        () => {
          if (up.exitCode !== null) return "ended";
          return output.join("").includes("Footlight is up at") && "up";
        },
        1e5
      );
      if (up.exitCode !== null) throw new Error("footlight up ended");
    } catch (error) {
      await studio2.stop();
      throw new Error(`${String(error)}
${output.join("")}`);
    }
    const kept = await readFile2(path3.join(data, "secrets.env"), "utf8");
    for (const [, name, value] of kept.matchAll(/^([A-Z_]+)=(.*)$/gm)) studio2.secrets[name ?? ""] = value ?? "";
    return studio2;
  }
  get pid() {
    return this.up.pid ?? 0;
  }
  /** Where its captures have their private folders: named by the data folder, outside of it. */
  get scratch() {
    return path3.join(tmpdir2(), `footlight-egress-${createHash("sha256").update(path3.join(this.data, "egress")).digest("hex").slice(0, 12)}`);
  }
  /** What a browser reaches: the pages, and the media server by socket, TCP and UDP. */
  get ports() {
    return { tcp: [this.base, this.base + 4, this.base + 5], udp: [this.base + 6] };
  }
  /** The one-time link of the first start. */
  firstSignIn() {
    return /First sign-in.*: (\S+)/.exec(this.output.join(""))?.[1];
  }
  /** The media server's address, for browsers. */
  get mediaUrl() {
    return `ws://127.0.0.1:${this.base + 4}`;
  }
  /** The rooms that LiveKit has now. */
  async rooms() {
    return (await this.media().listRooms()).map((room) => room.name);
  }
  /** The size of the screen that is shared in the one room there is, as it is sent. */
  async sharedScreen() {
    const [room = ""] = await this.rooms();
    const tracks = (await this.media().listParticipants(room)).flatMap((participant) => participant.tracks);
    return tracks.find((track) => track.source === TrackSource.SCREEN_SHARE);
  }
  media() {
    return new RoomServiceClient(`http://127.0.0.1:${this.base + 4}`, this.secret("LIVEKIT_API_KEY"), this.secret("LIVEKIT_API_SECRET"));
  }
  /** The egresses that are not over. */
  async egresses() {
    const client = new EgressClient(`http://127.0.0.1:${this.base + 3}`, this.secret("LIVEKIT_API_KEY"), this.secret("LIVEKIT_API_SECRET"));
    const over = [EgressStatus.EGRESS_COMPLETE, EgressStatus.EGRESS_FAILED, EgressStatus.EGRESS_ABORTED, EgressStatus.EGRESS_LIMIT_REACHED];
    return (await client.listEgress()).filter((egress) => !over.includes(egress.status)).map((egress) => egress.egressId);
  }
  /** The process of a role, now: `serve`, `relay`, `egress` or `livekit`. */
  role(name) {
    const roles = descendants(this.pid).filter((process2) => process2.parent === this.pid);
    return roles.find((process2) => argumentsOf(process2).some((argument) => argument === name || name === "livekit" && argument === "run-supervised"));
  }
  /** Kills a role as a crash would, and waits until another process has its place. */
  async killRole(name) {
    const victim = this.role(name);
    if (!victim) throw new Error(`no role ${name}`);
    kill(victim.pid, "SIGKILL");
    await until(`${name} is back`, () => {
      const now = this.role(name);
      return now !== void 0 && now.pid !== victim.pid;
    }, 2e4);
  }
  /** Kills the renderers of every capture, as a crash of the page would. */
  killRenderer() {
    const renderers = descendants(this.pid).filter((process2) => argumentsOf(process2).some((argument) => argument.includes("--type=renderer")));
    if (renderers.length === 0) throw new Error("no renderer runs");
    for (const { pid } of renderers) kill(pid, "SIGKILL");
  }
  /** Programs of a running capture below `footlight up`, now. */
  captureProcesses() {
    return descendants(this.pid).filter((process2) => /^(chrom|Xvfb|pulseaudio|ffmpeg)/.test(process2.name));
  }
  /** The files in the data folder that hold a text. */
  async filesThatHold(text) {
    const found = await run("sh", ["-c", 'grep -rlaF -e "$1" "$2" || test $? -eq 1', "sh", text, this.data]);
    return found.stdout.toString().split("\n").filter(Boolean);
  }
  async log(role) {
    return readFile2(path3.join(this.data, "logs", `${role}.log`), "utf8").catch(() => "");
  }
  /** Ends it as Ctrl-C does. Returns what was left of it two seconds later: nothing, if all is well. */
  async stop() {
    this.look();
    clearInterval(this.watching);
    await end(this.up, 6e4);
    let left = stillRunning(this.seen.values());
    for (let tries = 0; left.length > 0 && tries < 20; tries++) {
      await sleep(100);
      left = stillRunning(this.seen.values());
    }
    await rm2(this.data, { recursive: true, force: true });
    return left;
  }
  /** One of its secrets, for signing as its parts do. */
  secret(name) {
    const value = this.secrets[name];
    if (value === void 0) throw new Error(`${name} is not in secrets.env`);
    return value;
  }
  look() {
    for (const process2 of descendants(this.pid)) this.seen.set(`${process2.pid}/${process2.startedAt}`, process2);
  }
};
async function admin(studio2, ...order) {
  const { stdout } = await runWith(program, ["admin", ...order], { ...process.env, FOOTLIGHT_DATA: studio2.data });
  return stdout.toString().trim();
}
function post(studio2, key, path5, body) {
  return fetch(`${studio2.url}/api/streaming/${path5}`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(body)
  });
}
function surroundings() {
  const kept = {};
  for (const [name, value] of Object.entries(process.env)) {
    const ours = /^(FOOTLIGHT_|LIVEKIT_|LEPTOS_|STREAM|PUBLIC_APP_URL|RUST_LOG)/.test(name) && name !== "FOOTLIGHT_LIVEKIT_SERVER";
    if (value !== void 0 && !ours) kept[name] = value;
  }
  return kept;
}

// stack/test.ts
import { test as base } from "@playwright/test";

// stack/pages.ts
import { expect } from "@playwright/test";
var SignUp = class {
  constructor(page) {
    this.page = page;
  }
  page;
  async as(name, password) {
    await this.page.goto("/sign-up");
    await settled(this.page);
    await this.page.getByLabel("Name").fill(name);
    await this.page.getByLabel("Password").fill(password);
    await this.page.getByRole("button", { name: /^Create account$/ }).click();
    await expect(this.page).not.toHaveURL(/sign-up/);
  }
};
var GoLive = class {
  constructor(page) {
    this.page = page;
  }
  page;
  /** The light, while it says that the stream is on air. */
  get light() {
    return this.page.getByRole("status").filter({ hasText: /ON AIR|REHEARSAL/ });
  }
  /** The light, whatever it says. */
  get sign() {
    return this.page.locator("p.on-air-light");
  }
  async open() {
    await this.page.goto("/go-live");
    await settled(this.page);
    await expect.poll(() => this.page.evaluate(() => [...document.querySelectorAll("video")].some((video) => video.videoWidth > 0 && !video.paused))).toBe(true);
  }
  async shareScreen() {
    await this.page.getByRole("button", { name: "Share screen" }).click();
    await expect.poll(() => this.page.evaluate(() => [...document.querySelectorAll("video")].filter((video) => video.videoWidth > 0).length)).toBeGreaterThan(1);
  }
  async fill(destination) {
    await this.page.getByRole("button", { name: "Add a destination" }).click();
    await this.page.getByLabel("Platform").last().selectOption(destination.platform ?? "custom");
    if (destination.address !== void 0) await this.page.getByLabel("Server address").last().fill(destination.address);
    await this.page.getByLabel("Stream key").last().fill(destination.key);
    await this.page.getByLabel("Title").fill(destination.title);
  }
  async start() {
    const button = this.page.getByRole("button", { name: /^Go live/ });
    await expect(button).toBeEnabled();
    await button.click();
  }
  async mute() {
    await this.page.getByRole("button", { name: "Mute", exact: true }).click();
  }
  async cameraOff() {
    await this.page.getByRole("button", { name: "Camera off" }).click();
  }
  async end() {
    await this.page.getByRole("button", { name: "End stream" }).click();
    await this.page.getByRole("dialog").getByRole("button", { name: "End stream" }).click();
    await expect(this.page.getByRole("heading", { name: "Stream ended" })).toBeVisible({ timeout: 3e4 });
  }
  /** What the page says about a destination that was refused. */
  get refusal() {
    return this.page.getByText(/refused/i).first();
  }
};
async function settled(page) {
  await expect(page.locator('html[data-hydrated], html:not(:has(head > script[type="module"])):has(body > *)')).toBeAttached();
}

// stack/streamer.ts
import { mkdtemp as mkdtemp3, rm as rm3 } from "node:fs/promises";
import { tmpdir as tmpdir3, userInfo as userInfo2 } from "node:os";
import path4 from "node:path";
import { chromium } from "@playwright/test";
var camera = { colour: [24, 160, 64], hertz: 700 };
var screen = { colour: [32, 64, 192], hertz: 1900, title: "Footlight test screen" };
var chromiumProgram = process.env["FOOTLIGHT_TEST_CHROMIUM"] ?? "/usr/bin/chromium";
var sharedTabAddress = "http://shared-tab.localhost/";
var hex = (colour) => colour.map((value) => value.toString(16).padStart(2, "0")).join("");
var Streamer = class _Streamer {
  constructor(folder, browser, context, page) {
    this.folder = folder;
    this.browser = browser;
    this.context = context;
    this.page = page;
    context.on("weberror", (error) => this.broken.push(`${error.page()?.url() ?? "a page"}: ${error.error().message}`));
    context.on("console", (said) => {
      if (said.text().includes("panicked at")) this.broken.push(said.text());
    });
  }
  folder;
  browser;
  context;
  page;
  /** Errors of the pages' programs. A spec that leaves one fails (test.ts). */
  broken = [];
  /** Opens the browser and the tab to share; permissions are given for the studio's origin. */
  static async start(studioUrl, program2 = chromiumProgram) {
    const folder = await mkdtemp3(path4.join(tmpdir3(), "footlight-streamer-"));
    const picture = path4.join(folder, "camera.y4m");
    const sound = path4.join(folder, "microphone.wav");
    await run("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", `color=c=0x${hex(camera.colour)}:s=640x360:r=15:d=2`, "-pix_fmt", "yuv420p", picture]);
    const pulse = "volume='if(lt(mod(t,0.6),0.35),4,0)':eval=frame";
    await run("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", `sine=f=${camera.hertz}:r=48000:d=6`, "-af", pulse, "-ac", "1", sound]);
    const browser = await chromium.launch({
      executablePath: program2,
      ignoreDefaultArgs: ["--mute-audio"],
      args: [
        "--use-fake-device-for-media-stream",
        `--use-file-for-fake-video-capture=${picture}`,
        `--use-file-for-fake-audio-capture=${sound}`,
        // Chooses in the picker. The fake media interface would replace the tab's picture.
        `--auto-select-tab-capture-source-by-title=${screen.title}`,
        "--autoplay-policy=no-user-gesture-required",
        "--allow-loopback-in-peer-connection",
        ...userInfo2().uid === 0 ? ["--no-sandbox"] : []
      ]
    });
    const context = await browser.newContext({ baseURL: studioUrl, viewport: { width: 1440, height: 900 } });
    await context.grantPermissions(["camera", "microphone"], { origin: studioUrl });
    const shared = await context.newPage();
    await shared.route(sharedTabAddress, (route) => route.fulfill({ contentType: "text/html", body: sharedTabPage() }));
    await shared.goto(sharedTabAddress);
    const page = await context.newPage();
    return new _Streamer(folder, browser, context, page);
  }
  /** Returns and clears the errors, without those for files that did not load. */
  brokenButForLostFiles() {
    return this.broken.splice(0).filter((told) => !told.endsWith("Failed to fetch"));
  }
  async stop() {
    await this.browser.close();
    await rm3(this.folder, { recursive: true, force: true });
  }
};
function sharedTabPage() {
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

// stack/test.ts
import { expect as expect2 } from "@playwright/test";
var format = { width: 640, height: 360, fps: 15, kbps: 800 };
function typed() {
  const url = process.env["FOOTLIGHT_TEST_CUSTOM_URL"];
  return url ? [new URL(url.replace(/^rtmp/, "http")).host] : [];
}
function studioOptions(sink2) {
  const video = `${format.width}x${format.height}@${format.fps}/${format.kbps}`;
  return { allow: [sink2.hostPort, ...typed()], env: { FOOTLIGHT_VIDEO: video, FOOTLIGHT_EGRESS_SLOTS: "1" } };
}
var test = base.extend({
  studioEnv: [{}, { option: true }],
  // Playwright reads a fixture's needs from this pattern.
  sink: async ({}, use) => {
    const sink2 = await Sink.start();
    await use(sink2);
    await sink2.stop();
  },
  studio: async ({ sink: sink2, studioEnv }, use, info) => {
    const { allow: allow2, env: env2 } = studioOptions(sink2);
    const studio2 = await Studio.start({ allow: allow2, env: { ...env2, ...studioEnv } });
    await use(studio2);
    if (info.status !== info.expectedStatus) {
      for (const role of ["serve", "relay", "egress", "livekit"]) console.log(`--- ${role}
${(await studio2.log(role)).slice(-4e3)}`);
      console.log(`--- up
${studio2.output.join("").slice(-4e3)}`);
    }
    const left = await studio2.stop();
    if (left.length > 0) throw new Error(`left running: ${left.map((process2) => `${process2.name} (${process2.pid})`).join(", ")}`);
  },
  streamer: async ({ studio: studio2 }, use, info) => {
    const streamer = await Streamer.start(studio2.url);
    await use(streamer);
    if (info.status !== info.expectedStatus) await streamer.page.screenshot({ path: info.outputPath("page.png"), fullPage: true }).catch(() => void 0);
    await streamer.stop();
    if (streamer.broken.length > 0) throw new Error(`a page failed:
${streamer.broken.join("\n")}`);
  },
  goLive: async ({ streamer }, use) => {
    await new SignUp(streamer.page).as("Ada", "a long enough password");
    await use(new GoLive(streamer.page));
  }
});

// cpu-tmp.ts
var sink = await Sink.start();
var { allow, env } = studioOptions(sink);
var studio = await Studio.start({ allow, env: { ...env, ...process.env["HASH"] ? { LEPTOS_HASH_FILE: process.env["HASH"] } : {}, FOOTLIGHT_VIDEO: process.env["VIDEO"] ?? "1280x720@30/3000" } });
var ticks = (pid) => {
  try {
    const t = readFileSync2(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
    return Number(t[11]) + Number(t[12]);
  } catch {
    return 0;
  }
};
var what = (pid) => {
  try {
    const c = readFileSync2(`/proc/${pid}/cmdline`, "utf8").split("\0");
    const n = c[0].split("/").pop();
    return n.startsWith("footlight") ? `footlight ${c[1]}` : n.replace(/chrome.*|chromium.*/, "chromium");
  } catch {
    return "gone";
  }
};
try {
  await admin(studio, "create-user", "Grace");
  const key = await admin(studio, "create-key", "Grace");
  const answer = await post(studio, key, "start", { streamType: "agent", destinations: [{ platform: "custom", customRtmpUrl: sink.url, streamKey: "live_x" }], streamTitle: "cpu" });
  const { sessionId } = await answer.json();
  for (let i = 0; i < 100; i++) {
    const s = await (await fetch(`${studio.url}/api/streaming/status?sessionId=${sessionId}`, { headers: { authorization: `Bearer ${key}` } })).json();
    if (s.status === "live") break;
    await new Promise((r) => setTimeout(r, 200));
  }
  await new Promise((r) => setTimeout(r, 3e3));
  const pids = (await descendants(studio.pid)).map((p) => typeof p === "number" ? p : p.pid);
  const before = new Map(pids.map((p) => [p, ticks(p)]));
  await new Promise((r) => setTimeout(r, 3e4));
  const sum = /* @__PURE__ */ new Map();
  for (const p of pids) {
    const d = (ticks(p) - before.get(p)) / 100 / 30;
    sum.set(what(p), (sum.get(what(p)) ?? 0) + d);
  }
  console.log(process.env["FOOTLIGHT_PROGRAM"], [...sum].filter(([, v]) => v > 5e-4).map(([k, v]) => `${k} ${v.toFixed(3)}`).join(", "), "all", [...sum.values()].reduce((a, b) => a + b, 0).toFixed(3));
} finally {
  await studio.stop();
  await sink.stop();
}
