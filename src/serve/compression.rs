//! Compression of answers on their way.

use tower_http::compression::{
    CompressionLayer,
    predicate::{DefaultPredicate, NotForContentType, Predicate},
};

/// Of everything but video and sound, which are compressed already: the segments of a recording are large and many.
pub fn layer() -> CompressionLayer<impl Predicate> {
    let media = NotForContentType::const_new("video/").and(NotForContentType::const_new("audio/"));
    CompressionLayer::new().compress_when(DefaultPredicate::new().and(media))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{
        Router,
        body::Body,
        extract::Request,
        http::{HeaderMap, header},
        routing::get,
    };
    use tower::ServiceExt as _;

    async fn encoding_of(kind: &'static str) -> HeaderMap {
        let route = get(move || async move { ([(header::CONTENT_TYPE, kind)], "a".repeat(4096)) });
        let request = Request::builder().uri("/").header(header::ACCEPT_ENCODING, "br, gzip").body(Body::empty()).expect("a request");
        Router::new().route("/", route).layer(layer()).oneshot(request).await.expect("an answer").headers().clone()
    }

    #[tokio::test]
    async fn segments_of_a_recording_are_sent_as_they_are() {
        for (kind, compressed) in [
            ("video/iso.segment", false),
            ("video/mp4", false),
            ("audio/mp4", false),
            ("application/vnd.apple.mpegurl", true),
            ("text/html", true),
        ] {
            assert_eq!(encoding_of(kind).await.contains_key(header::CONTENT_ENCODING), compressed, "{kind}");
        }
    }
}
