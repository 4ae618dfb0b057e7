// What the pages (Rust) can do in a browser, imported as /bridge.js. This side keeps rooms, tracks, streams and timers under handles;
// Rust holds the handles and receives events through one callback. No decisions about a session are made here, and livekit-client
// is loaded with the first room.

import * as calls from "./calls.js";
import * as devices from "./captures.js";
import * as others from "./document.js";
import * as events from "./events.js";
import * as feeds from "./feed.js";
import { guarded, nothing } from "./guard.js";
import * as host from "./host.js";
import * as media from "./media_check.js";
import * as overlay from "./overlay_room.js";
import * as page from "./page.js";
import * as sound from "./sound.js";
import * as time from "./time.js";
import * as elements from "./video_elements.js";

// Before the program.
export { protectDocument } from "./document.js";
export { joinEarly, startWhenIdle } from "./overlay_room.js";

export { callApi } from "./calls.js";
export { warmUp } from "./library.js";

const text = () => "";
const zero = () => 0;
// Marked as pure, so that a program's script has only what that program calls.
export const closeCapture = /* @__PURE__ */ guarded(devices.closeCapture, nothing);
export const openCamera = /* @__PURE__ */ guarded(devices.openCamera, events.newHandle);
export const openMicrophone = /* @__PURE__ */ guarded(devices.openMicrophone, events.newHandle);
export const openScreen = /* @__PURE__ */ guarded(devices.openScreen, events.newHandle);
export const showCapture = /* @__PURE__ */ guarded(devices.showCapture, nothing);
export const unwatchDevices = /* @__PURE__ */ guarded(devices.unwatchDevices, nothing);
export const watchDevices = /* @__PURE__ */ guarded(devices.watchDevices, events.newHandle);
export const clearPicture = /* @__PURE__ */ guarded(elements.clearPicture, nothing);

export const listen = /* @__PURE__ */ guarded(events.listen, nothing);
export const closeFeed = /* @__PURE__ */ guarded(feeds.closeFeed, nothing);
export const openFeed = /* @__PURE__ */ guarded(feeds.openFeed, events.newHandle);

export const joinRoom = /* @__PURE__ */ guarded(host.joinRoom, events.newHandle);
export const leaveRoom = /* @__PURE__ */ guarded(host.leaveRoom, nothing);
export const publish = /* @__PURE__ */ guarded(host.publish, nothing);
export const rejoinRoom = /* @__PURE__ */ guarded(host.rejoinRoom, nothing);
export const setMuted = /* @__PURE__ */ guarded(host.setMuted, nothing);
export const probe = /* @__PURE__ */ guarded(calls.probe, events.newHandle);
export const checkMedia = /* @__PURE__ */ guarded(media.checkMedia, events.newHandle);

export const joinOverlayRoom = /* @__PURE__ */ guarded(overlay.joinOverlayRoom, events.newHandle);
export const sendEndSignal = /* @__PURE__ */ guarded(overlay.sendEndSignal, nothing);
export const sendStartSignal = /* @__PURE__ */ guarded(overlay.sendStartSignal, nothing);

export const newIdempotencyKey = /* @__PURE__ */ guarded(calls.newIdempotencyKey, text);
export const showBroken = /* @__PURE__ */ guarded(others.showBroken, nothing);
export const takeDocument = /* @__PURE__ */ guarded(others.takeDocument, () => false);
export const guardLeaving = /* @__PURE__ */ guarded(page.guardLeaving, nothing);
export const keepAwake = /* @__PURE__ */ guarded(page.keepAwake, nothing);
export const markTab = /* @__PURE__ */ guarded(page.markTab, nothing);
export const recall = /* @__PURE__ */ guarded(page.recall, text);
export const remember = /* @__PURE__ */ guarded(page.remember, nothing);
export const setDialog = /* @__PURE__ */ guarded(page.setDialog, nothing);
export const documentTime = /* @__PURE__ */ guarded(time.documentTime, zero);
export const formatTime = /* @__PURE__ */ guarded(time.formatTime, text);
export const pageAge = /* @__PURE__ */ guarded(time.pageAge, zero);

export const startMeter = /* @__PURE__ */ guarded(sound.startMeter, events.newHandle);
export const stopMeter = /* @__PURE__ */ guarded(sound.stopMeter, nothing);
export const testSpeaker = /* @__PURE__ */ guarded(sound.testSpeaker, events.newHandle);
