//! The OpenAPI 3.1 document, generated from the handlers and their types.

mod examples;

use crate::api::docs::{Call, TAGS};
use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::Value;
use std::{collections::BTreeMap, sync::OnceLock};
use utoipa::{
    OpenApi,
    openapi::{
        Object, RefOr, Schema, Type,
        schema::AnyOf,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
        server::ServerBuilder,
        tag::TagBuilder,
    },
};

/// Set once, when the routes are made.
static DOCUMENT: OnceLock<utoipa::openapi::OpenApi> = OnceLock::new();

#[derive(OpenApi)]
#[openapi(info(
    title = "Footlight",
    description = "Start, feed and stop sessions. Every call is safe to repeat; every error is \
                   `{code, message, detail, requestId}`, with a status that fits. Send an API key as `Authorization: Bearer fl_…`; \
                   keys are made under Settings."
))]
struct Base;

/// The base of the document.
pub fn base() -> utoipa::openapi::OpenApi {
    let mut base = Base::openapi();
    env!("CARGO_PKG_VERSION").clone_into(&mut base.info.version);
    base.tags = Some(TAGS.map(|(name, about)| TagBuilder::new().name(name).description(Some(about)).build()).to_vec());
    base.servers = Some(vec![ServerBuilder::new().url("/").build()]);
    let components = base.components.get_or_insert_default();
    let key = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("fl_…")
        .description(Some(
            "An API key of a user or of an agent. Its scopes (start, stop, events, read, and admin for administrators) say which calls \
             it may make.",
        ))
        .build();
    components.add_security_scheme("key", SecurityScheme::Http(key));
    let cookie = |name: &str, words: &str| SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(name, words)));
    components.add_security_scheme("signIn", cookie("footlight", "The sign-in of a person at a browser."));
    components.add_security_scheme("overlay", cookie("footlight-overlay", "The token of an overlay page."));
    base
}

/// Stores the document of the routes.
pub fn keep(mut document: utoipa::openapi::OpenApi) {
    examples::add(&mut document);
    if let Some(components) = &mut document.components {
        let known = components.schemas.clone();
        for schema in components.schemas.values_mut() {
            join(schema, &known);
            widen(schema);
        }
    }
    // The second router of a process (in tests) has the same routes.
    let _ = DOCUMENT.set(document);
}

/// Inlines `allOf` with a closed schema: with `additionalProperties: false` in a part, nothing would match.
fn join(schema: &mut RefOr<Schema>, known: &BTreeMap<String, RefOr<Schema>>) {
    let RefOr::T(Schema::AllOf(all)) = &*schema else { return };
    let part = |item: &RefOr<Schema>| {
        let target = match item {
            RefOr::Ref(of) => known.get(of.ref_location.rsplit('/').next().unwrap_or_default()),
            RefOr::T(_) => Some(item),
        };
        match target {
            Some(RefOr::T(Schema::Object(object))) => Some(object.clone()),
            _ => None,
        }
    };
    let Some(parts) = all.items.iter().map(part).collect::<Option<Vec<_>>>() else { return };
    if parts.iter().all(|part| part.additional_properties.is_none()) {
        return;
    }
    let mut whole = Object::with_type(Type::Object);
    whole.description.clone_from(&all.description);
    for part in parts {
        whole.properties.extend(part.properties);
        whole.required.extend(part.required);
        whole.additional_properties = whole.additional_properties.or(part.additional_properties);
    }
    *schema = RefOr::T(Schema::Object(whole));
}

/// Turns `oneOf` into `anyOf` where one response schema may be a subset of another.
fn widen(schema: &mut RefOr<Schema>) {
    let RefOr::T(Schema::OneOf(one)) = &*schema else { return };
    if one.discriminator.is_some() || !one.items.iter().all(|item| matches!(item, RefOr::Ref(_))) {
        return;
    }
    let mut any = AnyOf::new();
    any.items.clone_from(&one.items);
    any.description.clone_from(&one.description);
    *schema = RefOr::T(Schema::AnyOf(any));
}

/// The document.
pub fn document() -> Option<&'static utoipa::openapi::OpenApi> {
    DOCUMENT.get()
}

/// The document as the API page shows it.
pub fn calls() -> Vec<Call> {
    let document = serde_json::to_value(document()).unwrap_or_default();
    let mut calls = Vec::new();
    for (path, operations) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in operations.as_object().into_iter().flatten() {
            calls.push(call(&document, path, method, operation));
        }
    }
    calls
}

fn call(document: &Value, path: &str, method: &str, operation: &Value) -> Call {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let pretty = |value: &Value| if value.is_null() { String::new() } else { serde_json::to_string_pretty(value).unwrap_or_default() };
    let keys = list(&operation["security"]).into_iter().flat_map(|one| list(&one["key"]));
    let parameters = list(&operation["parameters"]).into_iter().map(|one| {
        let must = if one["required"] == true { "*" } else { "" };
        (format!("{}{must} ({})", text(&one["name"]), text(&one["in"])), text(&one["description"]))
    });
    let mut fields = Vec::new();
    fields_of(document, &operation["requestBody"]["content"]["application/json"]["schema"], &mut fields);
    let answers = operation["responses"].as_object().into_iter().flatten();
    Call {
        method: method.to_uppercase(),
        path: path.to_owned(),
        group: text(&operation["tags"][0]),
        summary: text(&operation["summary"]),
        description: text(&operation["description"]),
        scopes: keys.map(|scope| text(&scope)).collect(),
        parameters: parameters.collect(),
        fields,
        example: pretty(&operation["requestBody"]["content"]["application/json"]["example"]),
        answers: answers.map(|(status, answer)| (status.clone(), text(&answer["description"]))).collect(),
    }
}

/// The fields of a body, including those of referenced schemas.
fn fields_of(document: &Value, schema: &Value, fields: &mut Vec<(String, String)>) {
    if let Some(target) = schema["$ref"].as_str().and_then(|name| document.pointer(name.trim_start_matches('#'))) {
        return fields_of(document, target, fields);
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        fields_of(document, part, fields);
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let must = schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
        fields.push((format!("{name}{}", if must { "*" } else { "" }), field["description"].as_str().unwrap_or_default().to_owned()));
    }
}

/// Reads this document.
#[utoipa::path(
    get, path = "/api/openapi.json", operation_id = "getOpenApiDocument", tag = "Operations",
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value)), security(())
)]
pub async fn openapi() -> Response {
    match document() {
        Some(document) => ([(header::CACHE_CONTROL, "no-cache")], Json(document)).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
