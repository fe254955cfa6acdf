//! A document of several A4 pages: headings, paragraphs, tables and figures, as plain data, written as PDF.

mod pages;
mod table;

use std::path::Path;

use super::figure::{Figure, FigureError};
use super::{pdf, undrawable_in};
use crate::core::files::write_bytes_atomically;

/// A document.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// Its title, on the first page and at the foot of all.
    pub title: String,
    /// What stands beneath the title: what it is about, by whom, when.
    pub subtitle: Vec<String>,
    /// The rest, from top to bottom.
    pub blocks: Vec<Block>,
}

/// A part of a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// A heading; it stays on the page of what follows.
    Heading {
        /// 1 for parts of the document, 2 and more for parts of those.
        level: u8,
        /// The heading.
        text: String,
    },
    /// Text, broken into lines; an empty line in it begins another paragraph.
    Paragraph(String),
    /// A list, an entry each.
    List(Vec<String>),
    /// A table.
    Table(Table),
    /// A figure with its caption. It is set at its width, or that of the page where it is wider.
    Figure {
        /// The figure.
        figure: Box<Figure>,
        /// The text beneath it.
        caption: String,
    },
    /// What follows begins a page.
    PageBreak,
}

/// On which side of its column a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Align {
    /// As words do.
    #[default]
    Left,
    /// As numbers do.
    Right,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// How its cells are set.
    pub align: Align,
    /// Whether its cells are names of genes, which are set in italics.
    pub italic: bool,
}

impl Column {
    /// A column of words.
    pub fn words(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// A column of numbers.
    pub fn numbers(name: impl Into<String>) -> Self {
        Self { name: name.into(), align: Align::Right, italic: false }
    }

    /// A column of names of genes.
    pub fn genes(name: impl Into<String>) -> Self {
        Self { name: name.into(), align: Align::Left, italic: true }
    }
}

/// A table; where it goes on over the page, the names of its columns are repeated.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows, a cell for each column.
    pub rows: Vec<Vec<String>>,
    /// The text above it.
    pub caption: Option<String>,
}

/// `report` as a PDF.
///
/// # Errors
/// [`FigureError`] when a table or a figure cannot be set.
pub fn report_to_pdf(report: &Report) -> Result<Vec<u8>, FigureError> {
    let set = pages::set(report)?;
    pdf::write(&set.pages, &report.title, pages::DPI, &set.bookmarks)
}

/// Saves `report` as the PDF `path`, whole or not at all.
///
/// # Errors
/// As [`report_to_pdf`], and [`FigureError::File`].
pub fn save_report(report: &Report, path: &Path) -> Result<(), FigureError> {
    Ok(write_bytes_atomically(path, &report_to_pdf(report)?)?)
}

/// The characters of `report` that neither the embedded fonts nor those of this computer can draw, each once.
///
/// # Errors
/// As [`report_to_pdf`].
pub fn undrawable_in_report(report: &Report) -> Result<Vec<char>, FigureError> {
    let mut missing: Vec<char> = Vec::new();
    for page in pages::set(report)?.pages {
        for c in undrawable_in(&page) {
            if !missing.contains(&c) {
                missing.push(c);
            }
        }
    }
    Ok(missing)
}

impl Table {
    /// Whether all rows have a cell for each column.
    ///
    /// # Errors
    /// [`FigureError::InconsistentTable`].
    fn check(&self) -> Result<(), FigureError> {
        let name = || {
            let named = self.caption.clone().or_else(|| self.columns.first().map(|c| c.name.clone()));
            named.unwrap_or_default()
        };
        if self.columns.is_empty() {
            return Err(FigureError::InconsistentTable {
                table: name(),
                what: "it has no columns".to_owned(),
            });
        }
        let wrong = self.rows.iter().enumerate().find(|(_, r)| r.len() != self.columns.len());
        match wrong {
            Some((i, row)) => Err(FigureError::InconsistentTable {
                table: name(),
                what: format!("row {} has {} cells for {} columns", i + 1, row.len(), self.columns.len()),
            }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::drawing::Item;
    use super::*;

    fn table(rows: usize) -> Table {
        Table {
            columns: vec![Column::genes("Gene"), Column::words("Section"), Column::numbers("PCC")],
            rows: (0..rows)
                .map(|i| vec![format!("GENE{i}"), format!("C{}", i % 4), format!("0.{:02}", i % 100)])
                .collect(),
            caption: Some("Scores".to_owned()),
        }
    }

    fn texts(page: &super::super::drawing::Drawing<'_>) -> Vec<String> {
        let text = |i: &Item| if let Item::Text(t) = i { Some(t.text.clone()) } else { None };
        page.items.iter().filter_map(text).collect()
    }

    #[test]
    fn long_tables_go_on_with_their_header() {
        let report = Report {
            title: "A report".into(),
            subtitle: vec!["of a run".into()],
            blocks: vec![Block::Heading { level: 1, text: "Scores".into() }, Block::Table(table(150))],
        };
        let set = pages::set(&report).unwrap();
        assert!(set.pages.len() >= 3, "{} pages", set.pages.len());
        let mut genes = 0;
        for (i, page) in set.pages.iter().enumerate() {
            let texts = texts(page);
            assert_eq!(texts.iter().filter(|t| *t == "PCC").count(), 1, "page {i} has one header");
            genes += texts.iter().filter(|t| t.starts_with("GENE")).count();
            assert!(texts.contains(&format!("{} / {}", i + 1, set.pages.len())), "{texts:?}");
            for item in &page.items {
                if let Item::Text(t) = item {
                    let b = t.bounds();
                    assert!(b.x >= 15.0 && b.right() <= 195.0 && b.bottom() <= 290.0, "{t:?}");
                }
            }
        }
        assert_eq!(genes, 150, "no row is lost");
        assert_eq!(set.bookmarks.len(), 1);
    }

    #[test]
    fn a_row_higher_than_a_page_goes_on() {
        let mut long = table(1);
        long.rows[0][1] = (0..3000).map(|i| format!("w{i}")).collect::<Vec<_>>().join(" ");
        let report = Report { blocks: vec![Block::Table(long)], ..Report::default() };
        let set = pages::set(&report).unwrap();
        assert!(set.pages.len() > 1);
        let all: Vec<String> = set.pages.iter().flat_map(texts).collect();
        let words: Vec<&str> = all.iter().flat_map(|t| t.split(' ')).filter(|w| w.starts_with('w')).collect();
        assert_eq!(words.len(), 3000);
        for page in &set.pages {
            let lowest =
                page.items.iter().filter_map(|i| if let Item::Text(t) = i { Some(t.y) } else { None });
            assert!(lowest.fold(0.0, f64::max) <= 286.0);
        }
    }

    #[test]
    fn a_heading_stays_with_what_follows() {
        let filler = Block::Paragraph("word ".repeat(120));
        for count in 6..14 {
            let mut blocks = vec![filler.clone(); count];
            blocks.push(Block::Heading { level: 2, text: "Last heading".into() });
            blocks.push(Block::Paragraph("what follows".into()));
            let report = Report { title: "T".into(), blocks, ..Report::default() };
            let set = pages::set(&report).unwrap();
            let page_of = |wanted: &str| set.pages.iter().position(|p| texts(p).iter().any(|t| t == wanted));
            assert_eq!(page_of("Last heading"), page_of("what follows"), "{count}");
        }
    }

    #[test]
    fn a_heading_stays_with_a_figure() {
        let figure = || Block::Figure {
            figure: Box::new(super::super::tests::figure(4, &[super::super::tests::MEASURED], (100, 100))),
            caption: "The caption".into(),
        };
        let heading = |text: &str| Block::Heading { level: 1, text: text.into() };
        let blocks = vec![Block::Paragraph("word ".repeat(900)), heading("One"), heading("Two"), figure()];
        let report = Report { blocks, ..Report::default() };
        let set = pages::set(&report).unwrap();
        assert_eq!(set.pages.len(), 2);
        for wanted in ["One", "Two", "The caption", "GNAS"] {
            assert!(texts(&set.pages[1]).iter().any(|t| t == wanted), "{wanted}");
        }
        assert_eq!(set.pages[1].tissues.len(), 1);
    }

    #[test]
    fn wrong_tables_are_refused() {
        let mut wrong = table(2);
        wrong.rows[1].pop();
        let report = Report { blocks: vec![Block::Table(wrong)], ..Report::default() };
        let said = report_to_pdf(&report).unwrap_err().to_string();
        assert_eq!(said, "The table \"Scores\" cannot be set: row 2 has 2 cells for 3 columns");
        let report = Report { blocks: vec![Block::Table(Table::default())], ..Report::default() };
        assert!(report_to_pdf(&report).unwrap_err().to_string().contains("no columns"));
    }

    #[test]
    fn wide_tables_break_cells_into_lines() {
        let long = "a long remark of many words that has no room in one line of this table ".repeat(3);
        let table = Table {
            columns: vec![Column::words("Setting"), Column::words("Value"), Column::numbers("Number")],
            rows: vec![vec!["remark".into(), long.clone(), "1.5".into()]],
            caption: None,
        };
        let report = Report { blocks: vec![Block::Table(table)], ..Report::default() };
        let set = pages::set(&report).unwrap();
        let all = texts(&set.pages[0]).join(" ");
        assert!(long.split_whitespace().all(|word| all.contains(word)));
        assert!(texts(&set.pages[0]).iter().any(|t| t == "1.5"));
    }
}
