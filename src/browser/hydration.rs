//! Whether the server's document has come alive. A page that changes while it is being made alive stays dead for good, so
//! until then whatever comes in from outside waits, in its order.

use std::cell::RefCell;

type Act = Box<dyn FnOnce()>;

thread_local! {
    /// What waits; `None` once the page is alive.
    static WAITING: RefCell<Option<Vec<Act>>> = RefCell::new(Some(Vec::new()));
}

/// Whether it has.
pub fn is_hydrated() -> bool {
    WAITING.with_borrow(Option::is_none)
}

/// Acts as soon as it has: at once, or behind everything that waits already.
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

/// It has, by all that is known: marks the document after what hydration has left for the next turn of the event loop, and
/// lets in what waits.
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
    fn what_comes_early_waits_in_its_order_and_what_comes_late_does_not() {
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
