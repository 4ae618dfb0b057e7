//! The configuration of our own LiveKit server: everything on loopback, no requests to the internet.

use super::secrets::{LIVEKIT_KEY, LIVEKIT_SECRET, Secrets};
use crate::config::up::{LiveKit, UpConfig};
use anyhow::Context as _;
use std::{
    fs::OpenOptions,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

pub(super) fn config_path(data: &Path) -> PathBuf {
    data.join("livekit.yaml")
}

/// Writes it, readable only by its owner because it contains the API secret.
///
/// # Errors
/// The data folder cannot be written.
pub(super) fn write_config(config: &UpConfig, secrets: &Secrets) -> anyhow::Result<()> {
    let LiveKit::Own { port, tcp_port, udp_port, .. } = config.livekit else {
        return Ok(());
    };
    let key = secrets.get(LIVEKIT_KEY);
    // JSON is valid YAML and handles quoting. LiveKit refuses unknown keys.
    let yaml = serde_json::json!({
        "port": port,
        "bind_addresses": ["127.0.0.1"],
        "rtc": {
            "tcp_port": tcp_port,
            "udp_port": udp_port,
            "use_external_ip": false,
            "node_ip": "127.0.0.1",
            "enable_loopback_candidate": true,
            "interfaces": { "includes": ["lo"] },
            "ips": { "includes": ["127.0.0.1/32"] },
            "stun_servers": ["127.0.0.1:3478"],
            // Minimum time between two keyframe requests to the host. Whoever joins just after one waits that long for the
            // first frame; with the default of half a second, one composite start in six had to wait.
            "pli_throttle": { "low_quality": "100ms", "mid_quality": "100ms", "high_quality": "100ms" },
        },
        "keys": { key: secrets.get(LIVEKIT_SECRET) },
        "webhook": { "api_key": key, "urls": [format!("http://{}/api/webhooks/livekit", config.address.local())] },
        "room": { "auto_create": false, "empty_timeout": 60, "departure_timeout": 20 },
        "logging": { "level": "info", "json": true },
    });
    let path = config_path(&config.data);
    // Removed first: the mode applies only to a new file.
    let _ = std::fs::remove_file(&path);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("{} cannot be written", path.display()))?;
    serde_json::to_writer_pretty(&mut file, &yaml)?;
    file.write_all(b"\n")?;
    Ok(())
}
