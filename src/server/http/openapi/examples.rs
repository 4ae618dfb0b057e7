//! The examples of the document: the request and the main answers of every call, and one answer for each error status. They stand
//! in `examples.json` under the operation's id, so that the handlers stay short; a test reads each of them as its type.

use serde_json::{Map, Value};
use utoipa::openapi::{Content, OpenApi, RefOr, path::Operation};

const EXAMPLES: &str = include_str!("examples.json");

/// Adds them to the operations.
pub fn add(document: &mut OpenApi) {
    let examples: Map<String, Value> = serde_json::from_str(EXAMPLES).expect("the file is part of the program, and a test reads it");
    let errors = &examples["errors"];
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
        for operation in operations.into_iter().flatten() {
            let own = operation.operation_id.as_ref().and_then(|id| examples.get(id));
            fill(operation, own.unwrap_or(&Value::Null), errors);
        }
    }
}

fn fill(operation: &mut Operation, own: &Value, errors: &Value) {
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        body.content.values_mut().for_each(|content| set(content, own.get("request")));
    }
    for (status, answer) in &mut operation.responses.responses {
        if let RefOr::T(answer) = answer {
            answer.content.values_mut().for_each(|content| set(content, own.get(status).or_else(|| errors.get(status))));
        }
    }
}

fn set(content: &mut RefOr<Content>, example: Option<&Value>) {
    if let RefOr::T(content) = content {
        content.example = example.cloned();
    }
}
