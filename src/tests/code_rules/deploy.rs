//! What `deploy` says of the program is read against the program: variables, ports, paths, accounts, versions of images.

use super::{none, sources::tracked};
use std::collections::BTreeSet;

const ROLES: [&str; 3] = ["serve", "relay", "egress"];

/// The files that an operator runs or edits, by path; the check of them is a program of its own.
fn deployed() -> Vec<(String, String)> {
    let files: Vec<_> =
        tracked().into_iter().filter(|(path, _)| path.starts_with("deploy/") && !path.starts_with("deploy/check/")).collect();
    assert!(files.len() > 15, "only {} files", files.len());
    files
}

fn file(path: &str) -> String {
    let found = tracked().into_iter().find(|(name, _)| name == path);
    found.unwrap_or_else(|| panic!("{path} is not in the repository")).1
}

/// Words in capitals with underscores that begin as our variables do.
fn variables(text: &str) -> BTreeSet<&str> {
    const OURS: [&str; 7] = ["FOOTLIGHT_", "LIVEKIT_", "PUBLIC_APP_", "STREAM_KEY_", "STREAMING_", "LEPTOS_", "OTEL_"];
    let words = text.split(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'));
    words.filter(|word| OURS.iter().any(|start| word.starts_with(start) && word.len() > start.len())).collect()
}

/// Those that the sources read or set: string literals of the product.
fn known_variables() -> BTreeSet<String> {
    let read = ["src/config", "src/up", "src/telemetry.rs"];
    let sources = super::product().into_iter().filter(|source| read.iter().any(|start| source.path.starts_with(start)));
    let literals = sources.flat_map(|source| source.code.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>());
    let known: BTreeSet<String> = literals.filter(|text| variables(text).iter().any(|word| word == text)).collect();
    assert!(known.len() > 50, "only {} variables", known.len());
    known
}

#[test]
fn every_variable_in_deployment_files_exists() {
    // The scripts' own.
    const SCRIPTS: [&str; 2] = ["FOOTLIGHT_DIST_PROFILE", "FOOTLIGHT_ROLE_FOLDER"];
    let known = known_variables();
    let is_known = |word: &str| known.contains(word) || SCRIPTS.contains(&word);
    none(
        deployed()
            .iter()
            .flat_map(|(path, text)| variables(text).into_iter().filter(|word| !is_known(word)).map(move |word| format!("{path}: {word}")))
            .collect(),
    );
    for planted in ["FOOTLIGHT_LISTN", "LIVEKIT_API_KEYS"] {
        assert!(variables(&format!("x: ${{{planted}:-}}")).contains(planted) && !is_known(planted), "{planted}");
    }
}

/// The numbers behind `:`, `port`, `Port` or `EXPOSE`, of four or five digits.
fn ports(text: &str) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        let mut before = "";
        for word in line.split(|c: char| !c.is_ascii_alphanumeric() && c != '-') {
            let led = line.contains(&format!(":{word}")) || ["port", "Port", "containerPort", "EXPOSE", "tcp", "udp"].contains(&before);
            if (4..=5).contains(&word.len()) && led {
                found.extend(word.parse::<u32>().ok());
            }
            if !word.is_empty() {
                before = word;
            }
        }
    }
    found
}

#[test]
fn ports_in_deployment_files_are_those_that_the_program_uses() {
    let own = [3000, 3101, 3102, 3103, 7880, 7881, 7882];
    let up = file("src/config/up.rs");
    for port in own {
        assert!(up.contains(&format!(": {port}")), "the program does not use {port}");
    }
    // Redis, SurrealDB, and the RTMP server of somebody in an example.
    let others = [6379, 8000, 1935];
    // Accounts in images are numbers behind a colon too.
    let accounts = [10001, 65532];
    let wrong = deployed()
        .into_iter()
        .filter(|(path, _)| !["schema.json", "grafana", "prometheus"].iter().any(|other| path.contains(other)))
        .flat_map(|(path, text)| {
            let strange = ports(&text).into_iter().filter(|port| !own.contains(port) && !others.contains(port) && !accounts.contains(port));
            strange.map(|port| format!("{path}: {port}")).collect::<Vec<_>>()
        });
    none(wrong.collect());
    assert_eq!(ports("  ports: [{ name: http, containerPort: 3001 }]\n  http://127.0.0.1:3104/healthz"), BTreeSet::from([3001, 3104]));
}

#[test]
fn every_image_is_pinned_to_a_version() {
    let version = format!("footlight:{}", env!("CARGO_PKG_VERSION"));
    let mut images = Vec::new();
    for path in ["deploy/Dockerfile", "deploy/compose.yaml"] {
        let text = file(path);
        let named = text.lines().filter_map(|line| {
            let line = line.trim();
            let image = line.strip_prefix("FROM ").or_else(|| line.strip_prefix("image: "))?;
            image.split_whitespace().next().map(str::to_owned)
        });
        images.extend(named.map(|image| (path, image)));
    }
    assert!(images.len() >= 8, "{images:?}");
    let is_pinned = |image: &str| {
        let tag = image.rsplit_once(':').map_or("", |(_, tag)| tag);
        image.contains("@sha256:") || (tag.contains('.') && tag.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit()))
    };
    none(images.iter().filter(|(_, image)| !is_pinned(image)).map(|(path, image)| format!("{path}: {image}")).collect());
    none(images.iter().filter(|(_, image)| image.starts_with("footlight:") && *image != version).map(|(_, image)| image.clone()).collect());
    for loose in ["debian", "debian:latest", "debian:bookworm-slim", "redis:7"] {
        assert!(!is_pinned(loose), "{loose}");
    }
    let chart = file("deploy/helm/footlight/Chart.yaml");
    assert!(chart.contains(&format!("appVersion: \"{}\"", env!("CARGO_PKG_VERSION"))), "{chart}");
    let toolchain = file("rust-toolchain.toml");
    let rust = toolchain.split('"').nth(1).expect("a channel");
    assert!(file("deploy/Dockerfile").contains(&format!("FROM rust:{rust}-")), "the image is built with another Rust than {rust}");
    let store = file("Cargo.toml").split("surrealdb = { version = \"=").nth(1).and_then(|rest| rest.split('"').next().map(str::to_owned));
    assert!(file("deploy/compose.yaml").contains(&format!("surrealdb:v{}", store.expect("its version"))), "another store than ours");
}

#[test]
fn units_start_what_the_package_holds_as_accounts_that_it_makes() {
    let package = file("Cargo.toml");
    let postinst = file("deploy/debian/postinst");
    let setup = file("deploy/systemd/footlight-setup.service");
    assert!(setup.contains("ExecStart=/usr/bin/footlight setup\n"), "with the folders that are its defaults");
    let main = file("src/main.rs");
    assert!(main.contains("default_value = \"/run/footlight\"") && main.contains("default_value = \"/etc/footlight/secrets.env\""));
    for held in
        ["\"usr/bin/\"", "\"usr/sbin/\"", "\"usr/lib/footlight/\"", "\"usr/lib/systemd/system/\"", "\"etc/footlight/footlight.env\""]
    {
        assert!(package.contains(held), "{held}");
    }
    for role in ROLES {
        let unit = file(&format!("deploy/systemd/footlight-{role}.service"));
        let user = if role == "serve" { "footlight".to_owned() } else { format!("footlight-{role}") };
        for line in [
            "Type=notify".to_owned(),
            format!("User={user}"),
            format!("ExecStart=/usr/bin/footlight {role}"),
            format!("EnvironmentFile=/run/footlight/{role}/role.env"),
            format!("StateDirectory=footlight/{role}"),
            "Restart=always".to_owned(),
            "LimitNOFILE=65536".to_owned(),
            "Requires=footlight-setup.service".to_owned(),
        ] {
            assert!(unit.lines().any(|own| own == line), "{role}: {line}");
        }
        assert!(postinst.contains(&format!("account {user} {role}\n")), "{user}");
    }
    let livekit = file("deploy/systemd/footlight-livekit.service");
    assert!(livekit.contains("ExecStart=/usr/lib/footlight/livekit-server "), "{livekit}");
    assert!(file("src/config/installed.rs").contains("\"lib/footlight/livekit-server\""), "where `footlight up` looks for it");
    assert!(postinst.contains("account footlight-livekit livekit\n"));
    for unit in ["livekit", "relay", "egress", "serve"].map(|role| format!("footlight-{role}.service")) {
        for script in ["postinst", "prerm"] {
            assert!(file(&format!("deploy/debian/{script}")).contains(&unit), "{script}: {unit}");
        }
    }
}

#[test]
fn the_manifest_and_the_setup_need_the_same_programs_to_run() {
    let package = file("Cargo.toml");
    let setup = file("scripts/setup.sh");
    let depends = package.split("\ndepends = \"").nth(1).and_then(|rest| rest.split('"').next()).expect("what the package needs");
    for needed in ["chromium", "ffmpeg", "xvfb", "pulseaudio", "fonts-noto-core", "fonts-noto-color-emoji", "fonts-noto-cjk"] {
        assert!(depends.split(", ").any(|name| name == needed), "the package: {needed}");
        assert!(setup.contains(needed), "the set-up: {needed}");
    }
}
