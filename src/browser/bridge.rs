//! The functions of `bridge/bridge.js`, and the listener of each handle. Only this folder calls them.

use super::hydration::after_hydration;
use serde::de::DeserializeOwned;
use std::{cell::RefCell, collections::HashMap, rc::Rc};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(raw_module = "/bridge.js")]
extern "C" {
    fn listen(callback: &Closure<dyn FnMut(u32, String)>);
    #[wasm_bindgen(js_name = warmUp)]
    pub fn warm_up();

    #[wasm_bindgen(js_name = watchDevices)]
    pub fn watch_devices() -> u32;
    #[wasm_bindgen(js_name = unwatchDevices)]
    pub fn unwatch_devices(handle: u32);
    #[wasm_bindgen(js_name = openCamera)]
    pub fn open_camera(device: &str) -> u32;
    #[wasm_bindgen(js_name = openMicrophone)]
    pub fn open_microphone(device: &str) -> u32;
    #[wasm_bindgen(js_name = openScreen)]
    pub fn open_screen(framerate: u32) -> u32;
    #[wasm_bindgen(js_name = closeCapture)]
    pub fn close_capture(handle: u32);
    #[wasm_bindgen(js_name = showCapture)]
    pub fn show_capture(handle: u32, element: &str, mirrored: bool);
    #[wasm_bindgen(js_name = clearPicture)]
    pub fn clear_picture(element: &str);
    #[wasm_bindgen(js_name = startMeter)]
    pub fn start_meter(capture: u32, element: &str) -> u32;
    #[wasm_bindgen(js_name = stopMeter)]
    pub fn stop_meter(handle: u32);
    #[wasm_bindgen(js_name = testSpeaker)]
    pub fn test_speaker(device: &str) -> u32;

    #[wasm_bindgen(js_name = joinRoom)]
    pub fn join_room(url: &str, token: &str, width: u32, height: u32, framerate: u32) -> u32;
    #[wasm_bindgen(js_name = rejoinRoom)]
    pub fn rejoin_room(handle: u32, url: &str, token: &str);
    pub fn publish(handle: u32, kind: &str, capture: u32, framerate: u32);
    #[wasm_bindgen(js_name = setMuted)]
    pub fn set_muted(handle: u32, kind: &str, muted: bool);
    #[wasm_bindgen(js_name = leaveRoom)]
    pub fn leave_room(handle: u32);
    pub fn probe(url: &str) -> u32;
    #[wasm_bindgen(js_name = checkMedia)]
    pub fn check_media(url: &str, token: &str) -> u32;

    #[wasm_bindgen(js_name = joinOverlayRoom)]
    pub fn join_overlay_room() -> u32;
    #[wasm_bindgen(js_name = sendStartSignal)]
    pub fn send_start_signal();
    #[wasm_bindgen(js_name = sendEndSignal)]
    pub fn send_end_signal();

    #[wasm_bindgen(js_name = openFeed)]
    pub fn open_feed(path: &str, after: f64, names: &str, connection: &str) -> u32;
    #[wasm_bindgen(js_name = closeFeed)]
    pub fn close_feed(handle: u32);

    #[wasm_bindgen(js_name = callApi)]
    pub async fn call_api(method: &str, path: &str, key: &str, body: &str) -> JsValue;

    #[wasm_bindgen(js_name = formatTime)]
    pub fn format_time(millis: f64, now: f64) -> String;
    #[wasm_bindgen(js_name = documentTime)]
    pub fn document_time() -> f64;
    #[wasm_bindgen(js_name = pageAge)]
    pub fn page_age() -> f64;

    #[wasm_bindgen(js_name = takeDocument)]
    pub fn take_document() -> bool;
    #[wasm_bindgen(js_name = showBroken)]
    pub fn show_broken();
    #[wasm_bindgen(js_name = guardLeaving)]
    pub fn guard_leaving(on: bool);
    #[wasm_bindgen(js_name = markTab)]
    pub fn mark_tab(on: bool);
    #[wasm_bindgen(js_name = keepAwake)]
    pub fn keep_awake(on: bool);
    pub fn remember(key: &str, value: &str);
    pub fn recall(key: &str) -> String;
    #[wasm_bindgen(js_name = setDialog)]
    pub fn set_dialog(id: &str, on: bool);
    #[wasm_bindgen(js_name = newIdempotencyKey)]
    pub fn new_idempotency_key() -> String;
}

type Listener = Rc<dyn Fn(&str)>;

thread_local! {
    static LISTENERS: RefCell<Option<HashMap<u32, Listener>>> = const { RefCell::new(None) };
}

/// Receives every event of a handle from now on. An event that is not an `E` is dropped.
pub fn subscribe<E: DeserializeOwned>(handle: u32, on_event: impl Fn(E) + 'static) {
    let on_event: Listener = Rc::new(move |json| {
        if let Ok(event) = serde_json::from_str(json) {
            on_event(event);
        }
    });
    let first = LISTENERS.with_borrow_mut(|listeners| {
        let first = listeners.is_none();
        listeners.get_or_insert_default().insert(handle, on_event);
        first
    });
    if first {
        let callback = Closure::new(|handle: u32, json: String| {
            after_hydration(move || {
                // The listener may open and close handles itself: the map must not be borrowed while it runs.
                let listener = LISTENERS.with_borrow(|listeners| listeners.as_ref()?.get(&handle).cloned());
                if let Some(listener) = listener {
                    listener(&json);
                }
            });
        });
        listen(&callback);
        callback.forget();
    }
}

pub fn unsubscribe(handle: u32) {
    LISTENERS.with_borrow_mut(|listeners| listeners.as_mut().and_then(|listeners| listeners.remove(&handle)));
}
