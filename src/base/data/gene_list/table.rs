//! Which cells of a list are genes: one name a line, names in a row, or a column of a table.

use std::borrow::Cow;

use super::Known;

/// What the column of symbols is called in tables.
const SYMBOLS: [&str; 27] = [
    "gene",
    "gen",
    "g\u{e8}ne",
    "genes",
    "gene_name",
    "gene_names",
    "gene name",
    "gene names",
    "genename",
    "gene.name",
    "symbol",
    "symbols",
    "gene_symbol",
    "gene symbol",
    "gene_symbols",
    "genesymbol",
    "gene.symbol",
    "hgnc_symbol",
    "hgnc symbol",
    "approved symbol",
    "external_gene_name",
    "mgi_symbol",
    "feature_name",
    "marker",
    "markers",
    "target",
    "probe",
];
/// What the column of identifiers is called, which is read where there are no symbols.
const IDENTIFIERS: [&str; 14] = [
    "gene_id",
    "gene_ids",
    "gene id",
    "geneid",
    "gene.id",
    "gene stable id",
    "ensembl",
    "ensembl_id",
    "ensembl id",
    "ensembl_gene_id",
    "ensembl gene id",
    "feature_id",
    "id",
    "accession",
];
/// What programs write above a single column that has no name of its own.
const NAMELESS: [&str; 11] =
    ["x", "v1", "...1", "name", "names", "value", "values", "feature", "features", "0", "unnamed: 0"];
/// What stands for a missing value.
const MISSING: [&str; 7] = ["NA", "N/A", "#N/A", "NaN", "nan", "NULL", "None"];

/// The share of the cells of a column that must be known genes for the column to be taken for that.
const KNOWN_SHARE: f64 = 0.3;

/// A line of a list in cells.
pub(super) struct ListRow<'a> {
    pub(super) line: u64,
    text: &'a str,
    cells: Vec<Cow<'a, str>>,
}

/// Whether `cell` is what a column of genes may be called.
pub(super) fn is_header(cell: &str) -> bool {
    let is_in = |names: &[&str]| names.iter().any(|n| n.eq_ignore_ascii_case(cell));
    is_in(&SYMBOLS) || is_in(&IDENTIFIERS) || is_in(&NAMELESS)
}

/// Whether `cell` stands for a missing value.
pub(super) fn is_missing(cell: &str) -> bool {
    MISSING.contains(&cell)
}

/// What separates cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Separator {
    Character(char),
    /// Any number of them.
    Blanks,
}

impl Separator {
    fn split(self, text: &str) -> Vec<Cow<'_, str>> {
        match self {
            Self::Character(c) => split(text, c),
            Self::Blanks => split_blanks(text),
        }
    }
}

/// The lines of `text` that say something, in cells.
pub(super) fn rows_of<'a>(text: &'a str, known: &dyn Fn(&str) -> Known) -> Vec<ListRow<'a>> {
    let declared = text.lines().next().and_then(declared_separator);
    let lines = text.lines().zip(1u64..).skip(usize::from(declared.is_some())).filter(|(l, _)| {
        let line = l.trim();
        !line.is_empty() && (!line.starts_with('#') || known(line) == Known::Name)
    });
    let lines: Vec<(&str, u64)> = lines
        .map(|(line, number)| {
            let is_name = known(line.trim()) == Known::Name;
            (if is_name { line } else { without_bullet(without_remark(line)) }, number)
        })
        .collect();
    let separator = declared.map(Separator::Character).or_else(|| separator(&lines));
    let cells = |text: &'a str| match separator {
        Some(separator) => separator.split(text),
        None => vec![bare(text)],
    };
    let mut rows: Vec<ListRow<'a>> =
        lines.iter().map(|&(text, line)| ListRow { line, text: text.trim(), cells: cells(text) }).collect();
    complete_header(&mut rows, known);
    rows
}

/// The separator in a line that tells spreadsheets of it: "sep=;".
fn declared_separator(line: &str) -> Option<char> {
    let line = line.trim_matches(['"', ' ']);
    let declared =
        line.get(..4).filter(|start| start.eq_ignore_ascii_case("sep=")).and_then(|_| line.get(4..))?;
    let mut characters = declared.chars();
    characters.next().filter(|_| characters.next().is_none())
}

/// A gene without what is noted behind it: "GNAS  # imprinted". A column may be called "# cells".
fn without_remark(line: &str) -> &str {
    let Some((gene, _)) = line.split_once(" #") else { return line };
    let is_cell = gene.contains(['\t', ';', ',']) || is_header(gene.trim());
    if is_cell || gene.trim().is_empty() { line } else { gene }
}

/// A line of a list in a text without the bullet or the number before it.
fn without_bullet(line: &str) -> &str {
    let text = line.trim_start();
    let rest =
        if let Some(rest) = text.strip_prefix(['\u{2022}', '\u{b7}', '\u{25aa}', '\u{25e6}', '\u{2023}']) {
            rest
        } else if let Some(rest) = text.strip_prefix(['-', '*', '\u{2013}']).filter(|r| r.starts_with(' ')) {
            rest
        } else {
            let number = text.strip_prefix('(').unwrap_or(text);
            let rest = number.trim_start_matches(|c: char| c.is_ascii_digit());
            let is_number = rest.len() < number.len();
            match rest.strip_prefix(['.', ')']).filter(|r| is_number && r.starts_with(' ')) {
                Some(rest) => rest,
                None => return line,
            }
        };
    let rest = rest.trim();
    if rest.starts_with(char::is_alphabetic) { rest } else { line }
}

/// R writes no cell above the names of the rows.
fn complete_header(rows: &mut [ListRow<'_>], known: &dyn Fn(&str) -> Known) {
    let Some((first, body)) = rows.split_first_mut() else { return };
    let width = first.cells.len() + 1;
    let is_table = body.iter().all(|r| r.cells.len() == width)
        && body.iter().any(|r| r.cells.iter().any(|c| is_number(c)));
    let names_genes = first.cells.iter().any(|c| known(c) != Known::No);
    if !body.is_empty() && is_table && !names_genes {
        first.cells.insert(0, Cow::Borrowed(""));
    }
}

/// What separates cells: what divides all lines into as many of them, else what there is.
fn separator(lines: &[(&str, u64)]) -> Option<Separator> {
    let candidates = ['\t', ';', ','];
    let width = |line: &str, s| split(line, s).len();
    let divides = |s: char| {
        let first = lines.first().map_or(1, |(l, _)| width(l, s));
        first > 1 && lines.iter().all(|(l, _)| width(l, s) == first)
    };
    let occurs = |s: char| lines.iter().any(|(l, _)| l.contains(s));
    let table = candidates.into_iter().find(|&s| divides(s)).filter(|_| lines.len() > 1);
    let any = table.or_else(|| ['\t', ',', ';'].into_iter().find(|&s| occurs(s)));
    any.map(Separator::Character).or_else(|| is_divided_by_blanks(lines).then_some(Separator::Blanks))
}

/// Whether blanks divide the lines into a table of numbers, with a header perhaps.
fn is_divided_by_blanks(lines: &[(&str, u64)]) -> bool {
    let rows: Vec<Vec<Cow<'_, str>>> = lines.iter().map(|(line, _)| split_blanks(line)).collect();
    let Some((first, body)) = rows.split_first() else { return false };
    let width = body.first().map_or(0, Vec::len);
    let is_row = |row: &Vec<Cow<'_, str>>| row.len() == width && row.iter().any(|c| is_number(c));
    width > 1 && (first.len() == width || first.len() + 1 == width) && body.iter().all(is_row)
}

/// The cells of a line that blanks separate; those within quotes separate nothing.
fn split_blanks(text: &str) -> Vec<Cow<'_, str>> {
    let mut cells = Vec::new();
    let (mut start, mut quoted) = (None, false);
    for (at, c) in text.char_indices() {
        if c.is_whitespace() && !quoted {
            cells.extend(start.take().map(|from: usize| bare(&text[from..at])));
            continue;
        }
        if c == '"' && (quoted || start.is_none()) {
            quoted = !quoted;
        }
        start.get_or_insert(at);
    }
    cells.extend(start.map(|from| bare(&text[from..])));
    cells
}

/// The cells of a line; a separator within quotes separates nothing.
pub(super) fn split(text: &str, separator: char) -> Vec<Cow<'_, str>> {
    let mut cells = Vec::new();
    let (mut start, mut quoted, mut blank) = (0, false, true);
    for (at, c) in text.char_indices() {
        if c == '"' && (quoted || blank) {
            quoted = !quoted;
            blank = false;
        } else if c == separator && !quoted {
            cells.push(bare(&text[start..at]));
            (start, blank) = (at + c.len_utf8(), true);
        } else if !c.is_whitespace() {
            blank = false;
        }
    }
    cells.push(bare(&text[start..]));
    cells
}

/// Without blanks and quotes around it. Quotes within a name stay.
fn bare(cell: &str) -> Cow<'_, str> {
    let cell = cell.trim();
    for quote in ['"', '\''] {
        if let Some(inner) = cell.strip_prefix(quote).and_then(|c| c.strip_suffix(quote)) {
            let inner = inner.trim();
            // As CSV doubles quotes within quotes.
            let twice = [quote, quote].iter().collect::<String>();
            return if inner.contains(&twice) {
                Cow::Owned(inner.replace(&twice, &quote.to_string()))
            } else {
                Cow::Borrowed(inner)
            };
        }
    }
    // A quote that is not closed is none of the name's either.
    Cow::Borrowed(cell.strip_prefix('"').unwrap_or(cell))
}

/// The names that are genes, with their lines.
pub(super) fn genes_of<'a>(
    rows: &'a [ListRow<'a>],
    known: &dyn Fn(&str) -> Known,
) -> Vec<(u64, Cow<'a, str>)> {
    // One name a line, whatever it is made of, where that is what the data call their genes.
    let whole = rows.iter().filter(|r| known(r.text) == Known::Name).count();
    let table = if 2 * whole >= rows.len() { None } else { column(rows, known) };
    let mut genes = match table {
        Some((column, has_header)) => {
            let body = rows.get(usize::from(has_header)..).unwrap_or_default();
            let cells = body.iter().filter_map(|r| Some((r.line, r.cells.get(column)?.clone())));
            cells.collect()
        }
        None => names_in(rows, known),
    };
    genes.retain(|(_, name)| !name.is_empty() && (!is_missing(name) || known(name) != Known::No));
    genes
}

/// Names in lines that are no table.
fn names_in<'a>(rows: &'a [ListRow<'a>], known: &dyn Fn(&str) -> Known) -> Vec<(u64, Cow<'a, str>)> {
    let is_known = |name: &str| known(name) != Known::No;
    let single = rows.iter().all(|r| r.cells.len() == 1);
    let headed =
        single && rows.first().and_then(|r| r.cells.first()).is_some_and(|c| is_header(c) && !is_known(c));
    let mut names = Vec::new();
    for row in rows.iter().skip(usize::from(headed)) {
        if is_known(row.text) {
            names.push((row.line, Cow::Borrowed(row.text)));
            continue;
        }
        for cell in row.cells.iter().filter(|c| !c.is_empty()) {
            if is_known(cell) {
                names.push((row.line, cell.clone()));
            } else {
                names.extend(words(cell, known).into_iter().map(|w| (row.line, Cow::Owned(w))));
            }
        }
    }
    names
}

/// The names in a cell, which blanks separate: but "TBCE (ENSG00000285053)" is one.
pub(super) fn words(cell: &str, known: &dyn Fn(&str) -> Known) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in cell.split_whitespace() {
        if let Some(before) = words.last_mut()
            && let Some(id) = word.strip_prefix('(').and_then(|w| w.strip_suffix(')'))
        {
            let both = format!("{before} {word}");
            if id.starts_with("ENS") || known(&both) != Known::No {
                *before = both;
                continue;
            }
        }
        let word = bare(word);
        if !word.is_empty() {
            words.push(word.into_owned());
        }
    }
    words
}

/// The column of genes of a table, and whether its first row is a header; `None` where the rows are no table.
fn column(rows: &[ListRow<'_>], known: &dyn Fn(&str) -> Known) -> Option<(usize, bool)> {
    let first = rows.first()?;
    let width = first.cells.len();
    if width < 2 {
        return None;
    }
    let named = |names: &[&str]| {
        first
            .cells
            .iter()
            .position(|c| names.iter().any(|n| n.eq_ignore_ascii_case(c)) && known(c) == Known::No)
    };
    // A single row is a header without a table where nothing in it is written as symbols are, else names in a row.
    let as_symbols = |c: &str| known(c) != Known::No || !c.chars().any(char::is_lowercase);
    let may_be_header = rows.len() > 1 || !first.cells.iter().any(|c| as_symbols(c));
    let header = if may_be_header { named(&SYMBOLS).or_else(|| named(&IDENTIFIERS)) } else { None };
    let same_width = rows.iter().all(|r| r.cells.len() == width);
    let body = rows.get(1..).unwrap_or_default();
    if let Some(best) = known_column(body, width, header, known).filter(|_| same_width || header.is_some()) {
        let cell = first.cells.get(best)?;
        return Some((best, known(cell) == Known::No && (header.is_some() || is_table(rows))));
    }
    if let Some(header) = header {
        return Some((header, true));
    }
    let is_a_table = same_width && is_table(rows);
    is_a_table.then(|| {
        let names = |column: usize| {
            let cells =
                body.iter().filter_map(|r| r.cells.get(column)).filter(|c| looks_like_gene(c)).count();
            2 * cells > body.len()
        };
        let column = (0..width).find(|&c| names(c)).unwrap_or(0);
        let below = |c: usize| body.iter().any(|r| r.cells.get(c).is_some_and(|c| is_number(c)));
        let titled = (0..width).any(|c| below(c) && !first.cells.get(c).is_some_and(|c| is_number(c)));
        let all_below = body.iter().all(|r| r.cells.get(column).is_some_and(|c| looks_like_gene(c)));
        (column, titled && (all_below || !first.cells.get(column).is_some_and(|c| looks_like_gene(c))))
    })
}

/// The column with the most known genes, where these are many enough and there is a column without: then it is a table.
/// Of symbols and identifiers of the same genes the symbols.
fn known_column(
    body: &[ListRow<'_>],
    width: usize,
    header: Option<usize>,
    known: &dyn Fn(&str) -> Known,
) -> Option<usize> {
    let share = |column: usize| {
        let score = |row: &ListRow<'_>| match row.cells.get(column).map(|c| known(c)) {
            Some(Known::Name) => 1.0,
            Some(Known::Identifier) => 0.9,
            Some(Known::No) | None => 0.0,
        };
        body.iter().map(score).sum::<f64>() / body.len().max(1) as f64
    };
    let shares: Vec<f64> = (0..width).map(share).collect();
    let is_better = |a: usize, b: usize| {
        let (x, y) = (shares.get(a)?, shares.get(b)?);
        Some(x > y || (x == y && header == Some(a)))
    };
    let best = (0..width).fold(0, |best, c| if is_better(c, best) == Some(true) { c } else { best });
    let most = *shares.get(best)?;
    let some_without = shares.iter().any(|s| *s < KNOWN_SHARE);
    (most >= KNOWN_SHARE && (some_without || header.is_some())).then_some(best)
}

fn is_number(cell: &str) -> bool {
    cell.parse::<f64>().is_ok() || cell.replace(',', ".").parse::<f64>().is_ok()
}

fn looks_like_gene(cell: &str) -> bool {
    !is_number(cell) && cell.chars().any(char::is_alphabetic) && !cell.contains(char::is_whitespace)
}

/// Several rows of one width of which some cell is a number: a table of genes with their statistics, not names
/// separated by commas.
fn is_table(rows: &[ListRow<'_>]) -> bool {
    rows.iter().any(|r| r.cells.len() > 1 && r.cells.iter().any(|c| is_number(c)))
}
