//! Reads something again and again while a page shows it.

use crate::{api::error::ApiError, browser::clock};
use leptos::prelude::*;

/// Calls `ask` every `period_ms` milliseconds, unless a call is running, and whenever the action is dispatched. `take` gets each
/// answer; a failed call changes nothing.
pub(super) fn poll<T, F>(
    period_ms: u64,
    ask: impl Fn() -> F + Send + Sync + 'static,
    take: impl Fn(T) + 'static,
) -> Action<(), Result<T, ApiError>>
where
    T: Clone + Send + Sync + 'static,
    F: Future<Output = Result<T, ApiError>> + Send + 'static,
{
    let action = Action::new(move |(): &()| ask());
    Effect::new(move |_| {
        if let Some(Ok(answer)) = action.value().get() {
            take(answer);
        }
    });
    Effect::new(move |_| {
        clock::every(period_ms, move || {
            if !action.pending().get_untracked() {
                action.dispatch(());
            }
        });
    });
    action
}
