//! The HTTP API, from its OpenAPI document. Each call can be tried here.

use crate::{
    api::docs::{Call, TAGS},
    browser,
    components::notice::{ErrorNotice, Loading},
    rpc::docs::api_calls,
};
use leptos::{prelude::*, task::spawn_local};
use leptos_meta::Title;

/// A first call that works as printed, once the key is set.
const FIRST: &str = r#"curl -X POST "$ORIGIN/api/streaming/start" \
  -H "Authorization: Bearer $FOOTLIGHT_KEY" -H "Content-Type: application/json" \
  -d '{"streamType":"agent","platform":"rehearsal","streamTitle":"First light"}'"#;

/// `/api/docs`
#[component]
pub fn ApiDocs() -> AnyView {
    let calls = Resource::new_blocking(|| (), |()| api_calls());
    let key = RwSignal::new(String::new());
    view! {
        <Title text="HTTP API"/>
        <main class="page" id="content">
            <div class="page-top">
                <h1>"HTTP API"</h1>
                <a class="button" href="/api/openapi.json" rel="external">"OpenAPI 3.1"</a>
            </div>
            <p class="quiet">
                "JSON requests and responses, times in RFC 3339. Create an API key under "<a href="/settings">"Settings"</a>" and send it as "
                <code>"Authorization: Bearer fl_…"</code>". Every call is safe to repeat; every error says what to do."
            </p>
            <pre class="sample" tabindex="0" aria-label="A first call"><code>{FIRST}</code></pre>
            <label class="field">
                <span>"API key for the calls below"</span>
                <input class="input" type="password" autocomplete="off" placeholder="fl_…" prop:value=key on:input=move |event| key.set(event_target_value(&event))/>
                <small class="quiet">"It stays in this page. Without a key, your sign-in is used."</small>
            </label>
            <Suspense fallback=|| view! { <Loading/> }>
                {move || {
                    calls.get().map(|answer| match answer {
                        Ok(all) => view! { <Groups all key/> }.into_any(),
                        Err(error) => view! { <ErrorNotice message=error.message/> }.into_any(),
                    })
                }}
            </Suspense>
        </main>
    }
    .into_any()
}

#[component]
fn Groups(all: Vec<Call>, key: RwSignal<String>) -> impl IntoView {
    TAGS.map(|(group, about)| {
        let calls = all.iter().filter(|call| call.group == group).cloned().map(|call| view! { <CallCard call key/> }).collect_view();
        view! { <section class="calls"><h2 class="section">{group}</h2><p class="quiet">{about}</p>{calls}</section> }
    })
    .into_view()
}

#[component]
fn CallCard(call: Call, key: RwSignal<String>) -> impl IntoView {
    let (path, body) = (RwSignal::new(call.path.clone()), RwSignal::new(call.example.clone()));
    let (answer, waiting) = (RwSignal::new(String::new()), RwSignal::new(false));
    let method = StoredValue::new(call.method.clone());
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        waiting.set(true);
        spawn_local(async move {
            let response =
                browser::api::call(&method.get_value(), &path.get_untracked(), &key.get_untracked(), &body.get_untracked()).await;
            answer.set(response);
            waiting.set(false);
        });
    };
    let table = |title: &'static str, rows: Vec<(String, String)>| {
        let rows = rows
            .into_iter()
            .map(|(name, text)| view! { <div><dt><code>{name}</code></dt><dd>{prose(&text)}</dd></div> })
            .collect::<Vec<_>>();
        (!rows.is_empty()).then(|| view! { <h3 class="caps">{title}</h3><dl class="call-table">{rows}</dl> })
    };
    let access =
        if call.scopes.is_empty() { "no API key needed, or sign-in only".to_owned() } else { format!("scope {}", call.scopes.join(", ")) };
    let has_body = call.method != "GET";
    view! {
        <details class="call panel">
            <summary>
                <b class="call-method" data-method=call.method.to_ascii_lowercase()>{call.method.clone()}</b>
                <code>{call.path.clone()}</code>
                <span class="quiet">{prose(&call.summary)}</span>
            </summary>
            <div class="call-body">
                {(!call.description.is_empty()).then(|| view! { <p>{prose(&call.description)}</p> })}
                <p class="quiet">{access}</p>
                {table("Parameters", call.parameters)}
                {table("Body", call.fields)}
                {table("Responses", call.answers)}
                <form class="call-try" method="post" on:submit=submit>
                    <label class="field">
                        <span>"Address"</span>
                        <input class="input" spellcheck="false" prop:value=path on:input=move |event| path.set(event_target_value(&event))/>
                    </label>
                    {has_body.then(|| view! {
                        <label class="field">
                            <span>"Body (JSON)"</span>
                            <textarea class="input" rows="4" spellcheck="false" prop:value=body on:input=move |event| body.set(event_target_value(&event))></textarea>
                        </label>
                    })}
                    <button class="button" type="submit" disabled=move || waiting.get()>"Send"</button>
                </form>
                <div aria-live="polite">
                    <Show when=move || !answer.with(String::is_empty)>
                        <pre class="sample" tabindex="0"><code>{move || answer.get()}</code></pre>
                    </Show>
                </div>
            </div>
        </details>
    }
}

/// Renders `code` in a text.
fn prose(text: &str) -> Vec<AnyView> {
    let part = |(number, part): (usize, &str)| {
        let part = part.to_owned();
        if number % 2 == 1 { view! { <code>{part}</code> }.into_any() } else { part.into_any() }
    };
    text.split('`').enumerate().map(part).collect()
}
