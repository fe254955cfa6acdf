//! Gene sets as MSigDB and Enrichr give them: one set a line, its name, where it is described, and its genes.

use std::path::Path;

/// The sets of a file.
pub(super) struct GeneSets<'a> {
    /// In order.
    pub names: Vec<&'a str>,
    /// The genes of all of them with their lines.
    pub genes: Vec<(u64, &'a str)>,
}

/// The sets in `text`; `None` where it is another kind of list.
pub(super) fn sets_of<'a>(path: &Path, text: &'a str) -> Option<GeneSets<'a>> {
    let lines = || text.lines().zip(1u64..).filter(|(l, _)| !l.trim().is_empty() && !l.starts_with('#'));
    let name = path.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
    let is_named = name.ends_with(".gmt") || name.ends_with(".gmt.gz");
    let has_address = |line: &str| line.split('\t').nth(1).is_some_and(|cell| cell.contains("://"));
    let is_wide = |line: &str| line.split('\t').count() > 2;
    let all = |is: &dyn Fn(&str) -> bool| lines().next().is_some() && lines().all(|(l, _)| is(l));
    if !all(&is_wide) || !(is_named || all(&has_address)) {
        return None;
    }
    let mut sets = GeneSets { names: Vec::new(), genes: Vec::new() };
    for (line, number) in lines() {
        let mut cells = line.split('\t').map(str::trim);
        sets.names.extend(cells.next());
        let genes = cells.skip(1).map(without_weight).filter(|gene| !gene.is_empty());
        sets.genes.extend(genes.map(|gene| (number, gene)));
    }
    Some(sets)
}

/// Enrichr gives genes weights: "GNAS,1.0".
fn without_weight(cell: &str) -> &str {
    match cell.rsplit_once(',') {
        Some((gene, weight)) if weight.parse::<f64>().is_ok() => gene,
        _ => cell,
    }
}
