//! The API: invalid requests, starts by the newer call, lists, slots.

use super::harness::Harness;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_get_livekits_errors() {
    let harness = Harness::new().await;
    let sink = harness.sink.url("k");
    let with = |field: &str, value: Value| {
        let mut request = harness.request("page.html", std::slice::from_ref(&sink));
        request[field] = value;
        request
    };
    for (request, status, code, text) in [
        (with("url", json!("")), 400, "invalid_argument", "request has missing or invalid field: web url"),
        (with("url", json!("http://169.254.169.254/latest")), 400, "invalid_argument", "this egress opens pages of"),
        (with("streamOutputs", json!([])), 400, "invalid_argument", "request has missing or invalid field: output"),
        (with("streamOutputs", json!([{"urls": ["notaurl"]}])), 400, "invalid_argument", "invalid url notaurl: invalid scheme"),
        (with("advanced", json!({"width": 64})), 400, "invalid_argument", "width (must be an even number of pixels from 320 to 1920)"),
        (with("fileOutputs", json!([{"filepath": "x.mp4"}])), 501, "unimplemented", "RTMP streams only"),
        (with("videoOnly", json!(true)), 501, "unimplemented", "picture and sound together"),
        (with("segmentOutputs", json!([{"filenamePrefix": "x"}])), 501, "unimplemented", "RTMP streams only"),
        (with("imageOutputs", json!([{"captureInterval": 5}])), 501, "unimplemented", "RTMP streams only"),
        (with("streamOutputs", json!([{"protocol": "SRT", "urls": ["srt://x"]}])), 501, "unimplemented", "speaks RTMP only"),
        (with("advanced", json!({"videoCodec": "VP8"})), 501, "unimplemented", "H264_MAIN only"),
        (with("advanced", json!({"width": 1920, "height": 1920})), 400, "invalid_argument", "at most 1920x1080 pixels"),
    ] {
        let (got, error) = harness.call("StartWebEgress", &request).await.expect_err(text);
        assert_eq!((got, error["code"].as_str()), (status, Some(code)), "{error}");
        assert!(error["msg"].as_str().expect("words").contains(text), "{error}");
    }
    for (method, status, code) in [("StartRoomCompositeEgress", 501, "unimplemented"), ("Dance", 404, "bad_route")] {
        let (got, error) = harness.call(method, &json!({})).await.expect_err(method);
        assert_eq!((got, error["code"].as_str()), (status, Some(code)), "{error}");
    }
    let (got, error) = harness.stop("EG_nobody").await.expect_err("unknown");
    assert_eq!((got, &error["code"], &error["msg"]), (404, &json!("not_found"), &json!("egress does not exist")));
    let bare = reqwest::Client::new().post(format!("http://127.0.0.1:{}/twirp/livekit.Egress/ListEgress", harness.port)).send().await;
    assert_eq!(bare.expect("an answer").status(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn start_without_free_slot_is_refused() {
    let harness = Harness::new().await;
    let id = harness.start("nosignal.html", "first").await;
    let health = harness.get("/healthz").await;
    assert_eq!(serde_json::from_str::<Value>(&health).expect("JSON")["slots"], json!({"total": 1, "used": 1}));
    let (status, error) = harness.call("StartWebEgress", &harness.request("page.html", &[harness.sink.url("k")])).await.expect_err("full");
    assert_eq!((status, error["code"].as_str()), (503, Some("unavailable")));
    assert_eq!(error["msg"], "no free egress slot: 1 of 1 in use");
    harness.stop(&id).await.expect("stoppable");
    harness.ended().await;
    let (status, error) = harness.stop(&id).await.expect_err("over");
    assert_eq!((status, error["code"].as_str()), (412, Some("failed_precondition")), "{error}");
    assert!(harness.get("/metrics").await.contains("footlight_egress_starts_refused_total 1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn start_egress_accepts_only_web_source_with_rtmp() {
    let harness = Harness::new().await;
    let advanced = harness.request("page.html", &[])["advanced"].clone();
    let request = json!({
        "web": {"url": harness.page("page.html"), "awaitStartSignal": true},
        "advanced": advanced,
        "outputs": [{"stream": {"protocol": "RTMP", "urls": [harness.sink.url("newcall")]}}],
    });
    for (field, value, status, text) in [
        ("web", Value::Null, 400, "missing or invalid field: source"),
        ("outputs", json!([]), 400, "missing or invalid field: output"),
        ("outputs", json!([{"file": {"filepath": "x.mp4"}}]), 501, "RTMP streams only"),
        ("outputs", json!([{"stream": {"urls": ["notaurl"]}}]), 400, "invalid url notaurl: invalid scheme"),
        ("advanced", json!({"framerate": 90}), 400, "framerate (must be 10 to 60 frames per second)"),
        ("storage", json!({}), 501, "no storage"),
    ] {
        let mut wrong = request.clone();
        wrong[field] = value;
        if wrong[field].is_null() {
            wrong.as_object_mut().expect("an object").remove(field);
        }
        let (got, error) = harness.call("StartEgress", &wrong).await.expect_err(text);
        assert_eq!(got, status, "{error}");
        assert!(error["msg"].as_str().expect("words").contains(text), "{error}");
    }
    let template = json!({"template": {"layout": "grid"}, "outputs": request["outputs"]});
    let (got, error) = harness.call("StartEgress", &template).await.expect_err("a template");
    assert_eq!((got, &error["code"]), (501, &json!("unimplemented")), "{error}");

    let info = harness.call("StartEgress", &request).await.expect("accepted");
    assert_eq!(info["egress"]["web"]["awaitStartSignal"], true, "the request is echoed unchanged: {info}");
    assert!(!info.to_string().contains("newcall"), "keys are redacted: {info}");
    let id = info["egressId"].as_str().expect("an id").to_owned();
    harness.frames("newcall", 15).await;
    let ids =
        |answer: Value| -> Vec<Value> { answer["items"].as_array().into_iter().flatten().map(|info| info["egressId"].clone()).collect() };
    for filter in [json!({}), json!({"active": true}), json!({"egressId": id})] {
        assert_eq!(ids(harness.call("ListEgress", &filter).await.expect("listed")), [json!(id)], "{filter}");
    }
    assert!(ids(harness.call("ListEgress", &json!({"roomName": "stream-1"})).await.expect("listed")).is_empty(), "it belongs to no room");
    harness.stop(&id).await.expect("stoppable");
    assert_eq!(harness.ended().await["egressInfo"]["status"], "EGRESS_COMPLETE");
    assert!(ids(harness.call("ListEgress", &json!({"active": true})).await.expect("listed")).is_empty(), "it has ended");
    assert_eq!(ids(harness.call("ListEgress", &json!({})).await.expect("listed")), [json!(id)], "ended ones stay listed");
    let (got, error) =
        harness.call("UpdateStream", &json!({"egressId": id, "addOutputUrls": [harness.sink.url("late")]})).await.expect_err("over");
    assert_eq!((got, &error["code"]), (412, &json!("failed_precondition")), "{error}");
    harness.assert_clean().await;
}
