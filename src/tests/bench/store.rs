//! Speed of a store with many sessions: a page of the list, a filter, a report and a start must not get slower with the number
//! of sessions. `FOOTLIGHT_BENCH_SESSIONS=1000000` measures up to that many.

use super::{
    harness::{NOW, TestServer},
    shelf::{session, try_insert},
};
use crate::support::wait::until;
use footlight::{
    api::admin::{DateRange, SessionQuery, StatusFilter},
    domain::{
        destination::Platform,
        ids::SessionId,
        session::{EndReason, FailureCause, Session, SessionState},
        timestamp::Timestamp,
    },
    server::store::{Store, surreal::SurrealStore},
};
use serde_json::{Value, json};
use std::{path::Path, sync::Arc, time::Instant};
use surrealdb::{Surreal, engine::any::Any};
use ulid::Ulid;

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];
const BATCH: usize = 2_000;
const DAYS: usize = 365;
const ROUNDS: usize = 15;
/// Sessions of one account among all others.
const OWN: usize = 100;

fn address(folder: &Path) -> String {
    format!("surrealkv://{}", folder.join("store").display())
}

async fn raw(folder: &Path) -> Surreal<Any> {
    let db = until("the folder to be free", 20, async || surrealdb::engine::any::connect(address(folder)).await).await;
    db.use_ns("footlight").use_db("footlight").await.expect("our database");
    db
}

/// The session with this number; all sessions are spread over a year that ends today.
fn row(number: usize, all: usize) -> Value {
    let year = 1000 * 3600 * 24 * DAYS;
    let at = NOW.as_millis() - i64::try_from((all - number) * (year / all)).expect("within the year");
    let id = Ulid::from_parts(u64::try_from(at).expect("after 1970"), number as u128).to_string();
    let of = if number.is_multiple_of(all / OWN) { "own".to_owned() } else { format!("user{}", number % 997) };
    let failed = number.is_multiple_of(17);
    let (begun, over) = (Timestamp::from_millis(at), Timestamp::from_millis(at + 3_600_000));
    let state = if failed {
        SessionState::Failed { cause: FailureCause::NoFreeSlot, live_since: None, at: over }
    } else {
        SessionState::Ended { reason: EndReason::stopped(), live_since: Some(begun), at: over }
    };
    let session = Session { state, title: format!("Show number {number}"), created_at: begun, ..session(&id, &of) };
    json!({ "key": id, "owner": session.owner.to_string(), "account": of, "active": false, "state": session.state.name(),
        "created_at": at, "revision": 5, "document": session })
}

async fn fill(folder: &Path, all: usize) {
    let db = raw(folder).await;
    for from in (0..all).step_by(BATCH) {
        let rows: Vec<_> = (from..(from + BATCH).min(all)).map(|number| row(number, all)).collect();
        let sql = "FOR $row IN $rows { CREATE type::record('session', $row.key) CONTENT $row RETURN NONE }";
        db.query(sql).bind(("rows", rows)).await.and_then(surrealdb::IndexedResults::check).expect("rows go in");
    }
    let sums: Vec<_> = (0..DAYS)
        .flat_map(|day| ["all", "own"].map(|whose| (days_ago(day), whose)))
        .flat_map(|(day, whose)| {
            ["shows", "live", "on_air_ms"].map(|what| json!({ "whose": whose, "day": day, "what": what, "n": 60_000 }))
        })
        .collect();
    let sql = "FOR $row IN $rows { CREATE type::record('tally', [$row.whose, $row.day, $row.what]) CONTENT $row RETURN NONE }";
    db.query(sql).bind(("rows", sums)).await.and_then(surrealdb::IndexedResults::check).expect("rows go in");
}

fn days_ago(days: usize) -> String {
    NOW.plus_millis(-i64::try_from(days * 86_400_000).expect("within the year")).to_rfc3339()[..10].to_owned()
}

/// The median of several calls in milliseconds.
async fn timed<T, F: Future<Output = T>>(mut call: impl FnMut(usize) -> F) -> f64 {
    let mut took = Vec::new();
    for round in 0..ROUNDS {
        let begun = Instant::now();
        call(round).await;
        took.push(begun.elapsed());
    }
    took.sort_unstable();
    took[ROUNDS / 2].as_secs_f64() * 1000.0
}

async fn measure(folder: &Path, all: usize) {
    let store: Arc<dyn Store> = Arc::new(SurrealStore::open(&address(folder), None).await.expect("the store opens"));
    let server = TestServer::over(store.clone(), &[]);
    let admin = server.admin().await;
    let caller = server.caller(&admin).await;
    let wanted = |show: StatusFilter| SessionQuery { status: show, ..SessionQuery::default() };
    let page = |wanted: SessionQuery| {
        let (studio, caller) = (server.studio.clone(), caller.clone());
        move |_| {
            let (studio, caller, wanted) = (studio.clone(), caller.clone(), wanted.clone());
            async move { studio.session_admin.overview(&caller, &wanted).await.expect("a page") }
        }
    };
    let middle = Ulid::from_parts(u64::try_from(NOW.as_millis()).expect("after 1970") - 1000 * 3600 * 24 * 180, 0).to_string();
    let middle: SessionId = middle.parse().expect("an id");
    let span = DateRange { from: days_ago(DAYS - 1), to: days_ago(0) };
    let figures = [
        ("first page of all", timed(page(wanted(StatusFilter::All))).await),
        ("a page in the middle", timed(page(SessionQuery { behind: Some(middle), ..wanted(StatusFilter::All) })).await),
        ("running", timed(page(wanted(StatusFilter::Running))).await),
        ("failed", timed(page(wanted(StatusFilter::Failed))).await),
        ("a word that is nowhere", timed(page(SessionQuery { search: "nowhere".into(), ..wanted(StatusFilter::All) })).await),
        ("a platform that nobody used", timed(page(SessionQuery { platform: Some(Platform::Kick), ..wanted(StatusFilter::All) })).await),
        ("report of a year", timed(|_| async { server.studio.analytics.report(&caller, true, &span).await.expect("a report") }).await),
        ("a start stored", {
            let (store, base) = (store.clone(), all * 10);
            timed(move |round| {
                let store = store.clone();
                let id = Ulid::from_parts(u64::try_from(NOW.as_millis()).expect("after 1970") + 1, (base + round) as u128).to_string();
                async move {
                    let session = session(&id, &format!("starter{base}-{round}"));
                    try_insert(&store, &session, None).await.expect("stored");
                }
            })
            .await
        }),
    ];
    for (name, ms) in figures {
        println!("{all:>9} sessions  {name:<28} {ms:>9.2} ms");
    }
}

#[test]
fn a_store_with_many_sessions() {
    let extra = std::env::var("FOOTLIGHT_BENCH_SESSIONS").ok().and_then(|text| text.parse().ok());
    let sizes = SIZES.into_iter().chain(extra);
    // Statements nest deeply, and this thread polls them itself.
    let thread = std::thread::Builder::new().stack_size(16 << 20).spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).thread_stack_size(16 << 20).enable_all().build();
        runtime.expect("a runtime").block_on(async {
            for all in sizes {
                let folder = tempfile::tempdir().expect("a folder");
                drop(SurrealStore::open(&address(folder.path()), None).await.expect("a schema"));
                let begun = Instant::now();
                fill(folder.path(), all).await;
                println!("{all:>9} sessions  put in within {:.0} s", begun.elapsed().as_secs_f64());
                measure(folder.path(), all).await;
            }
        });
    });
    thread.expect("a thread").join().expect("no panic");
}
