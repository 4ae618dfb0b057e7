//! Room tokens as LiveKit's own library reads them: valid, with no more rights than needed.

use super::harness::{SECRET, TestServer};
use footlight::{
    domain::{ids::Generation, key::Scope},
    server::livekit::tokens::{check_access, overlay_access, preview_access},
};
use serde_json::{Value, json};
use std::process::Command;

/// What `livekit-server-sdk` finds in a token after it verified it.
fn verified(token: &str) -> Value {
    const SCRIPT: &str = "import { TokenVerifier } from 'livekit-server-sdk';\
        const claims = await new TokenVerifier('devkey', process.env.SECRET).verify(process.env.TOKEN);\
        console.log(JSON.stringify(claims));";
    let node = Command::new("node")
        .args(["--input-type=module", "-e", SCRIPT])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/end2end"))
        .envs([("SECRET", SECRET), ("TOKEN", token)])
        .output()
        .expect("node runs");
    assert!(node.status.success(), "{}", String::from_utf8_lossy(&node.stderr));
    serde_json::from_slice(&node.stdout).expect("claims")
}

#[tokio::test]
async fn livekits_library_accepts_our_minimal_tokens() {
    // The library reads the machine's clock, so the server does too.
    let server = TestServer::new().await;
    let owner = server.streamer("Owner").await;
    let key = server.key(&owner, None, &Scope::ALL).await;
    let started = server
        .post(
            "/api/streaming/start",
            &key,
            json!({ "streamType": "user", "platform": "rehearsal", "announces": ["camera", "screen", "camera"] }),
        )
        .await;
    let session: footlight::domain::ids::SessionId = serde_json::from_value(started.body["sessionId"].clone()).expect("an id");
    let room = format!("stream-{session}");
    let again = server.post("/api/streaming/room", &key, json!({ "sessionId": session })).await;
    for (token, announced) in [(&started.body["room"]["token"], "screen,camera"), (&again.body["token"], "")] {
        let claims = verified(token.as_str().expect("a token"));
        assert_eq!(claims["attributes"]["announces"], json!(announced), "said when the stream starts, and not to whoever comes back");
        assert_eq!(claims["sub"], json!(format!("host-{session}")));
        let video = &claims["video"];
        assert_eq!((&video["roomJoin"], &video["room"]), (&json!(true), &json!(room)));
        assert_eq!(video["canPublishSources"], json!(["camera", "microphone", "screen_share", "screen_share_audio"]));
        assert_eq!(video["canPublishData"], json!(false));
        refuses(
            video,
            &["roomAdmin", "roomCreate", "roomList", "roomRecord", "ingressAdmin", "hidden", "recorder", "canUpdateOwnMetadata"],
        );
        assert!(claims.get("sip").is_none_or(|sip| sip.as_object().is_none_or(|sip| sip.values().all(|right| right == false))), "{claims}");
    }
    let config = &server.studio.config.livekit;
    for (access, identity) in [
        (overlay_access(config, &session, Generation(2)), format!("overlay-{session}-2")),
        (preview_access(config, &session, "u1"), "preview-u1-".to_owned()),
    ] {
        let claims = verified(&access.expect("a token").token);
        let own = claims["sub"].as_str().unwrap_or_default();
        assert!(own == identity || (identity.ends_with('-') && own.starts_with(&identity)), "{own}");
        let video = &claims["video"];
        assert_eq!((&video["hidden"], &video["canSubscribe"], &video["room"]), (&json!(true), &json!(true), &json!(room)));
        assert_eq!((&video["canPublish"], &video["canPublishData"]), (&json!(false), &json!(false)));
        refuses(video, &["roomAdmin", "roomCreate", "roomList", "roomRecord", "ingressAdmin", "canUpdateOwnMetadata"]);
    }
    let identities = [1, 2].map(|_| verified(&preview_access(config, &session, "u1").expect("a token").token)["sub"].clone());
    assert_ne!(identities[0], identities[1], "previews in two tabs do not put each other out of the room");
    let check = verified(&check_access(config, "check-u1").expect("a token").token);
    let video = &check["video"];
    assert_eq!((&video["roomJoin"], &video["room"]), (&json!(true), &json!("check-u1")));
    assert_eq!((&video["canPublish"], &video["canPublishData"], &video["canSubscribe"]), (&json!(false), &json!(false), &json!(false)));
    refuses(video, &["roomAdmin", "roomCreate", "roomList", "roomRecord", "ingressAdmin", "hidden", "recorder", "canUpdateOwnMetadata"]);
}

fn refuses(video: &Value, rights: &[&str]) {
    for right in rights {
        assert!(video.get(*right).is_none_or(|value| value == false), "{right} in {video}");
    }
}
