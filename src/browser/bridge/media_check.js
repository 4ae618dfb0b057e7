// Whether media get through to LiveKit, which takes other ports than its address.

import { emit, newHandle } from "./events.js";
import { library } from "./library.js";

/** Joins an empty room and leaves it. Emits `{media}`: `open`, `blocked` (the server answered, and no media came through), `unknown`.
 * @param {string} url @param {string} token */
export function checkMedia(url, token) {
  const handle = newHandle();
  (async () => {
    let signalled = false;
    /** @type {import("livekit-client").Room | undefined} */
    let room;
    try {
      const { Room, RoomEvent } = await library();
      room = new Room({ adaptiveStream: false, dynacast: false });
      room.on(RoomEvent.SignalConnected, () => (signalled = true));
      await room.connect(url, token, { autoSubscribe: false, maxRetries: 0, peerConnectionTimeout: 8000 });
      emit(handle, { media: "open" });
    } catch {
      emit(handle, { media: signalled ? "blocked" : "unknown" });
    } finally {
      await room?.disconnect(false).catch(() => {});
    }
  })();
  return handle;
}
