//! People with an account and what they may do.

use super::{
    ids::UserId,
    plain_text::{UnsuitableText, is_joiner, one_line},
    timestamp::Timestamp,
};
use serde::{Deserialize, Serialize};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use unicode_security::{RestrictionLevel, RestrictionLevelDetection, skeleton};

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Their own sessions.
    Streamer,
    /// Every session and every account.
    Admin,
}

/// A person with an account. The password's hash is stored separately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The account's id.
    pub id: UserId,
    /// The sign-in name, as typed.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// When the account was created.
    pub created_at: Timestamp,
}

/// Why a name or password cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnsuitableCredential {
    /// Length or characters of the name.
    #[error("the name must be 2 to 40 letters, digits, spaces, dots, dashes or underscores")]
    Name,
    /// A character in the name that hides or reorders what is read.
    #[error("in the name {0}")]
    NameText(UnsuitableText),
    /// Letters of scripts that nobody writes together.
    #[error("the name mixes letters of several scripts, such as Latin and Cyrillic, which look alike; write it in one script")]
    MixedScripts,
    /// Length of the password.
    #[error("the password must be 10 to 200 characters long")]
    Password,
}

/// A name for a new account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountName {
    /// As it is shown: as typed, in NFC, inner white space collapsed.
    pub shown: String,
    /// As it is unique: the same without distinctions of case, width and ligatures (NFKC, case folded).
    pub key: String,
}

impl AccountName {
    /// A name as typed, if a new account may have it.
    ///
    /// # Errors
    /// Too short, too long, other characters, hidden ones, or letters of several scripts.
    pub fn new(typed: &str) -> Result<Self, UnsuitableCredential> {
        let shown = one_line(typed).map_err(UnsuitableCredential::NameText)?;
        let plain = |c: char| c.is_alphanumeric() || is_combining_mark(c) || is_joiner(c) || matches!(c, ' ' | '.' | '-' | '_');
        let begins = shown.chars().next().is_some_and(|c| !is_combining_mark(c));
        if !(2..=40).contains(&shown.chars().count()) || !begins || !shown.chars().all(plain) {
            return Err(UnsuitableCredential::Name);
        }
        // In NFKC: what some keyboards type for Thai and Lao has another spelling there.
        let letters: String = shown.nfkc().filter(|c| !is_joiner(*c) && !matches!(c, ' ' | '.' | '-' | '_')).collect();
        if !letters.check_restriction_level(RestrictionLevel::ModeratelyRestrictive) {
            return Err(UnsuitableCredential::MixedScripts);
        }
        Ok(Self { key: folded(&shown), shown })
    }

    /// Whether people would take this name and that of an account for the same (Unicode Technical Standard 39, skeletons).
    pub fn reads_like(&self, other: &str) -> bool {
        let other: String = other.nfc().collect();
        let (own_key, other_key) = (&self.key, folded(&other));
        *own_key == other_key || skeleton(&self.shown).eq(skeleton(&other)) || skeleton(own_key).eq(skeleton(&other_key))
    }
}

/// The keys under which the account of a typed name may be stored: today's, and the one of accounts from before names were
/// normalised.
pub fn name_keys(typed: &str) -> Vec<String> {
    if typed.len() > LONGEST_TYPED {
        return Vec::new();
    }
    let collapsed = typed.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut keys = vec![folded(&one_line(typed).unwrap_or_else(|_| collapsed.clone())), collapsed.to_lowercase()];
    keys.dedup();
    keys
}

/// NFKC, case folded: in capitals and back, character by character, so that `ß` and `ss`, `ς` and `σ` are one.
fn folded(text: &str) -> String {
    let capitals = text.nfkc().flat_map(char::to_uppercase);
    capitals.flat_map(char::to_lowercase).filter(|c| !is_joiner(*c)).nfkc().collect()
}

/// Bytes of a typed name that are looked at.
const LONGEST_TYPED: usize = 400;

/// Checks a new password's length, in characters.
///
/// # Errors
/// Shorter than 10 or longer than 200.
pub fn check_password(password: &str) -> Result<(), UnsuitableCredential> {
    if (10..=200).contains(&password.chars().count()) { Ok(()) } else { Err(UnsuitableCredential::Password) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_read_alike_are_one_name() {
        let key = |name: &str| AccountName::new(name).map(|name| name.key);
        assert_eq!(key("  Blaze   Master "), key("blaze master"));
        assert_eq!(key("E\u{301}toile"), key("\u{e9}TOILE"), "decomposed or not");
        assert_eq!(key("Stra\u{df}e"), key("STRASSE"));
        for bad in ["", "x", "a<b>", &"n".repeat(41), "\u{301}ab"] {
            assert_eq!(AccountName::new(bad), Err(UnsuitableCredential::Name), "{bad}");
        }
    }

    #[test]
    fn a_name_that_imitates_another_is_refused() {
        assert_eq!(AccountName::new("\u{430}dmin"), Err(UnsuitableCredential::MixedScripts), "Cyrillic and Latin");
        assert_eq!(AccountName::new("\u{1d41a}dmin").map(|name| name.key), Ok("admin".to_owned()), "mathematical");
        assert!(matches!(AccountName::new("admin\u{202e}x"), Err(UnsuitableCredential::NameText(_))));
        assert_eq!(AccountName::new("ad\u{200b}min").expect("harmless").key, "admin");
        for (name, other) in
            [("\u{441}\u{430}\u{440}\u{430}", "capa"), ("adrnin", "admin"), ("ADM1N", "adm1n"), ("a1ice", "alice"), ("aIice", "alice")]
        {
            assert!(AccountName::new(name).expect(name).reads_like(other), "{name} {other}");
        }
        assert!(!AccountName::new("Bob").expect("a name").reads_like("Rob"));
    }

    #[test]
    fn names_of_any_script_are_taken() {
        for name in [
            "\u{928}\u{930}\u{947}\u{928}\u{94d}\u{926}\u{94d}\u{930}",
            "\u{e2a}\u{e21}\u{e0a}\u{e32}\u{e22} \u{e43}\u{e08}\u{e14}\u{e35} \u{e19}\u{e49}\u{e33}",
            "\u{639}\u{644}\u{6cc}\u{200c}\u{631}\u{636}\u{627}",
            "Yuki \u{96ea}\u{306e}",
            "\u{417}\u{43e}\u{44f} 2",
            "Zoe\u{308}",
            "Nguye\u{302}\u{303}n",
        ] {
            let taken = AccountName::new(name).expect(name);
            assert_eq!(taken.shown, name.nfc().collect::<String>());
            assert_eq!(name_keys(name)[0], taken.key);
        }
    }

    #[test]
    fn an_account_from_before_is_found_by_its_stored_key() {
        let stored_before = |name: &str| name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        for name in ["Stra\u{df}e", "\u{430}dmin", " Blaze  Master", "Zoe\u{308}", "\u{fb01}lm", "\u{130}pek"] {
            assert!(name_keys(name).contains(&stored_before(name)), "{name}");
        }
        assert_eq!(name_keys("Admin"), ["admin"]);
        assert_eq!(name_keys(&"n".repeat(401)), [] as [String; 0]);
    }

    #[test]
    fn a_password_is_ten_characters_or_more() {
        assert!(check_password("ninechars").is_err());
        assert!(check_password("ten charss").is_ok());
    }
}
