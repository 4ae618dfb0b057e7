//! What the API answers: requests that are wrong, starts by the newer call, lists, slots.

use super::ground::Ground;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_are_refused_in_livekits_words() {
    let ground = Ground::new().await;
    let sink = ground.sink.url("k");
    let with = |field: &str, value: Value| {
        let mut request = ground.request("page.html", std::slice::from_ref(&sink));
        request[field] = value;
        request
    };
    for (request, status, code, words) in [
        (with("url", json!("")), 400, "invalid_argument", "request has missing or invalid field: web url"),
        (with("url", json!("http://169.254.169.254/latest")), 400, "invalid_argument", "this egress opens pages of"),
        (with("streamOutputs", json!([])), 400, "invalid_argument", "request has missing or invalid field: output"),
        (with("streamOutputs", json!([{"urls": ["notaurl"]}])), 400, "invalid_argument", "invalid url notaurl: invalid scheme"),
        (with("advanced", json!({"width": 64})), 400, "invalid_argument", "width (must be 320 to 1920)"),
        (with("fileOutputs", json!([{"filepath": "x.mp4"}])), 501, "unimplemented", "RTMP streams only"),
        (with("videoOnly", json!(true)), 501, "unimplemented", "picture and sound together"),
        (with("segmentOutputs", json!([{"filenamePrefix": "x"}])), 501, "unimplemented", "RTMP streams only"),
        (with("imageOutputs", json!([{"captureInterval": 5}])), 501, "unimplemented", "RTMP streams only"),
        (with("streamOutputs", json!([{"protocol": "SRT", "urls": ["srt://x"]}])), 501, "unimplemented", "speaks RTMP only"),
        (with("advanced", json!({"videoCodec": "VP8"})), 501, "unimplemented", "H264_MAIN only"),
        (with("advanced", json!({"width": 1920, "height": 1920})), 400, "invalid_argument", "at most 2073600 pixels"),
    ] {
        let (got, refusal) = ground.call("StartWebEgress", &request).await.expect_err(words);
        assert_eq!((got, refusal["code"].as_str()), (status, Some(code)), "{refusal}");
        assert!(refusal["msg"].as_str().expect("words").contains(words), "{refusal}");
    }
    for (method, status, code) in [("StartRoomCompositeEgress", 501, "unimplemented"), ("Dance", 404, "bad_route")] {
        let (got, refusal) = ground.call(method, &json!({})).await.expect_err(method);
        assert_eq!((got, refusal["code"].as_str()), (status, Some(code)), "{refusal}");
    }
    let (got, refusal) = ground.stop("EG_nobody").await.expect_err("unknown");
    assert_eq!((got, &refusal["code"], &refusal["msg"]), (404, &json!("not_found"), &json!("egress does not exist")));
    let bare = reqwest::Client::new().post(format!("http://127.0.0.1:{}/twirp/livekit.Egress/ListEgress", ground.port)).send().await;
    assert_eq!(bare.expect("an answer").status(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_without_a_free_slot_is_refused_at_once_with_the_number_in_use() {
    let ground = Ground::new().await;
    let id = ground.start("nosignal.html", "first").await;
    let health = ground.get("/healthz").await;
    assert_eq!(serde_json::from_str::<Value>(&health).expect("JSON"), json!({"slots": {"total": 1, "used": 1}}));
    let (status, refusal) = ground.call("StartWebEgress", &ground.request("page.html", &[ground.sink.url("k")])).await.expect_err("full");
    assert_eq!((status, refusal["code"].as_str()), (503, Some("unavailable")));
    assert_eq!(refusal["msg"], "no free egress slot: 1 of 1 in use");
    ground.stop(&id).await.expect("stoppable");
    ground.ended().await;
    let (status, refusal) = ground.stop(&id).await.expect_err("over");
    assert_eq!((status, refusal["code"].as_str()), (412, Some("failed_precondition")), "{refusal}");
    assert!(ground.get("/metrics").await.contains("footlight_egress_starts_refused_total 1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn start_egress_takes_a_web_source_with_rtmp_and_nothing_else() {
    let ground = Ground::new().await;
    let advanced = ground.request("page.html", &[])["advanced"].clone();
    let request = json!({
        "web": {"url": ground.page("page.html"), "awaitStartSignal": true},
        "advanced": advanced,
        "outputs": [{"stream": {"protocol": "RTMP", "urls": [ground.sink.url("newcall")]}}],
    });
    for (field, value, status, words) in [
        ("web", Value::Null, 400, "missing or invalid field: source"),
        ("outputs", json!([]), 400, "missing or invalid field: output"),
        ("outputs", json!([{"file": {"filepath": "x.mp4"}}]), 501, "RTMP streams only"),
        ("outputs", json!([{"stream": {"urls": ["notaurl"]}}]), 400, "invalid url notaurl: invalid scheme"),
        ("advanced", json!({"framerate": 90}), 400, "framerate (must be 5 to 60)"),
        ("storage", json!({}), 501, "no storage"),
    ] {
        let mut wrong = request.clone();
        wrong[field] = value;
        if wrong[field].is_null() {
            wrong.as_object_mut().expect("an object").remove(field);
        }
        let (got, refusal) = ground.call("StartEgress", &wrong).await.expect_err(words);
        assert_eq!(got, status, "{refusal}");
        assert!(refusal["msg"].as_str().expect("words").contains(words), "{refusal}");
    }
    let template = json!({"template": {"layout": "grid"}, "outputs": request["outputs"]});
    let (got, refusal) = ground.call("StartEgress", &template).await.expect_err("a template");
    assert_eq!((got, &refusal["code"]), (501, &json!("unimplemented")), "{refusal}");

    let info = ground.call("StartEgress", &request).await.expect("accepted");
    assert_eq!(info["egress"]["web"]["awaitStartSignal"], true, "the request is echoed as it was asked: {info}");
    assert!(!info.to_string().contains("newcall"), "keys are redacted: {info}");
    let id = info["egressId"].as_str().expect("an id").to_owned();
    ground.frames("newcall", 15).await;
    let ids =
        |answer: Value| -> Vec<Value> { answer["items"].as_array().into_iter().flatten().map(|info| info["egressId"].clone()).collect() };
    for filter in [json!({}), json!({"active": true}), json!({"egressId": id})] {
        assert_eq!(ids(ground.call("ListEgress", &filter).await.expect("listed")), [json!(id)], "{filter}");
    }
    assert!(ids(ground.call("ListEgress", &json!({"roomName": "stream-1"})).await.expect("listed")).is_empty(), "it belongs to no room");
    ground.stop(&id).await.expect("stoppable");
    assert_eq!(ground.ended().await["egressInfo"]["status"], "EGRESS_COMPLETE");
    assert!(ids(ground.call("ListEgress", &json!({"active": true})).await.expect("listed")).is_empty(), "it is over");
    assert_eq!(ids(ground.call("ListEgress", &json!({})).await.expect("listed")), [json!(id)], "ended ones stay listed");
    let (got, refusal) =
        ground.call("UpdateStream", &json!({"egressId": id, "addOutputUrls": [ground.sink.url("late")]})).await.expect_err("over");
    assert_eq!((got, &refusal["code"]), (412, &json!("failed_precondition")), "{refusal}");
    ground.is_clean().await;
}
