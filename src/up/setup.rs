//! `footlight setup`: what the roles need before a service manager starts each by itself. It makes the secrets that are missing, and writes
//! the variables of each role into a file of its own, as `footlight up` would give them, and LiveKit's configuration.

use super::{livekit, media, parent_watch, roles, secrets};
use crate::config::{
    env::Env,
    folder::{make_private, write_private},
    up::UpConfig,
};
use anyhow::Context as _;
use std::{collections::BTreeMap, fs, io::ErrorKind, path::Path};

/// What belongs to an account: the service manager sets it for each role.
const OF_THE_ACCOUNT: [&str; 8] = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "XDG_CACHE_HOME", "XDG_DATA_HOME"];
const DATA: &str = "FOOTLIGHT_DATA";
const EGRESS_URL: &str = "FOOTLIGHT_EGRESS_URL";

/// Writes `serve/role.env`, `relay/role.env` and `egress/role.env` into `folder`, readable only by their owner, and
/// `livekit/livekit.yaml` if this machine runs LiveKit. Each role gets a data folder of its own, named after it, below `FOOTLIGHT_DATA`.
/// Secrets that are missing are made and kept in the file `kept`. An empty `FOOTLIGHT_EGRESS_URL` leaves captures to LiveKit's own fleet.
///
/// # Errors
/// The configuration is malformed, the LiveKit server is missing, or a file cannot be written.
pub async fn run(env: &Env, kept: &Path, folder: &Path) -> anyhow::Result<()> {
    let config = UpConfig::from_env(env)?;
    make_private(folder)?;
    let secrets = secrets::load_or_make_in(env, &config, kept)?;
    let data = config.data.clone();
    let of_livekit = folder.join("livekit");
    make_private(&of_livekit)?;
    remove(&livekit::config_path(&of_livekit))?;
    let config = UpConfig { data: of_livekit, ..config };
    let media = media::find(&config).await?;
    livekit::write_config(&config, &secrets, media)?;
    let fleet = env.pairs().any(|(name, value)| name == EGRESS_URL && value.trim().is_empty());
    let program = std::env::current_exe().context("the path of this program is unknown")?;
    for role in
        roles::all(&config, &secrets, env, &program, livekit::turn(&config, media))?.into_iter().filter(|role| role.name != "livekit")
    {
        let mut variables = role.environment;
        variables.retain(|name, _| !OF_THE_ACCOUNT.contains(&name.as_str()) && name != parent_watch::VARIABLE);
        variables.insert(DATA.to_owned(), data.join(role.name).to_string_lossy().into_owned());
        if fleet {
            variables.remove(EGRESS_URL);
        }
        let of_role = folder.join(role.name);
        make_private(&of_role)?;
        write_private(&of_role.join("role.env"), &text(&variables)?)?;
    }
    Ok(())
}

/// Lines that systemd (`EnvironmentFile=`) and a shell read alike.
fn text(variables: &BTreeMap<String, String>) -> anyhow::Result<String> {
    let mut text = String::from("# Written by `footlight setup` at every start from /etc/footlight: change it there.\n");
    for (name, value) in variables {
        anyhow::ensure!(!value.contains(['\n', '\r', '\0']), "{name} holds a line break: no variable may");
        text.push_str(name);
        text.push_str("=\"");
        for c in value.chars() {
            if matches!(c, '"' | '\\' | '$' | '`') {
                text.push('\\');
            }
            text.push(c);
        }
        text.push_str("\"\n");
    }
    Ok(text)
}

fn remove(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error).with_context(|| format!("{} cannot be replaced", path.display())),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{os::unix::fs::PermissionsExt as _, process::Command};

    const SECRETS: [&str; 5] =
        [secrets::LIVEKIT_KEY, secrets::LIVEKIT_SECRET, secrets::ENCRYPTION_KEY, secrets::JWT_SECRET, secrets::RELAY_SECRET];

    struct Machine(tempfile::TempDir);

    impl Machine {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            fs::write(folder.path().join("livekit-server"), "").expect("a program");
            Self(folder)
        }

        async fn setup(&self, pairs: &[(&str, &str)]) -> anyhow::Result<()> {
            let server = self.0.path().join("livekit-server").to_string_lossy().into_owned();
            let own =
                [(DATA, "/var/lib/footlight"), ("FOOTLIGHT_LIVEKIT_SERVER", &server), ("HOME", "/root-of-somebody"), ("PATH", "/bin")];
            let env = Env::of_pairs(own.into_iter().chain(pairs.iter().copied()));
            run(&env, &self.0.path().join("secrets.env"), &self.0.path().join("run")).await
        }

        /// What a shell makes of a role's file.
        fn variables(&self, role: &str) -> BTreeMap<String, String> {
            let file = self.0.path().join("run").join(role).join("role.env");
            let read = "set -a; . \"$1\"; exec env -0";
            let output = Command::new("sh").args(["-c", read, "sh"]).arg(&file).env_clear().output().expect("a shell");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let text = String::from_utf8(output.stdout).expect("text");
            text.split('\0').filter_map(|line| line.split_once('=')).map(|(name, value)| (name.into(), value.into())).collect()
        }
    }

    #[tokio::test]
    async fn one_setting_is_enough_and_each_role_gets_only_its_secrets() {
        let machine = Machine::new();
        machine.setup(&[("PUBLIC_APP_URL", "https://studio.example")]).await.expect("set up");
        let wanted = [("serve", &SECRETS[..]), ("relay", &SECRETS[4..]), ("egress", &SECRETS[..2])];
        for (role, expected) in wanted {
            let variables = machine.variables(role);
            let known: Vec<_> = SECRETS.into_iter().filter(|name| variables.contains_key(*name)).collect();
            assert_eq!(known, expected, "{role}");
            assert_eq!(variables["PUBLIC_APP_URL"], "https://studio.example");
            assert_eq!(variables[DATA], format!("/var/lib/footlight/{role}"));
            assert_ne!(variables.get("HOME").map(String::as_str), Some("/root-of-somebody"), "{role}");
            assert!(!variables.contains_key(parent_watch::VARIABLE), "{role}");
        }
        assert_eq!(machine.variables("egress")["FOOTLIGHT_EGRESS_WEBHOOK_URLS"], "http://127.0.0.1:443/api/webhooks/livekit");
        for file in ["secrets.env", "run/serve/role.env", "run/relay/role.env", "run/egress/role.env", "run/livekit/livekit.yaml"] {
            let mode = fs::metadata(machine.0.path().join(file)).expect(file).permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
    }

    #[tokio::test]
    async fn secrets_stay_over_a_further_setup_and_values_are_read_as_they_were_typed() {
        let machine = Machine::new();
        let typed = r#"a "quoted" $HOME `id` \ value # with 'all' of it"#;
        machine.setup(&[("FOOTLIGHT_REPLICA", typed)]).await.expect("set up");
        let first = machine.variables("serve");
        assert_eq!(first["FOOTLIGHT_REPLICA"], typed);
        machine.setup(&[]).await.expect("again");
        let again = machine.variables("serve");
        for name in SECRETS {
            assert_eq!(first[name], again[name], "{name}");
        }
        assert!(!again.contains_key("FOOTLIGHT_REPLICA"), "a setting that was taken back is gone");
        let refused = machine.setup(&[("FOOTLIGHT_REPLICA", "two\nlines")]).await.expect_err("a line break").to_string();
        assert!(refused.starts_with("FOOTLIGHT_REPLICA"), "{refused}");
    }

    #[tokio::test]
    async fn captures_are_our_own_unless_a_fleet_is_asked_for() {
        let machine = Machine::new();
        machine.setup(&[]).await.expect("set up");
        assert_eq!(machine.variables("serve")[EGRESS_URL], "http://127.0.0.1:3103");
        machine.setup(&[(EGRESS_URL, "")]).await.expect("set up");
        assert!(!machine.variables("serve").contains_key(EGRESS_URL));
    }

    #[tokio::test]
    async fn a_livekit_server_elsewhere_is_not_configured_here() {
        let machine = Machine::new();
        machine.setup(&[]).await.expect("set up");
        let elsewhere = [
            ("LIVEKIT_URL", "wss://media.example"),
            (secrets::LIVEKIT_KEY, "key"),
            (secrets::LIVEKIT_SECRET, "a secret of thirty-two characters"),
        ];
        machine.setup(&elsewhere).await.expect("set up");
        assert!(!machine.0.path().join("run/livekit/livekit.yaml").exists(), "its unit would start a server");
        assert_eq!(machine.variables("serve")["LIVEKIT_URL"], "wss://media.example");
    }
}
