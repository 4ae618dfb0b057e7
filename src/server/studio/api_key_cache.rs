//! Who holds which key, for a moment: programs that send many events by one key are looked up once a second and not at every
//! call. What changes here is forgotten here at once; a key that is revoked at another replica opens nothing after a second.

use crate::{
    domain::timestamp::Timestamp,
    server::{
        auth::caller::{Caller, Proof},
        store::TokenHash,
    },
};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How long a holder is known.
const MOMENT: Duration = Duration::from_secs(1);
/// Holders known at once; beyond that all are looked up again.
const MOST: usize = 10_000;

#[derive(Default)]
struct Entries {
    /// Grows with everything that may have changed somebody.
    revision: u64,
    callers: HashMap<String, (Caller, Instant)>,
}

/// The holders of keys that were used just now.
#[derive(Default)]
pub struct ApiKeyCache(Mutex<Entries>);

impl ApiKeyCache {
    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The holder, if they were looked up just now and the key has not run out since.
    pub fn of(&self, hash: &TokenHash, now: Timestamp) -> Option<Caller> {
        let entries = self.lock();
        let (caller, since) = entries.callers.get(&hash.0)?;
        let valid = matches!(&caller.proof, Proof::Key(key) if key.is_valid(now));
        (valid && since.elapsed() < MOMENT).then(|| caller.clone())
    }

    /// Read before a look-up, and given back with what it found.
    pub fn revision(&self) -> u64 {
        self.lock().revision
    }

    /// Keeps a holder, unless something has changed since the look-up began.
    pub fn keep(&self, hash: &TokenHash, caller: &Caller, revision: u64) {
        let mut entries = self.lock();
        if entries.revision != revision {
            return;
        }
        if entries.callers.len() >= MOST {
            entries.callers.clear();
        }
        entries.callers.insert(hash.0.clone(), (caller.clone(), Instant::now()));
    }

    /// A key, an agent or an account has changed.
    pub fn forget(&self) {
        let mut entries = self.lock();
        entries.revision += 1;
        entries.callers.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        account::{Role, User},
        key::ApiKey,
    };

    fn caller(expires_at: Option<Timestamp>) -> Caller {
        let user = User { id: "u1".parse().expect("an id"), name: "Ada".into(), role: Role::Streamer, created_at: Timestamp::default() };
        let key = ApiKey {
            id: "k1".parse().expect("an id"),
            user: user.id.clone(),
            agent: None,
            name: "k".into(),
            prefix: "fl_abc".into(),
            scopes: Vec::new(),
            created_at: Timestamp::default(),
            expires_at,
            last_used_at: None,
            revoked_at: None,
        };
        Caller { user: user.into(), agent: None, proof: Proof::Key(key.into()) }
    }

    #[test]
    fn a_holder_is_known_until_the_key_runs_out_or_anything_changes() {
        let (callers, hash, at) = (ApiKeyCache::default(), TokenHash("h".into()), Timestamp::from_millis);
        callers.keep(&hash, &caller(Some(at(5_000))), callers.revision());
        assert!(callers.of(&hash, at(4_999)).is_some());
        assert!(callers.of(&hash, at(5_000)).is_none(), "it has run out");
        assert!(callers.of(&TokenHash("other".into()), at(0)).is_none());
        callers.forget();
        assert!(callers.of(&hash, at(0)).is_none());
    }

    #[test]
    fn what_was_looked_up_before_a_change_is_not_kept_after_it() {
        let (callers, hash) = (ApiKeyCache::default(), TokenHash("h".into()));
        let revision = callers.revision();
        callers.forget();
        callers.keep(&hash, &caller(None), revision);
        assert!(callers.of(&hash, Timestamp::default()).is_none(), "the revoked key came out of the store before it was revoked");
    }
}
