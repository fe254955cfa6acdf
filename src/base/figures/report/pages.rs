//! From the blocks of a report to pages in millimetres.

use super::table::{self, PADDING};
use super::{Align, Block, Report, Table};
use crate::figures::drawing::{Direction, Drawing, Item, Text};
use crate::figures::figure::{Background, Figure, FigureError, Style};
use crate::figures::layout::{TEXT_COLOR, WEAK_COLOR, lay_out_as, line_height};
use crate::figures::pdf::Bookmark;
use crate::figures::text::{self, Face};

/// Dots per inch of tissue images in a report.
pub(super) const DPI: f64 = 300.0;
/// A4.
const PAGE: [f64; 2] = [210.0, 297.0];
const MARGIN: f64 = 20.0;
/// The lowest text of a page but the line at its foot.
const BOTTOM: f64 = PAGE[1] - 22.0;
const WIDTH: f64 = PAGE[0] - 2.0 * MARGIN;
/// Baseline of the line at the foot.
const FOOT: f64 = PAGE[1] - 12.0;
const MM_PER_POINT: f64 = 25.4 / 72.0;
const BODY: f64 = 9.5 * MM_PER_POINT;
const SMALL: f64 = 8.0 * MM_PER_POINT;
const TITLE: f64 = 18.0 * MM_PER_POINT;
const HEADINGS: [f64; 3] = [13.0 * MM_PER_POINT, 11.0 * MM_PER_POINT, 9.5 * MM_PER_POINT];
/// Between blocks.
const GAP: f64 = 3.0;
/// Above a heading, in its own size.
const ABOVE_HEADING: f64 = 0.8;
const RULE: f64 = 0.18;
/// What must fit beneath a heading on its page.
const WITH_HEADING: f64 = 18.0;
/// How far text of a paragraph's lines is apart, as a share of the usual distance.
const LEADING: f64 = 1.12;

/// A report that is set.
#[derive(Debug)]
pub(super) struct Set<'a> {
    pub(super) pages: Vec<Drawing<'a>>,
    pub(super) bookmarks: Vec<Bookmark>,
}

/// Sets `report`.
pub(super) fn set(report: &Report) -> Result<Set<'_>, FigureError> {
    let mut setter = Setter { pages: vec![empty_page()], bookmarks: Vec::new(), y: MARGIN };
    setter.lines(&report.title, Face::Bold, TITLE, TEXT_COLOR);
    for line in &report.subtitle {
        setter.lines(line, Face::Regular, BODY, WEAK_COLOR);
    }
    setter.y += GAP;
    for (i, block) in report.blocks.iter().enumerate() {
        if let Block::Heading { level, text } = block {
            setter.heading(*level, text, report.blocks.get(i + 1..).unwrap_or_default())?;
        } else {
            setter.block(block)?;
        }
    }
    setter.feet(&report.title);
    Ok(Set { pages: setter.pages, bookmarks: setter.bookmarks })
}

fn empty_page<'a>() -> Drawing<'a> {
    Drawing {
        width: PAGE[0],
        height: PAGE[1],
        background: Background::White,
        tissues: Vec::new(),
        items: Vec::new(),
    }
}

struct Setter<'a> {
    pages: Vec<Drawing<'a>>,
    bookmarks: Vec<Bookmark>,
    /// Where the next thing begins.
    y: f64,
}

impl<'a> Setter<'a> {
    fn push(&mut self, item: Item) {
        if let Some(page) = self.pages.last_mut() {
            page.items.push(item);
        }
    }

    fn text(&mut self, text: String, [x, y]: [f64; 2], size: f64, face: Face, rgb: [u8; 3]) {
        if !text.is_empty() {
            self.push(Item::Text(Text { text, x, y, size, face, rgb, direction: Direction::Right }));
        }
    }

    fn rule(&mut self, y: f64) {
        self.push(Item::Line { from: [MARGIN, y], to: [PAGE[0] - MARGIN, y], width: RULE });
    }

    fn next_page(&mut self) {
        self.pages.push(empty_page());
        self.y = MARGIN;
    }

    /// Begins another page unless `height` is left on this one, or nothing is on it yet.
    fn reserve(&mut self, height: f64) {
        if self.y + height > BOTTOM && self.y > MARGIN {
            self.next_page();
        }
    }

    /// Text broken into lines, and into pages.
    fn lines(&mut self, content: &str, face: Face, size: f64, rgb: [u8; 3]) {
        self.lines_from(content, face, size, rgb, 0.0);
    }

    fn lines_from(&mut self, content: &str, face: Face, size: f64, rgb: [u8; 3], indent: f64) {
        let lines = text::paragraph(content, face, size, WIDTH - indent);
        let step = line_height(size) * LEADING;
        let count = lines.len();
        for (i, line) in lines.into_iter().enumerate() {
            // No single line of a paragraph is left behind on a page, or alone on the next.
            let together = if (i == 0 && count > 1) || (i + 2 == count && i > 0) { 2.0 } else { 1.0 };
            self.reserve(together * step);
            self.text(line, [MARGIN + indent, self.y + 0.9 * size], size, face, rgb);
            self.y += step;
        }
    }

    fn block(&mut self, block: &'a Block) -> Result<(), FigureError> {
        match block {
            // Headings are set with what follows them.
            Block::Heading { .. } => {}
            Block::Paragraph(text) => {
                for part in text.split("\n\n") {
                    self.lines(part, Face::Regular, BODY, TEXT_COLOR);
                    self.y += GAP;
                }
            }
            Block::List(entries) => {
                const INDENT: f64 = 4.0;
                for entry in entries {
                    // The bullet stays with the first lines of its entry.
                    let lines = text::paragraph(entry, Face::Regular, BODY, WIDTH - INDENT).len();
                    self.reserve(lines.clamp(1, 2) as f64 * line_height(BODY) * LEADING);
                    let at = [MARGIN + 1.0, self.y + 0.9 * BODY];
                    self.text("\u{2022}".into(), at, BODY, Face::Regular, TEXT_COLOR);
                    self.lines_from(entry, Face::Regular, BODY, TEXT_COLOR, INDENT);
                }
                self.y += GAP;
            }
            Block::Table(table) => self.table(table)?,
            Block::Figure { figure, caption } => self.figure(figure, caption)?,
            Block::PageBreak => {
                if self.y > MARGIN {
                    self.next_page();
                }
            }
        }
        Ok(())
    }

    /// A heading, on the page of what begins `after` it.
    fn heading(&mut self, level: u8, text: &str, after: &[Block]) -> Result<(), FigureError> {
        let size = heading_size(level);
        let height = heading_height(level, text);
        let mut below = 0.0;
        for block in after {
            match block {
                Block::Heading { level, text } => below += heading_height(*level, text),
                Block::Figure { figure, caption } => {
                    below += set_figure(figure, caption)?.height + below_figure(caption);
                    break;
                }
                Block::Paragraph(_) | Block::List(_) | Block::Table(_) => {
                    below += WITH_HEADING;
                    break;
                }
                Block::PageBreak => break,
            }
        }
        self.reserve(height + below);
        if self.y > MARGIN {
            self.y += ABOVE_HEADING * size;
        }
        self.bookmarks.push(Bookmark { text: text.to_owned(), page: self.pages.len() - 1, y: self.y });
        self.lines(text, Face::Bold, size, TEXT_COLOR);
        self.y += GAP / 2.0;
        Ok(())
    }

    fn table(&mut self, table: &Table) -> Result<(), FigureError> {
        table.check()?;
        let widths = table::widths(table, SMALL, WIDTH);
        let header = table::header(table, &widths, SMALL);
        let row_height = |cells: &[Vec<String>]| {
            cells.iter().map(Vec::len).max().unwrap_or(0).max(1) as f64 * line_height(SMALL) + 1.0
        };
        let caption = table.caption.as_deref().unwrap_or_default();
        let above =
            text::paragraph(caption, Face::Regular, SMALL, WIDTH).len() as f64 * line_height(SMALL) * LEADING;
        // The header never stands without a row beneath it.
        self.reserve(above + row_height(&header) + 3.0 * line_height(SMALL));
        if !caption.is_empty() {
            self.lines(caption, Face::Regular, SMALL, TEXT_COLOR);
            self.y += 1.0;
        }
        self.header(table, &header, &widths, row_height(&header));
        // A row that is higher than a page goes on over pages, too.
        let room = BOTTOM - MARGIN - row_height(&header) - 4.0;
        let most = ((room / line_height(SMALL)) as usize).max(1);
        for row in &table.rows {
            let cells = table::lines(table, row, &widths, SMALL);
            let deepest = cells.iter().map(Vec::len).max().unwrap_or(0).max(1);
            for from in (0..deepest).step_by(most) {
                let part: Vec<Vec<String>> =
                    cells.iter().map(|c| c.iter().skip(from).take(most).cloned().collect()).collect();
                let height = row_height(&part);
                if self.y + height > BOTTOM {
                    self.rule(self.y);
                    self.next_page();
                    self.header(table, &header, &widths, row_height(&header));
                }
                self.cells(table, &part, &widths, None);
                self.y += height;
            }
        }
        self.rule(self.y);
        self.y += 2.0 * GAP;
        Ok(())
    }

    fn header(&mut self, table: &Table, header: &[Vec<String>], widths: &[f64], height: f64) {
        self.rule(self.y);
        self.y += 0.7;
        self.cells(table, header, widths, Some(Face::Bold));
        self.y += height - 0.3;
        self.rule(self.y);
        self.y += 0.7;
    }

    fn cells(&mut self, table: &Table, cells: &[Vec<String>], widths: &[f64], face: Option<Face>) {
        let mut x = MARGIN;
        for ((lines, column), width) in cells.iter().zip(&table.columns).zip(widths) {
            let face = face.unwrap_or_else(|| table::face(column));
            for (i, line) in lines.iter().enumerate() {
                let free = width - text::width(line, face, SMALL);
                let left = if column.align == Align::Right { free } else { 0.0 };
                let y = self.y + i as f64 * line_height(SMALL) + 0.95 * SMALL;
                self.text(line.clone(), [x + left, y], SMALL, face, TEXT_COLOR);
            }
            x += width + PADDING;
        }
    }

    fn figure(&mut self, figure: &'a Figure, caption: &str) -> Result<(), FigureError> {
        let (drawing, below) = (set_figure(figure, caption)?, below_figure(caption));
        self.reserve(drawing.height + below);
        let at = [MARGIN + (WIDTH - drawing.width) / 2.0, self.y];
        let height = drawing.height;
        if let Some(page) = self.pages.last_mut() {
            let first = page.tissues.len();
            page.tissues.extend(drawing.tissues);
            page.items.extend(drawing.items.into_iter().map(|item| item.moved(at, first)));
        }
        self.y += height + 1.5;
        self.lines(caption, Face::Regular, SMALL, TEXT_COLOR);
        self.y += 2.0 * GAP - 1.5;
        Ok(())
    }

    /// The title and the number of each page.
    fn feet(&mut self, title: &str) {
        let count = self.pages.len();
        for (i, page) in self.pages.iter_mut().enumerate() {
            let number = format!("{} / {count}", i + 1);
            let wide = text::width(&number, Face::Regular, SMALL);
            let title = text::fit(title, Face::Regular, SMALL, WIDTH - wide - 5.0);
            for (text, x) in [(title, MARGIN), (number, PAGE[0] - MARGIN - wide)] {
                if !text.is_empty() {
                    page.items.push(Item::Text(Text {
                        text,
                        x,
                        y: FOOT,
                        size: SMALL,
                        face: Face::Regular,
                        rgb: WEAK_COLOR,
                        direction: Direction::Right,
                    }));
                }
            }
        }
    }
}

fn heading_size(level: u8) -> f64 {
    let index = usize::from(level.max(1) - 1).min(HEADINGS.len() - 1);
    HEADINGS.get(index).copied().unwrap_or(BODY)
}

/// What a heading takes at most.
fn heading_height(level: u8, text: &str) -> f64 {
    let size = heading_size(level);
    let lines = text::paragraph(text, Face::Bold, size, WIDTH).len() as f64;
    ABOVE_HEADING * size + lines * line_height(size) * LEADING + GAP / 2.0
}

/// What the caption beneath a figure takes.
fn below_figure(caption: &str) -> f64 {
    let lines = text::paragraph(caption, Face::Regular, SMALL, WIDTH).len() as f64;
    lines * line_height(SMALL) * LEADING + 2.0 * GAP
}

/// `figure` as large as a page with its caption and two headings has room for.
fn set_figure<'f>(figure: &'f Figure, caption: &str) -> Result<Drawing<'f>, FigureError> {
    const FOR_HEADINGS: f64 = 25.0;
    let room = BOTTOM - MARGIN - below_figure(caption) - FOR_HEADINGS;
    let style = Style {
        width_mm: figure.style.width_mm.min(WIDTH),
        max_height_mm: figure.style.max_height_mm.min(room).max(*Style::WIDTHS_MM.start()),
        background: Background::Transparent,
        ..figure.style
    };
    lay_out_as(figure, style)
}
