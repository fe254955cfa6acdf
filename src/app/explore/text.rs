//! The page in words: the status line, and values for the clipboard.

use super::state::ExploreState;
use super::values::MapValues;
use crate::core::display::PaneKind;
use crate::core::target::ExpressionScale;
pub use crate::core::text::thousands;
use crate::evaluate::judgement::MIN_PCC;

/// A correlation with two decimals: "\u{2212}0.03", and never "\u{2212}0.00". One that only rounding would lift to a
/// limit of the judgement beside it has a third, which is cut off: "0.199".
pub fn correlation_text(r: f64) -> String {
    let is_lifted = |limit: f64| r < limit && (r * 100.0).round() >= (limit * 100.0).round();
    let (good, fair) = MIN_PCC;
    let text = match is_lifted(good) || is_lifted(fair) {
        true => format!("{:.3}", (r * 1000.0).floor() / 1000.0),
        false => format!("{r:.2}"),
    };
    if text == "-0.00" { "0.00".to_owned() } else { text.replace('-', "\u{2212}") }
}

/// A value of a map as it is written: differences say which way.
pub fn value_text(map: PaneKind, value: f32) -> String {
    let text = if map.is_signed() { format!("{value:+.2}") } else { format!("{value:.2}") };
    text.replace('-', "−")
}

/// The values at a spot with what they mean: " · measured 1.20 · predicted 1.50 ± 0.30 · log10(1 + CP10k), selected
/// genes". `after_interval` follows the uncertainty.
pub fn values_text(values: &MapValues, spot: usize, after_interval: &str) -> String {
    let value = |pane| Some((values.maps.at(pane, spot)?, values.maps.scale(pane)?));
    let number = |v: f32| format!("{v:.2}").replace('-', "−");
    let measured = value(PaneKind::Measured).map(|(v, scale)| (format!("measured {}", number(v)), scale));
    let predicted = value(PaneKind::Predicted).map(|(v, scale)| {
        let interval =
            values.maps.at(PaneKind::Uncertainty, spot).map(|u| format!(" ± {u:.2}{after_interval}"));
        let interval = interval.unwrap_or_default();
        (format!("predicted {}{interval}", number(v)), scale)
    });
    match (measured, predicted) {
        (Some((m, a)), Some((p, b))) if a == b => format!(" · {m} · {p} · {}", a.unit()),
        (m, p) => m.into_iter().chain(p).map(|(text, s)| format!(" · {text} [{}]", s.unit())).collect(),
    }
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
            text += &values_text(&self.map().values, spot, "");
        }
        Some(text)
    }

    /// The values of the gene shown, one line per spot, as a table that spreadsheets take. The last columns say
    /// what the values mean.
    pub fn values_as_table(&self) -> Option<String> {
        let (index, gene) = (self.index()?, self.gene()?);
        let values = &self.map().values;
        let columns: Vec<(&str, &[f32])> = [PaneKind::Measured, PaneKind::Predicted, PaneKind::Uncertainty]
            .into_iter()
            .filter_map(|p| Some((p.key(), values.maps.pane(p)?)))
            .collect();
        let scales: Vec<(&str, ExpressionScale)> = [
            ("measured_scale", values.maps.scale(PaneKind::Measured)),
            ("predicted_scale", values.maps.scale(PaneKind::Predicted)),
        ]
        .into_iter()
        .filter_map(|(name, scale)| Some((name, scale?)))
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
        for (name, _) in &scales {
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
            for (_, scale) in &scales {
                out.push('\t');
                out += scale.unit();
            }
            out.push('\n');
        }
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::expression_maps::ExpressionMaps;

    #[test]
    fn no_correlation_is_lifted_to_a_limit_that_it_does_not_reach() {
        let told = [0.2, 0.1996, 0.195, 0.1949, 0.3999, 0.4, -0.004, -0.199].map(correlation_text);
        assert_eq!(told, ["0.20", "0.199", "0.195", "0.19", "0.399", "0.40", "0.00", "\u{2212}0.20"]);
    }

    #[test]
    fn differences_have_a_sign() {
        assert_eq!(value_text(PaneKind::Difference, 0.5), "+0.50");
        assert_eq!(value_text(PaneKind::Difference, -0.5), "−0.50");
        assert_eq!(value_text(PaneKind::Measured, 0.5), "0.50");
    }

    #[test]
    fn values_say_what_they_mean() {
        let (selected, all) = (ExpressionScale::Log10Selected, ExpressionScale::Log10All);
        let shown = |measured, predicted: Option<f32>| {
            let predicted = predicted.map(|mean| (vec![mean], Some(vec![0.3]), selected));
            let maps = ExpressionMaps::new(Some((vec![1.2], measured)), predicted);
            values_text(&MapValues { maps, ..MapValues::default() }, 0, "")
        };
        assert_eq!(shown(all, None), " · measured 1.20 [log10(1 + CP10k), all genes]");
        assert_eq!(
            shown(selected, Some(1.5)),
            " · measured 1.20 · predicted 1.50 ± 0.30 · log10(1 + CP10k), selected genes"
        );
        assert_eq!(
            shown(ExpressionScale::AsInFile, Some(1.5)),
            " · measured 1.20 [as in the file (normalised)] · predicted 1.50 ± 0.30 [log10(1 + CP10k), selected genes]"
        );
        assert_eq!(values_text(&MapValues::default(), 0, ""), "");
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(5412), "5,412");
        assert_eq!(thousands(1_234_567), "1,234,567");
    }
}
