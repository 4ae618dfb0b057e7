//! A foreign client: livekit-api's `EgressClient`, protobuf over Twirp.

use super::harness::{Harness, KEY, SECRET};
use livekit_api::services::egress::{EgressClient, EgressListFilter, EgressListOptions, EgressOutput, WebOptions, encoding};
use livekit_protocol::{AudioCodec, EgressStatus, StreamOutput, StreamProtocol};

#[tokio::test(flavor = "multi_thread")]
async fn livekit_client_starts_lists_updates_and_stops() {
    let harness = Harness::new().await;
    let client = EgressClient::with_api_key(&format!("http://127.0.0.1:{}", harness.port), KEY, SECRET);
    let output = EgressOutput::Stream(StreamOutput { protocol: StreamProtocol::Rtmp as i32, urls: vec![harness.sink.url("first")] });
    let small =
        encoding::EncodingOptions { width: 640, height: 360, framerate: 15, audio_codec: AudioCodec::Aac, ..encoding::H264_720P_30 };
    let options = WebOptions { encoding: small, await_start_signal: true, ..Default::default() };
    let info = client.start_web_egress(&harness.page("page.html"), vec![output], options).await.expect("started");
    assert_eq!(info.status(), EgressStatus::EgressStarting);
    harness.frames("first", 15).await;
    let active = EgressListOptions { filter: EgressListFilter::All, active: true, page_token: None };
    let listed = client.list_egress(active).await.expect("listed");
    assert_eq!(
        listed.iter().map(|info| (info.egress_id.as_str(), info.status())).collect::<Vec<_>>(),
        [(info.egress_id.as_str(), EgressStatus::EgressActive)]
    );
    client.update_stream(&info.egress_id, vec![harness.sink.url("second")], vec![]).await.expect("added");
    harness.frames("second", 15).await;
    let stopped = client.stop_egress(&info.egress_id).await.expect("stopped");
    assert_eq!(stopped.status(), EgressStatus::EgressEnding);
    assert_eq!(harness.ended().await["egressInfo"]["status"], "EGRESS_COMPLETE");
}
