//! The disk of the recordings. `ffmpeg` says nothing and ends well when the disk is full, and leaves an empty playlist behind; so it is
//! looked at from here, and a recording ends while there is room to finish it.

use super::recordings_limit::free_space;
use crate::net::os_message;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

const FULL: &str = "the disk of the recordings is full: free some space (they are in the folder that FOOTLIGHT_DATA names)";

/// Why the recording in a folder cannot go on, in words for whoever runs the studio.
pub fn full(folder: &Path, reserve_bytes: u64) -> Option<String> {
    (free_space(folder)? < reserve_bytes).then(|| FULL.to_owned())
}

/// Makes the folder of a recording.
///
/// # Errors
/// It cannot be written; the error is in words for whoever runs the studio.
pub fn prepare(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder).map_err(|error| unusable(&error))?;
    for empty in empty_segments(folder) {
        // It is left from an attempt that failed, and nobody can play it.
        let _ = fs::remove_file(empty);
    }
    problem(folder).map_or(Ok(()), |problem| Err(io::Error::other(problem)))
}

/// Why nothing can be written in a folder at present.
pub fn problem(folder: &Path) -> Option<String> {
    let probe = folder.join("probe");
    let written = fs::write(&probe, [0; 4096]);
    // It may not exist.
    let _ = fs::remove_file(&probe);
    written.err().map(|error| unusable(&error).to_string())
}

/// Whether `ffmpeg` could not write a segment: it then renames an empty file.
pub fn has_empty_segment(folder: &Path) -> bool {
    !empty_segments(folder).is_empty()
}

fn empty_segments(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let segments = files.filter(|file| file.path().extension().is_some_and(|extension| extension == "m4s"));
    segments.filter(|segment| segment.metadata().is_ok_and(|about| about.len() == 0)).map(|segment| segment.path()).collect()
}

fn unusable(error: &io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => io::Error::other(FULL),
        kind => io::Error::new(kind, format!("the folder of the recordings, in FOOTLIGHT_DATA, cannot be written: {}", os_message(error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recording_folder_that_cannot_be_written_is_explained() {
        let outside = tempfile::tempdir().expect("a folder");
        let folder = outside.path().join("recordings/room");
        prepare(&folder).expect("made");
        assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 0, "no probe is left");
        assert_eq!((full(&folder, 0), problem(&folder)), (None, None));
        assert_eq!(full(&folder, u64::MAX).as_deref(), Some(FULL));
        assert!(!has_empty_segment(&folder));
        fs::write(folder.join("00000.m4s"), "").expect("written");
        assert!(has_empty_segment(&folder));
        prepare(&folder).expect("again");
        assert!(!has_empty_segment(&folder));
        fs::remove_dir_all(&folder).expect("deleted");
        assert!(problem(&folder).expect("deleted").contains("FOOTLIGHT_DATA"));
        fs::write(&folder, "").expect("written");
        let error = prepare(&folder).expect_err("a file").to_string();
        assert!(error.contains("FOOTLIGHT_DATA") && !error.contains("os error"), "{error}");
    }
}
