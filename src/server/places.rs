//! Places for what is open: connections, event streams. So many in all, and so many for one key.

use parking_lot::Mutex;
use std::{collections::HashMap, hash::Hash, sync::Arc};

/// Counts what is open, by key. Cheap to clone.
#[derive(Debug)]
pub struct Places<K: Eq + Hash>(Arc<Inner<K>>);

#[derive(Debug)]
struct Inner<K> {
    in_all: usize,
    taken: Mutex<Taken<K>>,
}

#[derive(Debug)]
struct Taken<K> {
    in_all: usize,
    by_key: HashMap<K, usize>,
}

/// One place; dropping it frees it.
#[derive(Debug)]
pub struct Place<K: Eq + Hash> {
    places: Places<K>,
    key: K,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// All places are taken.
    InAll,
    /// This key has as many as it may have.
    OfKey,
}

impl<K: Eq + Hash> Clone for Places<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Eq + Hash + Clone> Places<K> {
    pub fn new(in_all: usize) -> Self {
        Self(Arc::new(Inner { in_all, taken: Mutex::new(Taken { in_all: 0, by_key: HashMap::new() }) }))
    }

    /// Takes a place for a key that may have `most`.
    ///
    /// # Errors
    /// All are taken, or all that the key may have.
    pub fn take(&self, key: K, most: usize) -> Result<Place<K>, Full> {
        let mut taken = self.0.taken.lock();
        if taken.in_all >= self.0.in_all {
            return Err(Full::InAll);
        }
        let held = taken.by_key.get(&key).copied().unwrap_or_default();
        if held >= most {
            return Err(Full::OfKey);
        }
        taken.by_key.insert(key.clone(), held + 1);
        taken.in_all += 1;
        Ok(Place { places: self.clone(), key })
    }
}

impl<K: Eq + Hash> Places<K> {
    /// How many are taken.
    pub fn count(&self) -> usize {
        self.0.taken.lock().in_all
    }
}

impl<K: Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let mut taken = self.places.0.taken.lock();
        taken.in_all -= 1;
        if let Some(held) = taken.by_key.get_mut(&self.key) {
            *held -= 1;
            if *held == 0 {
                taken.by_key.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_takes_every_place_and_what_is_dropped_is_free() {
        let places = Places::new(3);
        let held = [places.take("nyx", 2).expect("the first"), places.take("nyx", 2).expect("the second")];
        assert_eq!(places.take("nyx", 2).err(), Some(Full::OfKey));
        let other = places.take("blaze", 2).expect("the last");
        assert_eq!(places.take("third", 2).err(), Some(Full::InAll));
        assert_eq!(places.count(), 3);
        drop(held);
        places.take("nyx", 1).expect("free again");
        drop(other);
        assert_eq!(places.count(), 0);
        assert!(places.0.taken.lock().by_key.is_empty(), "no key is kept");
    }
}
