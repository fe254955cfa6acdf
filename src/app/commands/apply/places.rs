//! The places of slides without measurements: their grid, and the tissue that it covers.

use crate::app::command::TissueEdit;
use crate::app::explore::PlacesInput;
use crate::app::measure::{MeasureError, length_um};
use crate::app::notices::{SectionField, Topic};
use crate::app::state::App;
use crate::core::places::{GridSettings, TissueSettings};
use crate::data::project::SectionEntry;
use crate::jobs::request::Request;
use crate::preprocess::grid;

impl App {
    /// An edit of the places of a slide. Edits with the same `key` that follow each other quickly are one.
    fn edit_places(
        &mut self,
        section: &str,
        what: &str,
        key: Option<&str>,
        change: impl FnOnce(&mut SectionEntry),
    ) {
        let Some(open) = &mut self.open else { return };
        let edited = open.edit(what, key, |doc| {
            if let Some(entry) = doc.section_mut(section).filter(|entry| !entry.is_measured()) {
                change(entry);
            }
        });
        if !edited {
            return;
        }
        open.places_edited();
        // What is shown is not what was set before until the page is drawn again.
        let entry = open.doc().section(section).filter(|e| self.explore.section_name() == Some(&e.name));
        if let Some(entry) = entry {
            self.explore.tissue.follow(PlacesInput::from_entry(entry).as_ref());
        }
    }

    pub(super) fn set_grid(&mut self, section: &str, grid: GridSettings) {
        let Some(entry) = self.open.as_ref().and_then(|open| open.doc().section(section)) else { return };
        let before = entry.grid.unwrap_or_default();
        let topic = Topic::Field(SectionField::Pitch, section.to_owned());
        // What is known of the tissue says at once what a slide would say when it is read.
        let area = self.explore.tissue.area_of(&entry.image).unwrap_or(0.0);
        if let Err(why) = grid::check_on(&grid, area) {
            let text = format!("The grid of {section} was not changed. {why}.");
            self.notices.error_about(topic, text, Vec::new());
            return;
        }
        self.notices.settled(&topic);
        let what = if before.pitch_um == grid.pitch_um { "Lattice" } else { "Pitch" };
        self.edit_places(section, &format!("{what} of {section}"), None, |entry| {
            entry.grid = (grid != GridSettings::default()).then_some(grid);
        });
    }

    /// Sets the distance between places that was typed; a blank text sets the usual one.
    pub(super) fn enter_pitch(&mut self, section: &str, text: &str) {
        let Some(entry) = self.open.as_ref().and_then(|open| open.doc().section(section)) else { return };
        let before = entry.grid.unwrap_or_default();
        match length_um(text) {
            Ok(pitch_um) => self.set_grid(section, GridSettings { pitch_um, ..before }),
            Err(MeasureError::NoDistance) => {
                let usual = GridSettings { pitch_um: GridSettings::DEFAULT_PITCH_UM, ..before };
                self.set_grid(section, usual);
            }
            Err(why) => self.notices.error_about(
                Topic::Field(SectionField::Pitch, section.to_owned()),
                format!("The grid of {section} was not changed: {why}"),
                Vec::new(),
            ),
        }
    }

    pub(super) fn set_tissue(&mut self, section: &str, edit: TissueEdit, tissue: TissueSettings) {
        let (what, key) = match edit {
            // The arrow keys move the slider step by step.
            TissueEdit::Threshold => ("Tissue threshold of", Some("tissue threshold")),
            TissueEdit::Add => ("Add tissue to", None),
            TissueEdit::Remove => ("Remove tissue from", None),
            TissueEdit::ClearStrokes => ("Clear the strokes of", None),
        };
        self.notices.settled(&Topic::Field(SectionField::Tissue, section.to_owned()));
        self.explore.tissue.forget_draft();
        self.edit_places(section, &format!("{what} {section}"), key, |entry| entry.tissue = tissue);
    }

    /// Finds the tissue of the slide that is shown, where its settings are others than when it was last found.
    pub(in crate::app) fn look_for_tissue(&mut self) {
        if let Some(refused) = self.explore.tissue.take_refusal()
            && let Some(section) = self.explore.section_name()
        {
            let topic = Topic::Field(SectionField::Tissue, section.to_owned());
            self.notices.error_about(topic, format!("{refused}."), Vec::new());
        }
        // One at a time: what changes meanwhile is looked at when it has ended.
        if !self.work.any(|r| matches!(r, Request::FindTissue(_)))
            && let Some(wanted) = self.explore.wanted_tissue()
        {
            self.work.start(Request::FindTissue(wanted));
        }
    }
}
