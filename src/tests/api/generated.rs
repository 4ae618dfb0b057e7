//! Every operation of the OpenAPI document, with parameters and bodies made from its schemas, some of them a little wrong, by everybody who
//! may call: no answer is a 5xx. `make soak` lets an independent tool do the same for longer.

use super::{
    contract::document,
    harness::{Reply, TestServer},
};
use axum::http::Method;
use footlight::domain::key::Scope;
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Map, Value, json};

const ROUNDS: u64 = 6;
/// What says 503 here because no relay listens.
const NEEDS_RELAY: [&str; 3] = ["/readyz", "/api/streaming/recordings/", "/api/streaming/thumbnails/"];
const ODD: [&str; 12] =
    ["", " ", "\u{0}", "\u{202e}x", "🂡", "../../etc", "-1", "99999999999999999999", "null", "%", "9999-12-31T23:59:59-01:00", "a&b=c;d"];

/// Makes values that a schema describes, and one in twelve that it does not.
struct Maker<'a> {
    document: &'a Value,
    rng: StdRng,
    /// Ids that exist, by the names of their fields.
    known: Vec<(&'static str, String)>,
}

impl Maker<'_> {
    fn one_in(&mut self, count: u32) -> bool {
        self.rng.random_ratio(1, count)
    }

    fn odd(&mut self) -> Value {
        match self.rng.random_range(0..7) {
            0 => Value::Null,
            1 => json!([]),
            2 => json!({ "a": [{}] }),
            3 => json!(self.rng.random::<i64>()),
            4 => json!(self.rng.random::<f64>() * 1e300),
            5 => json!("x".repeat(self.rng.random_range(0..2000))),
            _ => json!(ODD.choose(&mut self.rng)),
        }
    }

    fn value(&mut self, name: &str, schema: &Value, depth: u8) -> Value {
        if self.one_in(12) || depth > 8 {
            return self.odd();
        }
        if let Some(target) = schema["$ref"].as_str() {
            let document = self.document;
            let target = document.pointer(target.trim_start_matches('#')).unwrap_or_else(|| panic!("{target} is not in the document"));
            return self.value(name, target, depth + 1);
        }
        if let Some(choices) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
            let choice = choices.choose(&mut self.rng).expect("a choice").clone();
            return self.value(name, &choice, depth + 1);
        }
        if let Some(parts) = schema["allOf"].as_array() {
            let parts = parts.iter().map(|part| self.value(name, part, depth + 1));
            return Value::Object(parts.filter_map(|part| part.as_object().cloned()).flatten().collect());
        }
        if let Some(choice) = schema["enum"].as_array().and_then(|all| all.choose(&mut self.rng)) {
            return choice.clone();
        }
        let kind = match &schema["type"] {
            Value::Array(kinds) => kinds.choose(&mut self.rng).and_then(Value::as_str).unwrap_or_default(),
            kind => kind.as_str().unwrap_or_default(),
        };
        match kind {
            "string" => json!(self.text(name, schema)),
            "integer" | "number" => {
                let (least, most) = (schema["minimum"].as_i64().unwrap_or(-1), schema["maximum"].as_i64().unwrap_or(1000));
                json!(self.rng.random_range(least.saturating_sub(1)..=most.saturating_add(1)))
            }
            "boolean" => json!(self.rng.random::<bool>()),
            "array" => {
                let count = self.rng.random_range(0..4);
                (0..count).map(|_| self.value(name, &schema["items"], depth + 1)).collect()
            }
            "null" => Value::Null,
            "object" => self.object(schema, depth),
            _ => self.odd(),
        }
    }

    fn object(&mut self, schema: &Value, depth: u8) -> Value {
        let mut fields = Map::new();
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            let required = schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
            let left_out = if required { self.one_in(20) } else { self.one_in(2) };
            if !left_out {
                fields.insert(name.clone(), self.value(name, field, depth + 1));
            }
        }
        if self.one_in(20) {
            fields.insert("unknownField".into(), self.odd());
        }
        Value::Object(fields)
    }

    fn text(&mut self, name: &str, schema: &Value) -> String {
        if let Some((_, id)) = self.known.iter().find(|(known, _)| *known == name)
            && self.rng.random_ratio(9, 10)
        {
            return id.clone();
        }
        if schema["format"] == "date-time" {
            let times = ["2026-11-23T20:15:04Z", "0000-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "1969-07-20T20:17:40.5+02:00"];
            return (*times.choose(&mut self.rng).expect("a time")).to_owned();
        }
        if self.one_in(4) {
            return (*ODD.choose(&mut self.rng).expect("a text")).to_owned();
        }
        let most = schema["maxLength"].as_u64().unwrap_or(40).min(1000) + 1;
        let count = self.rng.random_range(0..=most);
        (0..count).map(|_| char::from(*b"abcXYZ019 _-./:?=".choose(&mut self.rng).expect("a character"))).collect()
    }

    /// A parameter's text.
    fn parameter(&mut self, parameter: &Value) -> String {
        let name = parameter["name"].as_str().unwrap_or_default();
        match self.value(name, &parameter["schema"], 0) {
            Value::String(text) => text,
            other => other.to_string(),
        }
    }

    async fn call(&mut self, server: &TestServer, who: &[(&str, &str)], method: &str, path: &str, operation: &Value) -> (String, Reply) {
        let (mut at, mut query) = (path.to_owned(), url::form_urlencoded::Serializer::new(String::new()));
        let mut headers: Vec<(String, String)> = who.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().expect("a name");
            if parameter["required"] != true && self.one_in(2) {
                continue;
            }
            let text = self.parameter(parameter);
            match parameter["in"].as_str() {
                Some("path") => {
                    let text: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
                    at = at.replace(&format!("{{{name}}}"), if text.is_empty() { "x" } else { &text });
                }
                Some("query") => _ = query.append_pair(name, &text),
                Some("header") if !name.eq_ignore_ascii_case("authorization") => {
                    headers.push((name.to_owned(), text.chars().filter(char::is_ascii_graphic).collect()));
                }
                _ => {}
            }
        }
        let query = query.finish();
        let at = if query.is_empty() { at } else { format!("{at}?{query}") };
        let contents = operation["requestBody"]["content"].as_object();
        let body = contents.and_then(|all| all.values().next()).map(|content| self.value("", &content["schema"], 0));
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let method: Method = method.to_uppercase().parse().expect("a method");
        let reply = server.call(method.clone(), &at, &headers, body.clone()).await;
        (format!("{method} {at} {}", body.unwrap_or_default()), reply)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_generated_call_is_answered_with_a_server_error() {
    let server = TestServer::with(&[("FOOTLIGHT_RATE_FACTOR", "10000")]).await;
    let admin = server.admin().await;
    let owner = server.streamer("Owner").await;
    let agent = server.agent(&owner, "Nyx").await;
    let (key, admins_key) = (server.key(&owner, None, &Scope::ALL).await, server.key(&admin, None, &Scope::ALL).await);
    let document = document(&server).await;
    let callers: [(&str, Vec<(&str, &str)>); 5] = [
        ("a key", vec![("authorization", &key)]),
        ("an administrator's key", vec![("authorization", &admins_key)]),
        ("a sign-in", vec![("cookie", &owner.cookie)]),
        ("an administrator's sign-in", vec![("cookie", &admin.cookie)]),
        ("nobody", vec![]),
    ];
    let (mut calls, mut done) = (0, 0);
    for round in 0..ROUNDS {
        let start = json!({ "streamType": "agent", "platform": "rehearsal", "replace": true });
        let started = server.post("/api/streaming/start", &key, start).await;
        let session = started.body["sessionId"].as_str().unwrap_or_else(|| panic!("{started:?}")).to_owned();
        let known =
            vec![("sessionId", session.clone()), ("session", session), ("id", agent.id.to_string()), ("agentId", agent.id.to_string())];
        let mut maker = Maker { document: &document, rng: StdRng::seed_from_u64(round), known };
        for (path, operations) in document["paths"].as_object().expect("paths") {
            for (method, operation) in operations.as_object().expect("operations") {
                for (who, proof) in &callers {
                    let (call, reply) = maker.call(&server, proof, method, path, operation).await;
                    let status = reply.status.as_u16();
                    let without_relay = status == 503 && NEEDS_RELAY.iter().any(|prefix| path.starts_with(prefix));
                    assert!(status < 500 || without_relay, "by {who}, round {round}: {call}\n{reply:?}");
                    calls += 1;
                    done += u32::from(status < 300);
                }
            }
        }
    }
    // A generator that is always refused would test little.
    assert!(done * 8 > calls, "only {done} of {calls} calls were taken");
}
