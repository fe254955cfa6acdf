//! A figure after layout: what is drawn where, in millimetres from the top left corner.

use super::figure::{Background, Tissue};
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
}

impl Bar {
    /// Height of a pointed end.
    pub(super) const POINT: f64 = 1.2;

    /// Top and bottom of the part that stands for the limits.
    pub(super) fn scale(&self) -> (f64, f64) {
        let point = |there: bool| if there { Self::POINT } else { 0.0 };
        (self.rect.y + point(self.above), self.rect.bottom() - point(self.below))
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
    /// A straight black line.
    Line { from: [f64; 2], to: [f64; 2], width: f64 },
    /// A line of text.
    Text(Text),
}

impl Item {
    /// The rectangle beyond which it is cut off.
    pub(super) fn clip(&self) -> Option<Rect> {
        match self {
            Self::Spots { clip, .. } | Self::Strikes { clip, .. } => *clip,
            Self::Cells { clip, .. } => Some(*clip),
            Self::Image { .. } | Self::Bar(_) | Self::Line { .. } | Self::Text(_) => None,
        }
    }
}

/// A tissue image and the size at which it is embedded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Embedded<'a> {
    pub(super) tissue: &'a Tissue,
    /// The size at which it is drawn largest, in millimetres.
    pub(super) size: [f64; 2],
}

/// Everything on the page.
#[derive(Debug, Clone)]
pub(super) struct Drawing<'a> {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) background: Background,
    pub(super) tissues: Vec<Embedded<'a>>,
    pub(super) items: Vec<Item>,
}
