//! New ids.

use crate::domain::timestamp::Timestamp;
use parking_lot::Mutex;
use std::time::{Duration, UNIX_EPOCH};
use ulid::{Generator, Ulid};

/// Ids are ULIDs in lower case: safe in addresses, and sorted by when they were made, those of one millisecond too (of one
/// process).
pub struct Ids(Mutex<Generator>);

impl Default for Ids {
    fn default() -> Self {
        Self(Mutex::new(Generator::new()))
    }
}

impl Ids {
    pub fn next<T: TryFrom<String>>(&self, now: Timestamp) -> T {
        let at = UNIX_EPOCH + Duration::from_millis(u64::try_from(now.as_millis()).unwrap_or_default());
        let made = self.0.lock().generate_from_datetime(at);
        // Refused only after 2^80 ids in one millisecond.
        let ulid = made.unwrap_or_else(|_| Ulid::new());
        T::try_from(ulid.to_string().to_lowercase()).unwrap_or_else(|_| unreachable!("a ULID is 26 letters and digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_millisecond_stand_in_the_order_in_which_they_were_made() {
        let ids = Ids::default();
        let made: Vec<String> = (0..10_000).map(|_| ids.next(Timestamp::from_millis(1_795_421_948_792))).collect();
        assert!(made.is_sorted());
    }
}
