//! The text beneath a figure.

use super::figure::{Figure, PanelLetters};
use super::layout::letter_text;
use super::panel::{Facts, Panel, PlacedPanel};

/// A caption of `figure`: what each panel shows and the facts that belong to it, panel by panel, as one paragraph.
pub fn caption(figure: &Figure) -> String {
    let lettered = figure.style.letters != PanelLetters::None && figure.maps().is_none();
    let sentences = figure.panels.iter().enumerate().map(|(i, placed)| {
        let what = first_upper(&what(placed));
        let start = if lettered {
            format!("({}) {what}.", letter_text(i, figure.style.letter_case))
        } else {
            format!("{what}.")
        };
        let facts = facts(&placed.facts);
        if facts.is_empty() { start } else { format!("{start} {facts}") }
    });
    sentences.collect::<Vec<_>>().join(" ")
}

/// What a panel shows, without a full stop.
fn what(placed: &PlacedPanel) -> String {
    let kind = match &placed.panel {
        Panel::Maps(grid) => {
            let title = grid.title();
            if title.is_empty() { "maps on tissue".to_owned() } else { format!("maps of {title}") }
        }
        Panel::Scatter(s) => format!("{} vs. {}", s.y.label, s.x.label),
        Panel::Volcano(v) => {
            let lines = format!("volcano plot; dashed lines at an adjusted p of {}", v.max_p);
            match v.min_log2_fold > 0.0 {
                true => format!("{lines} and a log2 fold change of \u{b1}{}", v.min_log2_fold),
                false => lines.replace("lines", "line"),
            }
        }
        Panel::DotPlot(d) => {
            format!("size, percentage of spots that express the gene; colour, {}", d.mean_label)
        }
        Panel::Curves(c) => format!("{} vs. {}", c.y.label, c.x.label),
        Panel::Scores(s) => s.axis.label.clone(),
        Panel::RegionLegend(_) => "classes of outlined regions".to_owned(),
        Panel::GeneMix(m) => {
            let names: Vec<&str> = m.genes.iter().map(|g| g.name.as_str()).collect();
            format!("{} in colours that add up", names.join(", "))
        }
    };
    match &placed.title {
        Some(title) => format!("{}: {kind}", title.trim_end_matches('.')),
        None => kind,
    }
}

fn facts(facts: &Facts) -> String {
    let named = [
        ("n = ", &facts.n),
        ("PCC = ", &facts.pcc),
        ("expression as ", &facts.target),
        ("predicted by ", &facts.run),
    ];
    let short: Vec<String> =
        named.into_iter().filter_map(|(name, value)| Some(format!("{name}{}", value.as_ref()?))).collect();
    let mut sentences: Vec<String> = Vec::new();
    if !short.is_empty() {
        // "n" and "PCC" are symbols, which keep their case at the start of a sentence.
        let joined = short.join("; ");
        let is_symbol = joined.starts_with("n = ") || joined.starts_with("PCC");
        sentences.push(format!("{}.", if is_symbol { joined } else { first_upper(&joined) }));
    }
    let closed = |s: &String| if s.ends_with('.') { s.clone() } else { format!("{s}.") };
    sentences.extend(facts.remarks.iter().filter(|s| !s.is_empty()).map(closed));
    sentences.join(" ")
}

fn first_upper(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::panel::{Axis, Scatter, Span};
    use super::super::{LetterCase, Style};
    use super::*;

    #[test]
    fn captions_say_what_the_panels_show() {
        let scatter = Scatter {
            x: Axis::new("measured GNAS"),
            y: Axis::new("predicted GNAS"),
            points: vec![[0.0, 0.0]],
            ..Scatter::default()
        };
        let facts = Facts {
            n: Some("346 spots of C4".into()),
            pcc: Some("0.54".into()),
            run: Some("run-3".into()),
            remarks: vec!["The section was held out".into()],
            ..Facts::default()
        };
        let panel = PlacedPanel { title: None, span: Span::Half, facts, panel: Panel::Scatter(scatter) };
        let other = PlacedPanel { title: Some("Again".into()), facts: Facts::default(), ..panel.clone() };
        let style =
            Style { letters: PanelLetters::Panels, letter_case: LetterCase::Upper, ..Style::default() };
        let figure = Figure { panels: vec![panel, other], style };
        assert_eq!(
            caption(&figure),
            "(A) Predicted GNAS vs. measured GNAS. n = 346 spots of C4; PCC = 0.54; predicted by run-3. The section was held \
             out. (B) Again: predicted GNAS vs. measured GNAS."
        );
    }
}
