//! New ids.

use std::sync::{Mutex, PoisonError};
use ulid::{Generator, Ulid};

/// Ids are ULIDs in lower case: safe in addresses, and sorted by when they were made, those of one millisecond too (of one
/// process).
pub(super) fn new_id<T: TryFrom<String>>() -> T {
    static LATEST: Mutex<Generator> = Mutex::new(Generator::new());
    let mut latest = LATEST.lock().unwrap_or_else(PoisonError::into_inner);
    // One of 2^80 in a millisecond may be the last that has one behind it.
    id_of(latest.generate().unwrap_or_else(|_| Ulid::new()))
}

pub(super) fn id_of<T: TryFrom<String>>(ulid: Ulid) -> T {
    T::try_from(ulid.to_string().to_lowercase()).unwrap_or_else(|_| unreachable!("a ULID is 26 letters and digits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_millisecond_stand_in_the_order_in_which_they_were_made() {
        let made: Vec<String> = (0..10_000).map(|_| new_id()).collect();
        assert!(made.is_sorted());
    }
}
