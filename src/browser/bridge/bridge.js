// The only door between the pages (Rust) and what a browser can do, served as /bridge.js. This side keeps rooms, tracks, streams and
// timers under numbers; the other side holds the numbers and hears of everything through one callback. No decisions about a
// show are made here, and nothing is imported until it is used: livekit-client comes with the first room.

export { callApi, newIdempotencyKey, probe } from "./calls.js";
export { closeCapture, openCamera, openMicrophone, openScreen, showCapture, unwatchDevices, watchDevices } from "./captures.js";
export { listen } from "./events.js";
export { closeFeed, openFeed } from "./feed.js";
export { joinRoom, leaveRoom, publish, rejoinRoom, setMuted } from "./host.js";
export { warmUp } from "./library.js";
export { guardLeaving, keepAwake, markTab, recall, remember, setDialog } from "./page.js";
export { clearPicture } from "./video_elements.js";
export { startMeter, stopMeter, testSpeaker } from "./sound.js";
export { joinEarly, joinOverlayRoom, startWhenIdle, sendEndSignal, sendStartSignal } from "./overlay_room.js";
