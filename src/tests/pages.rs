//! The overlay's server-rendered markup in each state: what must be there, and what must not.

use footlight::{
    components::scene_view::{DataLayers, SceneView},
    domain::{
        destination::Platform,
        overlay::{Host, Media, OverlaySettings, Scene, Theme, Track},
        overlay_state::{OverlayInputs, OverlayState},
        session::StreamType,
        timestamp::Timestamp,
    },
};
use leptos::prelude::{Owner, RenderHtml, Signal, view};

const NOW: Timestamp = Timestamp::from_millis(1_795_421_948_792);

fn streamer() -> OverlayInputs {
    OverlayInputs {
        stream_type: StreamType::User,
        entity_name: "BlazeMaster".into(),
        avatar: None,
        title: "Ranked ladder, game 3".into(),
        platforms: vec![Platform::Twitch, Platform::Rehearsal],
        settings: OverlaySettings { show_agent_info: true, show_decisions: true, ..OverlaySettings::for_user() },
        media: Media { screen: Track::Painted, camera: Track::Painted, ..Media::here() },
        live: true,
        over: false,
    }
}

fn agent() -> OverlayInputs {
    OverlayInputs { stream_type: StreamType::Agent, settings: OverlaySettings::for_agent(), media: Media::default(), ..streamer() }
}

fn state_of(lines: &[&str]) -> OverlayState {
    let mut state = OverlayState::default();
    for (seq, line) in (1..).zip(lines) {
        state.apply(seq, serde_json::from_str(line).expect(line), NOW);
    }
    state
}

fn markup(inputs: &OverlayInputs, state: &OverlayState) -> String {
    let scene = state.scene(inputs, NOW);
    Owner::new().with(|| view! { <SceneView scene=Signal::stored(scene) id_prefix="p-" data=Some(DataLayers::all())/> }.to_html())
}

fn holding(scene: Scene) -> OverlayInputs {
    let streamer = streamer();
    OverlayInputs { settings: OverlaySettings { scene: Some(scene), ..streamer.settings.clone() }, ..streamer }
}

#[test]
fn each_state_says_what_it_is() {
    let game = r#"{"kind":"match","turn":"Turn 7","phase":"battle","sides":[{"name":"BlazeMaster","score":6400,"of":8000},{"name":"Nyx-4","score":2150,"of":8000}]}"#;
    let won = r#"{"kind":"match","result":"BlazeMaster wins"}"#;
    let decided = r#"{"kind":"decision","title":"Attack with Ember Wolf","reason":"One hit to win.","tookMs":800,"confidence":91}"#;
    let away = Media { host: Host::Away(NOW.plus_millis(-9000)), ..streamer().media };
    let camera_off = Media { screen: Track::Absent, camera: Track::Muted, ..Media::here() };
    let cases: Vec<(&str, OverlayInputs, Vec<&str>, Vec<&str>)> = vec![
        (
            "screen with webcam",
            streamer(),
            vec![],
            vec![
                r#"data-layout="screen""#,
                r#"data-webcam="video""#,
                r#"data-corner="bottom-right""#,
                "LIVE",
                "Twitch · Ranked ladder, game 3",
            ],
        ),
        (
            "camera off",
            OverlayInputs { media: camera_off, ..streamer() },
            vec![],
            vec![r#"data-layout="camera""#, r#"data-webcam="avatar""#, ">B<"],
        ),
        ("data only", agent(), vec![decided], vec![r#"data-layout="data-only""#, "Attack with Ember Wolf", "0.8 s, confidence 91 %"]),
        ("score", agent(), vec![game], vec!["Turn 7", "6\u{a0}400", r#"width="80""#, r#"x="74""#, r#"width="26""#]),
        ("match over", agent(), vec![won], vec![r#"data-layout="match-over""#, "BlazeMaster wins"]),
        (
            "ticker",
            agent(),
            vec![r#"{"kind":"event","text":"Nyx-4 draws","tone":"hit"}"#],
            vec!["Nyx-4 draws", r#"data-tone="hit""#, r#"data-ticker="yes""#],
        ),
        ("stat", agent(), vec![r#"{"kind":"stat","label":"Cards left","value":"12"}"#], vec!["Cards left", ">12<"]),
        ("alert", agent(), vec![r#"{"kind":"alert","title":"New record","tone":"good"}"#], vec!["scene-alert", "New record"]),
        (
            "starting soon",
            OverlayInputs { media: Media::default(), live: false, ..streamer() },
            vec![],
            vec!["Starting soon", "Ranked ladder, game 3"],
        ),
        ("be right back", holding(Scene::BeRightBack), vec![], vec!["Be right back"]),
        ("reconnecting", OverlayInputs { media: away, ..streamer() }, vec![], vec!["One moment"]),
        ("ending", OverlayInputs { over: true, ..streamer() }, vec![], vec!["Thank you for watching"]),
        (
            "light",
            OverlayInputs { settings: OverlaySettings { theme: Theme::Light, ..OverlaySettings::for_agent() }, ..agent() },
            vec![],
            vec![r#"data-theme="light""#],
        ),
    ];
    for (state, inputs, lines, expected) in cases {
        let html = markup(&inputs, &state_of(&lines));
        for part in expected {
            assert!(html.contains(part), "{state} lacks {part}: {html}");
        }
    }
}

#[test]
fn video_elements_exist_in_every_state_and_are_muted() {
    for inputs in [streamer(), agent(), holding(Scene::Ending), OverlayInputs { media: Media::default(), ..streamer() }] {
        let html = markup(&inputs, &OverlayState::default());
        for id in ["p-screen-video", "p-camera-video"] {
            let video = html.split("<video").find(|video| video.contains(&format!(r#"id="{id}""#))).expect(id);
            let video = video.split('>').next().expect("an opening tag");
            assert!(["muted", "autoplay", "playsinline"].iter().all(|word| video.contains(word)), "{video}");
        }
    }
}

#[test]
fn live_is_said_of_nothing_that_is_not() {
    let waiting = markup(&OverlayInputs { live: false, ..streamer() }, &OverlayState::default());
    assert!(!waiting.contains("LIVE"));
    assert!(!markup(&OverlayInputs { over: true, ..streamer() }, &OverlayState::default()).contains("LIVE"));
}

#[test]
fn markup_has_no_inline_style_and_escapes_text() {
    let state = state_of(&[
        r#"{"kind":"decision","title":"<img src=x onerror=alert(1)>","reason":"</div><script>"}"#,
        r#"{"kind":"event","text":"<b>bold</b>"}"#,
        r#"{"kind":"stat","label":"<i>","value":"\"'&"}"#,
        r#"{"kind":"alert","title":"<script>"}"#,
    ]);
    let html = markup(&agent(), &state);
    assert!(!html.contains("style="), "the content security policy takes no inline style: {html}");
    for dangerous in ["<img", "<script", "<b>bold", "<i>"] {
        assert!(!html.contains(dangerous), "{dangerous} in {html}");
    }
}
