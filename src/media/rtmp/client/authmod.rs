//! Authorization by user name and password inside `connect`, as Adobe's servers and encoders do it: the server refuses and names a salt,
//! the encoder connects again with an answer in the query of the application. Neither sends the password.
//! No specification is public; the steps are those that `librtmp` and `ffmpeg` take.

use super::Refusal;
use base64::{Engine, engine::general_purpose::STANDARD};
use md5::{Digest, Md5};

/// Why a server that wants a password cannot be given one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRefused {
    /// There is none.
    #[error("the server wants a user name and a password: put them into its address, as in rtmp://user:password@host/application")]
    Missing,
    #[error("the server does not take this user name and password: check what stands before the host")]
    Wrong,
    /// By another method than `adobe`.
    #[error(
        "the server wants a user name and a password (authmod={0}), which cannot be sent: ask its operator for an address that needs a \
         stream key only"
    )]
    Unsupported(String),
}

/// The parameters with which the application is asked for again. `method` and `refusal` are the server's, `nonce` is any hexadecimal number.
///
/// # Errors
/// There are no credentials, they are wrong, or the server wants another method.
pub fn answer(method: &str, refusal: &Refusal, credentials: Option<(&str, &str)>, nonce: &str) -> Result<String, PasswordRefused> {
    if method != "adobe" {
        return Err(PasswordRefused::Unsupported(method.to_owned()));
    }
    let (user, password) = credentials.ok_or(PasswordRefused::Missing)?;
    let said = refusal.description.split_once('?').map_or("", |(_, query)| query);
    let parameter =
        |name: &str| said.split('&').find_map(|pair| pair.trim().split_once('=').filter(|(of, _)| *of == name)).map(|(_, value)| value);
    match parameter("reason") {
        Some("authfailed" | "nosuchuser") => return Err(PasswordRefused::Wrong),
        Some("needauth") => {}
        // The first refusal only says that a password is wanted.
        _ => return Ok(format!("authmod=adobe&user={user}")),
    }
    let (opaque, challenge) = (parameter("opaque"), parameter("challenge"));
    let known = hashed(&[user, parameter("salt").unwrap_or_default(), password]);
    let response = hashed(&[&known, opaque.or(challenge).unwrap_or_default(), nonce]);
    let opaque = opaque.map(|opaque| format!("&opaque={opaque}")).unwrap_or_default();
    Ok(format!("authmod=adobe&user={user}&challenge={nonce}&response={response}{opaque}"))
}

fn hashed(parts: &[&str]) -> String {
    STANDARD.encode(Md5::digest(parts.concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(description: &str) -> Refusal {
        Refusal { description: description.to_owned(), ..Refusal::default() }
    }

    #[test]
    fn the_answer_to_a_challenge_is_that_of_other_encoders() {
        let ada = Some(("ada", "secret"));
        let first = refused("[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ");
        assert_eq!(answer("adobe", &first, ada, "00c0ffee"), Ok("authmod=adobe&user=ada".to_owned()));
        // Computed by another implementation of MD5 (Python's hashlib).
        for (said, expected) in [
            ("salt=c2FsdA==&challenge=Y2g=&opaque=b3A=", "7a0/RmnLUiCD/aQeZSO/Gg==&opaque=b3A="),
            ("salt=c2FsdA==&challenge=Y2g=", "zV17WECdAyiB0aiII7QWSQ=="),
        ] {
            let second = refused(&format!("[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=needauth&user=ada&{said}"));
            let expected = format!("authmod=adobe&user=ada&challenge=00c0ffee&response={expected}");
            assert_eq!(answer("adobe", &second, ada, "00c0ffee"), Ok(expected));
        }
    }

    #[test]
    fn what_cannot_be_answered_is_said() {
        let first = refused("[ code=403 need auth; authmod=adobe ]");
        let wrong = refused("[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=authfailed&opaque=b3A=");
        let ada = Some(("ada", "secret"));
        assert_eq!(answer("adobe", &first, None, "0"), Err(PasswordRefused::Missing));
        assert_eq!(answer("adobe", &wrong, ada, "0"), Err(PasswordRefused::Wrong));
        assert_eq!(answer("llnw", &first, ada, "0"), Err(PasswordRefused::Unsupported("llnw".to_owned())));
    }
}
