//! Whether the page is hydrated. A page that changes during hydration stays broken, so events from outside wait until
//! then, in their order.

use std::cell::RefCell;

type Act = Box<dyn FnOnce()>;

thread_local! {
    /// What waits; `None` once the page is hydrated.
    static WAITING: RefCell<Option<Vec<Act>>> = RefCell::new(Some(Vec::new()));
}

pub fn is_hydrated() -> bool {
    WAITING.with_borrow(Option::is_none)
}

/// Runs once the page is hydrated: at once, or after everything that already waits.
pub fn after_hydration(act: impl FnOnce() + 'static) {
    let act: Act = Box::new(act);
    let now = WAITING.with_borrow_mut(|waiting| match waiting {
        Some(waiting) => {
            waiting.push(act);
            None
        }
        None => Some(act),
    });
    if let Some(act) = now {
        act();
    }
}

/// Call it after `hydrate_body`. It marks the document, and runs what waits, after the tasks that hydration has queued.
pub fn mark_hydrated() {
    super::clock::after(0, || {
        if let Some(root) = leptos::prelude::document().document_element() {
            // Refused only for a malformed name, and this one is a constant.
            let _ = root.set_attribute("data-hydrated", "");
        }
        run_waiting();
    });
}

fn run_waiting() {
    for act in WAITING.take().unwrap_or_default() {
        act();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

    #[test]
    fn early_calls_wait_in_their_order() {
        let seen = Rc::new(RefCell::new(Vec::new()));
        let note = |n: i32| {
            let seen = Rc::clone(&seen);
            move || seen.borrow_mut().push(n)
        };
        after_hydration(note(1));
        after_hydration(note(2));
        assert!(!is_hydrated() && seen.borrow().is_empty());
        run_waiting();
        after_hydration(note(3));
        assert!(is_hydrated());
        assert_eq!(*seen.borrow(), [1, 2, 3]);
    }
}
