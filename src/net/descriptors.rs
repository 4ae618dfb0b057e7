//! How many files and connections the process may have open.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Below this a studio under load runs out: 616 idle connections were enough at 1 024 (measured).
const ENOUGH: u64 = 4096;

/// More than any role uses. Some child programs close every possible file at their start, which takes long with a limit of a billion.
const MOST: u64 = 65_536;

/// Raises the soft limit towards the hard one and returns what is allowed now. Warns where that is little.
pub fn raise() -> u64 {
    let allowed = match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok((soft, hard)) if soft < hard.min(MOST) => {
            let raised = setrlimit(Resource::RLIMIT_NOFILE, hard.min(MOST), hard);
            if raised.is_ok() { hard.min(MOST) } else { soft }
        }
        Ok((soft, _)) => soft,
        Err(_) => 1024,
    };
    if allowed < ENOUGH {
        tracing::warn!(allowed, enough = ENOUGH, "few files may be open at once: raise LimitNOFILE (systemd) or `ulimit -n`");
    }
    allowed
}
