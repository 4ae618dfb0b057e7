// What the pages (Rust) can do in a browser, imported as /bridge.js. This side keeps rooms, tracks, streams and timers under handles;
// Rust holds the handles and receives events through one callback. No decisions about a session are made here, and livekit-client
// is loaded with the first room.

export { callApi, newIdempotencyKey, probe } from "./calls.js";
export { closeCapture, openCamera, openMicrophone, openScreen, showCapture, unwatchDevices, watchDevices } from "./captures.js";
export { listen } from "./events.js";
export { closeFeed, openFeed } from "./feed.js";
export { joinRoom, leaveRoom, publish, rejoinRoom, setMuted } from "./host.js";
export { warmUp } from "./library.js";
export { joinEarly, joinOverlayRoom, startWhenIdle, sendEndSignal, sendStartSignal } from "./overlay_room.js";
export { guardLeaving, keepAwake, markTab, recall, remember, setDialog } from "./page.js";
export { startMeter, stopMeter, testSpeaker } from "./sound.js";
export { formatTime } from "./time.js";
export { clearPicture } from "./video_elements.js";
