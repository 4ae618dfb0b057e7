// livekit-client, loaded with the first room.

/**
 * What end2end/vendor.mjs bundles of it.
 * @typedef {Pick<typeof import("livekit-client"), "AudioPresets" | "Room" | "RoomEvent" | "Track" | "setLogLevel">} Library
 */

const LIBRARY = "/vendor/livekit-client-2.23.0.mjs";

/** @type {Promise<Library> | null} */
let fetching = null;

/** @returns {Promise<Library>} */
export function library() {
  fetching ??= import(LIBRARY).then(
    (/** @type {Library} */ loaded) => {
      // What matters of its words is an event here.
      loaded.setLogLevel("silent");
      return loaded;
    },
    (error) => {
      fetching = null;
      throw error;
    },
  );
  return fetching;
}

/** Loads the library before the first room. */
export function warmUp() {
  library().catch(() => {});
}
