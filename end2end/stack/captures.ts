// Cameras, microphones and screens that behave as a spec wants. Each function runs in a page before its programs (`addInitScript`).

declare global {
  interface Window {
    /** What a spec does to them. */
    devices: {
      /** Whether the camera paints frames. */
      paints: boolean;
      size: [width: number, height: number];
      /** The audio wishes of each question for a screen. */
      asked: boolean[];
      tracks: MediaStreamTrack[];
      /** The devices that are plugged in, by label; all if undefined. */
      plugged?: { id: string; label: string }[];
    };
  }
}

/** A camera painted by the page itself, in the test camera's colour. `paints`: from the beginning. */
export function paintedCamera(paints: boolean): void {
  window.devices = { paints, size: [640, 360], asked: [], tracks: [] };
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wishes) => {
    if (!wishes?.video) return ask(wishes);
    const canvas = document.createElement("canvas");
    const paper = canvas.getContext("2d");
    const stream = canvas.captureStream(0);
    const [track] = stream.getVideoTracks() as [CanvasCaptureMediaStreamTrack];
    window.devices.tracks.push(track);
    setInterval(() => {
      if (!window.devices.paints || !paper) return;
      const [width, height] = window.devices.size;
      if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
      paper.fillStyle = "#18a040";
      paper.fillRect(0, 0, width, height);
      track.requestFrame();
    }, 66);
    return stream;
  };
}

/** A screen that fails when its sound is asked for, and is a canvas otherwise. */
export function screenWithoutSound(): void {
  window.devices = { paints: true, size: [640, 360], asked: [], tracks: [] };
  navigator.mediaDevices.getDisplayMedia = (wishes) => {
    window.devices.asked.push(Boolean(wishes?.audio));
    if (wishes?.audio) return Promise.reject(new DOMException("Could not start audio source", "NotReadableError"));
    const canvas = document.createElement("canvas");
    canvas.getContext("2d")?.fillRect(0, 0, 10, 10);
    return Promise.resolve(canvas.captureStream(5));
  };
}

/** Cameras by label that a spec plugs in and pulls out: the list and what opens follow `plugged`, the picture is the browser's own. */
export function pluggedCameras(): void {
  window.devices = { paints: true, size: [640, 360], asked: [], tracks: [], plugged: [{ id: "first", label: "Front camera" }] };
  const media = navigator.mediaDevices;
  const [ask, list] = [media.getUserMedia.bind(media), media.enumerateDevices.bind(media)];
  const plugged = (): { id: string; label: string }[] => window.devices.plugged ?? [];
  media.enumerateDevices = async () => {
    const others = (await list()).filter((device) => device.kind !== "videoinput");
    const cameras = plugged().map(({ id, label }) => ({ kind: "videoinput", deviceId: id, label, groupId: "" }) as MediaDeviceInfo);
    return [...others, ...cameras];
  };
  media.getUserMedia = async (wishes) => {
    if (!wishes?.video) return ask(wishes);
    const wish = (wishes.video as { deviceId?: { exact: string } }).deviceId?.exact;
    const camera = plugged().find(({ id }) => wish === undefined || id === wish);
    if (!camera) throw new DOMException("", plugged().length > 0 ? "OverconstrainedError" : "NotFoundError");
    const stream = await ask({ video: true });
    const [track] = stream.getVideoTracks();
    if (!track) throw new Error("no camera");
    window.devices.tracks.push(track);
    Object.defineProperty(track, "label", { value: camera.label });
    track.getSettings = () => ({ deviceId: camera.id, width: 640, height: 360 });
    return stream;
  };
}
