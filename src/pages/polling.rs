//! A view that is kept as fresh as what it shows, for as long as it is looked at.

use crate::{api::error::ApiError, browser::clock};
use leptos::prelude::*;

/// Asks every `period_ms` milliseconds, unless an answer is on its way, and whenever it is dispatched, and hands over what was
/// answered. What cannot be had now leaves everything as it was.
pub(super) fn poll<T, F>(
    period_ms: u64,
    ask: impl Fn() -> F + Send + Sync + 'static,
    take: impl Fn(T) + 'static,
) -> Action<(), Result<T, ApiError>>
where
    T: Clone + Send + Sync + 'static,
    F: Future<Output = Result<T, ApiError>> + Send + 'static,
{
    let look = Action::new(move |(): &()| ask());
    Effect::new(move |_| {
        if let Some(Ok(answer)) = look.value().get() {
            take(answer);
        }
    });
    Effect::new(move |_| {
        clock::every(period_ms, move || {
            if !look.pending().get_untracked() {
                look.dispatch(());
            }
        });
    });
    look
}
