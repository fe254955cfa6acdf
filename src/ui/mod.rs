//! The window: panels, pages and their look. Draws what `app` holds and sends commands; computes nothing.

mod commands;
mod dialogs;
pub mod explore;
mod export;
mod fault;
mod fonts;
mod gene_names;
mod keys;
mod milestones;
mod notices;
mod pages;
mod plots;
mod shield;
pub mod slide_view;
mod status;
mod table;
pub mod theme;
mod top_bar;
mod wheel;
pub mod widgets;
mod window;

use crate::app::state::App;
use crate::device::DeviceChoice;

/// The device that training would use now: "GPU: NVIDIA RTX 4070", and in a word.
fn device_texts(app: &App) -> (String, &'static str) {
    use crate::device::Kind;
    let wanted = |kind: Kind| match app.forms.train.device {
        DeviceChoice::Auto => true,
        DeviceChoice::Gpu => kind != Kind::Cpu,
        DeviceChoice::Cpu => kind == Kind::Cpu,
    };
    match app.devices.iter().find(|d| wanted(d.kind)) {
        None => ("Looking for devices".to_owned(), "…"),
        Some(device) if device.kind == Kind::Cpu => (device.name.clone(), "CPU"),
        Some(device) => (format!("GPU: {}", device.name), "GPU"),
    }
}

pub use window::{StartupAction, Window, start};
