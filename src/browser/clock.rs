//! Time in the browser: the one place with timers. Rules about time are in `domain`.

use super::{bridge, hydration::is_hydrated};
use crate::domain::{server_clock::ServerClock, timestamp::Timestamp};
use leptos::prelude::{on_cleanup, set_interval_with_handle, set_timeout};
use std::{cell::RefCell, time::Duration};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

thread_local! {
    static SERVER: RefCell<ServerClock> = RefCell::default();
}

/// The server's time. The browser's clock may be wrong by minutes, and may be set at any moment; it is never read for a time.
pub fn now() -> Timestamp {
    let own_ms = monotonic_ms();
    SERVER.with_borrow_mut(|server| {
        server.now(own_ms).unwrap_or_else(|| {
            server.hear(Timestamp::from_millis(whole(bridge::document_time())), own_ms);
            server.now(own_ms).unwrap_or_default()
        })
    })
}

/// Takes a time that the server has just said.
pub fn hear(said: Timestamp) {
    // The document's own time first.
    now();
    let own_ms = monotonic_ms();
    SERVER.with_borrow_mut(|server| server.hear(said, own_ms));
}

/// Milliseconds since the page was opened, whatever happens to the clock.
fn monotonic_ms() -> i64 {
    whole(bridge::page_age())
}

#[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit 53 bits")]
fn whole(millis: f64) -> i64 {
    millis as i64
}

/// A moment as the reader writes it: how long ago, or date and time in their time zone.
#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit 53 bits")]
pub fn local_text(at: Timestamp) -> String {
    bridge::format_time(at.as_millis() as f64, now().as_millis() as f64)
}

/// Calls `tick` every `period_ms` until the surrounding owner is dropped, not before hydration. Call it in an effect.
pub fn every(period_ms: u64, tick: impl Fn() + 'static) {
    let tick = move || {
        if is_hydrated() {
            tick();
        }
    };
    if let Ok(handle) = set_interval_with_handle(tick, Duration::from_millis(period_ms)) {
        on_cleanup(move || handle.clear());
    }
}

/// Calls `then` once, `delay_ms` from now.
pub fn after(delay_ms: u64, then: impl FnOnce() + 'static) {
    set_timeout(then, Duration::from_millis(delay_ms));
}

pub async fn pause(ms: u64) {
    let passed = js_sys::Promise::new(&mut |done, _| {
        after(ms, move || {
            // Nobody waits any more, or the promise is settled.
            let _ = done.call0(&JsValue::NULL);
        });
    });
    let _ = JsFuture::from(passed).await;
}
