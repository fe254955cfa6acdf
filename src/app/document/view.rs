//! Where the user was when a project was left: remembered in its file, taken up when it is opened again.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::app::command::Step;
use crate::app::explore::ExploreState;
use crate::app::explore::camera::Pose;
use crate::app::explore::genes::{GeneFilter, GeneSort};
use crate::app::forms::{ExportForm, HoldOut};
use crate::app::project::OpenProject;
use crate::app::state::Forms;
use crate::jobs::encoders::EncoderChoice;

/// The step, and what the Explore page showed. Nothing here is an edit: it is not undone, and a project that
/// cannot be written is ignored.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SavedView {
    /// The step that was shown.
    pub step: Option<Step>,
    /// The section that was looked at.
    pub section: Option<String>,
    /// The gene that was looked at.
    pub gene: Option<String>,
    /// Where the camera was, unless it showed the whole tissue.
    pub camera: Option<Pose>,
    /// The image encoder that was chosen.
    pub encoder: Option<EncoderChoice>,
    /// Which genes were listed.
    #[serde(deserialize_with = "known")]
    pub filter: Option<GeneFilter>,
    /// In what order.
    #[serde(deserialize_with = "known")]
    pub sort: Option<GeneSort>,
    /// The figure of the Export page.
    #[serde(deserialize_with = "known")]
    pub figure: Option<ExportForm>,
    /// What training holds out.
    #[serde(deserialize_with = "known")]
    pub hold_out: Option<HoldOut>,
}

/// A value that this version of the program knows; none where it is something else.
fn known<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(from)?).ok())
}

impl SavedView {
    /// What is shown now.
    pub fn new(step: Step, explore: &ExploreState, forms: &Forms) -> Self {
        Self {
            step: Some(step),
            section: explore.section_name().map(str::to_owned),
            gene: explore.gene().map(str::to_owned),
            camera: explore.index().and_then(|_| explore.camera.chosen_pose()),
            encoder: Some(forms.train.encoder.clone()),
            filter: Some(explore.filter().clone()),
            sort: Some(explore.sort()),
            figure: Some(forms.export.clone()),
            hold_out: Some(forms.train.hold_out.clone()),
        }
    }

    /// What the project file remembers; nothing where it holds something else.
    pub fn in_project(open: &OpenProject) -> Self {
        serde_json::from_value(open.doc().view.clone()).unwrap_or_default()
    }

    /// The step to begin with. A project with sections begins with their tissue, unless it was left
    /// elsewhere or files are missing.
    pub fn first_step(&self, missing: bool, sections: usize) -> Step {
        match self.step {
            _ if missing || sections == 0 => Step::Data,
            // The other steps need sections that are still to be read.
            Some(Step::Data) => Step::Data,
            _ => Step::Explore,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_begins_where_it_was_left() {
        let left_at = |step| SavedView { step, ..SavedView::default() };
        assert_eq!(left_at(None).first_step(false, 4), Step::Explore);
        assert_eq!(left_at(Some(Step::Data)).first_step(false, 4), Step::Data);
        assert_eq!(left_at(Some(Step::Explore)).first_step(true, 4), Step::Data);
        assert_eq!(left_at(Some(Step::Explore)).first_step(false, 0), Step::Data);
    }

    #[test]
    fn what_is_no_view_is_passed_over() {
        let mut open = crate::app::project::tests::open(&["C2"]);
        assert_eq!(SavedView::in_project(&open), SavedView::default());
        let view = SavedView { section: Some("C2".into()), ..left() };
        open.remember_view(&view);
        assert_eq!(SavedView::in_project(&open), view);
        assert!(!open.is_unsaved(), "looking around is no change of the project");
    }

    #[test]
    fn what_one_field_holds_wrongly_does_not_spoil_the_others() {
        let text =
            r#"{"section": "C2", "filter": 7, "hold_out": {"section": "C3"}, "figure": {"dpi": 600.0}}"#;
        let view: SavedView = serde_json::from_str(text).unwrap();
        assert_eq!((view.section.as_deref(), view.filter), (Some("C2"), None));
        assert_eq!(view.hold_out, Some(HoldOut::Section("C3".into())));
        assert_eq!(view.figure, Some(ExportForm { dpi: 600.0, ..ExportForm::default() }));
    }

    fn left() -> SavedView {
        SavedView { step: Some(Step::Explore), ..SavedView::default() }
    }
}
