//! The four roles as child processes: program, health check, and an environment that holds only what the role needs.

use super::{
    health::Health,
    livekit, parent_watch,
    secrets::{ENCRYPTION_KEY, JWT_SECRET, LIVEKIT_KEY, LIVEKIT_SECRET, RELAY_SECRET, Secrets},
};
use crate::config::{
    env::Env,
    up::{LiveKit, UpConfig},
};
use std::{
    collections::BTreeMap,
    ffi::OsString,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

/// Variables that every child inherits.
const INHERITED_ENV: [&str; 14] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "RUST_BACKTRACE",
];
/// Secrets that are not generated; only for the web server.
const OPTIONAL_SECRETS: [&str; 3] = ["FOOTLIGHT_OLD_ENCRYPTION_KEYS", "FOOTLIGHT_STORE_PASSWORD", "FOOTLIGHT_WEBHOOK_SECRET"];

/// One child process of `footlight up`.
pub(super) struct Role {
    /// Its name in logs and messages.
    pub(super) name: &'static str,
    pub(super) program: PathBuf,
    /// Its arguments. Never a secret: everyone on the machine can read them.
    pub(super) arguments: Vec<OsString>,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) health: Health,
    /// How long it may take to stop.
    pub(super) grace: Duration,
    /// Whether its process group must be killed too, because its own children do not notice.
    pub(super) kill_group: bool,
    /// Roles of a later wave start when the earlier ones are healthy.
    pub(super) wave: u8,
}

/// The roles in start order; they stop in the reverse order. `turn`: where LiveKit's TURN server listens, if it does.
///
/// # Errors
/// The LiveKit server program is missing.
pub(super) fn all(
    config: &UpConfig,
    secrets: &Secrets,
    env: &Env,
    own_program: &Path,
    turn: Option<SocketAddr>,
) -> anyhow::Result<Vec<Role>> {
    let common = common(config, env);
    let ours = |name: &'static str, address, grace, wave, extra: Vec<(&str, String)>| {
        let mut environment = common.clone();
        environment.extend(extra.into_iter().map(|(name, value)| (name.to_owned(), value)));
        environment.insert(parent_watch::VARIABLE.to_owned(), "1".to_owned());
        Role {
            name,
            program: own_program.to_owned(),
            arguments: vec![name.into()],
            environment,
            health: Health { address, path: "/healthz" },
            grace: Duration::from_secs(grace),
            kill_group: false,
            wave,
        }
    };
    let secret = |name| (name, secrets.get(name).to_owned());
    let mut roles = Vec::new();
    if let LiveKit::Own { program, port, .. } = &config.livekit {
        anyhow::ensure!(
            program.is_file(),
            "the LiveKit server is not at {}: run `make setup`, or set FOOTLIGHT_LIVEKIT_SERVER to its program",
            program.display()
        );
        roles.push(Role {
            name: "livekit",
            program: own_program.to_owned(),
            arguments: vec![
                "run-supervised".into(),
                "--".into(),
                program.into(),
                "--config".into(),
                livekit::config_path(&config.data).into(),
            ],
            environment: inherited_env(env),
            health: Health { address: SocketAddr::from((Ipv4Addr::LOCALHOST, *port)), path: "/" },
            grace: Duration::from_secs(8),
            kill_group: true,
            wave: 0,
        });
    }
    roles.push(ours(
        "relay",
        config.relay,
        10,
        0,
        vec![
            ("FOOTLIGHT_RELAY_LISTEN", config.relay.to_string()),
            ("FOOTLIGHT_RELAY_INGEST", config.ingest.to_string()),
            secret(RELAY_SECRET),
        ],
    ));
    roles.push(ours(
        "egress",
        config.egress,
        15,
        0,
        vec![
            ("FOOTLIGHT_EGRESS_LISTEN", config.egress.to_string()),
            ("FOOTLIGHT_EGRESS_WEBHOOK_URLS", webhooks(config, env)),
            ("LIVEKIT_URL", config.livekit_url()),
            secret(LIVEKIT_KEY),
            secret(LIVEKIT_SECRET),
        ],
    ));
    let mut serve = vec![
        ("FOOTLIGHT_LISTEN", config.address.listen.to_string()),
        ("FOOTLIGHT_RELAY_URL", given(env, "FOOTLIGHT_RELAY_URL", || format!("http://{}", config.relay))),
        ("FOOTLIGHT_RELAY_INGEST_URL", given(env, "FOOTLIGHT_RELAY_INGEST_URL", || format!("rtmp://{}/show", config.ingest))),
        ("FOOTLIGHT_EGRESS_URL", given(env, "FOOTLIGHT_EGRESS_URL", || format!("http://{}", config.egress))),
        ("LIVEKIT_URL", config.livekit_url()),
        ("LEPTOS_OUTPUT_NAME", "footlight".to_owned()),
        ("LEPTOS_SITE_ROOT", config.site.to_string_lossy().into_owned()),
        ("LEPTOS_SITE_PKG_DIR", "pkg".to_owned()),
        ("LEPTOS_SITE_ADDR", config.address.listen.to_string()),
        ("LEPTOS_ENV", "PROD".to_owned()),
        secret(LIVEKIT_KEY),
        secret(LIVEKIT_SECRET),
        secret(ENCRYPTION_KEY),
        secret(JWT_SECRET),
        secret(RELAY_SECRET),
    ];
    if let LiveKit::Own { tcp_port, udp_port, .. } = &config.livekit {
        serve.push(("FOOTLIGHT_LIVEKIT_TCP_PORT", tcp_port.to_string()));
        serve.push(("FOOTLIGHT_LIVEKIT_UDP_PORT", udp_port.to_string()));
    }
    serve.extend(turn.map(|server| ("FOOTLIGHT_TURN_SERVER", server.to_string())));
    serve.extend(OPTIONAL_SECRETS.iter().filter_map(|name| Some((*name, env.get(name)?.to_owned()))));
    roles.push(ours("serve", config.address.local(), 15, 1, serve));
    Ok(roles)
}

/// Inherited variables, shared addresses, and every plain setting, but no secrets.
fn common(config: &UpConfig, env: &Env) -> BTreeMap<String, String> {
    let mut common = inherited_env(env);
    common.extend(env.pairs().filter(|(name, _)| is_plain_setting(name)).map(|(name, value)| (name.to_owned(), value.to_owned())));
    common.insert("PUBLIC_APP_URL".into(), config.address.url.clone());
    common.insert("FOOTLIGHT_OVERLAY_URL".into(), config.overlay_url.clone());
    common.insert("FOOTLIGHT_DATA".into(), config.data.to_string_lossy().into_owned());
    common
}

fn inherited_env(env: &Env) -> BTreeMap<String, String> {
    let mut known: BTreeMap<String, String> =
        env.pairs().filter(|(name, _)| INHERITED_ENV.contains(name)).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    known.insert("NO_COLOR".into(), "1".into());
    known.insert("RUST_LOG".into(), given(env, "RUST_LOG", || "info".to_owned()));
    known
}

/// `FOOTLIGHT_…` and `OTEL_…` variables that are no secret. What looks like a secret is only passed on by name. (A collector's
/// `OTEL_EXPORTER_OTLP_HEADERS` are passed on: every role sends its own spans. `FOOTLIGHT_TLS_KEY` and its like are paths of files.)
fn is_plain_setting(name: &str) -> bool {
    let looks_secret = ["SECRET", "KEY", "TOKEN", "PASSWORD"].iter().any(|word| name.contains(word)) && !name.ends_with("_TLS_KEY");
    ["FOOTLIGHT_", "OTEL_"].iter().any(|start| name.starts_with(start)) && !looks_secret
}

fn given(env: &Env, name: &'static str, default: impl FnOnce() -> String) -> String {
    env.get(name).map_or_else(default, str::to_owned)
}

/// The egress sends webhooks directly to the web server on this machine, also if people use a proxy.
fn webhooks(config: &UpConfig, env: &Env) -> String {
    given(env, "FOOTLIGHT_EGRESS_WEBHOOK_URLS", || format!("http://{}/api/webhooks/livekit", config.address.local()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::up::secrets;

    #[test]
    fn each_role_gets_only_its_secrets() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().to_string_lossy().into_owned();
        let server = folder.path().join("server");
        std::fs::write(&server, "").expect("a program");
        let server = server.to_string_lossy().into_owned();
        let plain = [
            ("HOME", "/nowhere"),
            ("FOOTLIGHT_DATA", &data),
            ("FOOTLIGHT_LIVEKIT_SERVER", &server),
            ("FOOTLIGHT_VIDEO", "720p30"),
            ("SOMEBODY_ELSES_TOKEN", "x"),
        ];
        let files = [("PUBLIC_APP_URL", "https://192.168.1.20"), ("FOOTLIGHT_TLS_CERT", "/c.pem"), ("FOOTLIGHT_TLS_KEY", "/k.pem")];
        let env = Env::of_pairs(plain.into_iter().chain(files).chain(OPTIONAL_SECRETS.map(|name| (name, "a secret of some length"))));
        let config = UpConfig::from_env(&env).expect("config");
        let secrets = secrets::load_or_make(&env, &config).expect("secrets");
        let roles = all(&config, &secrets, &env, Path::new("/bin/footlight"), None).expect("roles");
        let made = [LIVEKIT_KEY, LIVEKIT_SECRET, ENCRYPTION_KEY, JWT_SECRET, RELAY_SECRET];
        let of_serve: Vec<&str> = made.into_iter().chain(OPTIONAL_SECRETS).collect();
        for (name, expected) in
            [("livekit", vec![]), ("relay", vec![RELAY_SECRET]), ("egress", vec![LIVEKIT_KEY, LIVEKIT_SECRET]), ("serve", of_serve.clone())]
        {
            let role = roles.iter().find(|role| role.name == name).expect(name);
            let secrets = of_serve.iter().copied().chain(["SOMEBODY_ELSES_TOKEN"]);
            let known: Vec<_> = secrets.filter(|secret| role.environment.contains_key(*secret)).collect();
            assert_eq!(known, expected, "{name}");
        }
        let serve = roles.iter().find(|role| role.name == "serve").expect("serve");
        assert_eq!(serve.environment["FOOTLIGHT_TLS_KEY"], "/k.pem", "a path");
        assert_eq!(
            (serve.environment["FOOTLIGHT_LISTEN"].as_str(), serve.health.address.to_string().as_str()),
            ("0.0.0.0:443", "127.0.0.1:443")
        );
        assert_eq!(serve.environment["FOOTLIGHT_OVERLAY_URL"], "http://127.0.0.1:443", "the egress needs not trust the certificate");
    }
}
