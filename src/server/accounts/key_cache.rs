//! A one-second cache of callers by API key, for programs that send many events. Changes on this replica clear it at once; a key
//! revoked on another replica is refused after a second.

use crate::{
    domain::timestamp::Timestamp,
    server::{
        auth::caller::{Caller, Proof},
        store::TokenHash,
    },
};
use parking_lot::{Mutex, MutexGuard};
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// How long an entry is valid.
const MOMENT: Duration = Duration::from_secs(1);
/// Entries at most; beyond that the cache is cleared.
const MOST: usize = 10_000;

#[derive(Default)]
struct Entries {
    /// Grows with every change of a key, an agent or an account.
    revision: u64,
    callers: HashMap<String, (Caller, Instant)>,
}

/// Callers by the hash of their key.
#[derive(Default)]
pub struct ApiKeyCache(Mutex<Entries>);

impl ApiKeyCache {
    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.0.lock()
    }

    /// The caller, if cached and if the key has not expired since.
    pub fn of(&self, hash: &TokenHash, now: Timestamp) -> Option<Caller> {
        let entries = self.lock();
        let (caller, since) = entries.callers.get(&hash.0)?;
        let valid = matches!(&caller.proof, Proof::Key(key) if key.is_valid(now));
        (valid && since.elapsed() < MOMENT).then(|| caller.clone())
    }

    /// The revision to read before a look-up and to pass to `keep`.
    pub fn revision(&self) -> u64 {
        self.lock().revision
    }

    /// Caches a caller, unless something changed since the look-up began.
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
    fn a_caller_is_cached_until_expiry_or_a_change() {
        let (callers, hash, at) = (ApiKeyCache::default(), TokenHash("h".into()), Timestamp::from_millis);
        callers.keep(&hash, &caller(Some(at(5_000))), callers.revision());
        assert!(callers.of(&hash, at(4_999)).is_some());
        assert!(callers.of(&hash, at(5_000)).is_none(), "it has run out");
        assert!(callers.of(&TokenHash("other".into()), at(0)).is_none());
        callers.forget();
        assert!(callers.of(&hash, at(0)).is_none());
    }

    #[test]
    fn a_look_up_across_a_change_is_not_cached() {
        let (callers, hash) = (ApiKeyCache::default(), TokenHash("h".into()));
        let revision = callers.revision();
        callers.forget();
        callers.keep(&hash, &caller(None), revision);
        assert!(callers.of(&hash, Timestamp::default()).is_none(), "the revoked key came out of the store before it was revoked");
    }
}
