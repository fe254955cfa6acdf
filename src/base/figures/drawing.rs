//! A figure after layout: what is drawn where, in millimetres from the top left corner.

use super::figure::Background;
use super::maps::Tissue;
use super::text::Face;
use crate::core::colormap::ColorMap;

/// A rectangle in millimetres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rect {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) w: f64,
    pub(super) h: f64,
}

impl Rect {
    pub(super) fn right(self) -> f64 {
        self.x + self.w
    }

    pub(super) fn bottom(self) -> f64 {
        self.y + self.h
    }

    pub(super) fn middle(self) -> f64 {
        self.y + self.h / 2.0
    }

    /// Whether both share more than an edge.
    pub(super) fn overlaps(self, other: Self) -> bool {
        const SLACK: f64 = 1e-6;
        self.x + SLACK < other.right()
            && other.x + SLACK < self.right()
            && self.y + SLACK < other.bottom()
            && other.y + SLACK < self.bottom()
    }

    fn moved(self, [dx, dy]: [f64; 2]) -> Self {
        Self { x: self.x + dx, y: self.y + dy, ..self }
    }

    fn scaled(self, by: f64) -> Self {
        Self { x: self.x * by, y: self.y * by, w: self.w * by, h: self.h * by }
    }
}

/// Which way a text runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Right,
    Up,
}

/// A line of text that starts at its baseline's origin.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Text {
    pub(super) text: String,
    pub(super) x: f64,
    pub(super) y: f64,
    /// Font size in millimetres.
    pub(super) size: f64,
    pub(super) face: Face,
    pub(super) rgb: [u8; 3],
    pub(super) direction: Direction,
}

/// Height of capitals and figures of Liberation Sans, in em.
pub(super) const CAP_HEIGHT: f64 = 0.72;
/// How far letters reach below the baseline, in em.
pub(super) const DESCENT: f64 = 0.22;

#[cfg(test)]
impl Text {
    /// The area it covers.
    pub(super) fn bounds(&self) -> Rect {
        let (w, up, down) = (
            super::text::width(&self.text, self.face, self.size),
            CAP_HEIGHT * self.size,
            DESCENT * self.size,
        );
        match self.direction {
            Direction::Right => Rect { x: self.x, y: self.y - up, w, h: up + down },
            Direction::Up => Rect { x: self.x - up, y: self.y - w, w: up + down, h: w },
        }
    }
}

/// A colour bar; its ends are pointed where values lie beyond them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bar {
    pub(super) rect: Rect,
    pub(super) map: ColorMap,
    pub(super) below: bool,
    pub(super) above: bool,
    /// Height of a pointed end.
    pub(super) point: f64,
}

impl Bar {
    /// The usual height of a pointed end in millimetres.
    pub(super) const POINT: f64 = 1.2;

    /// Top and bottom of the part that stands for the limits.
    pub(super) fn scale(&self) -> (f64, f64) {
        let point = |there: bool| if there { self.point } else { 0.0 };
        (self.rect.y + point(self.above), self.rect.bottom() - point(self.below))
    }
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stroke {
    pub(super) rgb: [u8; 3],
    pub(super) width: f64,
    pub(super) dashed: bool,
}

impl Stroke {
    /// Lengths of a dash and of a gap in millimetres.
    pub(super) fn dash(self) -> [f64; 2] {
        [4.0 * self.width, 3.0 * self.width]
    }

    pub(super) const fn solid(rgb: [u8; 3], width: f64) -> Self {
        Self { rgb, width, dashed: false }
    }
}

/// The middle of a spot or cell, and its colour.
pub(super) type Mark = (f64, f64, [u8; 3]);

/// Something drawn; later items lie over earlier ones.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Item {
    /// The image of tissue number `tissue`.
    Image { tissue: usize, rect: Rect },
    /// Circles of one radius, as centre and colour, cut off at `clip` where they reach beyond it.
    Spots { circles: Vec<Mark>, radius: f64, opacity: f32, clip: Option<Rect> },
    /// Cells that meet, as middle and colour, with their corners around it, cut off at `clip`. There are `sides` corners for
    /// all of them, or as many for each.
    Cells { cells: Vec<Mark>, sides: usize, corners: Vec<[f64; 2]>, opacity: f32, clip: Rect },
    /// Strokes of the same length through the places at these middles, cut off at `clip`.
    Strikes { middles: Vec<(f64, f64)>, half: f64, clip: Option<Rect> },
    /// A colour bar.
    Bar(Bar),
    /// A colour that fades into another from left to right.
    Ramp { rect: Rect, from: [u8; 3], to: [u8; 3] },
    /// A straight black line.
    Line { from: [f64; 2], to: [f64; 2], width: f64 },
    /// Lines through points, or polygons where they are closed; a part that lies within another is a hole. `fill` is a
    /// colour and its opacity.
    Path {
        lines: Vec<Vec<[f64; 2]>>,
        closed: bool,
        fill: Option<([u8; 3], f32)>,
        stroke: Option<Stroke>,
        clip: Option<Rect>,
    },
    /// A line of text.
    Text(Text),
}

impl Item {
    /// The rectangle beyond which it is cut off.
    pub(super) fn clip(&self) -> Option<Rect> {
        match self {
            Self::Spots { clip, .. } | Self::Strikes { clip, .. } | Self::Path { clip, .. } => *clip,
            Self::Cells { clip, .. } => Some(*clip),
            Self::Image { .. } | Self::Bar(_) | Self::Ramp { .. } | Self::Line { .. } | Self::Text(_) => None,
        }
    }

    /// The same, `by` millimetres to the right and down, with its tissues counted from `first`.
    pub(super) fn moved(mut self, by: [f64; 2], first: usize) -> Self {
        let [dx, dy] = by;
        let moved_clip = |clip: &mut Option<Rect>| *clip = clip.map(|c| c.moved(by));
        match &mut self {
            Self::Image { tissue, rect } => (*tissue, *rect) = (*tissue + first, rect.moved(by)),
            Self::Spots { circles, clip, .. } => {
                circles.iter_mut().for_each(|(x, y, _)| (*x, *y) = (*x + dx, *y + dy));
                moved_clip(clip);
            }
            Self::Cells { cells, clip, .. } => {
                cells.iter_mut().for_each(|(x, y, _)| (*x, *y) = (*x + dx, *y + dy));
                *clip = clip.moved(by);
            }
            Self::Strikes { middles, clip, .. } => {
                middles.iter_mut().for_each(|(x, y)| (*x, *y) = (*x + dx, *y + dy));
                moved_clip(clip);
            }
            Self::Bar(bar) => bar.rect = bar.rect.moved(by),
            Self::Ramp { rect, .. } => *rect = rect.moved(by),
            Self::Line { from, to, .. } => {
                (*from, *to) = ([from[0] + dx, from[1] + dy], [to[0] + dx, to[1] + dy]);
            }
            Self::Path { lines, clip, .. } => {
                lines.iter_mut().flatten().for_each(|[x, y]| (*x, *y) = (*x + dx, *y + dy));
                moved_clip(clip);
            }
            Self::Text(text) => (text.x, text.y) = (text.x + dx, text.y + dy),
        }
        self
    }

    /// The same, so many times as large.
    pub(super) fn scaled(mut self, by: f64) -> Self {
        let points = |points: &mut Vec<[f64; 2]>| points.iter_mut().flatten().for_each(|v| *v *= by);
        let marks =
            |marks: &mut Vec<Mark>| marks.iter_mut().for_each(|(x, y, _)| (*x, *y) = (*x * by, *y * by));
        let scaled_clip = |clip: &mut Option<Rect>| *clip = clip.map(|c| c.scaled(by));
        match &mut self {
            Self::Image { rect, .. } | Self::Ramp { rect, .. } => *rect = rect.scaled(by),
            Self::Spots { circles, radius, clip, .. } => {
                marks(circles);
                *radius *= by;
                scaled_clip(clip);
            }
            Self::Cells { cells, corners, clip, .. } => {
                marks(cells);
                points(corners);
                *clip = clip.scaled(by);
            }
            Self::Strikes { middles, half, clip } => {
                middles.iter_mut().for_each(|(x, y)| (*x, *y) = (*x * by, *y * by));
                *half *= by;
                scaled_clip(clip);
            }
            Self::Bar(bar) => (bar.rect, bar.point) = (bar.rect.scaled(by), bar.point * by),
            Self::Line { from, to, width } => {
                (*from, *to, *width) = (from.map(|v| v * by), to.map(|v| v * by), *width * by);
            }
            Self::Path { lines, stroke, clip, .. } => {
                lines.iter_mut().for_each(points);
                *stroke = stroke.map(|s| Stroke { width: s.width * by, ..s });
                scaled_clip(clip);
            }
            Self::Text(text) => (text.x, text.y, text.size) = (text.x * by, text.y * by, text.size * by),
        }
        self
    }
}

/// A tissue image and the size at which it is embedded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Embedded<'a> {
    pub(super) tissue: &'a Tissue,
    /// The size at which it is drawn largest, in millimetres.
    pub(super) size: [f64; 2],
}

/// Everything on a page.
#[derive(Debug, Clone)]
pub(super) struct Drawing<'a> {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) background: Background,
    pub(super) tissues: Vec<Embedded<'a>>,
    pub(super) items: Vec<Item>,
}

impl Drawing<'_> {
    /// The same, so many times as large.
    pub(super) fn scaled(mut self, by: f64) -> Self {
        self.tissues.iter_mut().for_each(|t| t.size = t.size.map(|v| v * by));
        Self {
            width: self.width * by,
            height: self.height * by,
            items: self.items.into_iter().map(|item| item.scaled(by)).collect(),
            ..self
        }
    }
}
