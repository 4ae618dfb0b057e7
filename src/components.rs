//! Parts of pages: props in, callbacks out. They load nothing and call no server function.

pub mod appearance_options;
pub mod badge;
pub mod check_list;
pub mod checkbox;
pub mod choice_row;
pub mod confirm;
pub mod destination_checkbox;
pub mod destination_form;
pub mod destination_health;
pub mod device_menu;
pub mod icon;
pub mod level_meter;
pub mod local_time;
pub mod notice;
pub mod on_air_light;
pub mod player;
pub mod scene_view;
pub mod site_header;
pub mod stats;
pub mod switch_button;
pub mod text_field;
