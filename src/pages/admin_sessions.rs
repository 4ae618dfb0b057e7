//! Every session and its true state. The one that needs a look stands out by tint and words.

use super::{
    house::ToSignIn,
    words::{clock, health, is_running, key_tail, moment, state, title},
};
use crate::{
    api::{
        error::{ApiError, ErrorCode},
        sessions::SessionView,
    },
    browser::feed,
    components::{
        badge::Badge,
        confirm::Confirm,
        notice::{Empty, Loading, Trouble},
    },
    domain::{ids::SessionId, session::Owner},
    rpc::admin::{all_sessions, stop_for_admin},
};
use leptos::prelude::*;
use leptos_meta::Title;

/// Which sessions the table holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Running,
    Ended,
    Failed,
    All,
}

impl Shown {
    const ALL: [Self; 4] = [Self::Running, Self::Ended, Self::Failed, Self::All];

    fn label(self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Ended => "Ended",
            Self::Failed => "Failed",
            Self::All => "All",
        }
    }

    fn holds(self, session: &SessionView) -> bool {
        match self {
            Self::Running => is_running(session),
            Self::Ended => session.status == "ended",
            Self::Failed => session.status == "failed",
            Self::All => true,
        }
    }
}

/// `/admin/sessions`
#[component]
pub fn AdminSessions() -> AnyView {
    let sessions = Resource::new_blocking(|| (), |()| all_sessions(false));
    let reload = Callback::new(move |()| sessions.refetch());
    view! {
        <Title text="Sessions"/>
        <main class="page" data-wide="yes" id="content">
            <div class="page-top"><h1>"Sessions"</h1></div>
            <Transition fallback=|| view! { <Loading/> }>
                {move || {
                    sessions.get().map(|answer: Result<Vec<SessionView>, ApiError>| match answer {
                        Ok(all) => view! { <Table all/> }.into_any(),
                        Err(error) if error.code == ErrorCode::Unauthenticated => view! { <ToSignIn/> }.into_any(),
                        Err(error) => view! { <Trouble message=error.message on_retry=reload/> }.into_any(),
                    })
                }}
            </Transition>
        </main>
    }
    .into_any()
}

#[component]
fn Table(all: Vec<SessionView>) -> impl IntoView {
    let all = RwSignal::new(all);
    Effect::new(move |_| {
        feed::of_all(move |message| {
            if let ("session", Ok(news)) = (message.event.as_str(), serde_json::from_str(&message.data)) {
                all.update(|all| take_news(all, news));
            }
        });
    });
    let shown = RwSignal::new(Shown::Running);
    let wanted = RwSignal::new(String::new());
    let chosen = RwSignal::new(None::<(SessionId, String)>);
    let asking = RwSignal::new(false);
    let stop = Action::new(|(id, note): &(SessionId, String)| stop_for_admin(id.clone(), note.clone()));
    Effect::new(move |_| {
        if let Some(Ok(stopped)) = stop.value().get() {
            all.update(|all| take_news(all, stopped));
        }
    });
    let on_stop = Callback::new(move |which| {
        chosen.set(Some(which));
        asking.set(true);
    });
    let question = move || chosen.get().map(|(_, title)| format!("Stop “{title}”?")).unwrap_or_default();
    let count = move |which: Shown| all.with(|all| all.iter().filter(|session| which.holds(session)).count());
    let rows = move || {
        let (shown, wanted) = (shown.get(), wanted.get().trim().to_lowercase());
        let rows: Vec<_> = all.with(|all| all.iter().filter(|one| shown.holds(one) && matches_search(one, &wanted)).cloned().collect());
        if rows.is_empty() {
            let text = if wanted.is_empty() {
                "Shows appear here the moment they are asked for."
            } else {
                "No show has this in its title, owner, session or egress id."
            };
            return view! { <Empty title="Nothing here" text/> }.into_any();
        }
        let rows = rows.into_iter().map(|session| view! { <Row session on_stop/> }).collect_view();
        view! {
            <div class="panel table-panel">
                <table class="sessions">
                    <thead>
                        <tr>
                            <th scope="col">"State"</th><th scope="col">"Show"</th><th scope="col">"Plays on"</th>
                            <th scope="col" class="number">"On air"</th><th scope="col">"Health"</th><th scope="col"><span class="unseen">"Actions"</span></th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
        .into_any()
    };
    let chips = Shown::ALL.map(|which| {
        view! {
            <button class="chip" type="button" aria-pressed=move || (shown.get() == which).to_string() on:click=move |_| shown.set(which)>
                {which.label()}" "<span>{move || count(which)}</span>
            </button>
        }
    });
    view! {
        <Facts all/>
        <div class="filters">
            <div class="chips" role="group" aria-label="Which sessions">{chips.collect_view()}</div>
            <input
                class="input" type="search" aria-label="Search title, owner, session or egress id" placeholder="Search title, owner, session or egress id"
                prop:value=wanted on:input=move |event| wanted.set(event_target_value(&event))
            />
        </div>
        {move || stop.value().get().and_then(Result::err).map(|error| view! { <Trouble message=error.message/> })}
        {rows}
        <Confirm
            open=asking
            title=Signal::derive(question)
            text="The show ends on every platform. Its owner sees your reason."
            action="Stop the show"
            reason="Reason"
            on_confirm=Callback::new(move |note| {
                if let Some((id, _)) = chosen.get_untracked() {
                    stop.dispatch((id, note));
                }
            })
        />
    }
}

/// The newest word on a session, in the place of the older one or on top.
fn take_news(all: &mut Vec<SessionView>, news: SessionView) {
    match all.iter_mut().find(|known| known.session_id == news.session_id) {
        Some(known) if known.revision > news.revision => {}
        Some(known) => *known = news,
        None => all.insert(0, news),
    }
}

/// A count's label and what it counts.
type Fact = (&'static str, fn(&SessionView) -> bool);

#[component]
fn Facts(all: RwSignal<Vec<SessionView>>) -> impl IntoView {
    let count = move |test: fn(&SessionView) -> bool| move || all.with(|all| all.iter().filter(|one| test(one)).count());
    let facts: [Fact; 4] = [
        ("on air", |one| one.on_air),
        ("to look at", needs_a_look),
        ("coming or going", |one| is_running(one) && one.status != "live"),
        ("failed", |one| one.status == "failed"),
    ];
    view! { <dl class="facts">{facts.map(|(label, test)| view! { <div><dt>{label}</dt><dd>{count(test)}</dd></div> }).collect_view()}</dl> }
}

fn needs_a_look(session: &SessionView) -> bool {
    session.status == "live" && !session.health.is_empty()
}

fn matches_search(session: &SessionView, wanted: &str) -> bool {
    let fields = [
        &session.stream_title,
        &session.owner_name,
        &session.entity_name,
        &session.session_id.to_string(),
        &session.egress_id.as_ref().map(ToString::to_string).unwrap_or_default(),
    ];
    wanted.is_empty() || fields.iter().any(|field| field.to_lowercase().contains(wanted))
}

#[component]
fn Row(session: SessionView, on_stop: Callback<(SessionId, String)>) -> impl IntoView {
    let (kind, word) = state(&session);
    let (health_kind, health) = health(&session);
    let who = match session.owner {
        Owner::User(_) => session.owner_name.clone(),
        Owner::Agent(_) => format!("agent {}", session.owner_name),
    };
    let places = session.destinations.iter().map(|place| {
        let tail = key_tail(&place.destination).map(|tail| view! { <small>{tail}</small> });
        view! { <span class="played">{place.destination.label().to_owned()}" "{tail}</span> }
    });
    let running = is_running(&session);
    let stoppable = running && session.status != "ending";
    let name = title(&session);
    let which = (session.session_id.clone(), name.clone());
    view! {
        <tr data-look=if needs_a_look(&session) { "yes" } else { "no" }>
            <td data-label="State"><Badge kind=Signal::stored(kind) text=Signal::stored(word)/></td>
            <td data-label="Show">
                <a class="show-name" href=format!("/sessions/{}", session.session_id)>{name}</a>
                <small>{format!("{who} · {}", moment(session.started_at.unwrap_or(session.created_at)))}</small>
                <small class="ids">{session.session_id.to_string()}{session.egress_id.as_ref().map(|id| format!(" · {id}"))}</small>
            </td>
            <td data-label="Plays on">{places.collect_view()}</td>
            <td data-label="On air" class="number">{clock(session.duration)}</td>
            <td data-label="Health"><Badge kind=Signal::stored(health_kind) text=Signal::stored(health)/></td>
            <td class="number">
                {stoppable.then(|| view! { <button class="button" type="button" on:click=move |_| on_stop.run(which.clone())>"Stop"</button> })}
            </td>
        </tr>
    }
}
