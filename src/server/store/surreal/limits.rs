//! Counts of what there may be only so many of, taken in the transaction that adds. A transaction does not see what another one
//! is about to add, so each touches the same record before it counts: the loser of two is tried again, and then it does.

/// Before what an account has is counted: `$account`.
pub(super) const LOCK_ACCOUNT: &str = "UPSERT type::record('count_lock', 'account ' + $account) SET n = (n ?? 0) + 1 RETURN NONE;";

/// Before the sessions of all accounts are counted.
pub(super) const LOCK_SESSIONS: &str = "UPSERT type::record('count_lock', 'sessions') SET n = (n ?? 0) + 1 RETURN NONE;";

/// Refuses what would belong to an account that is being deleted: `$account`. After the account's lock.
pub(super) const ACCOUNT_OPEN: &str =
    "IF (SELECT VALUE at FROM ONLY type::record('closed_account', $account)) != NONE { THROW 'missing' };";

/// Refuses what would belong to an agent that is gone: `$agent` of `$account`. After the account's lock, which the deletion of an
/// agent takes as well.
pub(super) const AGENT_EXISTS: &str =
    "IF $agent != NULL AND (SELECT VALUE owner FROM ONLY type::record('agent', $agent)) != $account { THROW 'missing' };";

/// Refuses to save `$saving` more destinations than `$most_saved` of an owner. After the account's lock.
pub(super) const ROOM_FOR_SAVED: &str =
    "IF $saving > 0 AND array::len((SELECT VALUE owner FROM destination WHERE owner = $owner)) + $saving > $most_saved {
    THROW 'full_saved'
};";
