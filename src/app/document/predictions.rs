//! The predictions that were read or made, by run, section and the places they are at.

use std::sync::Arc;

use crate::app::project::{Renamed, key};
use crate::data::project::SectionEntry;
use crate::jobs::reach::SlideReach;
use crate::jobs::request::Request;
use crate::predict::Predictions;

/// The most predictions of one slide by one run that are kept, each for other places.
const MAX_PLACES: usize = 4;
/// The most values of predictions for places that a slide has no more; undoing an edit brings them back.
const MAX_FORMER_VALUES: usize = 64_000_000;

/// What tells the places of a section: nothing where it has spots, and for a slide without measurements what its grid and
/// its tissue follow from.
pub fn places_key(entry: &SectionEntry) -> String {
    if entry.is_measured() { String::new() } else { key(entry) }
}

/// The same of the places that a request predicts, if it predicts any.
pub fn predicted_places(request: &Request) -> Option<String> {
    match request {
        Request::Predict { snapshot, section, .. } => snapshot.project.section(section).map(places_key),
        _ => None,
    }
}

/// A prediction.
#[derive(Debug)]
struct Kept {
    run: String,
    section: String,
    places: String,
    predictions: Arc<Predictions>,
    reach: Option<Arc<SlideReach>>,
}

impl Kept {
    fn is_of(&self, run: &str, section: &str) -> bool {
        self.run == run && self.section == section
    }

    fn values(&self) -> usize {
        2 * self.predictions.mean.as_slice().len()
    }
}

/// All of them.
#[derive(Debug, Default)]
pub struct PredictionStore {
    /// The latest last.
    kept: Vec<Kept>,
}

impl PredictionStore {
    /// Keeps what `run` predicts at `places`, in place of what it predicted there before, and how the slide compares with
    /// what the run was trained on.
    pub fn keep(
        &mut self,
        run: &str,
        places: &str,
        predictions: Arc<Predictions>,
        reach: Option<Arc<SlideReach>>,
    ) {
        let section = predictions.section.clone();
        self.kept.retain(|k| !(k.is_of(run, &section) && k.places == places));
        let same = |k: &Kept| k.is_of(run, &section);
        while self.kept.iter().filter(|k| same(k)).count() >= MAX_PLACES {
            self.remove_first(same);
        }
        // What was kept before for the same slide may not be wanted any more.
        let former = |kept: &[Kept]| kept.iter().filter(|k| same(k)).map(Kept::values).sum::<usize>();
        while former(&self.kept) > MAX_FORMER_VALUES {
            self.remove_first(same);
        }
        let (run, places) = (run.to_owned(), places.to_owned());
        self.kept.push(Kept { run, section, places, predictions, reach });
    }

    fn remove_first(&mut self, is: impl Fn(&Kept) -> bool) {
        if let Some(first) = self.kept.iter().position(is) {
            self.kept.remove(first);
        }
    }

    fn find(&self, run: &str, section: &str, places: &str) -> Option<&Kept> {
        self.kept.iter().find(|k| k.is_of(run, section) && k.places == places)
    }

    /// What `run` predicts for `section` at `places`, if that was read or made.
    pub fn get(&self, run: &str, section: &str, places: &str) -> Option<&Arc<Predictions>> {
        Some(&self.find(run, section, places)?.predictions)
    }

    /// How `section` compares with what `run` was trained on, where that is known.
    pub fn reach(&self, run: &str, section: &str, places: &str) -> Option<&Arc<SlideReach>> {
        self.find(run, section, places)?.reach.as_ref()
    }

    /// Forgets the predictions of a run.
    pub fn forget_run(&mut self, run: &str) {
        self.kept.retain(|k| k.run != run);
    }

    /// Calls sections by other names.
    pub(in crate::app) fn rename(&mut self, renamed: &Renamed) {
        let is_in = |name: &String| renamed.contains_key(name);
        let rename = |name: &mut String| {
            if let Some(now) = renamed.get(name.as_str()) {
                name.clone_from(now);
            }
        };
        for kept in &mut self.kept {
            rename(&mut kept.section);
            let predictions = &mut kept.predictions;
            if is_in(&predictions.section) || predictions.bank_spots.iter().any(|b| is_in(&b.section)) {
                let predictions = Arc::make_mut(predictions);
                rename(&mut predictions.section);
                predictions.bank_spots.iter_mut().for_each(|b| rename(&mut b.section));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::matrix::Matrix;
    use crate::core::places::{GridSettings, Stroke};

    fn predictions(section: &str, values: usize) -> Arc<Predictions> {
        Arc::new(Predictions {
            section: section.into(),
            spots: Vec::new(),
            genes: Vec::new(),
            mean: Matrix::from_fn(values, 1, |_, _| 0.0),
            uncertainty: Matrix::default(),
            retrieved: Vec::new(),
            bank_spots: Vec::new(),
        })
    }

    #[test]
    fn predictions_are_those_of_the_places() {
        let mut store = PredictionStore::default();
        for places in ["a", "b", "a", "c", "d", "e"] {
            store.keep("run", places, predictions("S", 3), None);
        }
        assert_eq!(store.kept.len(), MAX_PLACES);
        assert!(store.get("run", "S", "b").is_none(), "the oldest is gone");
        assert!(store.get("run", "S", "a").is_some() && store.get("run", "S", "").is_none());
        store.keep("run", "", predictions("C1", 3), None);
        store.keep("other", "a", predictions("S", 3), None);
        assert_eq!(store.kept.len(), MAX_PLACES + 2);
        store.forget_run("run");
        assert!(store.get("run", "C1", "").is_none() && store.get("other", "S", "a").is_some());
    }

    #[test]
    fn every_setting_of_a_slide_makes_other_places() {
        let slide = SectionEntry::slide("S", "s.svs".into(), Some(0.5));
        let mut all = vec![places_key(&slide)];
        let grid = GridSettings { pitch_um: 50.0, ..GridSettings::default() };
        all.push(places_key(&SectionEntry { grid: Some(grid), ..slide.clone() }));
        let mut painted = slide.clone();
        painted.tissue.strokes.push(Stroke { center: Default::default(), radius: 3.0, is_tissue: true });
        all.push(places_key(&painted));
        painted.tissue.threshold = Some(0.05);
        all.push(places_key(&painted));
        all.dedup();
        assert_eq!(all.len(), 4);
        let renamed = SectionEntry { name: "T".into(), ..painted };
        assert_eq!(places_key(&renamed), all[3]);
        assert_eq!(places_key(&SectionEntry::legacy("C1", "c".into(), "s".into(), "i".into())), "");
    }
}
