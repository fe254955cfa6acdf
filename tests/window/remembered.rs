//! What a project and the settings remember.

use hiscmcl::app::command::{Command, ExportCommand, Overlay, ProjectCommand, TrainCommand};
use hiscmcl::app::explore::ExploreCommand;
use hiscmcl::app::explore::genes::{GeneFilter, GeneSort};
use hiscmcl::app::forms::{ExportForm, HoldOut, TrainForm};
use hiscmcl::app::paths::{PathPurpose, PathRequest};
use hiscmcl::core::display::PaneKind;
use hiscmcl::figures::Format;

use super::{Test, project};

#[test]
fn a_project_comes_back_with_its_figure_its_filters_and_what_is_held_out() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("p.hiscmcl");
    project(true).save(&file).unwrap();
    let open = |test: &mut Test| {
        test.send(Command::Project(ProjectCommand::Open(file.clone())));
        test.until(|w| w.app().open.as_ref().is_some_and(|o| o.ready().count() == 3));
    };
    let mut test = Test::new();
    open(&mut test);
    let figure = ExportForm {
        genes: vec!["ERBB2".into(), "GNAS".into()],
        sections: vec!["B1".into()],
        panes: vec![PaneKind::Predicted, PaneKind::He],
        width_mm: 89.0,
        dpi: 600.0,
        format: Format::Svg,
        ..ExportForm::default()
    };
    test.send(Command::Export(ExportCommand::Edit(figure.clone())));
    let form = TrainForm { hold_out: HoldOut::Section("A2".into()), ..test.app().forms.train.clone() };
    test.send(Command::Train(TrainCommand::Edit(form)));
    test.send(Command::Explore(ExploreCommand::Filter(GeneFilter::Measured)));
    test.send(Command::Explore(ExploreCommand::Sort(GeneSort::Name)));
    // It is written on its own: a crash loses none of it.
    let written = || std::fs::read_to_string(&file).unwrap().contains("\"dpi\": 600");
    test.until(|_| written());
    drop(test);

    let mut test = Test::new();
    open(&mut test);
    assert_eq!(test.app().forms.export, figure);
    assert_eq!(test.app().forms.train.hold_out, HoldOut::Section("A2".into()));
    assert_eq!(test.app().explore.filter(), &GeneFilter::Measured);
    assert_eq!(test.app().explore.sort(), GeneSort::Name);
    // Another project begins without any of it.
    test.send(Command::Project(ProjectCommand::Open("test.hiscmcl".into())));
    test.until(|w| w.app().open.as_ref().is_some_and(|o| o.name() == "test"));
    assert_eq!(test.app().forms.export, ExportForm::default());
    assert_eq!(test.app().explore.filter(), &GeneFilter::default());
}

#[test]
fn each_kind_of_question_begins_in_its_own_folder() {
    let (genes, projects) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut test = Test::open("test.hiscmcl");
    let answer = |test: &mut Test, purpose: PathPurpose, file: std::path::PathBuf| {
        test.send(Command::Chosen(PathRequest::new(purpose), file));
    };
    answer(&mut test, PathPurpose::SaveGenes, genes.path().join("g.txt"));
    answer(&mut test, PathPurpose::SaveProjectAs, projects.path().join("p.hiscmcl"));
    for (purpose, folder) in [(PathPurpose::LoadGenes, &genes), (PathPurpose::OpenProject, &projects)] {
        test.send(Command::Ask(PathRequest::new(purpose)));
        let Some(Overlay::Path(request)) = test.overlay() else { panic!("nothing is asked") };
        assert_eq!(request.folder.as_deref(), Some(folder.path()));
        test.send(Command::CloseOverlay);
    }
}
