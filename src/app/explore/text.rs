//! The page in words: the status line, and values for the clipboard.

use super::state::ExploreState;
use crate::core::display::PaneKind;

/// A whole number with its thousands apart: "12,345".
pub fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, d) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(d);
    }
    out
}

/// A value of a map as it is written: differences say which way.
pub fn value_text(map: PaneKind, value: f32) -> String {
    let text = match map {
        PaneKind::Difference => format!("{value:+.2}"),
        _ => format!("{value:.2}"),
    };
    text.replace('-', "−")
}

impl ExploreState {
    /// What is under the cursor: place, spot and values.
    pub fn status_line(&self) -> Option<String> {
        let index = self.index()?;
        let at = self.cursor.filter(|&p| self.camera.slide().contains(p))?;
        let [x, y] = at.to_um(index.section().mpp);
        let pixel = |v: f64| thousands(v.max(0.0) as usize);
        let mut text =
            format!("x {}  y {} px · {:.2}, {:.2} mm", pixel(at.x), pixel(at.y), x / 1000.0, y / 1000.0);
        if let Some(spot) = self.hovered_spot()
            && let Some(named) = index.spot_at(spot)
        {
            text += &format!(" · spot {}", named.id);
            for pane in [PaneKind::Measured, PaneKind::Predicted, PaneKind::Uncertainty] {
                if let Some(v) = self.map().values.at(pane, spot) {
                    text += &match pane {
                        PaneKind::Uncertainty => format!(" ± {v:.2}"),
                        _ => format!(" · {} {v:.2}", pane.name().to_lowercase()),
                    };
                }
            }
        }
        Some(text)
    }

    /// The values of the gene shown, one line a spot, as a table that spreadsheets take.
    pub fn values_as_table(&self) -> Option<String> {
        let (index, gene) = (self.index()?, self.gene()?);
        let columns: Vec<(&str, &[f32])> = [PaneKind::Measured, PaneKind::Predicted, PaneKind::Uncertainty]
            .into_iter()
            .filter_map(|p| Some((p.key(), self.map().values.of(p)?)))
            .collect();
        if columns.is_empty() {
            return None;
        }
        let section = index.section();
        let mut out = String::from("section\tspot\tx_um\ty_um\tgene");
        for (name, _) in &columns {
            out.push('\t');
            out += name;
        }
        out.push('\n');
        for (i, spot) in section.spots.iter().enumerate() {
            let [x, y] = spot.center.to_um(section.mpp);
            out += &format!("{}\t{}\t{x:.1}\t{y:.1}\t{gene}", section.name, spot.id);
            for (_, values) in &columns {
                out.push('\t');
                if let Some(v) = values.get(i).filter(|v| v.is_finite()) {
                    out += &format!("{v:.4}");
                }
            }
            out.push('\n');
        }
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_have_a_sign() {
        assert_eq!(value_text(PaneKind::Difference, 0.5), "+0.50");
        assert_eq!(value_text(PaneKind::Difference, -0.5), "−0.50");
        assert_eq!(value_text(PaneKind::Measured, 0.5), "0.50");
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(5412), "5,412");
        assert_eq!(thousands(1_234_567), "1,234,567");
    }
}
