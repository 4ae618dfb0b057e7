//! A menu of cameras, microphones or speakers.

use crate::domain::media::{DeviceId, MediaDevice};
use leptos::prelude::*;

/// Disabled while there is no device.
#[component]
pub fn DeviceMenu(
    label: &'static str,
    #[prop(into)] devices: Signal<Vec<MediaDevice>>,
    #[prop(into)] chosen: Signal<Option<DeviceId>>,
    #[prop(into)] on_choose: Callback<DeviceId>,
) -> impl IntoView {
    let options = move || {
        let (devices, chosen) = (devices.get(), chosen.get());
        if devices.is_empty() {
            return view! { <option value="">"None found"</option> }.into_any();
        }
        let option = |(nth, device): (usize, MediaDevice)| {
            let name = if device.label.is_empty() { format!("{label} {}", nth + 1) } else { device.label };
            let selected = chosen.as_ref() == Some(&device.id);
            view! { <option value=device.id.as_str().to_owned() selected=selected>{name}</option> }
        };
        devices.into_iter().enumerate().map(option).collect_view().into_any()
    };
    view! {
        <label class="field">
            <span>{label}</span>
            <select
                class="input"
                disabled=move || devices.with(Vec::is_empty)
                on:change=move |event| on_choose.run(DeviceId::new(event_target_value(&event)))
            >
                {options}
            </select>
        </label>
    }
}
