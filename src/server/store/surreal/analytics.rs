//! Sums over finished sessions, added to by the statement that ends a session.

use super::SurrealStore;
use crate::{
    domain::{
        analytics::{Sum, counts_of, day_of, is_most},
        ids::UserId,
        session::Session,
    },
    server::store::{AnalyticsStore, StoreError},
};
use async_trait::async_trait;
use serde_json::{Value, json};

/// Follows a stored change: `$was` is the state before it. A session is over once, so it is summed up once. The id is what
/// is summed, for whom and on which day, so a row is found without an index.
pub(super) const WRITE_SUMS: &str = "
    IF $was NOT IN ['ended', 'failed'] { FOR $sum IN $sums {
        UPSERT type::record('tally', [$sum.whose, $day, $sum.what]) SET whose = $sum.whose, day = $day, what = $sum.what,
            n = IF $sum.most { math::max([n ?? 0, $sum.n]) } ELSE { (n ?? 0) + $sum.n } RETURN NONE
    } };
";

/// The variables of [`WRITE_SUMS`].
pub(super) fn sums_of(session: &Session) -> [(&'static str, Value); 2] {
    let counts = counts_of(session);
    let of = |whose: &str| {
        counts.iter().map(|(what, n)| json!({ "whose": whose, "what": what, "n": n, "most": is_most(what) })).collect::<Vec<_>>()
    };
    let mut sums = of("all");
    sums.extend(of(session.account.as_str()));
    [("sums", json!(sums)), ("day", json!(day_of(session)))]
}

#[async_trait]
impl AnalyticsStore for SurrealStore {
    async fn sums(&self, account: Option<&UserId>, from: &str, to: &str) -> Result<Vec<Sum>, StoreError> {
        let sql = "SELECT day, what, n FROM tally WHERE whose = $whose AND day >= $from AND day <= $to";
        self.read(sql, json!({ "whose": account.map_or("all", UserId::as_str), "from": from, "to": to })).await
    }
}
