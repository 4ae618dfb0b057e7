//! Configuration of `footlight egress`.

use crate::config::{
    env::{ConfigError, Env},
    relay::TlsFiles,
};
use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};
use url::Url;

/// The configuration of the local Web Egress.
#[derive(Clone)]
pub struct EgressConfig {
    /// Address of the Twirp server.
    pub listen: SocketAddr,
    /// LiveKit API key: issuer of accepted tokens and of signed webhooks.
    pub api_key: String,
    /// The secret that belongs to `api_key`.
    pub api_secret: String,
    /// Folder of the stored state.
    pub data: PathBuf,
    /// Folder for the private folders of egresses.
    pub scratch: PathBuf,
    /// How many egresses may run at once.
    pub slots: usize,
    /// The addresses that receive every webhook.
    pub webhook_urls: Vec<Url>,
    /// The only origin whose pages are opened, followed by LiveKit's, which those pages may also call.
    pub origins: Arc<[url::Origin]>,
    /// Whether one display and browser are launched in advance.
    pub warm: bool,
    /// Whether captures run in Chromium's sandbox; detected at start, unless the operator turned it off.
    pub sandbox: Sandbox,
    /// What the installed fonts cannot draw; detected at start.
    pub font_problem: Option<String>,
    /// Certificate and key of the listener, which it needs beyond loopback.
    pub tls: Option<TlsFiles>,
    /// How long a lost output is retried.
    pub outage: Duration,
    /// Unprivileged account that a worker started as root becomes.
    pub user: String,
    /// How long a drain waits for running egresses; without it, until they end.
    pub drain_timeout: Option<Duration>,
    /// The programs of an egress.
    pub programs: Programs,
}

/// Whether captures run in Chromium's sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sandbox {
    /// It works.
    On,
    /// The operator turned it off: `FOOTLIGHT_EGRESS_NO_SANDBOX=1`.
    Off,
    /// It does not work here: no capture is started.
    Missing,
}

impl Sandbox {
    /// The name in `/healthz`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Missing => "missing",
        }
    }
}

/// Paths of the programs of an egress.
#[derive(Clone)]
pub struct Programs {
    /// Chromium itself rather than a wrapper script, if it is found.
    pub chromium: PathBuf,
    /// The X server without a screen.
    pub xvfb: PathBuf,
    pub pulseaudio: PathBuf,
    pub ffmpeg: PathBuf,
}

impl EgressConfig {
    /// Reads the worker's environment variables.
    ///
    /// # Errors
    /// The variable that is missing or malformed.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let public = env.get("PUBLIC_APP_URL").unwrap_or("http://127.0.0.1:3000").trim_end_matches('/');
        let page = Url::parse(public).ok().filter(Url::has_host).ok_or_else(|| Env::malformed("PUBLIC_APP_URL", "an http(s) address"))?;
        let own_webhook = format!("{public}/api/webhooks/livekit");
        let webhook_urls = env
            .get("FOOTLIGHT_EGRESS_WEBHOOK_URLS")
            .unwrap_or(&own_webhook)
            .split(',')
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(|text| {
                Url::parse(text).map_err(|_| Env::malformed("FOOTLIGHT_EGRESS_WEBHOOK_URLS", "http(s) addresses separated by commas"))
            })
            .collect::<Result<_, _>>()?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let slots = env.parsed("FOOTLIGHT_EGRESS_SLOTS", (cores / 2).max(1), "how many egresses at a time, 1 to 64")?;
        if !(1..=64).contains(&slots) {
            return Err(Env::malformed("FOOTLIGHT_EGRESS_SLOTS", "how many egresses at a time, 1 to 64"));
        }
        let drain = env.get("FOOTLIGHT_EGRESS_DRAIN_SECONDS").map(str::parse).transpose();
        let drain = drain.map_err(|_| Env::malformed("FOOTLIGHT_EGRESS_DRAIN_SECONDS", "whole seconds"))?;
        let warm = match env.get("FOOTLIGHT_EGRESS_WARM") {
            None | Some("" | "0") => false,
            Some("1") => true,
            Some(_) => return Err(Env::malformed("FOOTLIGHT_EGRESS_WARM", "1 or 0")),
        };
        let outage = env.parsed("FOOTLIGHT_EGRESS_OUTAGE_SECONDS", 30, "seconds from 1 to 3600")?;
        if !(1..=3600).contains(&outage) {
            return Err(Env::malformed("FOOTLIGHT_EGRESS_OUTAGE_SECONDS", "seconds from 1 to 3600"));
        }
        let mut origins = vec![page.origin()];
        for name in ["LIVEKIT_URL", "FOOTLIGHT_LIVEKIT_PUBLIC_URL"] {
            // The client library falls back to HTTP when the WebSocket is refused.
            let http = env.get(name).map(|url| url.replacen("ws", "http", 1));
            origins.extend(http.and_then(|url| Url::parse(&url).ok()).map(|url| url.origin()));
        }
        let listen = env.parsed("FOOTLIGHT_EGRESS_LISTEN", SocketAddr::from(([127, 0, 0, 1], 3103)), "an address and port")?;
        let tls = TlsFiles::from_env(env, "FOOTLIGHT_EGRESS_TLS_CERT", "FOOTLIGHT_EGRESS_TLS_KEY")?;
        // LiveKit tokens, overlay tokens and publish tokens go this way.
        TlsFiles::needed_beyond_loopback(tls.as_ref(), "FOOTLIGHT_EGRESS_LISTEN", listen, "FOOTLIGHT_EGRESS_TLS")?;
        let data = env.data_folder()?.join("egress");
        Ok(Self {
            listen,
            api_key: env.required("LIVEKIT_API_KEY", "the API key of the LiveKit server")?.to_owned(),
            api_secret: env.required("LIVEKIT_API_SECRET", "the API secret of the LiveKit server")?.to_owned(),
            scratch: env.get("FOOTLIGHT_EGRESS_SCRATCH").map_or_else(|| default_scratch(&data), PathBuf::from),
            data,
            slots,
            webhook_urls,
            origins: origins.into(),
            warm,
            sandbox: if env.flag("FOOTLIGHT_EGRESS_NO_SANDBOX", false)? { Sandbox::Off } else { Sandbox::On },
            font_problem: None,
            tls,
            outage: Duration::from_secs(outage),
            user: env.get("FOOTLIGHT_EGRESS_USER").unwrap_or("nobody").to_owned(),
            drain_timeout: drain.map(Duration::from_secs),
            programs: Programs::from_env(env)?,
        })
    }

    /// Whether the scratch folder is the default one: the worker must not delete a folder that the operator provides.
    pub fn scratch_is_ours(&self) -> bool {
        self.scratch == default_scratch(&self.data)
    }
}

/// One scratch folder per data folder, outside of it: the unprivileged account cannot enter root's home.
fn default_scratch(data: &std::path::Path) -> PathBuf {
    use sha2::{Digest as _, Sha256};
    use std::os::unix::ffi::OsStrExt as _;
    let name = hex::encode(&Sha256::digest(data.as_os_str().as_bytes())[..6]);
    std::env::temp_dir().join(format!("footlight-egress-{name}"))
}

impl Programs {
    fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let find = |name: &'static str, candidates: &[&str]| {
            if let Some(path) = env.get(name) {
                return Ok(PathBuf::from(path));
            }
            let on_path = |program: &&str| {
                let folders = env.get("PATH").unwrap_or("/usr/local/bin:/usr/bin:/bin").split(':');
                folders.map(|folder| PathBuf::from(folder).join(program)).find(|path| path.is_file())
            };
            candidates.iter().find_map(on_path).ok_or_else(|| ConfigError::Missing {
                name,
                expected: format!("the path of {}, which is not on PATH", candidates.last().copied().unwrap_or_default()),
            })
        };
        Ok(Self {
            chromium: find("FOOTLIGHT_CHROMIUM", &["/usr/lib/chromium/chromium", "chromium", "chromium-browser", "google-chrome-stable"])?,
            xvfb: find("FOOTLIGHT_XVFB", &["Xvfb"])?,
            pulseaudio: find("FOOTLIGHT_PULSEAUDIO", &["pulseaudio"])?,
            ffmpeg: find("FOOTLIGHT_FFMPEG", &["ffmpeg"])?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_egress_variable_is_named() {
        for (name, value) in [
            ("FOOTLIGHT_EGRESS_SLOTS", "0"),
            ("FOOTLIGHT_EGRESS_SLOTS", "65"),
            ("FOOTLIGHT_EGRESS_WARM", "yes"),
            ("FOOTLIGHT_EGRESS_DRAIN_SECONDS", "-1"),
            ("FOOTLIGHT_EGRESS_OUTAGE_SECONDS", "0"),
            ("FOOTLIGHT_EGRESS_LISTEN", "here"),
            ("FOOTLIGHT_EGRESS_LISTEN", "0.0.0.0:3103"),
            ("FOOTLIGHT_EGRESS_LISTEN", "[::]:3103"),
            ("FOOTLIGHT_EGRESS_TLS_KEY", "key.pem"),
            ("FOOTLIGHT_EGRESS_NO_SANDBOX", "maybe"),
            ("FOOTLIGHT_EGRESS_WEBHOOK_URLS", "nowhere"),
            ("PUBLIC_APP_URL", "nowhere"),
        ] {
            let base = [("HOME", "/home/x"), ("LIVEKIT_API_KEY", "k"), ("LIVEKIT_API_SECRET", "s"), (name, value)];
            let error = EgressConfig::from_env(&Env::of_pairs(base)).err().expect(name);
            let name = name.replace("TLS_KEY", "TLS_CERT");
            assert!(error.to_string().contains(&name), "{error}");
        }
    }

    #[test]
    fn the_egress_listens_beyond_loopback_with_tls_only() {
        let base =
            [("HOME", "/home/x"), ("LIVEKIT_API_KEY", "k"), ("LIVEKIT_API_SECRET", "s"), ("FOOTLIGHT_EGRESS_LISTEN", "0.0.0.0:3103")];
        let error = EgressConfig::from_env(&Env::of_pairs(base)).err().expect("refused").to_string();
        assert!(error.contains("FOOTLIGHT_EGRESS_TLS_CERT"), "{error}");
        let tls = [("FOOTLIGHT_EGRESS_TLS_CERT", "cert.pem"), ("FOOTLIGHT_EGRESS_TLS_KEY", "key.pem")];
        let config = EgressConfig::from_env(&Env::of_pairs(base.into_iter().chain(tls))).expect("taken");
        assert!(config.tls.is_some() && config.sandbox == Sandbox::On);
    }
}
