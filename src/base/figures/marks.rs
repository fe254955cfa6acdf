//! Spots, cells, strokes and paths of a drawing as SVG, grouped so that each is written as briefly as possible.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::drawing::{Mark, Stroke};
use super::svg::{Hex, Num};

/// By how much cells overlap, as a share of their size, and at most, in millimetres: between edges that only meet, paper
/// would shine through where programs soften them.
const OVERLAP: (f64, f64) = (0.08, 0.15);
/// Width of a stroke through a place in millimetres, and at most as a share of its length.
const STRIKE: (f64, f64) = (0.18, 0.2);

/// Circles.
pub(super) fn spots(out: &mut String, circles: &[Mark], radius: f64) {
    let radius = Num(radius);
    let mut by_color: BTreeMap<[u8; 3], Vec<(f64, f64)>> = BTreeMap::new();
    for &(x, y, rgb) in circles {
        by_color.entry(rgb).or_default().push((x, y));
    }
    for (rgb, centers) in by_color {
        let _ = write!(out, "<g fill=\"{}\">", Hex(rgb));
        for (x, y) in centers {
            let _ = write!(out, "<circle cx=\"{}\" cy=\"{}\" r=\"{radius}\"/>", Num(x), Num(y));
        }
        out.push_str("</g>\n");
    }
}

/// Polygons with `sides` corners around their middles, the same for all or each its own.
pub(super) fn cells(out: &mut String, cells: &[Mark], sides: usize, corners: &[[f64; 2]]) {
    let width = overlap(corners);
    let mut by_color: BTreeMap<[u8; 3], Vec<usize>> = BTreeMap::new();
    for (i, (.., rgb)) in cells.iter().enumerate() {
        by_color.entry(*rgb).or_default().push(i);
    }
    for (rgb, of_color) in by_color {
        let color = Hex(rgb);
        let _ = write!(
            out,
            "<path fill=\"{color}\" stroke=\"{color}\" stroke-width=\"{}\" stroke-linejoin=\"round\" d=\"",
            Num(width)
        );
        for cell in of_color {
            let Some((x, y, _)) = cells.get(cell) else { continue };
            for (i, [dx, dy]) in corners_of(corners, cell, sides).iter().enumerate() {
                let _ = write!(out, "{}{} {}", if i == 0 { 'M' } else { 'L' }, Num(x + dx), Num(y + dy));
            }
            out.push('Z');
        }
        out.push_str("\"/>\n");
    }
}

/// Strokes that rise to the right through `middles`, `half` as far to each side.
pub(super) fn strikes(out: &mut String, middles: &[(f64, f64)], half: f64, clip: &str) {
    let all = 2.0 * half;
    let mut path = String::new();
    for (x, y) in middles {
        let _ = write!(path, "M{} {}l{} {}", Num(x - half), Num(y + half), Num(all), Num(-all));
    }
    for (rgb, opacity, width) in strike_lines(half) {
        let color = Hex(rgb);
        let _ = writeln!(
            out,
            "<path stroke=\"{color}\" stroke-opacity=\"{opacity}\" stroke-width=\"{}\"{clip} d=\"{path}\"/>",
            Num(width)
        );
    }
}

/// The lines of a stroke through a place that reaches `half` to each side: colour, opacity and width. The wider one beneath
/// is for dark colours.
pub(super) fn strike_lines(half: f64) -> [([u8; 3], f32, f64); 2] {
    let width = STRIKE.0.min(half * STRIKE.1);
    [([255, 255, 255], 0.45, 2.5 * width), ([20, 20, 24], 0.85, width)]
}

/// By how much cells with such corners overlap.
pub(super) fn overlap(corners: &[[f64; 2]]) -> f64 {
    corners.first().map_or(0.0, |[x, y]| (2.0 * x.hypot(*y) * OVERLAP.0).min(OVERLAP.1))
}

/// The corners of cell number `cell` around its middle.
pub(super) fn corners_of(corners: &[[f64; 2]], cell: usize, sides: usize) -> &[[f64; 2]] {
    corners.get(cell * sides..(cell + 1) * sides).or_else(|| corners.get(..sides)).unwrap_or_default()
}

/// Lines through points, or polygons.
pub(super) fn path(
    out: &mut String,
    lines: &[Vec<[f64; 2]>],
    closed: bool,
    fill: Option<([u8; 3], f32)>,
    stroke: Option<Stroke>,
    clip: &str,
) {
    out.push_str("<path");
    match fill {
        Some((rgb, opacity)) => {
            let _ = write!(out, " fill=\"{}\" fill-rule=\"evenodd\"", Hex(rgb));
            if opacity < 1.0 {
                let _ = write!(out, " fill-opacity=\"{}\"", Num(f64::from(opacity)));
            }
        }
        None => out.push_str(" fill=\"none\""),
    }
    if let Some(stroke) = stroke {
        let _ = write!(
            out,
            " stroke=\"{}\" stroke-width=\"{}\" stroke-linejoin=\"round\"",
            Hex(stroke.rgb),
            Num(stroke.width)
        );
        if stroke.dashed {
            let [dash, gap] = stroke.dash();
            let _ = write!(out, " stroke-dasharray=\"{} {}\"", Num(dash), Num(gap));
        }
    }
    let _ = write!(out, "{clip} d=\"");
    for line in lines {
        for (i, [x, y]) in line.iter().enumerate() {
            let _ = write!(out, "{}{} {}", if i == 0 { 'M' } else { 'L' }, Num(*x), Num(*y));
        }
        if closed {
            out.push('Z');
        }
    }
    out.push_str("\"/>\n");
}
