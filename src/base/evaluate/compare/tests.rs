use super::*;
use crate::core::matrix::{Csr, CsrBuilder, Matrix};
use crate::core::progress::Silent;
use crate::data::testing::{real_data, real_section};
use crate::evaluate::reference::{self, assert_close, numbers, rows, strings};
use serde_json::Value;

fn names(n: usize) -> Vec<String> {
    (0..n).map(|i| format!("G{i}")).collect()
}

fn columns(n: usize) -> Vec<Option<usize>> {
    (0..n).map(Some).collect()
}

fn section<'a>(
    expression: Expression<'a>,
    columns: &'a [Option<usize>],
    a: &'a [usize],
    b: &'a [usize],
) -> ComparedSection<'a> {
    ComparedSection { name: "S", expression, columns, a, b, replicate: 0 }
}

fn run(
    genes: &[String],
    sections: &[ComparedSection<'_>],
    tie_correct: bool,
) -> Result<Comparison, CompareError> {
    compare_groups(genes, sections, CompareOptions { tie_correct }, &Silent, &CancelToken::new())
}

/// The places of one of the reference's groups, out of `among`.
fn group(reference: &Value, letter: char, among: &[usize]) -> Vec<usize> {
    let groups: Vec<char> = reference["groups"].as_str().unwrap().chars().collect();
    among.iter().copied().filter(|&i| groups[i] == letter).collect()
}

/// Both results of the same genes, without and with tie correction, against a table of the reference.
fn assert_table(plain: &[&GeneComparison], corrected: &[&GeneComparison], table: &Value) {
    let of = |genes: &[&GeneComparison], f: fn(&GeneComparison) -> f64| {
        genes.iter().map(|g| f(g)).collect::<Vec<_>>()
    };
    let check = |key: &str, got: Vec<f64>| assert_close(key, &got, &numbers(&table[key]));
    check("mean_a", of(plain, |g| g.mean_a));
    check("mean_b", of(plain, |g| g.mean_b));
    if plain[0].log2_fold_change.is_some() {
        check("log2_fold_change", of(plain, |g| g.log2_fold_change.unwrap()));
        check("expressing_a", of(plain, |g| g.expressing_a.unwrap()));
        check("expressing_b", of(plain, |g| g.expressing_b.unwrap()));
    }
    check("auroc", of(plain, |g| g.auroc));
    for (genes, suffix) in [(plain, ""), (corrected, "_tie_corrected")] {
        check(&format!("score{suffix}"), of(genes, |g| g.score));
        check(&format!("q{suffix}"), of(genes, |g| g.q));
        // p-values to 1e-9 of their size, however small.
        let want = numbers(&table[&format!("p{suffix}")]);
        for (gene, want) in genes.iter().zip(want) {
            assert!((gene.p - want).abs() <= 1e-9 * want, "{}: {} {want}", gene.gene, gene.p);
        }
    }
}

#[test]
fn counts_equal_scanpy_and_scipy() {
    let reference = reference::synthetic();
    let counts = reference::counts(&reference);
    let all: Vec<usize> = (0..counts.rows()).collect();
    let (a, b) = (group(&reference, 'a', &all), group(&reference, 'b', &all));
    let n = rows(&Value::Array(vec![reference["compared"].clone()]))[0];
    // Genes in reverse, so that the order of the columns is another.
    let genes: Vec<String> = names(n).into_iter().rev().collect();
    let columns: Vec<Option<usize>> = (0..n).rev().map(Some).collect();
    let sections = [section(Expression::Counts(&counts), &columns, &a, &b)];
    let [plain, corrected] = [false, true].map(|tie_correct| run(&genes, &sections, tie_correct).unwrap());
    assert_eq!((plain.members_a, plain.members_b), (a.len(), b.len()));
    assert_eq!((plain.untested.len(), plain.pseudo_bulk, plain.scale), (0, None, ExpressionScale::LnAll));
    let [forward, forward_corrected] =
        [&plain, &corrected].map(|c| c.genes.iter().rev().collect::<Vec<&GeneComparison>>());
    assert_table(&forward, &forward_corrected, &reference["results"]);
    // The gene without counts.
    let none = forward[3];
    assert_eq!((none.score, none.p, none.auroc, none.log2_fold_change), (0.0, 1.0, 0.5, Some(0.0)));
}

#[test]
fn groups_in_several_sections_are_ranked_together_and_tested_in_pairs() {
    let reference = reference::synthetic();
    let counts = reference::counts(&reference);
    let parts: Vec<Vec<usize>> =
        reference["paired_sections"].as_array().unwrap().iter().map(reference::rows).collect();
    let n = reference["results"]["p"].as_array().unwrap().len();
    let (genes, columns) = (names(n), columns(n));
    let split: Vec<Csr> = parts.iter().map(|p| counts.select_rows(p)).collect();
    let of = |letter, part: &[usize]| -> Vec<usize> {
        group(&reference, letter, part).iter().map(|m| part.iter().position(|p| p == m).unwrap()).collect()
    };
    let groups: Vec<[Vec<usize>; 2]> = parts.iter().map(|p| [of('a', p), of('b', p)]).collect();
    let sections: Vec<ComparedSection<'_>> = split
        .iter()
        .zip(&groups)
        .enumerate()
        .map(|(replicate, (counts, [a, b]))| ComparedSection {
            replicate,
            ..section(Expression::Counts(counts), &columns, a, b)
        })
        .collect();
    let [plain, corrected] = [false, true].map(|tie_correct| run(&genes, &sections, tie_correct).unwrap());
    assert_table(
        &plain.genes.iter().collect::<Vec<_>>(),
        &corrected.genes.iter().collect::<Vec<_>>(),
        &reference["results"],
    );
    assert_eq!(plain.pseudo_bulk, Some(PseudoBulkTest::Paired));
    assert_bulk(&plain, &reference["paired"]);
    for gene in &plain.genes {
        let sum: f64 =
            gene.by_section.iter().zip(&groups).map(|(m, g)| m.a.unwrap() * g[0].len() as f64).sum();
        assert!((sum / plain.members_a as f64 - gene.mean_a).abs() < 1e-9);
    }
    // By patient, of whom there are two, no test is offered.
    let by_patient: Vec<ComparedSection<'_>> =
        sections.iter().map(|s| ComparedSection { replicate: s.replicate / 2, ..*s }).collect();
    assert_eq!(run(&genes, &by_patient, false).unwrap().pseudo_bulk, None);

    // A gene that the second section did not measure is compared in the others.
    let mut fewer = columns.clone();
    fewer[..8].fill(None);
    let mut sections = sections.clone();
    sections[1].columns = &fewer;
    let [plain, corrected] = [false, true].map(|tie_correct| run(&genes, &sections, tie_correct).unwrap());
    let table = &reference["without_second_section"];
    for (gene, corrected) in plain.genes.iter().zip(&corrected.genes).take(8) {
        let want = |key: &str| numbers(&table[key])[gene.gene];
        assert_eq!((gene.sections, gene.by_section[1]), (3, SectionMeans::default()));
        assert_eq!(gene.members_a + groups[1][0].len(), plain.members_a);
        assert_close("mean", &[gene.mean_a, gene.mean_b], &[want("mean_a"), want("mean_b")]);
        assert_close("p", &[gene.p, corrected.p], &[want("p"), want("p_tie_corrected")]);
        assert_close("expressing", &[gene.expressing_a.unwrap()], &[want("expressing_a")]);
        assert!(gene.pseudo_bulk.is_none_or(|p| (p.replicates_a, p.replicates_b) == (3, 3)));
    }
    assert_eq!(plain.genes[8].sections, 4);
}

fn assert_bulk(found: &Comparison, want: &Value) {
    let [t, p, q] = ["t", "p", "q"].map(|key| numbers(&want[key]));
    let mut defined = 0;
    for gene in &found.genes {
        match &gene.pseudo_bulk {
            None => assert!(t[gene.gene].is_nan(), "{}", gene.gene),
            Some(bulk) => {
                let i = gene.gene;
                assert_close("t, p and q", &[bulk.t, bulk.p, bulk.q], &[t[i], p[i], q[i]]);
                if let Some(degrees) = want.get("degrees_of_freedom") {
                    assert_close("degrees", &[bulk.degrees_of_freedom], &[numbers(degrees)[gene.gene]]);
                }
                defined += 1;
            }
        }
    }
    assert!(defined > 20, "{defined}");
}

#[test]
fn groups_in_different_sections_are_tested_by_welch() {
    let reference = reference::synthetic();
    let counts = reference::counts(&reference);
    let parts: Vec<Vec<usize>> =
        reference["apart_sections"].as_array().unwrap().iter().map(reference::rows).collect();
    let n = reference["results"]["p"].as_array().unwrap().len();
    let (genes, columns) = (names(n), columns(n));
    let sections: Vec<ComparedSection<'_>> = parts
        .iter()
        .enumerate()
        .map(|(replicate, part)| {
            let (a, b): (&[usize], &[usize]) = if replicate < 3 { (part, &[]) } else { (&[], part) };
            ComparedSection { replicate, ..section(Expression::Counts(&counts), &columns, a, b) }
        })
        .collect();
    let found = run(&genes, &sections, false).unwrap();
    assert_eq!(found.pseudo_bulk, Some(PseudoBulkTest::Welch));
    assert_bulk(&found, &reference["welch"]);
    assert_table(
        &found.genes.iter().collect::<Vec<_>>(),
        &run(&genes, &sections, true).unwrap().genes.iter().collect::<Vec<_>>(),
        &reference["results"],
    );
    assert_eq!(found.genes[0].by_section[0].b, None);
    // Only members in sections that measured a gene count; where none of a group did, it is not tested.
    let mut without = columns.clone();
    without[7] = None;
    let some: Vec<ComparedSection<'_>> = sections
        .iter()
        .map(|s| ComparedSection { columns: if s.a.is_empty() { &without } else { &columns }, ..*s })
        .collect();
    let found = run(&genes, &some, false).unwrap();
    assert_eq!((found.untested, found.genes.len(), found.genes[7].gene), (vec!["G7".to_owned()], n - 1, 8));
}

#[test]
fn other_values_have_no_fold_change() {
    let reference = reference::synthetic();
    let values = reference::matrix(&reference["z_scored"]);
    let all: Vec<usize> = (0..values.rows()).collect();
    let (a, b) = (group(&reference, 'a', &all), group(&reference, 'b', &all));
    let (genes, columns) = (names(values.cols()), columns(values.cols()));
    let dense = Expression::Dense { values: &values, scale: ExpressionScale::AsInFile };
    let mut builder = CsrBuilder::new(values.cols());
    for row in values.iter_rows() {
        row.iter().enumerate().for_each(|(c, &v)| assert!(builder.push(c, v)));
        builder.end_row();
    }
    let sparse = builder.finish();
    let sparse = Expression::Sparse { values: &sparse, scale: ExpressionScale::AsInFile };
    let mut before = None;
    for expression in [dense, sparse] {
        let sections = [section(expression, &columns, &a, &b)];
        let [plain, corrected] =
            [false, true].map(|tie_correct| run(&genes, &sections, tie_correct).unwrap());
        assert_table(
            &plain.genes.iter().collect::<Vec<_>>(),
            &corrected.genes.iter().collect::<Vec<_>>(),
            &reference["z_scored_results"],
        );
        let first = &plain.genes[0];
        assert_eq!((first.log2_fold_change, first.expressing_a, first.expressing_b), (None, None, None));
        assert_eq!(first.mean_difference(), first.mean_a - first.mean_b);
        assert_eq!(plain.genes[4].p, 1.0, "a constant gene");
        assert!(before.replace(plain.clone()).is_none_or(|before| before == plain));
    }
}

#[test]
fn fold_changes_follow_the_base_of_the_logarithm() {
    let change = |scale, a, b| log2_fold_change(scale, a, b);
    assert!((change(ExpressionScale::LnAll, 5f64.ln(), 2f64.ln()).unwrap() - 2.0).abs() < 1e-8);
    assert!((change(ExpressionScale::Log10All, 5f64.log10(), 2f64.log10()).unwrap() - 2.0).abs() < 1e-8);
    // Predictions may lie a little below zero.
    assert_eq!(change(ExpressionScale::LnAll, -0.1, -0.2), Some(0.0));
    assert_eq!(change(ExpressionScale::AsInFile, 1.0, 2.0), None);
}

#[test]
fn bad_groups_are_refused() {
    let values = Matrix::from_fn(6, 2, |r, c| (r * 2 + c) as f32);
    let dense = Expression::Dense { values: &values, scale: ExpressionScale::LnAll };
    let (genes, columns) = (names(2), columns(2));
    let refused = |a: &[usize], b: &[usize]| {
        run(&genes, &[section(dense, &columns, a, b)], false).unwrap_err().to_string()
    };
    assert_eq!(
        refused(&[0], &[1, 2]),
        "Group A has 1 member, but a comparison needs at least 2 in each group; add some to it"
    );
    assert_eq!(
        refused(&[0, 1], &[]),
        "Group B has 0 members, but a comparison needs at least 2 in each group; add some to it"
    );
    assert_eq!(
        refused(&[0, 1, 2], &[1, 2, 3]),
        "Groups A and B share 2 places of section S; a place can be in one group only"
    );
    assert_eq!(refused(&[0, 1, 0], &[2, 3]), "Group A names place 0 of section S twice; name it once");
    assert_eq!(refused(&[0, 1], &[2, 6]), "Group B names place 6 of section S, which has 6 places");
    let error = |genes: &[String], sections: &[ComparedSection<'_>]| run(genes, sections, false).unwrap_err();
    assert_eq!(error(&[], &[]), CompareError::NoGenes);
    assert_eq!(error(&genes, &[]), CompareError::TooFew { group: Side::A, members: 0 });
    for (columns, why) in [
        (&[Some(0)][..], "1 column for 2 genes"),
        (&[Some(0), Some(2)], "column 2 of 2"),
        (&[Some(1), Some(1)], "column 1 belongs to two genes"),
    ] {
        let said = error(&genes, &[section(dense, columns, &[0, 1], &[2, 3])]).to_string();
        assert_eq!(said, format!("The genes of section S do not fit its values: {why}"));
    }
    let other = Expression::Dense { values: &values, scale: ExpressionScale::Log10All };
    let mixed = [section(dense, &columns, &[0, 1], &[]), section(other, &columns, &[], &[2, 3])];
    assert!(matches!(error(&genes, &mixed), CompareError::MixedScales { .. }));
}

#[test]
fn unusable_values_and_cancelling_are_told() {
    let values = Matrix::from_fn(4, 2, |r, c| if (r, c) == (2, 1) { f32::NAN } else { r as f32 });
    let scale = ExpressionScale::LnAll;
    let dense = Expression::Dense { values: &values, scale };
    let (genes, columns) = (names(2), columns(2));
    let sections = [section(dense, &columns, &[0, 1], &[2, 3])];
    assert_eq!(
        run(&genes, &sections, false).unwrap_err(),
        CompareError::NotFinite { section: "S".into(), gene: "G1".into(), place: 2 }
    );
    // A gene that is not compared may hold anything.
    assert!(run(&genes[..1], &[section(dense, &columns[..1], &[0, 1], &[2, 3])], false).is_ok());
    let negative = Csr::from_parts(2, vec![0, 1, 2, 2, 2], vec![0, 1], vec![1.0, -1.0]).unwrap();
    let error = run(&genes, &[section(Expression::Counts(&negative), &columns, &[0, 1], &[2, 3])], false);
    assert_eq!(
        error.unwrap_err(),
        CompareError::Negative { section: "S".into(), gene: "G1".into(), place: 1 }
    );
    let cancel = CancelToken::new();
    cancel.cancel();
    let found = compare_groups(&genes, &sections, CompareOptions::default(), &Silent, &cancel);
    assert_eq!(found, Err(CompareError::Cancelled(Cancelled)));
}

#[test]
fn her2st_equals_scanpy() {
    let Some(shared) = real_data() else { return };
    let reference = reference::her2st();
    let section_c2 = real_section(&shared, "C2");
    let place = |id: &String| section_c2.spots.iter().position(|s| s.id == *id).unwrap();
    let [a, b] = ["a", "b"].map(|g| strings(&reference[g]).iter().map(place).collect::<Vec<usize>>());
    let genes: Vec<String> = section_c2.genes.iter().map(|g| g.name.clone()).collect();
    let columns = columns(genes.len());
    let sections = [section(Expression::Counts(&section_c2.counts), &columns, &a, &b)];
    let [plain, corrected] = [false, true].map(|tie_correct| run(&genes, &sections, tie_correct).unwrap());
    let wanted = strings(&reference["genes"]);
    let sample = |found: &'_ Comparison| -> Vec<GeneComparison> {
        wanted.iter().map(|g| found.genes[section_c2.gene(g).unwrap()].clone()).collect()
    };
    let (sample_plain, sample_corrected) = (sample(&plain), sample(&corrected));
    assert_table(
        &sample_plain.iter().collect::<Vec<_>>(),
        &sample_corrected.iter().collect::<Vec<_>>(),
        &reference["results"],
    );
    let check = |key: &str, found: &Comparison, of: fn(&GeneComparison) -> f64| {
        let sum: f64 = found.genes.iter().map(of).sum();
        let absolute: f64 = found.genes.iter().map(|g| of(g).abs()).sum();
        for (got, want) in [(sum, &reference["sums"][key]), (absolute, &reference["absolute_sums"][key])] {
            // 15,706 numbers, of which scanpy rounds some to single precision.
            assert!((got - want.as_f64().unwrap()).abs() < 1e-6 * absolute.max(1.0), "{key}: {got} {want}");
        }
    };
    check("mean_a", &plain, |g| g.mean_a);
    check("mean_b", &plain, |g| g.mean_b);
    check("log2_fold_change", &plain, |g| g.log2_fold_change.unwrap());
    check("expressing_a", &plain, |g| g.expressing_a.unwrap());
    check("expressing_b", &plain, |g| g.expressing_b.unwrap());
    check("auroc", &plain, |g| g.auroc);
    for (found, suffix) in [(&plain, ""), (&corrected, "_tie_corrected")] {
        check(&format!("score{suffix}"), found, |g| g.score);
        check(&format!("p{suffix}"), found, |g| g.p);
        check(&format!("q{suffix}"), found, |g| g.q);
    }
}
