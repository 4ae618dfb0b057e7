//! Why TLS with a server failed, in words for the person who typed its address.

use rustls_pki_types::UnixTime;
use std::io;
use time::OffsetDateTime;
use tokio_rustls::rustls::{CertificateError, Error};

/// The reason, if the server's TLS is the problem and not the connection.
pub fn reason(error: &io::Error, host: &str) -> Option<String> {
    let error: &Error = error.get_ref()?.downcast_ref()?;
    Some(match error {
        Error::InvalidCertificate(problem) => certificate(problem, host),
        Error::InvalidMessage(_) => "this port does not speak TLS: use rtmp:// instead of rtmps://, or another port".to_owned(),
        Error::AlertReceived(_) => format!("{host} refuses the TLS connection: check the host and the port behind it"),
        Error::PeerIncompatible(_) | Error::PeerMisbehaved(_) => {
            format!("{host} speaks no TLS that is still safe: its operator must allow TLS 1.2 or newer")
        }
        Error::NoCertificatesPresented => format!("{host} shows no certificate: its operator must install one"),
        _ => format!("no TLS connection with {host} is possible"),
    })
}

/// Whether a server that failed so speaks TLS at all.
pub fn is_tls(error: &io::Error) -> bool {
    let error: Option<&Error> = error.get_ref().and_then(|error| error.downcast_ref());
    error.is_some_and(|error| !matches!(error, Error::InvalidMessage(_)))
}

fn certificate(problem: &CertificateError, host: &str) -> String {
    use CertificateError as Problem;
    let renew = "its operator must renew it";
    match problem {
        Problem::ExpiredContext { not_after, .. } => format!("the certificate of {host} expired on {}: {renew}", day(*not_after)),
        Problem::Expired => format!("the certificate of {host} has expired: {renew}"),
        Problem::NotValidYetContext { not_before, .. } => {
            format!("the certificate of {host} is valid from {} only: check the clock of this machine", day(*not_before))
        }
        Problem::NotValidYet => format!("the certificate of {host} is not valid yet: check the clock of this machine"),
        Problem::NotValidForNameContext { presented, .. } => match names(presented).as_str() {
            "" => format!("the certificate is not for {host}: check the host"),
            names => format!("the certificate is for {names}, not for {host}: check the host"),
        },
        Problem::NotValidForName => format!("the certificate is not for {host}: check the host"),
        Problem::Revoked => format!("the certificate of {host} was revoked: {renew}"),
        Problem::UnknownIssuer | Problem::BadSignature | Problem::Other(_) => {
            format!(
                "the certificate of {host} is signed by nobody who is trusted here: its operator must install one of a public authority"
            )
        }
        _ => format!("the certificate of {host} cannot be used: {renew}"),
    }
}

/// The names of a certificate, from the spelling `DnsName("a.example")`; at most three.
fn names(presented: &[String]) -> String {
    let name = |text: &String| text.split('"').nth(1).map_or_else(|| text.clone(), str::to_owned);
    presented.iter().take(3).map(name).collect::<Vec<_>>().join(", ")
}

fn day(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH).date().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::Arc, time::Duration};
    use tokio_rustls::rustls::{InvalidMessage, OtherError, pki_types::ServerName};

    #[test]
    fn tls_errors_are_told_in_plain_words() {
        let date = |secs| UnixTime::since_unix_epoch(Duration::from_secs(secs));
        let expected = ServerName::try_from("live.example").expect("a name");
        let presented = vec!["DnsName(\"other.example\")".to_owned(), "DnsName(\"third.example\")".to_owned()];
        let certificate = |problem| Error::InvalidCertificate(problem);
        for (error, words) in [
            (
                certificate(CertificateError::ExpiredContext { time: date(1_800_000_000), not_after: date(1_767_225_600) }),
                "the certificate of live.example expired on 2026-01-01: its operator must renew it",
            ),
            (
                certificate(CertificateError::NotValidForNameContext { expected, presented }),
                "the certificate is for other.example, third.example, not for live.example: check the host",
            ),
            (
                certificate(CertificateError::UnknownIssuer),
                "the certificate of live.example is signed by nobody who is trusted here: its operator must install one of a public authority",
            ),
            (
                Error::InvalidMessage(InvalidMessage::InvalidContentType),
                "this port does not speak TLS: use rtmp:// instead of rtmps://, or another port",
            ),
            (Error::Other(OtherError(Arc::new(io::Error::other("x")))), "no TLS connection with live.example is possible"),
        ] {
            let error = io::Error::new(io::ErrorKind::InvalidData, error);
            assert_eq!(reason(&error, "live.example").as_deref(), Some(words));
        }
        assert_eq!(reason(&io::ErrorKind::UnexpectedEof.into(), "live.example"), None);
    }
}
