use super::*;
use crate::app::sorting::Sorting;
use crate::core::target::ExpressionScale;
use crate::evaluate::compare;
use crate::jobs::compare::Group;

fn gene(gene: usize, auroc: f64, p: f64) -> GeneComparison {
    GeneComparison {
        gene,
        sections: 1,
        members_a: 5,
        members_b: 6,
        mean_a: 2.0,
        mean_b: 1.0,
        log2_fold_change: Some(auroc - 0.5),
        expressing_a: Some(1.0),
        expressing_b: Some(0.5),
        score: if auroc > 0.5 { -p.ln() } else { p.ln() },
        p,
        q: 2.0 * p,
        auroc,
        by_section: Vec::new(),
        pseudo_bulk: None,
    }
}

fn compared(genes: Vec<GeneComparison>) -> Arc<Compared> {
    let comparison = compare::Comparison {
        scale: ExpressionScale::AsInFile,
        members_a: 5,
        members_b: 6,
        genes,
        untested: Vec::new(),
        pseudo_bulk: None,
    };
    Arc::new(Compared {
        comparison,
        genes: ["FASN", "CD3E", "ACTB"].map(str::to_owned).to_vec(),
        sections: vec!["C2".into()],
        a: "Tumour".into(),
        b: "rest".into(),
        trust: HashMap::new(),
    })
}

fn comparing() -> (Comparing, HashMap<String, Trust>) {
    let (mut comparing, trust) = (Comparing::default(), HashMap::new());
    let form = CompareForm { a: Some(Group::Class("Tumour".into())), ..CompareForm::default() };
    comparing.edit(form, &trust);
    (comparing, trust)
}

fn names(comparing: &Comparing) -> Vec<&str> {
    (0..comparing.rows()).map(|row| comparing.row(row).unwrap().name.as_str()).collect()
}

#[test]
fn measured_and_predicted_stand_side_by_side() {
    let (mut comparing, trust) = comparing();
    assert!(comparing.request(Origin::Predicted, vec!["C2".into()], None, Vec::new()).is_none());
    let ask = |c: &Comparing, origin| c.request(origin, vec!["C2".into()], Some("run1"), Vec::new()).unwrap();
    let (measured, predicted) = (ask(&comparing, Origin::Measured), ask(&comparing, Origin::Predicted));
    for (origin, request) in [(Origin::Measured, &measured), (Origin::Predicted, &predicted)] {
        assert!(comparing.is_new(origin, Some((request, &[])), &trust));
        assert!(!comparing.is_new(origin, Some((request, &[])), &trust));
    }
    assert!(comparing.is_waiting());
    let all = vec![gene(0, 0.9, 1e-5), gene(1, 0.1, 1e-9), gene(2, 0.6, 0.3)];
    comparing.arrived(&measured, Ok(compared(all)), &trust);
    comparing.arrived(&predicted, Ok(compared(vec![gene(0, 0.8, 1e-3)])), &trust);
    assert_eq!(names(&comparing), ["CD3E", "FASN", "ACTB"]);
    assert_eq!(comparing.gene("FASN").unwrap().other_auroc, Some(0.8));
    assert_eq!(comparing.gene("CD3E").unwrap().other_auroc, None);
    let csv = comparing.csv().unwrap();
    assert!(csv.starts_with("gene,mean Tumour,mean rest,log2fc,"), "{csv}");
    assert!(csv.lines().nth(1).unwrap().starts_with("CD3E,2,1,-0.4,100,50,"), "{csv}");
    let form = CompareForm { origin: Origin::Predicted, ..comparing.form().clone() };
    comparing.edit(form, &trust);
    assert_eq!(names(&comparing), ["FASN"]);
    assert_eq!(comparing.gene("FASN").unwrap().other_auroc, Some(0.9));
}

#[test]
fn the_table_is_searched_filtered_and_sorted() {
    let (mut comparing, trust) = comparing();
    let request = comparing.request(Origin::Measured, vec!["C2".into()], None, Vec::new()).unwrap();
    comparing.is_new(Origin::Measured, Some((&request, &[])), &trust);
    let all = vec![gene(0, 0.9, 1e-5), gene(1, 0.1, 1e-9), gene(2, 0.6, 0.3)];
    comparing.arrived(&request, Ok(compared(all)), &trust);
    let mut with = |change: &dyn Fn(&mut CompareForm)| {
        let mut form = comparing.form().clone();
        change(&mut form);
        comparing.edit(form, &trust);
        names(&comparing).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(with(&|f| f.listed = Listed::HigherInA), ["FASN"]);
    assert_eq!(with(&|f| f.listed = Listed::HigherInB), ["CD3E"]);
    let by_name = Sorting { by: CompareColumn::Gene, descending: false };
    assert_eq!(with(&|f| (f.listed, f.sorting) = (Listed::All, by_name)), ["ACTB", "CD3E", "FASN"]);
    assert_eq!(with(&|f| f.search = " as".into()), ["FASN"]);
}

#[test]
fn what_is_shown_stays_while_regions_are_edited_and_goes_with_another_question() {
    let (mut comparing, trust) = comparing();
    let request = comparing.request(Origin::Measured, vec!["C2".into()], None, Vec::new()).unwrap();
    comparing.is_new(Origin::Measured, Some((&request, &[])), &trust);
    comparing.arrived(&request, Ok(compared(vec![gene(0, 0.9, 1e-5)])), &trust);
    assert!(comparing.is_new(Origin::Measured, Some((&request, &[SectionEntry::default()])), &trust));
    assert_eq!(comparing.rows(), 1);
    comparing.arrived(&request, Err("No spot of C2 has the class \"Tumour\"".into()), &trust);
    assert_eq!(comparing.rows(), 0);
    assert!(comparing.found().unwrap().unwrap_err().contains("No spot"));
    let other = comparing.request(Origin::Measured, vec!["C3".into()], None, Vec::new()).unwrap();
    assert!(comparing.is_new(Origin::Measured, Some((&other, &[])), &trust));
    comparing.arrived(&request, Ok(compared(vec![gene(0, 0.9, 1e-5)])), &trust);
    assert!(comparing.found().is_none(), "an answer to the question before");
    assert!(!comparing.is_new(Origin::Measured, None, &trust) && !comparing.is_waiting());
}
