//! The reader behind every configuration: each error names the variable, and never repeats its value.

use std::{collections::HashMap, fmt::Display, path::PathBuf, str::FromStr};

/// Why a variable stops the start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// It is needed and not set.
    #[error("{name} is not set: {expected}")]
    Missing {
        name: &'static str,
        /// What it must be.
        expected: String,
    },
    /// It is set, and cannot be read. The value itself is not repeated: it may be a secret.
    #[error("{name} is malformed: expected {expected}")]
    Malformed {
        name: &'static str,
        /// What it must be.
        expected: String,
    },
}

/// A snapshot of the environment; tests give their own.
#[derive(Clone, Default)]
pub struct Env(HashMap<String, String>);

impl Env {
    /// The process's environment. Values that are not Unicode are left out.
    pub fn of_process() -> Self {
        Self(std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect())
    }

    /// An environment of these names and values.
    pub fn of_pairs<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// Everything that is set, for handing on to a child.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value, if set and not empty.
    pub fn get(&self, name: &'static str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// A value without which there is no start.
    ///
    /// # Errors
    /// [`ConfigError::Missing`] with what was expected.
    pub fn required(&self, name: &'static str, expected: impl Display) -> Result<&str, ConfigError> {
        self.get(name).ok_or_else(|| ConfigError::Missing { name, expected: expected.to_string() })
    }

    /// A value parsed from its text, or `default`.
    ///
    /// # Errors
    /// [`ConfigError::Malformed`] with what was expected.
    pub fn parsed<T: FromStr>(&self, name: &'static str, default: T, expected: impl Display) -> Result<T, ConfigError> {
        self.get(name).map_or(Ok(default), |text| text.parse().map_err(|_| Self::malformed(name, expected)))
    }

    /// `1`/`true`/`yes`/`on` or `0`/`false`/`no`/`off`, or `default`.
    ///
    /// # Errors
    /// [`ConfigError::Malformed`] for anything else.
    pub fn flag(&self, name: &'static str, default: bool) -> Result<bool, ConfigError> {
        match self.get(name).map(str::to_ascii_lowercase).as_deref() {
            None => Ok(default),
            Some("1" | "true" | "yes" | "on") => Ok(true),
            Some("0" | "false" | "no" | "off") => Ok(false),
            Some(_) => Err(Self::malformed(name, "1 or 0")),
        }
    }

    /// The data folder: `FOOTLIGHT_DATA`, else `footlight` under the user's data folder.
    ///
    /// # Errors
    /// Neither it nor `HOME` is set.
    pub fn data_folder(&self) -> Result<PathBuf, ConfigError> {
        if let Some(folder) = self.get("FOOTLIGHT_DATA") {
            return Ok(folder.into());
        }
        if let Some(folder) = self.get("XDG_DATA_HOME") {
            return Ok(PathBuf::from(folder).join("footlight"));
        }
        let home = self.required("HOME", "or set FOOTLIGHT_DATA to the data folder")?;
        Ok(PathBuf::from(home).join(".local/share/footlight"))
    }

    /// The error for a value of `name` that cannot be read.
    pub fn malformed(name: &'static str, expected: impl Display) -> ConfigError {
        ConfigError::Malformed { name, expected: expected.to_string() }
    }
}
