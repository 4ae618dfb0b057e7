//! The OpenAPI document reads well in a generated client, and its examples are what the types say.

use super::{
    contract::{document, fits},
    harness::TestServer,
};
use footlight::{
    api::{
        accounts::{AuditPage, DeleteAccount},
        admin::{DeliveryPage, ResendRequest},
        destination_test::{DestinationTests, TestDestinations},
        docs::TAGS,
        error::ApiError,
        events::{ChangeOverlay, ChangedOverlay, EventBatch, EventResults, GameEnded, GameOutcome, GameStarted},
        operations::{Health, Readiness},
        overlay::Heartbeat,
        public_http::{
            AddedDestination, ChangeDestinations, ChangedDestinations, DestinationRef, SessionPage, SessionRef, StartRequest,
            StartResponse, StopRequest, StopResponse,
        },
        sessions::SessionView,
    },
    domain::{overlay_state::OverlayEvent, room::RoomAccess},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::collections::BTreeSet;

#[tokio::test]
async fn every_operation_is_named_and_explained() {
    let document = document(&TestServer::new().await).await;
    let tags: Vec<&str> = document["tags"].as_array().expect("tags").iter().filter_map(|tag| tag["name"].as_str()).collect();
    assert_eq!(tags, TAGS.map(|(name, _)| name));
    let (mut ids, mut used) = (BTreeSet::new(), BTreeSet::new());
    for (name, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap_or_default();
        assert!(id.starts_with(|c: char| c.is_ascii_lowercase()) && id.chars().all(|c| c.is_ascii_alphanumeric()), "{name}: {id:?}");
        assert!(id.contains(|c: char| c.is_ascii_uppercase()), "{name}: {id:?} is one word");
        assert!(ids.insert(id), "{id} is the id of two operations");
        let summary = operation["summary"].as_str().unwrap_or_default();
        assert!(summary.ends_with('.') && !summary.contains(". ") && !summary.contains('\n'), "{name}: {summary:?} is not one sentence");
        let own = operation["tags"].as_array().map(Vec::as_slice).unwrap_or_default();
        assert!(own.len() == 1 && tags.iter().any(|tag| own[0] == *tag), "{name}: {own:?}");
        used.extend(own[0].as_str());
        for (status, answer) in operation["responses"].as_object().expect("responses") {
            // The relay's own answer to a range that its file does not have is passed on without a body.
            let own_body = status == "416" || name == "get /readyz";
            if status.starts_with(['4', '5']) && !own_body {
                assert_eq!(answer["content"]["application/json"]["schema"]["$ref"], "#/components/schemas/ApiError", "{name} {status}");
            }
        }
    }
    assert_eq!(used.len(), tags.len(), "a tag without operations");
}

#[tokio::test]
async fn every_example_is_what_its_type_says() {
    let document = document(&TestServer::new().await).await;
    let mut count = 0;
    for (name, operation) in operations(&document) {
        for (place, kind, content) in contents(operation) {
            let at = format!("{name}, {place}");
            let example = &content["example"];
            match kind.as_str() {
                "application/json" | "application/webhook+json" => {
                    assert!(!example.is_null(), "{at} has no example");
                    if let Err(fault) = fits(&document, &content["schema"], example, &at) {
                        panic!("{fault}");
                    }
                    read(&operation["operationId"], content["schema"]["$ref"].as_str(), example)
                        .unwrap_or_else(|fault| panic!("{at}: {fault}"));
                }
                "text/event-stream" => read_events(example.as_str().unwrap_or_default()).unwrap_or_else(|fault| panic!("{at}: {fault}")),
                kind if kind.starts_with("text/") => assert!(example.as_str().is_some_and(|text| text.lines().count() > 1), "{at}"),
                _ => assert!(example.is_null(), "{at}: a picture or a film is no example"),
            }
            count += 1;
        }
    }
    assert!(count > 200, "only {count} bodies were found");
}

fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let all = paths.iter().flat_map(|(path, operations)| {
        let operations = operations.as_object().expect("operations").iter();
        operations.map(move |(method, operation)| (format!("{method} {path}"), operation))
    });
    all.collect()
}

/// The request and every answer with a body: where it stands, its media type, and its part of the document.
fn contents(operation: &Value) -> Vec<(String, String, Value)> {
    let answers = operation["responses"].as_object().into_iter().flatten().map(|(status, answer)| (status.clone(), answer));
    let bodies = std::iter::once(("request".to_owned(), &operation["requestBody"])).chain(answers);
    let all = bodies.flat_map(|(place, body)| {
        let contents = body["content"].as_object().into_iter().flatten();
        contents.map(move |(kind, content)| (place.clone(), kind.clone(), content.clone()))
    });
    all.collect()
}

/// Reads an example as the type behind its schema; what is also written must come out as it went in.
fn read(id: &Value, schema: Option<&str>, example: &Value) -> Result<(), String> {
    let Some(schema) = schema.and_then(|reference| reference.rsplit('/').next()) else {
        return match id.as_str() {
            Some("receiveLivekitWebhook") => reads::<livekit_protocol::WebhookEvent>(example).map(drop),
            Some("getOpenApiDocument") => example["openapi"].as_str().map(drop).ok_or_else(|| "no version".to_owned()),
            _ => Err("a body without a type".to_owned()),
        };
    };
    match schema {
        "StartRequest" => reads::<StartRequest>(example).map(drop),
        "StopRequest" => reads::<StopRequest>(example).map(drop),
        "TestDestinations" => reads::<TestDestinations>(example).map(drop),
        "DestinationTests" => comes_back::<DestinationTests>(example),
        "DestinationRef" => comes_back::<DestinationRef>(example),
        "SessionRef" => reads::<SessionRef>(example).map(drop),
        "ChangeDestinations" => {
            reads::<ChangeDestinations>(example)?.add.iter().try_for_each(|added| reads::<AddedDestination>(added).map(drop))
        }
        "ChangeOverlay" => {
            let unknown = reads::<ChangeOverlay>(example)?.unknown;
            if unknown.is_empty() { Ok(()) } else { Err(format!("{unknown:?} is no field")) }
        }
        "EventBatch" => reads::<EventBatch>(example)?.events.iter().try_for_each(|event| reads::<OverlayEvent>(event).map(drop)),
        "GameStarted" => reads::<GameStarted>(example).map(drop),
        "GameEnded" => reads::<GameEnded>(example).map(drop),
        "DeleteAccount" => reads::<DeleteAccount>(example).map(drop),
        "ResendRequest" => reads::<ResendRequest>(example).map(drop),
        "Heartbeat" => comes_back::<Heartbeat>(example),
        "StartResponse" => comes_back::<StartResponse>(example),
        "StopResponse" => comes_back::<StopResponse>(example),
        // The whole status or its public part; the example shows the whole.
        "StatusResponse" | "SessionView" => comes_back::<SessionView>(example),
        "SessionPage" => comes_back::<SessionPage>(example),
        "RoomAccess" => comes_back::<RoomAccess>(example),
        "ChangedDestinations" => comes_back::<ChangedDestinations>(example),
        "ChangedOverlay" => comes_back::<ChangedOverlay>(example),
        "EventResults" => comes_back::<EventResults>(example),
        "GameOutcome" => comes_back::<GameOutcome>(example),
        "AuditPage" => comes_back::<AuditPage>(example),
        "DeliveryPage" => comes_back::<DeliveryPage>(example),
        "ApiError" => comes_back::<ApiError>(example),
        "Health" => comes_back::<Health>(example),
        "Readiness" => comes_back::<Readiness>(example),
        other => Err(format!("{other} is a new type: name it in this test")),
    }
}

fn reads<T: DeserializeOwned>(example: &Value) -> Result<T, String> {
    serde_json::from_value(example.clone()).map_err(|error| error.to_string())
}

fn comes_back<T: DeserializeOwned + Serialize>(example: &Value) -> Result<(), String> {
    let written = serde_json::to_value(reads::<T>(example)?).map_err(|error| error.to_string())?;
    if &written == example { Ok(()) } else { Err(format!("{example}\nis written as\n{written}")) }
}

/// Blocks as the feed sends them: a session, an overlay event, a ping.
fn read_events(text: &str) -> Result<(), String> {
    let blocks: Vec<&str> = text.split_terminator("\n\n").collect();
    for block in &blocks {
        let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap_or_default();
        let data = || serde_json::from_str::<Value>(field("data")).map_err(|error| error.to_string());
        match field("event") {
            "session" => comes_back::<SessionView>(&data()?)?,
            "show" => comes_back::<OverlayEvent>(&data()?)?,
            "ping" => {}
            other => return Err(format!("there is no event {other:?}")),
        }
    }
    if blocks.len() > 1 { Ok(()) } else { Err("no events".to_owned()) }
}
