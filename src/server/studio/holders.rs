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
struct Known {
    /// Grows with everything that may have changed somebody.
    turn: u64,
    holders: HashMap<String, (Caller, Instant)>,
}

/// The holders of keys that were used just now.
#[derive(Default)]
pub struct Holders(Mutex<Known>);

impl Holders {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The holder, if they were looked up just now and the key has not run out since.
    pub fn of(&self, hash: &TokenHash, now: Timestamp) -> Option<Caller> {
        let known = self.lock();
        let (caller, since) = known.holders.get(&hash.0)?;
        let valid = matches!(&caller.proof, Proof::Key(key) if key.is_valid(now));
        (valid && since.elapsed() < MOMENT).then(|| caller.clone())
    }

    /// Read before a look-up, and given back with what it found.
    pub fn turn(&self) -> u64 {
        self.lock().turn
    }

    /// Keeps a holder, unless something has changed since the look-up began.
    pub fn keep(&self, hash: &TokenHash, caller: &Caller, turn: u64) {
        let mut known = self.lock();
        if known.turn != turn {
            return;
        }
        if known.holders.len() >= MOST {
            known.holders.clear();
        }
        known.holders.insert(hash.0.clone(), (caller.clone(), Instant::now()));
    }

    /// A key, an agent or an account has changed.
    pub fn forget(&self) {
        let mut known = self.lock();
        known.turn += 1;
        known.holders.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        account::{Role, User},
        key::ApiKey,
    };

    fn holder(expires_at: Option<Timestamp>) -> Caller {
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
        let (holders, hash, at) = (Holders::default(), TokenHash("h".into()), Timestamp::from_millis);
        holders.keep(&hash, &holder(Some(at(5_000))), holders.turn());
        assert!(holders.of(&hash, at(4_999)).is_some());
        assert!(holders.of(&hash, at(5_000)).is_none(), "it has run out");
        assert!(holders.of(&TokenHash("other".into()), at(0)).is_none());
        holders.forget();
        assert!(holders.of(&hash, at(0)).is_none());
    }

    #[test]
    fn what_was_looked_up_before_a_change_is_not_kept_after_it() {
        let (holders, hash) = (Holders::default(), TokenHash("h".into()));
        let turn = holders.turn();
        holders.forget();
        holders.keep(&hash, &holder(None), turn);
        assert!(holders.of(&hash, Timestamp::default()).is_none(), "the revoked key came out of the store before it was revoked");
    }
}
