//! Spots, cells and strokes of a drawing as SVG, grouped so that each is written as briefly as possible.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::drawing::Mark;
use super::svg::{Hex, Num};

/// By how much cells overlap, as a share of their size, and at most, in millimetres: between edges that only meet, paper
/// would shine through where programs soften them.
const OVERLAP: (f64, f64) = (0.08, 0.15);
/// Width of a stroke through a place in millimetres, and at most as a share of its length.
const STRIKE: (f64, f64) = (0.18, 0.2);

fn by_color(marks: &[Mark]) -> BTreeMap<[u8; 3], Vec<(f64, f64)>> {
    let mut by_color: BTreeMap<[u8; 3], Vec<(f64, f64)>> = BTreeMap::new();
    for &(x, y, rgb) in marks {
        by_color.entry(rgb).or_default().push((x, y));
    }
    by_color
}

/// Circles.
pub(super) fn spots(out: &mut String, circles: &[Mark], radius: f64) {
    let radius = Num(radius);
    for (rgb, centers) in by_color(circles) {
        let _ = write!(out, "<g fill=\"{}\">", Hex(rgb));
        for (x, y) in centers {
            let _ = write!(out, "<circle cx=\"{}\" cy=\"{}\" r=\"{radius}\"/>", Num(x), Num(y));
        }
        out.push_str("</g>\n");
    }
}

/// Polygons with these corners around their middles.
pub(super) fn cells(out: &mut String, cells: &[Mark], corners: &[[f64; 2]]) {
    let Some((first, rest)) = corners.split_first() else { return };
    let width = (2.0 * first[0].hypot(first[1]) * OVERLAP.0).min(OVERLAP.1);
    let mut around = String::new();
    let mut last = first;
    for corner in rest {
        let _ = write!(around, " {} {}", Num(corner[0] - last[0]), Num(corner[1] - last[1]));
        last = corner;
    }
    for (rgb, middles) in by_color(cells) {
        let color = Hex(rgb);
        let _ = write!(
            out,
            "<path fill=\"{color}\" stroke=\"{color}\" stroke-width=\"{}\" stroke-linejoin=\"round\" d=\"",
            Num(width)
        );
        for (x, y) in middles {
            let _ = write!(out, "M{} {}l{}z", Num(x + first[0]), Num(y + first[1]), around.trim_start());
        }
        out.push_str("\"/>\n");
    }
}

/// Strokes that rise to the right through `middles`, `half` as far to each side.
pub(super) fn strikes(out: &mut String, middles: &[(f64, f64)], half: f64, clip: &str) {
    let width = STRIKE.0.min(half * STRIKE.1);
    let _ = write!(
        out,
        "<path stroke=\"#141418\" stroke-opacity=\"0.82\" stroke-width=\"{}\"{clip} d=\"",
        Num(width)
    );
    let all = 2.0 * half;
    for (x, y) in middles {
        let _ = write!(out, "M{} {}l{} {}", Num(x - half), Num(y + half), Num(all), Num(-all));
    }
    out.push_str("\"/>\n");
}
