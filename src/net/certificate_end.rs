//! How long a certificate is valid. The TLS library checks that and does not say it.

use crate::domain::timestamp::Timestamp;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// The version, which old certificates do not have.
const VERSION: u8 = 0xa0;

/// When a certificate ends: `notAfter` (RFC 5280, section 4.1) of one in DER; `None` if it is no certificate.
pub fn ends_at(der: &[u8]) -> Option<Timestamp> {
    let (certificate, _) = element(der, SEQUENCE)?;
    let (mut rest, _) = element(certificate, SEQUENCE)?;
    if let Some((_, after)) = element(rest, VERSION) {
        rest = after;
    }
    // Serial number, algorithm, issuer.
    for tag in [INTEGER, SEQUENCE, SEQUENCE] {
        (_, rest) = element(rest, tag)?;
    }
    let (validity, _) = element(rest, SEQUENCE)?;
    let (_, rest) = time(validity)?;
    time(rest).map(|(at, _)| at)
}

/// The content of an element with this tag, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[own, first], rest) = der.split_first_chunk()?;
    if own != tag {
        return None;
    }
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        // Four bytes are more than any certificate has.
        let length = (bytes.len() <= 4).then(|| bytes.iter().fold(0, |length, byte| (length << 8) | usize::from(*byte)))?;
        (length, rest)
    };
    rest.split_at_checked(length)
}

/// `270102235959Z` or `20270102235959Z`; two digits are years from 1950 to 2049.
fn time(der: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (text, rest, century) = match element(der, UTC_TIME) {
        Some((text, rest)) => (text, rest, if text.first()? < &b'5' { "20" } else { "19" }),
        None => element(der, GENERALIZED_TIME).map(|(text, rest)| (text, rest, ""))?,
    };
    let text = format!("{century}{}", std::str::from_utf8(text).ok()?.strip_suffix('Z')?);
    if text.len() != 14 || !text.is_ascii() {
        return None;
    }
    let part = |from: usize| &text[from..from + 2];
    let written = format!("{}-{}-{}T{}:{}:{}Z", &text[..4], part(4), part(6), part(8), part(10), part(12));
    Some((Timestamp::parse_rfc3339(&written).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    #[test]
    fn the_end_of_a_certificate_is_read() {
        let key = KeyPair::generate().expect("a key");
        // From 2050 on the other form of times is used.
        for (year, expected) in [(2027, "2027-01-02T00:00:00"), (2061, "2061-01-02T00:00:00")] {
            let mut params = CertificateParams::new(vec!["studio.example".to_owned()]).expect("a name");
            (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(year, 1, 2));
            let der = params.self_signed(&key).expect("signed").der().to_vec();
            let ends = ends_at(&der).expect("a certificate").to_rfc3339();
            assert!(ends.starts_with(expected), "{ends}");
            for short in 0..der.len().min(200) {
                assert_eq!(ends_at(&der[..short]), None, "{short} bytes of it");
            }
        }
        assert_eq!(ends_at(b"not a certificate"), None);
        assert_eq!(ends_at(&[SEQUENCE, 0xff, 1, 2, 3]), None);
    }
}
