//! How the gene list of the open project fits what its sections measured.

use std::sync::{Arc, Weak};

use crate::data::gene_choice::GeneChoice;
use crate::data::measured_genes::MeasuredGenes;
use crate::data::section::Section;

/// A section whose genes are known.
#[derive(Debug)]
struct Known {
    section: Weak<Section>,
    place: usize,
    name: String,
}

/// What the sections that are read measured, and which genes of the list can be trained on.
#[derive(Debug, Default)]
pub struct ProjectGenes {
    measured: MeasuredGenes,
    choice: GeneChoice,
    known: Vec<Known>,
    list: Vec<String>,
}

impl ProjectGenes {
    /// All genes that the sections measured.
    pub fn measured(&self) -> &MeasuredGenes {
        &self.measured
    }

    /// Which genes of the list can be trained on, and why the others cannot.
    pub fn choice(&self) -> &GeneChoice {
        &self.choice
    }

    /// Follows the project: the sections that are read, with their places in it, which of them take part in training, and
    /// its gene list. Cheap when nothing has changed.
    pub(in crate::app) fn follow(
        &mut self,
        sections: &[(usize, &Arc<Section>)],
        takes_part: impl Fn(&Arc<Section>) -> bool,
        list: &[String],
    ) {
        let is = |known: &Known, (place, section): &(usize, &Arc<Section>)| {
            known.place == *place
                && known.name == section.name
                && std::ptr::eq(known.section.as_ptr(), Arc::as_ptr(section))
        };
        let all_there = self.known.iter().all(|k| sections.iter().any(|s| is(k, s)));
        if !all_there {
            self.measured = MeasuredGenes::default();
            self.known.clear();
        }
        let new: Vec<_> = sections.iter().filter(|s| !self.known.iter().any(|k| is(k, s))).collect();
        if all_there && new.is_empty() && self.list == list {
            return;
        }
        for (place, section) in new {
            self.measured.add(*place, section);
            let (section, name) = (Arc::downgrade(section), section.name.clone());
            self.known.push(Known { section, place: *place, name });
        }
        self.list = list.to_vec();
        self.choice = if sections.iter().all(|(_, s)| takes_part(s)) {
            self.measured.choose(list)
        } else {
            // What a skipped section did not measure is no reason to leave a gene out.
            let taking_part = sections.iter().filter(|(_, s)| takes_part(s));
            MeasuredGenes::new(taking_part.map(|(_, s)| s.as_ref())).choose(list)
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::section;

    #[test]
    fn the_choice_follows_sections_and_list() {
        let list = ["A", "B", "HER2"].map(str::to_owned);
        let c2 = Arc::new(section("C2", &["A", "B", "ERBB2"], &[&[1.0, 2.0, 3.0]]));
        let c3 = Arc::new(section("C3", &["A", "ERBB2"], &[&[1.0, 2.0]]));
        let mut genes = ProjectGenes::default();
        genes.follow(&[], |_| true, &list);
        assert_eq!(genes.choice().used.len(), 3, "nothing is known yet");
        genes.follow(&[(1, &c3)], |_| true, &list);
        genes.follow(&[(0, &c2), (1, &c3)], |_| true, &list);
        assert_eq!(genes.choice().used, ["A", "ERBB2"]);
        assert_eq!(genes.choice().left_out_groups()[0].0, "Not measured in C3");
        genes.follow(&[(0, &c2)], |_| true, &list);
        assert_eq!(genes.choice().used, ["A", "B", "ERBB2"]);
        genes.follow(&[(0, &c2)], |_| true, &list[..1]);
        assert_eq!((genes.choice().used.len(), genes.measured().len()), (1, 3));
    }

    #[test]
    fn a_section_that_does_not_take_part_leaves_no_gene_out() {
        let list = ["A", "B"].map(str::to_owned);
        let c2 = Arc::new(section("C2", &["A", "B"], &[&[1.0, 2.0]]));
        let other = Arc::new(section("X", &["A"], &[&[1.0]]));
        let mut genes = ProjectGenes::default();
        genes.follow(&[(0, &c2), (1, &other)], |s| s.name != "X", &list);
        assert_eq!(genes.choice().used, ["A", "B"]);
        genes.follow(&[(0, &c2), (1, &other)], |_| true, &["A".to_owned(), "B".to_owned(), "C".to_owned()]);
        assert_eq!(genes.choice().used, ["A"]);
    }
}
