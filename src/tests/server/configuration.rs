//! The table of variables against the code that reads them, against `docs/CONFIGURATION.md`, and against what other files name.

use footlight::config::{
    egress::EgressConfig,
    env::Env,
    relay::RelayConfig,
    serve::ServeConfig,
    telemetry::TelemetryConfig,
    up::UpConfig,
    variables::{self, Variable},
};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// How names begin that are ours or our libraries', wherever they stand in a string.
const BEGINNINGS: [&str; 9] =
    ["FOOTLIGHT_", "LIVEKIT_", "PUBLIC_APP_", "STREAM_KEY_", "STREAMING_", "OTEL_", "RUST_LOG", "LEPTOS_", "XDG_DATA_"];
/// How any name is read.
const READS: [&str; 4] = [".get(\"", ".required(\"", ".parsed(\"", ".flag(\""];
/// Read by tests, scripts, examples or libraries only; a name that begins so.
const OTHERS: [&str; 9] = [
    "FOOTLIGHT_BENCH_",
    "FOOTLIGHT_BLESS",
    "FOOTLIGHT_DIST_PROFILE",
    "FOOTLIGHT_KEY",
    "FOOTLIGHT_ROLE_FOLDER",
    "FOOTLIGHT_SEED",
    "FOOTLIGHT_SOAK",
    "FOOTLIGHT_TEST_",
    "OTEL_EXPORTER_OTLP_HEADERS",
];
/// Beginnings of names, written by themselves.
const BARE: [&str; 6] = ["FOOTLIGHT_", "OTEL_", "LEPTOS_", "FOOTLIGHT_EGRESS_TLS", "FOOTLIGHT_RELAY_TLS", "FOOTLIGHT_KEEP_"];

/// Whether it is declared, or none of ours to declare.
fn is_known(name: &str) -> bool {
    variables::find(name).is_some() || OTHERS.iter().any(|other| name.starts_with(other)) || BARE.contains(&name)
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, endings: &[&str], into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, endings, into);
        } else if path.extension().is_some_and(|ending| endings.iter().any(|wanted| *wanted == ending)) {
            into.push(path);
        }
    }
}

/// Names in the strings of a source, without its comments and tests.
fn read_by(source: &str) -> BTreeSet<String> {
    let product = source.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default();
    let lines = product.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut names = BTreeSet::new();
    for line in lines {
        let strings = line.split('"');
        names.extend(strings.filter(|text| is_name(text) && BEGINNINGS.iter().any(|start| text.starts_with(start))).map(str::to_owned));
        for read in READS {
            let read = line.match_indices(read).filter_map(|(at, _)| line[at + read.len()..].split('"').next());
            names.extend(read.filter(|text| is_name(text)).map(str::to_owned));
        }
    }
    names
}

fn is_name(text: &str) -> bool {
    text.len() > 3 && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// Names in a text of any kind.
fn named_in(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'));
    words.filter(|word| BEGINNINGS.iter().any(|start| word.starts_with(start))).collect()
}

fn sources() -> Vec<(PathBuf, BTreeSet<String>)> {
    let mut paths = Vec::new();
    files(&root().join("src"), &["rs"], &mut paths);
    let table = root().join("src/config/variables");
    let product = paths
        .into_iter()
        .filter(|path| !path.starts_with(root().join("src/tests")) && !path.ends_with("tests.rs") && !path.starts_with(&table));
    product.map(|path| (path.clone(), read_by(&std::fs::read_to_string(path).expect("a source")))).collect()
}

#[test]
fn every_variable_that_is_read_is_declared() {
    let undeclared: Vec<_> = sources()
        .iter()
        .flat_map(|(path, names)| names.iter().map(move |name| (path, name)))
        .filter(|(_, name)| !is_known(name))
        .map(|(path, name)| format!("{name} is read in {}: add a line to src/config/variables/table.rs", path.display()))
        .collect();
    assert!(undeclared.is_empty(), "\n{}", undeclared.join("\n"));
}

#[test]
fn a_planted_variable_is_found() {
    let planted = "let a = env.get(\"FOOTLIGHT_PLANTED\");\n// env.get(\"FOOTLIGHT_REMARK\")\nenv\n    .flag(\"OTHERS\", true);\n";
    let tests = "#[cfg(test)]\nmod tests {\n    env.get(\"FOOTLIGHT_IN_TESTS\");\n}";
    let found: Vec<_> = read_by(&format!("{planted}{tests}")).into_iter().collect();
    assert_eq!(found, ["FOOTLIGHT_PLANTED", "OTHERS"]);
}

#[test]
fn every_declared_variable_is_read_somewhere() {
    let read: BTreeSet<_> = sources().into_iter().flat_map(|(_, names)| names).collect();
    // Proxies and what the system sets are in lists, or have lower case.
    let listed = |name: &str| name.to_ascii_uppercase().ends_with("_PROXY") || matches!(name, "HOME" | "PATH" | "XDG_CACHE_HOME");
    let unread: Vec<_> = variables::all().map(|variable| variable.name).filter(|name| !read.contains(*name) && !listed(name)).collect();
    assert!(unread.is_empty(), "declared and read nowhere: {unread:?}");
}

#[test]
fn declarations_are_complete_and_secrets_are_marked() {
    const ROLES: [&str; 6] = ["serve", "relay", "egress", "up", "admin", "doctor"];
    let names: Vec<_> = variables::all().map(|variable| variable.name).collect();
    assert_eq!(names.len(), names.iter().collect::<BTreeSet<_>>().len(), "one is declared twice");
    for Variable { name, form, roles, about, secret, default } in variables::all() {
        assert!(!form.is_empty() && roles.split(' ').all(|role| ROLES.contains(&role)), "{name}: {roles}");
        assert!(about.ends_with('.') && about.starts_with(|c: char| c.is_uppercase() || c == '`'), "{name}: one sentence: {about}");
        assert!(!about.contains('|') && !form.contains('|'), "{name}: it stands in a table");
        let sounds_secret = ["SECRET", "TOKEN", "PASSWORD", "_KEY"].iter().any(|word| name.contains(word)) && !name.ends_with("_TLS_KEY");
        assert_eq!(*secret, sounds_secret || name.ends_with("ENCRYPTION_KEYS"), "{name}");
        assert!(!secret || default.is_empty(), "{name}: a secret has no default");
    }
}

/// What a role makes of an environment, as text to compare.
fn roles(extra: Option<(&str, &str)>) -> Result<Vec<String>, String> {
    let base = [
        ("HOME", "/home/someone"),
        ("LIVEKIT_API_KEY", "devkey"),
        ("LIVEKIT_API_SECRET", "0123456789abcdef0123456789abcdef"),
        ("STREAM_KEY_ENCRYPTION_KEY", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"),
        ("STREAMING_JWT_SECRET", "a secret that is long enough to sign"),
        ("FOOTLIGHT_RELAY_SECRET", "another long enough secret"),
        ("FOOTLIGHT_CHROMIUM", "/usr/bin/chromium"),
        ("FOOTLIGHT_XVFB", "/usr/bin/Xvfb"),
        ("FOOTLIGHT_PULSEAUDIO", "/usr/bin/pulseaudio"),
        ("FOOTLIGHT_FFMPEG", "/usr/bin/ffmpeg"),
    ];
    let env = Env::of_pairs(base.into_iter().chain(extra));
    let words = |error: footlight::config::env::ConfigError| error.to_string();
    let relay = RelayConfig::from_env(&env).map_err(words)?;
    let egress = EgressConfig::from_env(&env).map_err(words)?;
    Ok(vec![
        format!("{:?}", ServeConfig::from_env(&env).map_err(words)?),
        format!("{:?}", UpConfig::from_env(&env).map_err(words)?),
        format!("{:?}", TelemetryConfig::from_env(&env, "serve").map_err(words)?),
        format!("{:?}", (relay.listen, relay.ingest, &relay.data, relay.timeouts, relay.limits)),
        format!("{:?}", (egress.listen, &egress.data, egress.slots, egress.warm, egress.sandbox, egress.outage, &egress.user)),
    ])
}

#[test]
fn declared_defaults_are_what_the_code_does_without_them() {
    let without = roles(None).expect("the defaults");
    let fixed = variables::all().filter(|variable| !variable.default.is_empty() && !variable.default.starts_with('('));
    for variable in fixed {
        let with = roles(Some((variable.name, variable.default))).expect(variable.name);
        for (number, (without, with)) in without.iter().zip(&with).enumerate() {
            // `up` starts a LiveKit server of its own unless this is set, whatever it is set to.
            let decides = variable.name == "LIVEKIT_URL" && number == 1;
            assert!(decides || without == with, "{} is not {} by default:\n{without}\n{with}", variable.name, variable.default);
        }
    }
}

#[test]
fn the_page_about_the_configuration_is_what_the_code_says() {
    let path = root().join("docs/CONFIGURATION.md");
    let made = variables::document();
    if std::env::var_os("FOOTLIGHT_BLESS").is_some() {
        std::fs::write(&path, &made).expect("written");
    }
    let page = std::fs::read_to_string(path).unwrap_or_default();
    let differs = page.lines().zip(made.lines()).find(|(page, made)| page != made);
    assert!(page == made, "docs/CONFIGURATION.md is old, first where it was {differs:?}; FOOTLIGHT_BLESS=1 writes it again");
    for variable in variables::all() {
        assert!(made.contains(&format!("| `{}` |", variable.name)) && variables::help().contains(variable.about), "{}", variable.name);
    }
}

#[test]
fn documents_and_examples_name_only_variables_that_exist() {
    let mut paths = vec![root().join("README.md"), root().join(".env.example")];
    files(&root().join("docs"), &["md"], &mut paths);
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("a text");
        let unknown: Vec<_> = named_in(&text).into_iter().filter(|name| !is_known(name)).collect();
        assert!(unknown.is_empty(), "{} names {unknown:?}", path.display());
    }
}
