//! Comparing groups of spots and clustering them, beneath the maps.

use std::collections::HashMap;
use std::sync::Arc;

use eframe::egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;
use hiscmcl::app::command::{Command, ExportCommand, Step};
use hiscmcl::app::explore::compare::{Origin, Tab};
use hiscmcl::core::display::{DisplaySettings, PaneKind};
use hiscmcl::core::target::ExpressionScale;
use hiscmcl::evaluate::cluster::run::Clustering;
use hiscmcl::evaluate::compare::{Comparison, GeneComparison};
use hiscmcl::jobs::cluster::{ClusteredPlaces, Marker};
use hiscmcl::jobs::compare::{CompareRequest, Compared, Group};
use hiscmcl::jobs::outcome::Outcome;
use hiscmcl::jobs::request::Request;

use super::{GENES, Test, section};

/// Answers as the application does, with numbers that are made up: FASN is higher in the first group, GNAS in the second.
pub fn answer(request: &Request) -> Option<anyhow::Result<Outcome>> {
    match request {
        Request::Compare { compare, .. } => Some(compared(compare)),
        Request::Cluster { cluster, .. } => {
            let places: Vec<(String, String)> = cluster
                .sections
                .iter()
                .flat_map(|name| section(name).spots.into_iter().map(move |s| (name.clone(), s.id)))
                .collect();
            let clusters = (0..places.len()).map(|i| i % 3).collect();
            let marker = |gene: &str| vec![Marker { gene: gene.into(), auroc: 0.9, p_adj: 1e-4 }];
            Some(Ok(Outcome::Clustered(Arc::new(ClusteredPlaces {
                places,
                found: Clustering { clusters, count: 3, modularity: Some(0.5) },
                genes: 3,
                agreement: None,
                markers: GENES.map(marker).to_vec(),
            }))))
        }
        _ => None,
    }
}

fn compared(request: &CompareRequest) -> anyhow::Result<Outcome> {
    if request.a.title() == "Nobody" {
        anyhow::bail!("No spot has the class \"Nobody\"");
    }
    let gene = |(gene, (auroc, p)): (usize, (f64, f64))| GeneComparison {
        gene,
        sections: 1,
        members_a: 4,
        members_b: 12,
        mean_a: 2.0,
        mean_b: 1.0,
        log2_fold_change: Some(4.0 * (auroc - 0.5)),
        expressing_a: Some(1.0),
        expressing_b: Some(0.5),
        score: if auroc > 0.5 { -p.ln() } else { p.ln() },
        p,
        q: (3.0 * p).min(1.0),
        auroc,
        by_section: Vec::new(),
        pseudo_bulk: None,
    };
    let genes = [(0.2, 1e-5), (0.9, 1e-8), (0.5, 0.9)].into_iter().enumerate().map(gene).collect();
    Ok(Outcome::Compared(Arc::new(Compared {
        comparison: Comparison {
            scale: ExpressionScale::LnAll,
            members_a: 4,
            members_b: 12,
            genes,
            untested: Vec::new(),
            pseudo_bulk: None,
        },
        genes: GENES.map(str::to_owned).to_vec(),
        sections: request.sections.clone(),
        a: request.a.title().to_owned(),
        b: request.b.title().to_owned(),
        trust: HashMap::new(),
    })))
}

/// A project on the Explore page with two regions in classes of their own.
fn with_regions() -> Test {
    let mut test = Test::open("test.hiscmcl");
    test.send(Command::GoTo(Step::Explore));
    test.rest();
    test.click("Rectangle");
    for (class, x) in [("Tumour", 150.0), ("Stroma", 550.0)] {
        test.harness.get_by_role_and_label(Role::TextInput, "New class").click();
        test.settle();
        test.harness.get_by_role_and_label(Role::TextInput, "New class").type_text(class);
        test.settle();
        test.key(eframe::egui::Key::Enter);
        let (from, to) =
            (test.on_screen("Measured map", x, 150.0), test.on_screen("Measured map", x + 300.0, 450.0));
        test.drag(from, to);
    }
    test
}

fn choose(test: &mut Test, field: &str, choice: &str) {
    test.harness.get_by_role_and_label(Role::ComboBox, field).click();
    test.settle();
    test.harness.get_by_role_and_label(Role::Button, &format!("\u{2003} {choice}")).click();
    test.settle();
}

#[test]
fn two_classes_are_compared_and_the_table_leads_to_the_maps() {
    let mut test = with_regions();
    test.harness.get_by_role_and_label(Role::Tab, "Compare").click();
    test.settle();
    assert_eq!(test.app().explore.tab(), Tab::Compare);
    // The first two classes, until others are chosen.
    test.until(|w| w.app().explore.comparing().rows() == 3);
    choose(&mut test, "Group B", "rest");
    test.until(|w| matches!(w.app().explore.comparing().found(), Some(Ok(c)) if c.b == "rest"));
    choose(&mut test, "Group B", "Stroma");
    test.until(|w| matches!(w.app().explore.comparing().found(), Some(Ok(c)) if c.b == "Stroma"));
    assert!(test.asked(|r| {
        let (a, b) = (Group::Class("Tumour".into()), Group::Class("Stroma".into()));
        matches!(r, Request::Compare { compare, .. } if compare.a == a && compare.b == b && compare.run.is_none())
    }));
    assert!(test.shows("Neighbouring spots are not independent"));
    // The smallest p-value comes first, and a click shows the gene.
    test.click("Maps of FASN");
    assert_eq!(test.app().explore.gene(), Some("FASN"));
    test.harness.get_by_role_and_label(Role::ComboBox, "Which genes are listed").click();
    test.settle();
    test.click("higher in Stroma");
    assert_eq!(test.app().explore.comparing().rows(), 1);
    assert_eq!(test.app().explore.comparing().row(0).unwrap().name, "GNAS");

    // A region that is edited is compared anew.
    let asked = |test: &Test| {
        let all = test.asked.lock().unwrap();
        all.iter().filter(|r| matches!(r, Request::Compare { .. })).count()
    };
    let before = asked(&test);
    test.command_key(eframe::egui::Key::Z);
    test.rest();
    assert!(asked(&test) > before);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.csv");
    test.send(Command::Export(ExportCommand::SaveComparison(path.clone())));
    let saved = |r: &Request| matches!(r, Request::SaveTable { text, path: p } if *p == path && text.contains("GNAS"));
    let asked = Arc::clone(&test.asked);
    test.until(|_| asked.lock().unwrap().iter().any(saved));
}

#[test]
fn clusters_become_panes_and_groups() {
    let mut test = Test::open("test.hiscmcl");
    test.send(Command::GoTo(Step::Explore));
    test.rest();
    test.harness.get_by_role_and_label(Role::Tab, "Clusters").click();
    test.settle();
    test.click("Find clusters");
    test.until(|w| w.app().explore.clusters().found(Origin::Measured).is_some());
    assert!(test.shows("3 clusters by 3 genes"));
    let settings = DisplaySettings {
        panes: vec![PaneKind::Measured, PaneKind::Clusters, PaneKind::Regions],
        ..DisplaySettings::default()
    };
    test.send(Command::Explore(hiscmcl::app::explore::ExploreCommand::Display { what: "Panes", settings }));
    let panes = &test.app().explore.map().panes;
    assert_eq!((panes[1].classes.len(), panes[1].colors[..4].to_vec()), (3, vec![0, 1, 2, 0]));
    assert!(panes[2].colors.is_empty(), "no spot has a class yet");
    assert!(test.shows("No spot has a class yet"));
    test.harness.get_by_role_and_label(Role::ListBoxOption, "Cluster 2").click();
    test.until(|w| w.app().explore.comparing().rows() == 3);
    assert_eq!(test.app().explore.tab(), Tab::Compare);
    assert_eq!(test.app().explore.comparing().form().a, Some(Group::Class("Cluster 2".into())));
}
