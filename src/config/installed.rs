//! Where a package or an unpacked archive holds what belongs to the program: in the folders beside that of the program.

use std::path::PathBuf;

/// The LiveKit server, from the folder above the program's.
pub const LIVEKIT_SERVER: &str = "lib/footlight/livekit-server";
/// The browser files.
pub const SITE: &str = "share/footlight/site";

/// The path of such a file or folder, if it is there: for `/usr/bin/footlight` those below `/usr`.
pub fn beside_program(relative: &str) -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let path = program.parent()?.parent()?.join(relative);
    path.exists().then_some(path)
}
