//! The start of a session: who may have one more, whose start is claimed, and the use of an idempotency key.

use super::{
    SurrealStore,
    limits::{ACCOUNT_OPEN, AGENT_EXISTS, LOCK_ACCOUNT, LOCK_SESSIONS, ROOM_FOR_SAVED},
    sessions::{ONE_ACTIVE, WRITE_TRACES, changing, idempotency, sealed},
};
use crate::{
    domain::{ids::SessionId, session::Owner},
    server::store::{IDEMPOTENT_FOR_MS, NewStoredSession, StoreError},
};
use serde_json::{Value, json};
use std::time::Duration;

/// An older use of the key is forgotten first, which makes room in the unique index. That index also decides between racing uses.
const ONE_USE: &str = "
    UPDATE session SET idempotency = NONE WHERE idempotency = $idempotency AND created_at < $forgotten RETURN NONE;
    IF $idempotency != NULL AND (SELECT VALUE key FROM session WHERE idempotency = $idempotency)[0] != NONE { THROW 'repeated' };
";

/// A claim that has run out is none, nor is one that would run longer than a claim can: the clock was set back since.
pub(super) const NOT_CLAIMED: &str = "
    LET $now = time::millis(time::now());
    DELETE start_claim WHERE until <= $now OR until > $now + 60000 RETURN NONE;
    LET $held = (SELECT VALUE token FROM ONLY type::record('start_claim', $owner));
    IF $held != NONE AND $held != $claim { THROW 'starting' };
";

/// An owner has one active session at most and one claim at most, so owners are counted: one with both is counted once. The
/// owner's own are not, because what is about to be stored takes their place.
const ROOM_FOR_SESSION: &str = "
    LET $claims = (SELECT VALUE { owner: record::id(id), account: account } FROM start_claim);
    LET $of_account = array::distinct(array::concat(
        (SELECT VALUE owner FROM session WHERE account = $account AND active = true), $claims[WHERE account = $account].owner
    ));
    IF array::len(array::complement($of_account, [$owner])) >= $most_of_account { THROW 'full_account' };
    LET $in_all = array::distinct(array::concat((SELECT VALUE owner FROM session WHERE active = true), $claims.owner));
    IF array::len(array::complement($in_all, [$owner])) >= $most_in_all { THROW 'full_sessions' };
";

impl SurrealStore {
    pub(super) async fn insert(&self, new: &NewStoredSession<'_>) -> Result<(), StoreError> {
        let sql = format!(
            "{{
            {LOCK_ACCOUNT} {LOCK_SESSIONS} {ACCOUNT_OPEN} {AGENT_EXISTS} {ONE_USE} {ONE_ACTIVE} {NOT_CLAIMED} {ROOM_FOR_SESSION} {ROOM_FOR_SAVED}
            CREATE type::record('session', $key) SET key = $key, owner = $owner, account = $account, active = $active, state = $state,
                idempotency = $idempotency ?? NONE, fingerprint = $fingerprint ?? NONE, created_at = $created_at, revision = $revision,
                document = $document RETURN NONE;
            CREATE type::record('session_keys', $key) SET sealed = $sealed RETURN NONE;
            DELETE type::record('start_claim', $owner) RETURN NONE;
            {WRITE_TRACES}
            }}"
        );
        self.store(new.session, &sql, variables(new)?).await
    }

    pub(super) async fn claim(&self, new: &NewStoredSession<'_>, ttl: Duration) -> Result<Option<SessionId>, StoreError> {
        let sql = format!(
            "{{
            {LOCK_ACCOUNT} {LOCK_SESSIONS} {ACCOUNT_OPEN} {AGENT_EXISTS} {ONE_USE} {NOT_CLAIMED} {ROOM_FOR_SESSION} {ROOM_FOR_SAVED}
            LET $active_one = (SELECT VALUE key FROM session WHERE active_owner = $owner)[0];
            IF $active_one != NONE {{
                UPSERT type::record('start_claim', $owner) SET account = $account, token = $claim, until = $now + $ttl RETURN NONE
            }};
            $active_one
            }}"
        );
        let mut variables = variables(new)?;
        variables["ttl"] = json!(u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX));
        self.read(&sql, variables).await
    }

    pub(super) async fn release(&self, owner: &Owner, claim: &str) -> Result<(), StoreError> {
        let sql = "DELETE type::record('start_claim', $owner) WHERE token = $claim RETURN NONE";
        self.run(sql, json!({ "owner": owner.to_string(), "claim": claim })).await
    }
}

fn variables(new: &NewStoredSession<'_>) -> Result<Value, StoreError> {
    let session = new.session;
    let mut variables = changing(session, Some(new.entry))?;
    let used = new.idempotency;
    for (name, value) in [
        ("account", json!(session.account)),
        ("agent", agent_of(&session.owner)),
        ("created_at", json!(session.created_at.as_millis())),
        ("forgotten", json!(session.created_at.plus_millis(-IDEMPOTENT_FOR_MS).as_millis())),
        ("idempotency", json!(used.map(|used| idempotency(&session.owner, &used.key)))),
        ("fingerprint", json!(used.and_then(|used| used.fingerprint.as_ref()))),
        ("sealed", sealed(new.keys)),
        ("claim", json!(new.claim)),
        ("saving", json!(new.saving)),
        ("most_saved", json!(new.limits.saved)),
        ("most_of_account", json!(new.limits.of_account)),
        ("most_in_all", json!(new.limits.in_all)),
    ] {
        variables[name] = value;
    }
    Ok(variables)
}

/// The agent that an owner is, as a variable.
pub(super) fn agent_of(owner: &Owner) -> Value {
    match owner {
        Owner::Agent(id) => json!(id),
        Owner::User(_) => Value::Null,
    }
}
