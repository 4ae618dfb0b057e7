//! Refused sign-ins, which anybody can cause as often as they like: counted in memory, one line of the audit log for each minute
//! and address prefix. The first is stored at once; after that the count is stored when it has doubled, when its minute is over,
//! and before the log is read. A process that dies loses less than half of a count.

use crate::{
    domain::{
        audit::{AuditAction, AuditEntry},
        ids::UserId,
    },
    server::auth::origin::Origin,
};
use parking_lot::{Mutex, MutexGuard};
use std::collections::HashMap;

const MINUTE_MS: i64 = 60_000;
/// Lines of one minute; what comes from further prefixes is counted together.
const MOST_LINES: usize = 500;

/// What is counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Source {
    action: AuditAction,
    /// The account that was tried, where there is one of that name.
    user: Option<UserId>,
    /// `None`: beyond the most lines.
    client_prefix: Option<String>,
}

#[derive(Debug)]
struct Line {
    id: String,
    count: u32,
    stored: u32,
}

#[derive(Debug, Default)]
struct Minute {
    number: i64,
    lines: HashMap<Source, Line>,
}

/// The counts of this minute.
#[derive(Debug, Default)]
pub(super) struct RefusedSignIns(Mutex<Minute>);

/// What is to be stored now.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    /// A line that is new.
    pub new: Option<AuditEntry>,
    /// Counts of stored lines, by their ids.
    pub counts: Vec<(String, u32)>,
}

impl RefusedSignIns {
    fn lock(&self) -> MutexGuard<'_, Minute> {
        self.0.lock()
    }

    /// Counts one; `entry` makes a line for it.
    pub(super) fn count(&self, action: AuditAction, user: Option<&UserId>, origin: &Origin, entry: impl FnOnce() -> AuditEntry) -> Counted {
        let entry = entry();
        let mut minute = self.lock();
        let number = entry.at.as_millis().div_euclid(MINUTE_MS);
        let mut counts = Vec::new();
        if minute.number != number {
            counts = unstored(&mut minute);
            *minute = Minute { number, lines: HashMap::new() };
        }
        let mut source = Source { action, user: user.cloned(), client_prefix: Some(origin.client_prefix()) };
        if minute.lines.len() >= MOST_LINES && !minute.lines.contains_key(&source) {
            source = Source { action, user: None, client_prefix: None };
        }
        if let Some(line) = minute.lines.get_mut(&source) {
            line.count = line.count.saturating_add(1);
            if line.count >= line.stored.saturating_mul(2) {
                line.stored = line.count;
                counts.push((line.id.clone(), line.count));
            }
            return Counted { new: None, counts };
        }
        let entry = match &source.client_prefix {
            Some(_) => entry,
            None => AuditEntry { user: None, subject: "further addresses".into(), address: None, ..entry },
        };
        minute.lines.insert(source, Line { id: entry.id.clone(), count: 1, stored: 1 });
        Counted { new: Some(entry), counts }
    }

    /// Counts that are higher than what is stored, which they count as from here on.
    pub(super) fn unstored(&self) -> Vec<(String, u32)> {
        unstored(&mut self.lock())
    }
}

fn unstored(minute: &mut Minute) -> Vec<(String, u32)> {
    let behind = minute.lines.values_mut().filter(|line| line.count > line.stored);
    behind
        .map(|line| {
            line.stored = line.count;
            (line.id.clone(), line.count)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::timestamp::Timestamp;

    fn origin(number: u32) -> Origin {
        Origin { address: Some(std::net::Ipv4Addr::from(number).into()), browser: String::new() }
    }

    fn entry(id: &str, at_s: i64) -> AuditEntry {
        AuditEntry {
            id: id.into(),
            at: Timestamp::from_millis(at_s * 1000),
            action: AuditAction::SignInThrottled,
            user: None,
            subject: String::new(),
            address: None,
            count: 1,
        }
    }

    fn count(counted: &RefusedSignIns, from: u32, id: &str, at_s: i64) -> Counted {
        counted.count(AuditAction::SignInThrottled, None, &origin(from), || entry(id, at_s))
    }

    #[test]
    fn a_minute_of_one_address_is_one_line_with_few_writes() {
        let counted = RefusedSignIns::default();
        assert_eq!(count(&counted, 7, "a", 1).new.map(|line| line.id).as_deref(), Some("a"));
        let later: Vec<_> = (0..1_999).map(|_| count(&counted, 7, "b", 2)).collect();
        assert!(later.iter().all(|one| one.new.is_none()));
        let writes: Vec<_> = later.into_iter().flat_map(|one| one.counts).collect();
        assert_eq!((writes.len(), writes.last()), (10, Some(&("a".to_owned(), 1_024))));
        assert_eq!(counted.unstored(), [("a".to_owned(), 2_000)]);
        assert_eq!(counted.unstored(), []);
        count(&counted, 7, "c", 3);
        let next = count(&counted, 7, "d", 61);
        assert_eq!((next.new.map(|line| line.id), next.counts), (Some("d".into()), vec![("a".into(), 2_001)]));
    }

    #[test]
    fn further_addresses_share_a_line() {
        let counted = RefusedSignIns::default();
        let lines = (0..2_000).filter_map(|from| count(&counted, from, &format!("l{from}"), 1).new).count();
        assert_eq!(lines, MOST_LINES + 1);
        let all: u32 = counted.lock().lines.values().map(|line| line.count).sum();
        assert_eq!(all, 2_000, "each is counted");
    }
}
