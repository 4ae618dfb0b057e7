//! Rules for the sources, checked by reading them: imports, `cfg` gates, file lengths, names and banned words.

#[path = "code_rules/deploy.rs"]
mod deploy;
#[path = "code_rules/imports.rs"]
mod imports;
#[path = "code_rules/sources.rs"]
mod sources;
#[path = "code_rules/words.rs"]
mod words;

use imports::{Place, broken, circle};
use sources::{Source, product, tracked};
use words::banned_in;

/// Fails with every finding at once.
#[expect(clippy::needless_pass_by_value, reason = "given as it was collected")]
fn none(findings: Vec<String>) {
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}

#[test]
fn imports_follow_the_module_rules() {
    none(product().iter().flat_map(|source| broken(&Place::of(&source.path), &source.code)).collect());
}

#[test]
fn modules_of_the_server_import_one_way() {
    none(circle(product().iter().map(|source| (Place::of(&source.path), source.code.as_str()))));
}

#[test]
fn a_planted_circle_is_found() {
    let files = [
        ("src/server/error.rs", "use super::store::StoreError;"),
        ("src/server/store/surreal.rs", "use crate::server::metrics;"),
        ("src/server/metrics.rs", "fn f() { crate::server::error::chain() }"),
        ("src/server/clock.rs", "use super::error::StudioError;"),
        ("src/server/vault.rs", "use crate::domain::ids::SessionId;"),
    ];
    let found = circle(files.iter().map(|(path, code)| (Place::of(path), *code)));
    assert_eq!(found, ["clock imports error", "error imports store", "metrics imports error", "store imports metrics"]);
}

#[test]
fn import_rules_reject_and_accept_the_right_lines() {
    let cases = [
        ("src/domain/overlay_state.rs", "use crate::server::store::Store;", false),
        ("src/domain/overlay_state.rs", "use super::ids::SessionId;", true),
        ("src/domain/overlay_state/scene.rs", "use super::super::super::server::Store;", false),
        ("src/domain/overlay_state.rs", "use leptos::prelude::*;", false),
        ("src/api/sessions.rs", "use crate::{domain::ids::SessionId, server::{store::Store, vault::Vault}};", false),
        ("src/server/sessions/start.rs", "use crate::server::store::surreal::SurrealStore;", false),
        ("src/server/sessions/start.rs", "use super::super::http::feed;", false),
        ("src/server/sessions/start.rs", "use super::super::studio::Studio;", false),
        ("src/server/sessions/start.rs", "use super::super::overlay::Overlay;", false),
        ("src/server/sessions/start.rs", "use super::super::reconcile::Reconciler;", true),
        ("src/server/sessions/start.rs", "use crate::{domain::ids::SessionId, server::store::Store};", true),
        ("src/server/reconcile/apply.rs", "use crate::server::sessions::Sessions;", false),
        ("src/server/metrics.rs", "use super::feed::Feed;", false),
        ("src/server/accounts.rs", "use axum::http::HeaderMap;", false),
        ("src/server/http/sessions.rs", "use crate::server::{sessions::Sessions, state::AppState};", true),
        ("src/server/http/sessions.rs", "use crate::server::studio::Studio;", false),
        ("src/server/state.rs", "use super::{relay::client::RelayClient, studio::Studio};", true),
        ("src/server/reconcile.rs", "fn f() { crate::server::relay::client::RelayClient::new() }", false),
        ("src/pages/home.rs", "use crate::server::rpc;", false),
        ("src/pages/home.rs", "fn f() { web_sys::window(); }", false),
        ("src/components/badge.rs", "use crate::rpc::sessions::stop_session;", false),
        ("src/components/badge.rs", "use crate::api::sessions::SessionView;", false),
        ("src/components/badge.rs", "use crate::api::error::ApiError;", true),
        ("src/rpc/sessions.rs", "async fn f() { use crate::server::rpc; }", true),
        ("src/browser/page.rs", "use wasm_bindgen::prelude::*;", true),
        ("src/relay/queue.rs", "use crate::egress::job;", false),
        ("src/relay/queue.rs", "use crate::{config::relay::RelayConfig, media::tag::Tag, net::clock};", true),
        ("src/egress/job.rs", "use crate::{media::flv, net::tls};", true),
        ("src/egress/job.rs", "use rml_rtmp::handshake::Handshake;", false),
        ("src/media/tag.rs", "use crate::relay::queue::Queue;", false),
        ("src/media/tag.rs", "use crate::{domain::ids::Generation, net::clock};", false),
        ("src/net/tls.rs", "use crate::config::relay::RelayConfig;", false),
        ("src/server/studio.rs", "use crate::net::clock::Clock;", true),
        ("src/server/studio.rs", "use crate::media::tag::Tag;", false),
    ];
    for (path, code, allowed) in cases {
        let findings = broken(&Place::of(path), code);
        assert_eq!(findings.is_empty(), allowed, "{path}: {code}: {findings:?}");
    }
}

#[test]
fn cfg_gates_stand_only_at_the_top() {
    let gates = ["src/lib.rs", "src/main.rs", "src/app.rs"];
    none(
        product()
            .iter()
            .filter(|source| !gates.contains(&source.path.as_str()))
            .flat_map(|source| {
                let below = source.code.lines().filter(|line| {
                    (line.contains("cfg(") || line.contains("cfg_attr(") || line.contains("cfg!(") || line.contains("cfg_select!"))
                        && !line.contains("cfg(test)")
                });
                below.map(|line| format!("{}: {}", source.path, line.trim())).collect::<Vec<_>>()
            })
            .collect(),
    );
}

/// Elsewhere a clock that is set would change a duration (docs/ARCHITECTURE.md, Clocks).
#[test]
fn the_wall_clock_is_read_in_one_place() {
    let reads = |path: &str, code: &str, words: &[&str]| -> Vec<String> {
        words.iter().filter(|word| code.contains(**word)).map(|word| format!("{path}: {word}")).collect()
    };
    let rust = product().into_iter().filter(|source| source.path != "src/net/clock.rs");
    let rust = rust.flat_map(|source| reads(&source.path, &source.code, &["SystemTime::now", "Utc::now", "now_utc", "js_sys::Date"]));
    // A machine's sleep shows there only, and a document that the browser kept says an old time.
    let scripts = tracked().into_iter().filter(|(path, _)| {
        path.starts_with("src/browser/bridge/") && !["document.js", "time.js"].iter().any(|name| path.ends_with(&format!("/{name}")))
    });
    let scripts = scripts.flat_map(|(path, text)| reads(&path, &text, &["Date.now", "new Date("]));
    none(rust.chain(scripts).collect());
}

#[test]
fn no_file_is_longer_than_the_limit() {
    const LONGEST: usize = 305;
    let rust = product().into_iter().chain(sources::tests()).map(|source| (source.path, source.lines));
    // What is built elsewhere is read elsewhere.
    let scripts = tracked().into_iter().filter(|(path, _)| {
        !path.starts_with("public/vendor/")
            && ["js", "mjs", "jsx", "ts", "scss", "sh"].iter().any(|kind| path.ends_with(&format!(".{kind}")))
    });
    let all = rust.chain(scripts.map(|(path, text)| (path, text.lines().count())));
    none(all.filter(|(_, lines)| *lines > LONGEST).map(|(path, lines)| format!("{path}: {lines} lines")).collect());
}

#[test]
fn every_file_starts_with_a_module_comment() {
    let silent = |source: &Source| (!source.text.starts_with("//! ")).then(|| source.path.clone());
    none(product().iter().chain(&sources::tests()).filter_map(silent).collect());
}

#[test]
fn file_names_are_short_and_specific() {
    const EMPTY: [&str; 7] = ["utils", "util", "helpers", "helper", "common", "manager", "dto"];
    let vague = |source: &Source| {
        let name = source.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs");
        (EMPTY.contains(&name) || name.replace("on_air", "air").split('_').count() > 2).then(|| source.path.clone())
    };
    none(product().iter().filter_map(vague).collect());
}

#[test]
fn views_carry_no_inline_style() {
    let views = ["src/pages", "src/components", "src/app"];
    let styled = |source: &Source| {
        let view = views.iter().any(|folder| source.path.starts_with(folder));
        (view && ["style=", "style:"].iter().any(|word| source.code.contains(word))).then(|| source.path.clone())
    };
    none(product().iter().filter_map(styled).collect());
}

#[test]
fn the_repository_names_no_machine_and_no_registry() {
    // In halves, so that this file does not find itself.
    let words = [
        ["crates", ".io"],
        ["registry.npmjs", ".org"],
        ["proxy.golang", ".org"],
        ["files.pythonhosted", ".org"],
        ["/work", "/"],
        ["/root", "/"],
    ]
    .map(|halves| halves.concat());
    // A lock file of cargo's names the index it was made from, whatever the machine uses.
    let found = tracked().into_iter().filter(|(path, _)| path != "Cargo.lock").flat_map(|(path, text)| {
        let named: Vec<_> = words.iter().filter(|word| text.contains(word.as_str())).map(|word| format!("{path}: {word}")).collect();
        named
    });
    none(found.collect());
}

#[test]
fn no_banned_word_is_in_the_sources() {
    const LIST: &str = "src/tests/code_rules/words.rs";
    const KINDS: [&str; 8] = [".rs", ".surql", ".scss", ".ts", ".tsx", ".js", ".mjs", ".jsx"];
    let read = |path: &str| {
        ["src/", "style/", "end2end/"].iter().any(|folder| path.starts_with(folder)) && KINDS.iter().any(|kind| path.ends_with(kind))
    };
    let sources = tracked().into_iter().filter(|(path, _)| path != LIST && path != file!() && read(path));
    none(sources.flat_map(|(path, text)| banned_in(&text).into_iter().map(move |found| format!("{path}:{found}"))).collect());
}

#[test]
fn a_planted_word_is_found_in_any_spelling() {
    for planted in ["the house", "let house_rules = 1;", "struct House;", "fn openHouse()", ".house { }", "HOUSE"] {
        assert_eq!(banned_in(planted).len(), 1, "{planted}");
    }
    for fine in ["warehouse", "SELECT draining FROM setting:house", "DEFINE TABLE tally SCHEMAFULL", "endpoint = \"admin/hall\"", "letters"]
    {
        assert_eq!(banned_in(fine), [] as [String; 0], "{fine}");
    }
}
