//! Round numbers for people: ticks of colour bars, lengths of scale bars.

/// Round values within `low..=high`, at most `most` of them and at least two where the range holds two;
/// with the number of decimals they need. Steps are 1, 2 or 5 times a power of ten.
pub(super) fn ticks(low: f64, high: f64, most: usize) -> (Vec<f64>, usize) {
    let span = high - low;
    if !(span.is_finite() && span > 0.0) {
        return (vec![low], 2);
    }
    let most = most.max(2);
    // From fine to coarse, the first step that is coarse enough. The first one is always too fine: it
    // fits into the range more than ten times as often as wanted.
    let start = (span / most as f64).log10().floor() as i32 - 1;
    let mut finer = (Vec::new(), 0);
    for (power, factor) in (start..start + 4).flat_map(|p| [1.0, 2.0, 5.0].map(|f| (p, f))) {
        let step = factor * 10f64.powi(power);
        // A limit a hair off a round value still gets its tick.
        let slack = 1e-6 * span;
        let (first, last) = (((low - slack) / step).ceil(), ((high + slack) / step).floor());
        let count = (last - first + 1.0).max(0.0) as usize;
        let decimals = usize::try_from(-power).unwrap_or(0);
        // Adding 0 turns -0 into 0.
        let values = (0..count).map(|i| (first + i as f64) * step + 0.0).collect::<Vec<f64>>();
        if count < 2 {
            break;
        }
        if count <= most {
            return (values, decimals);
        }
        finer = (values, decimals);
    }
    // Too many at one step and too few at the next: the outermost of the finer ones say the most.
    let (values, decimals) = finer;
    (values.first().into_iter().chain(values.last()).copied().collect(), decimals)
}

/// A number with a true minus sign.
pub(super) fn number(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    // "-0.0" is zero.
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| c == '0' || c == '.') => rest.to_owned(),
        Some(rest) => format!("\u{2212}{rest}"),
        None => text,
    }
}

/// A number with at most so many decimals, without zeros at its end.
pub(super) fn plain(value: f64, decimals: usize) -> String {
    let text = number(value, decimals);
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// The longest of 1, 2, 5 times a power of ten micrometres that is at most `most_um`, with its label.
pub(super) fn scale_bar(most_um: f64) -> (f64, String) {
    let power = 10f64.powf(most_um.max(1e-3).log10().floor());
    let um = [5.0, 2.0, 1.0].into_iter().map(|f| f * power).find(|l| *l <= most_um).unwrap_or(power);
    let label =
        if um >= 1000.0 { format!("{} mm", round(um / 1000.0)) } else { format!("{} \u{b5}m", round(um)) };
    (um, label)
}

/// Without the noise of binary fractions.
fn round(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within() {
        assert_eq!(ticks(0.0, 2.22, 5), (vec![0.0, 0.5, 1.0, 1.5, 2.0], 1));
        assert_eq!(ticks(-1.3, 1.3, 3), (vec![-1.0, 0.0, 1.0], 0));
        assert_eq!(ticks(0.0, 1.0, 3), (vec![0.0, 0.5, 1.0], 1));
        assert_eq!(ticks(0.13, 0.19, 4).1, 2);
        assert_eq!(ticks(1.0, 1.0, 4).0, [1.0]);
        assert_eq!(ticks(0.0, 4.4, 2), (vec![0.0, 4.0], 0));
        for most in 2..8 {
            for high in [0.003, 0.7, 1.9, 4.4, 37.0, 1234.0] {
                let (t, _) = ticks(0.0, high, most);
                assert!(t.len() <= most && t.len() >= 2, "{most} {high}: {t:?}");
                assert!(t.iter().all(|v| (0.0..=high * 1.001).contains(v)));
            }
        }
    }

    #[test]
    fn numbers_have_a_minus_sign_and_no_negative_zero() {
        assert_eq!(number(-0.5, 1), "\u{2212}0.5");
        assert_eq!(number(-0.001, 1), "0.0");
        assert_eq!(number(2.0, 0), "2");
        assert_eq!(
            (plain(170.0, 1), plain(66.8, 1), plain(0.04, 1)),
            ("170".into(), "66.8".into(), "0".into())
        );
    }

    #[test]
    fn scale_bars_are_round() {
        assert_eq!(scale_bar(1900.0), (1000.0, "1 mm".to_owned()));
        assert_eq!(scale_bar(990.0), (500.0, "500 \u{b5}m".to_owned()));
        assert_eq!(scale_bar(2000.0).1, "2 mm");
        assert_eq!(scale_bar(23.0).1, "20 \u{b5}m");
    }
}
