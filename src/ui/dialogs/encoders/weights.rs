//! The lower part of an open card: the weights that were found, or how to get them.

use std::path::Path;

use eframe::egui::{Button, Label, RichText, Ui};

use crate::app::command::{Command, EncoderCommand};
use crate::app::encoders::memory_text;
use crate::app::paths::{PathPurpose, PathRequest};
use crate::app::state::App;
use crate::jobs::encoders::{EncoderInfo, Group};
use crate::jobs::request::Request;
use crate::ui::theme::colors;
use crate::ui::widgets::{Tone, banner, name, primary, remark};

/// Draws it.
pub fn show(ui: &mut Ui, app: &App, encoder: &EncoderInfo, out: &mut Vec<Command>) {
    match (&encoder.weights, encoder.group) {
        (_, Group::BuiltIn) => {
            remark(ui, "It needs no weights, and always gives the same numbers.");
        }
        (Some(file), _) => found(ui, file),
        (None, _) => missing(ui, app, encoder, out),
    }
    let checking =
        app.work.any(|r| matches!(r, Request::CheckWeights { encoder: e, .. } if e == encoder.name));
    if checking {
        ui.horizontal(|ui| {
            ui.spinner();
            ui.label("Checking the file");
        });
    }
    if let Some(why) = app.encoders.refused.get(encoder.name) {
        banner(ui, Tone::Error, why.as_str());
    }
    ui.horizontal(|ui| buttons(ui, app, encoder, out));
}

fn buttons(ui: &mut Ui, app: &App, encoder: &EncoderInfo, out: &mut Vec<Command>) {
    let command = |command| Command::Encoder(command);
    let own = || encoder.name.to_owned();
    if encoder.is_ready() {
        let chosen = app.forms.train.encoder.name == encoder.name;
        let text = format!("Use {}", encoder.title);
        if !chosen && primary(ui, true, &text).on_hover_text("Enter").clicked() {
            out.push(command(EncoderCommand::Use(own())));
        }
        let measured = app.speed(encoder).is_some_and(|speed| speed.measured);
        let busy = app.work.any(|r| matches!(r, Request::MeasureSpeed { .. }));
        let text = if measured { "Measure again" } else { "Measure speed" };
        let hover = match encoder.group {
            Group::BuiltIn => "Takes a second".to_owned(),
            _ => format!("Reads the weights, which takes {} of memory", memory_text(encoder.memory)),
        };
        if ui.add_enabled(!busy, Button::new(text)).on_hover_text(hover).clicked() {
            out.push(command(EncoderCommand::Measure(own())));
        }
    }
    if encoder.group != Group::BuiltIn {
        let text = if encoder.is_ready() { "Choose another file…" } else { "Choose weights file…" };
        if !encoder.is_ready() {
            ui.label("Or take them from where they are:");
        }
        if ui.button(text).on_hover_text("Any file with its weights, wherever it is").clicked() {
            out.push(Command::Ask(PathRequest::new(PathPurpose::EncoderWeights { encoder: own() })));
        }
    }
}

/// Text that can be selected and copied.
fn address(ui: &mut Ui, text: &str) {
    let shown = RichText::new(text).monospace().color(colors(ui).text);
    ui.add(Label::new(shown).wrap().selectable(true));
}

fn found(ui: &mut Ui, file: &Path) {
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new("Weights").color(colors(ui).weak));
        address(ui, &file.display().to_string());
    });
}

fn missing(ui: &mut Ui, app: &App, encoder: &EncoderInfo, out: &mut Vec<Command>) {
    ui.label(if encoder.gated {
        "1. Request access from the authors and accept their terms:"
    } else {
        "1. Download the weights from:"
    });
    ui.horizontal(|ui| {
        ui.add_space(16.0);
        address(ui, encoder.source);
        let copy = ui.button("Copy address");
        name(&copy, &format!("Copy the address of {}", encoder.title));
        if copy.clicked() {
            out.push(Command::Copy(encoder.source.to_owned()));
        }
    });
    let Some(folder) = &app.encoders.folder else {
        return;
    };
    ui.label(format!("2. Put the file into this folder under the name {}:", encoder.file));
    ui.horizontal_wrapped(|ui| {
        ui.add_space(16.0);
        address(ui, &folder.display().to_string());
        if ui.button("Open folder").clicked() {
            out.push(Command::Encoder(EncoderCommand::OpenFolder));
        }
        if ui.button("Check again").on_hover_text("Check which weights are installed now").clicked() {
            out.push(Command::Encoder(EncoderCommand::LookAgain));
        }
    });
}
