//! Who may import whom. A `use` is flattened to paths, `super` is resolved, and paths written out in code count alike.

use std::collections::{BTreeMap, BTreeSet};

/// Where a file stands: its module path, such as `["server", "sessions", "start"]`.
pub struct Place {
    file: String,
    module: Vec<String>,
}

impl Place {
    pub fn of(path: &str) -> Self {
        let module = path.trim_start_matches("src/").trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        Self { file: path.to_owned(), module }
    }

    fn within(&self, room: &str) -> bool {
        let room: Vec<_> = room.split("::").collect();
        self.module.len() >= room.len() && self.module.iter().zip(&room).all(|(own, wanted)| own == wanted)
    }
}

/// Which rooms of the crate each may know. `serve`, `main`, `app` and `lib` stand above all of them.
const ROOMS: [(&str, &[&str]); 17] = [
    ("domain", &["domain"]),
    ("api", &["api", "domain"]),
    ("config", &["config", "domain"]),
    ("net", &["net", "domain"]),
    ("media", &["media", "domain"]),
    ("server", &["server", "net", "api", "domain", "config"]),
    ("relay", &["relay", "media", "net", "domain", "config", "api::relay_control"]),
    ("egress", &["egress", "media", "net", "domain", "config", "up::parent_watch"]),
    ("telemetry", &["telemetry", "config"]),
    ("up", &["up", "domain", "config"]),
    ("admin", &["admin", "net::http", "net::tls", "api", "domain", "config", "server::admin_socket"]),
    ("backup", &["backup", "admin", "net::clock", "api", "domain", "config", "server::admin_socket", "server::store", "server::vault"]),
    ("rpc", &["rpc", "api", "domain", "server"]),
    ("browser", &["browser", "domain", "api"]),
    ("components", &["components", "browser", "domain", "api::error"]),
    ("composite", &["composite", "components", "browser", "api", "domain"]),
    ("pages", &["pages", "composite::still", "components", "browser", "rpc", "api", "domain"]),
];

/// Inside the server: what a room must not know, and the files that may.
const SHUT: [(&str, &str, &[&str]); 9] = [
    ("server", "server::studio", &["server::state"]),
    ("server", "server::state", &["server::http", "server::rpc"]),
    ("server", "server::http", &["server::http", "server::rpc", "server::admin_socket"]),
    ("server", "server::rpc", &["server::rpc"]),
    ("server", "server::store::surreal", &["server::store"]),
    ("server", "server::livekit::client", &["server::livekit"]),
    ("server", "server::relay::client", &["server::relay", "server::state", "server::http::media"]),
    ("server", "server::viewers::twitch", &["server::viewers"]),
    ("server", "server::viewers::youtube", &["server::viewers"]),
];

/// The use cases of the server, each with those that it may know: the ones above it only. What they stand on (ports, store, errors)
/// knows none of them; their callers know all.
const USE_CASES: [(&str, &[&str]); 9] = [
    ("feed", &[]),
    ("accounts", &[]),
    ("destinations", &["accounts"]),
    ("registry", &["feed"]),
    ("reconcile", &["feed", "registry"]),
    ("sessions", &["accounts", "destinations", "registry", "reconcile"]),
    ("overlay", &["feed", "accounts", "registry", "reconcile"]),
    ("games", &["accounts", "registry", "sessions", "overlay"]),
    ("operations", &["feed", "accounts", "registry", "reconcile", "sessions"]),
];
const CALLERS: [&str; 5] = ["http", "rpc", "state", "studio", "admin_socket"];

/// Crates, and the only rooms that may name them.
const CRATES: [(&str, &[&str]); 15] = [
    (
        "leptos",
        &[
            "app",
            "lib",
            "serve",
            "api::error",
            "api::wire",
            "server::rpc",
            "server::state",
            "rpc",
            "browser",
            "components",
            "composite",
            "pages",
            "surfaces",
        ],
    ),
    (
        "axum",
        &[
            "serve",
            "app::shell",
            "server::http",
            "server::rpc",
            "server::state",
            "server::admin_socket",
            "server::auth::origin",
            "server::cookies",
            "server::security",
            "relay",
            "egress",
            "net::tls_listener",
        ],
    ),
    ("livekit_api", &["server::livekit", "egress"]),
    ("opentelemetry", &["telemetry"]),
    ("opentelemetry_sdk", &["telemetry"]),
    ("opentelemetry_otlp", &["telemetry"]),
    ("surrealdb", &["server::store::surreal"]),
    ("reqwest", &["serve", "admin", "backup", "server", "egress", "relay", "net"]),
    ("metrics_exporter_prometheus", &["net::prometheus"]),
    ("webpki_roots", &["net::tls"]),
    ("jsonwebtoken", &["net::webhook_signature", "egress::auth", "server"]),
    ("rml_rtmp", &[]),
    ("wasm_bindgen", &["lib", "browser"]),
    ("web_sys", &["browser"]),
    ("js_sys", &["browser"]),
];

/// Every path that a file names.
fn paths(place: &Place, code: &str) -> Vec<Vec<String>> {
    let used = statements(code).into_iter().flat_map(|tree| flat(&tree)).map(|path| resolved(place, path)).collect::<Vec<_>>();
    used.into_iter().chain(written_out(code)).collect()
}

/// What a file names that it must not.
pub fn broken(place: &Place, code: &str) -> Vec<String> {
    let mut findings: Vec<_> = paths(place, code)
        .iter()
        .filter_map(|path| Some(format!("{} names {}: {}", place.file, path.join("::"), refusal(place, path)?)))
        .collect();
    findings.sort();
    findings.dedup();
    findings
}

fn refusal(place: &Place, path: &[String]) -> Option<&'static str> {
    let first = path.first()?.as_str();
    if first != "crate" {
        let (_, rooms) = CRATES.iter().find(|(name, _)| *name == first)?;
        return (!rooms.iter().any(|room| place.within(room))).then_some("that crate stays in its own rooms");
    }
    let named = |room: &str| room.split("::").enumerate().all(|(at, wanted)| path.get(at + 1).is_some_and(|own| own == wanted));
    if let Some((_, known)) = ROOMS.iter().find(|(room, _)| place.within(room)) {
        let word = path.get(1)?.as_str();
        let a_room = ROOMS.iter().any(|(room, _)| *room == word) || ["serve", "app"].contains(&word);
        if a_room && !known.iter().any(|room| named(room)) {
            return Some("it may not know that room");
        }
    }
    if let (Some("server"), Some(own), "server", Some(wanted)) =
        (place.module.first().map(String::as_str), place.module.get(1), path.get(1)?.as_str(), path.get(2))
        && USE_CASES.iter().any(|(name, _)| name == wanted)
        && own != wanted
        && !CALLERS.contains(&own.as_str())
        && !USE_CASES.iter().any(|(name, known)| name == own && known.contains(&wanted.as_str()))
    {
        return Some("that use case is not below it");
    }
    let shut = |(from, to, but): &&(&str, &str, &[&str])| place.within(from) && named(to) && !but.iter().any(|room| place.within(room));
    SHUT.iter().find(shut).map(|_| "that room is shut to it")
}

/// The server's modules that import one another in a circle, and those that lead into one. Each file is given by its place and its code.
pub fn circle<'a>(files: impl Iterator<Item = (Place, &'a str)>) -> Vec<String> {
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (place, code) in files.filter(|(place, _)| place.within("server") && place.module.len() > 1) {
        let own = &place.module[1];
        let named = paths(&place, code).into_iter().filter(|path| path.len() > 2 && path[0] == "crate" && path[1] == "server");
        imports.entry(own.clone()).or_default().extend(named.map(|path| path[2].clone()).filter(|module| module != own));
    }
    // Whatever imports nothing that is left cannot be part of a circle.
    while let Some(free) = imports.iter().find(|(_, named)| !named.iter().any(|module| imports.contains_key(module))) {
        let free = free.0.clone();
        imports.remove(&free);
    }
    imports.into_iter().map(|(module, named)| format!("{module} imports {}", Vec::from_iter(named).join(", "))).collect()
}

/// The trees of all `use` statements, without white space but the one in `as`.
fn statements(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("use ") {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '"') {
            continue;
        }
        if let Some(end) = code[at..].find(';') {
            found.push(code[at + 4..at + end].split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
    found
}

/// `a::{b, c::{d, self}}` as `a::b`, `a::c::d`, `a::c`.
fn flat(tree: &str) -> Vec<Vec<String>> {
    let Some((head, rest)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or_default().trim();
        return vec![path.split("::").filter(|word| *word != "self" || path == "self").map(str::to_owned).collect()];
    };
    let head: Vec<_> = head.trim().split("::").filter(|word| !word.is_empty()).map(str::to_owned).collect();
    let inner = rest.trim_end().strip_suffix('}').unwrap_or(rest);
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inner[start..]);
    let parts = parts.into_iter().map(str::trim).filter(|part| !part.is_empty());
    parts.flat_map(flat).map(|tail| head.iter().cloned().chain(tail).collect()).collect()
}

/// With `self` and `super` replaced by where they lead.
fn resolved(place: &Place, path: Vec<String>) -> Vec<String> {
    let ups = path.iter().take_while(|word| *word == "super").count();
    if ups == 0 && path.first().is_none_or(|word| word != "self") {
        return path;
    }
    let own = place.module.len().saturating_sub(ups);
    let tail = path.into_iter().skip(ups.max(1));
    std::iter::once("crate".to_owned()).chain(place.module[..own].iter().cloned()).chain(tail).collect()
}

/// `crate::a::b` and `some_crate::…` in expressions and types.
fn written_out(code: &str) -> Vec<Vec<String>> {
    let heads = CRATES.iter().map(|(name, _)| *name).chain(["crate"]);
    let mut found = Vec::new();
    for head in heads {
        for (at, _) in code.match_indices(&format!("{head}::")) {
            if code[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let path: String = code[at..].chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':')).collect();
            found.push(path.split("::").filter(|word| !word.is_empty()).map(str::to_owned).collect());
        }
    }
    found
}
