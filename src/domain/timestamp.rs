//! A moment, in whole milliseconds since the Unix epoch, UTC.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Milliseconds since 1970-01-01T00:00:00Z. On the wire RFC 3339 in UTC (`2026-11-23T20:15:04.120Z`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, utoipa::ToSchema)]
#[schema(value_type = String, format = DateTime)]
pub struct Timestamp(i64);

/// A text that is no time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a time must be RFC 3339 and in UTC of the years 0 to 9999, such as 2026-11-23T20:15:04Z")]
pub struct MalformedTimestamp;

impl Timestamp {
    /// From milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This moment moved by `millis` (negative: earlier); stops at the ends of the range.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this moment, 0 if `earlier` is later.
    pub fn millis_since(self, earlier: Self) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }

    /// RFC 3339 in UTC with milliseconds.
    pub fn to_rfc3339(self) -> String {
        let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let (date, clock) = (at.date(), at.time());
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            date.year(),
            u8::from(date.month()),
            date.day(),
            clock.hour(),
            clock.minute(),
            clock.second(),
            clock.millisecond()
        )
    }

    /// Reads RFC 3339; any offset is converted to UTC.
    ///
    /// # Errors
    /// The text is not RFC 3339, or its offset moves it out of the years that have four digits.
    pub fn parse_rfc3339(text: &str) -> Result<Self, MalformedTimestamp> {
        let nanos = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| MalformedTimestamp)?.unix_timestamp_nanos();
        let utc = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok().filter(|utc| (0..=9999).contains(&utc.year()));
        let millis = i64::try_from(nanos.div_euclid(1_000_000)).map_err(|_| MalformedTimestamp)?;
        utc.map(|_| Self(millis)).ok_or(MalformedTimestamp)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_rfc3339())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse_rfc3339(&text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_survives_the_wire_to_the_millisecond() {
        let at = Timestamp::from_millis(1_795_421_948_792);
        assert_eq!(at.to_rfc3339(), "2026-11-23T08:19:08.792Z");
        let text = serde_json::to_string(&at).expect("a string");
        assert_eq!(serde_json::from_str::<Timestamp>(&text).expect("reads back"), at);
        assert_eq!(Timestamp::parse_rfc3339("2026-11-23T09:19:08.792+01:00").expect("an offset"), at);
        assert!(serde_json::from_str::<Timestamp>("\"yesterday\"").is_err());
    }

    #[test]
    fn an_offset_cannot_move_a_time_out_of_what_can_be_written() {
        for outside in ["9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00+01:00"] {
            assert_eq!(Timestamp::parse_rfc3339(outside), Err(MalformedTimestamp), "{outside}");
        }
        for (text, written) in [
            ("9999-12-31T23:59:59.9999Z", "9999-12-31T23:59:59.999Z"),
            ("0000-01-01T01:00:00+01:00", "0000-01-01T00:00:00.000Z"),
            ("1969-12-31T23:59:59.9999Z", "1969-12-31T23:59:59.999Z"),
        ] {
            let at = Timestamp::parse_rfc3339(text).expect(text);
            assert_eq!(at.to_rfc3339(), written);
            assert_eq!(Timestamp::parse_rfc3339(written), Ok(at));
        }
    }
}
