//! The annotated regions of sections, and their classes.

use crate::app::explore::ExploreCommand;
use crate::app::region_edit::{ClassEdit, RegionEdit};
use crate::app::state::App;
use crate::core::text::counted;
use crate::data::project::Project;
use crate::data::regions::RegionId;
use crate::jobs::regions::ReadRegions;
use crate::jobs::request::Request;

impl App {
    /// Adds the regions of a file to the section that they were read for, unless it is gone.
    pub(super) fn regions_arrived(&mut self, request: &Request, read: &ReadRegions) {
        let Request::ReadRegions { section, .. } = request else { return };
        let Some(open) = &mut self.open else { return };
        let Some(name) = open.doc().section(section).map(|entry| entry.name.clone()) else { return };
        open.edit(&format!("Import regions of {name}"), None, |doc| {
            read.add_to(doc, &name);
        });
        self.notices.done(format!("{name}: {} added.", counted(read.regions.len(), "region")));
        for note in &read.notes {
            self.notices.info(format!("{name}: {note}."));
        }
    }

    /// Edits regions, and selects what the edit leaves in the hand.
    pub(super) fn edit_regions(&mut self, section: &str, edit: &RegionEdit) {
        let Some(open) = &mut self.open else { return };
        let Some(entry) = open.doc().section(section) else { return };
        let title = edit.title(&entry.regions);
        let mut done = Ok(Vec::new());
        open.edit(&title, None, |doc| {
            let Project { sections, classes, .. } = doc;
            if let Some(entry) = sections.iter_mut().find(|s| s.name == section) {
                done = edit.apply(&mut entry.regions, classes);
            }
        });
        match done {
            Ok(selected) => self.explore.select_regions(selected),
            Err(why) => {
                self.explore.give_up_drawing();
                self.notices.warn(why.to_string());
            }
        }
    }

    /// Edits the classes of the project.
    pub(super) fn edit_class(&mut self, edit: &ClassEdit) {
        let Some(open) = &mut self.open else { return };
        let mut done = Ok(());
        let selected = self.explore.drawing().selected();
        let shown = self.explore.section_name().unwrap_or_default();
        open.edit(&edit.title(), None, |doc| {
            done = edit.apply(doc);
            // A class that is made while regions without one are selected is for them.
            if let (Ok(()), ClassEdit::Add(class), Some(entry)) = (&done, edit, doc.section_mut(shown)) {
                let is_free = |id: &RegionId| entry.regions.get(*id).is_some_and(|r| r.class.is_none());
                if selected.iter().all(is_free) {
                    // Locked ones stay without.
                    let _ = entry.regions.set_class(selected, Some(class));
                }
            }
        });
        match (done, edit) {
            (Ok(()), ClassEdit::Add(class)) => {
                self.explore.apply(ExploreCommand::DrawClass(Some(class.clone())));
            }
            (Ok(()), _) => {}
            (Err(why), _) => self.notices.warn(why.to_string()),
        }
    }

    /// Says why what was drawn last is no region.
    pub(in crate::app) fn tell_refused_drawing(&mut self) {
        if let Some(why) = self.explore.take_refused_drawing() {
            self.notices.warn(why.to_string());
        }
    }

    /// Deletes the regions of a class, or those without one. Locked ones stay, and are named.
    pub(super) fn delete_regions(&mut self, section: &str, class: Option<&str>) {
        let Some(open) = &mut self.open else { return };
        let Some(entry) = open.doc().section(section) else { return };
        let of_class = entry.regions.iter().filter(|r| r.class.as_ref().map(|c| c.as_str()) == class);
        let classes = &open.doc().classes;
        let (locked, free): (Vec<_>, Vec<_>) =
            of_class.partition(|r| r.locked || classes.check_unlocked(r).is_err());
        let free: Vec<RegionId> = free.iter().map(|r| r.id).collect();
        let locked = locked.len();
        let title = class.unwrap_or("regions without a class");
        if !free.is_empty() {
            open.edit(&format!("Delete {title}"), None, |doc| {
                if let Some(entry) = doc.section_mut(section) {
                    // They were there a moment ago, and are not locked.
                    let _ = entry.regions.remove(&free);
                }
            });
        }
        if locked > 0 {
            let are = if locked == 1 { "is" } else { "are" };
            self.notices.info(format!(
                "{section}: {} {are} locked and could not be deleted.",
                counted(locked, "region")
            ));
        }
    }
}
