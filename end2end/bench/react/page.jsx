// The page that a team would build with LiveKit's own packages and without Footlight: it shows the shared screen in full, the
// webcam in a corner and a line with name and title. It has no match, no decisions and no ticker.

import { LiveKitRoom, RoomAudioRenderer, VideoTrack, useRoomContext, useTracks } from "@livekit/components-react";
import sdk from "@livekit/egress-sdk";
import { Track } from "livekit-client";
import { useEffect, useRef } from "react";
import { createRoot } from "react-dom/client";

// The package is CommonJS with a default of its own inside, which its types do not mention.
const { default: EgressHelper = sdk } = /** @type {typeof sdk & { default?: typeof sdk }} */ (sdk);
const query = new URLSearchParams(location.search);

function Stage() {
  const room = useRoomContext();
  const screen = useTracks([Track.Source.ScreenShare])[0];
  const camera = useTracks([Track.Source.Camera])[0];
  const playing = useRef(new Set());
  useEffect(() => EgressHelper.setRoom(room), [room]);
  // Like the overlay: not before both videos of this room are there.
  /** @param {import("react").SyntheticEvent} event */
  const begin = (event) => {
    if (playing.current.add(event.target).size === 2) EgressHelper.startRecording();
  };
  return (
    <main style={{ position: "fixed", inset: 0, background: "#0b0908", color: "#fff", fontFamily: "sans-serif" }}>
      {screen && <VideoTrack trackRef={screen} onPlaying={begin} style={{ position: "absolute", width: "100%", height: "100%", objectFit: "contain" }} />}
      {camera && (
        <VideoTrack
          trackRef={camera}
          onPlaying={begin}
          style={{ position: "absolute", right: "2%", bottom: "3%", width: "22%", borderRadius: 10, border: "3px solid #ffb347" }}
        />
      )}
      <p style={{ position: "absolute", left: 24, top: 16, margin: 0, padding: "8px 16px", borderRadius: 8, background: "rgb(0 0 0 / 0.7)" }}>
        <b>{query.get("name")}</b> {query.get("title")}
      </p>
      <RoomAudioRenderer />
    </main>
  );
}

const root = document.getElementById("root");
if (!root) throw new Error("the page has no root");
createRoot(root).render(
  <LiveKitRoom serverUrl={EgressHelper.getLiveKitURL()} token={EgressHelper.getAccessToken()} connect>
    <Stage />
  </LiveKitRoom>,
);
