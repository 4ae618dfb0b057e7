//! The file of a backup: a tar, compressed with gzip. `manifest.json` comes first, then the parts of the store
//! (`store/000000.surql`, …; joined they are the statements of one export), then files of recordings (`recordings/{session}/{file}`). Last comes
//! `SHA256SUMS` over all of them, as `sha256sum -c` reads it: without it the file is not whole.

use crate::domain::{ids::SessionId, timestamp::Timestamp};
use anyhow::{Context as _, bail};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    fmt::Write as _,
    fs::{File, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};
use tar::{Archive, Builder, EntryType, Header};

/// The version of this layout.
pub const FORMAT: u32 = 1;
pub const STORE: &str = "store/";
pub const RECORDINGS: &str = "recordings/";
const MANIFEST: &str = "manifest.json";
const SUMS: &str = "SHA256SUMS";
/// No part is larger: parts of the store are 4 MB, segments of recordings two seconds of video.
const LARGEST: u64 = 512 * 1024 * 1024;

/// What a backup says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// [`FORMAT`] of the program that wrote it.
    pub format: u32,
    /// Its version.
    pub program: String,
    /// The version of the store's schema.
    pub schema: usize,
    /// The ids of the master keys that the stream keys in it are sealed with.
    pub sealed_with: Vec<String>,
    pub made_at: Timestamp,
    /// Whether recordings are in it.
    pub recordings: bool,
}

/// Writes a backup, part by part.
pub struct Writer {
    tar: Builder<GzEncoder<File>>,
    sums: String,
    mtime: u64,
}

impl Writer {
    /// A new file that only its owner can read.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn create(path: &Path, manifest: &Manifest) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        let mtime = u64::try_from(manifest.made_at.as_millis() / 1000).unwrap_or_default();
        let mut writer = Self { tar: Builder::new(GzEncoder::new(file, Compression::default())), sums: String::new(), mtime };
        writer.add(MANIFEST, &serde_json::to_vec_pretty(manifest)?)?;
        Ok(writer)
    }

    /// Adds a part.
    ///
    /// # Errors
    /// The disk is full, or the like.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let _ = writeln!(self.sums, "{}", sum(name, bytes));
        self.append(name, bytes)
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut header = Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(self.mtime);
        self.tar.append_data(&mut header, name, bytes)
    }

    /// Ends the file with the sums.
    ///
    /// # Errors
    /// The disk is full, or the like.
    pub fn finish(mut self) -> io::Result<()> {
        let sums = std::mem::take(&mut self.sums);
        self.append(SUMS, sums.as_bytes())?;
        self.tar.into_inner()?.finish()?.sync_all()
    }
}

fn sum(name: &str, bytes: &[u8]) -> String {
    format!("{}  {name}", hex::encode(Sha256::digest(bytes)))
}

/// Reads a whole backup, gives each part of store and recordings to `take` in order, and compares the sums at the end.
///
/// # Errors
/// It is no backup, not whole, of a newer layout, or was changed; or `take` failed.
pub fn read(path: &Path, mut take: impl FnMut(&str, &[u8]) -> anyhow::Result<()>) -> anyhow::Result<Manifest> {
    let damaged = || format!("{} is damaged or no backup of Footlight", path.display());
    let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let mut tar = Archive::new(GzDecoder::new(file));
    let (mut manifest, mut sums, mut is_whole) = (None::<Manifest>, String::new(), false);
    for entry in tar.entries().with_context(damaged)? {
        let mut entry = entry.with_context(damaged)?;
        let name = entry.path().with_context(damaged)?.to_str().map(str::to_owned).with_context(damaged)?;
        if is_whole || entry.header().entry_type() != EntryType::Regular || entry.size() > LARGEST {
            bail!(damaged());
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).with_context(damaged)?;
        if name == SUMS {
            is_whole = bytes == sums.as_bytes();
            if !is_whole {
                bail!("{}: its checksums do not fit", damaged());
            }
            continue;
        }
        let _ = writeln!(sums, "{}", sum(&name, &bytes));
        match &manifest {
            None if name == MANIFEST => manifest = Some(manifest_of(&bytes).with_context(damaged)?),
            Some(_) if is_part(&name) || is_recording(&name) => take(&name, &bytes)?,
            _ => bail!(damaged()),
        }
    }
    manifest.filter(|_| is_whole).with_context(|| format!("{}: it ends too early", damaged()))
}

fn manifest_of(bytes: &[u8]) -> anyhow::Result<Manifest> {
    #[derive(Deserialize)]
    struct Layout {
        format: u32,
    }
    let Layout { format } = serde_json::from_slice(bytes)?;
    if format > FORMAT {
        bail!(
            "it has layout {format}, and this Footlight knows layout {FORMAT}: restore it with the Footlight that wrote it, or a newer one"
        );
    }
    Ok(serde_json::from_slice(bytes)?)
}

fn is_part(name: &str) -> bool {
    let number = name.strip_prefix(STORE).and_then(|name| name.strip_suffix(".surql"));
    number.is_some_and(|number| number.len() >= 6 && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether it is a file that a recording has; nothing else leaves a backup or comes out of one.
pub fn is_recording(name: &str) -> bool {
    let Some((session, file)) = name.strip_prefix(RECORDINGS).and_then(|name| name.split_once('/')) else { return false };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    session.parse::<SessionId>().is_ok() && !file.is_empty() && !file.starts_with('.') && file.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn written(format: u32) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("backup");
        let made_at = Timestamp::from_millis(1_795_421_948_792);
        let manifest = Manifest { format, program: "0.1.0".into(), schema: 6, sealed_with: Vec::new(), made_at, recordings: true };
        let mut writer = Writer::create(&path, &manifest).expect("created");
        writer.add("store/000000.surql", b"OPTION IMPORT;").expect("added");
        writer.add("recordings/s1/00000.m4s", &[7; 1000]).expect("added");
        writer.finish().expect("finished");
        (folder, path)
    }

    fn names(path: &Path) -> anyhow::Result<Vec<String>> {
        let mut names = Vec::new();
        read(path, |name, _| {
            names.push(name.to_owned());
            Ok(())
        })?;
        Ok(names)
    }

    #[test]
    fn a_backup_is_private_and_comes_back_in_order() {
        let (_folder, path) = written(FORMAT);
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        assert_eq!(names(&path).expect("whole"), ["store/000000.surql", "recordings/s1/00000.m4s"]);
    }

    #[test]
    fn what_is_cut_or_changed_or_newer_is_refused() {
        let (_folder, path) = written(FORMAT);
        let bytes = std::fs::read(&path).expect("read");
        for end in [0, 10, bytes.len() / 2, bytes.len() * 3 / 4] {
            std::fs::write(&path, &bytes[..end]).expect("written");
            assert!(names(&path).is_err(), "cut at {end}");
        }
        let mut changed = bytes.clone();
        changed[bytes.len() / 2] ^= 1;
        std::fs::write(&path, changed).expect("written");
        assert!(names(&path).is_err(), "changed");
        let (_folder, newer) = written(FORMAT + 1);
        let error = format!("{:#}", names(&newer).expect_err("newer"));
        assert!(error.contains("layout 2"), "{error}");
    }

    #[test]
    fn only_files_of_recordings_leave_their_folder() {
        for fine in ["recordings/s1/index.m3u8", "recordings/01j0/00001.m4s", "recordings/s1/account"] {
            assert!(is_recording(fine), "{fine}");
        }
        for not in ["recordings/../x", "recordings/s1/../x", "recordings/s1/.x", "recordings/s1/a/b", "store/x", "recordings/s1/"] {
            assert!(!is_recording(not), "{not}");
        }
    }
}
