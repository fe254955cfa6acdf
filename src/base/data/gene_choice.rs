//! Which genes of a list are used, which are not, and why.

/// Why a gene of a list is not used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum WhyLeftOut {
    /// These sections did not measure it.
    NotMeasured(Vec<String>),
    /// No section measured it.
    Unknown,
    /// It is the gene of this name, which the list has already.
    SameAs(String),
}

/// A gene of a list that is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// As the list has it.
    pub gene: String,
    /// The gene that is meant, where its name is another.
    pub means: Option<String>,
    /// Why.
    pub why: WhyLeftOut,
}

impl LeftOut {
    /// The gene that is meant.
    pub fn symbol(&self) -> &str {
        self.means.as_deref().unwrap_or(&self.gene)
    }

    /// How it is named to the user: "PGR", "HER2 (ERBB2)".
    pub fn label(&self) -> String {
        match &self.means {
            Some(symbol) => format!("{} ({symbol})", self.gene),
            None => self.gene.clone(),
        }
    }
}

/// A gene list, held against what the sections measured.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GeneChoice {
    /// Genes that every section measured, each once, in the order of the list.
    pub used: Vec<String>,
    /// The others.
    pub left_out: Vec<LeftOut>,
    /// Names of the list that mean genes of other names: "HER2" and "ERBB2".
    pub renamed: Vec<(String, String)>,
}

impl GeneChoice {
    /// Names of the genes that are left out, as the list has them.
    pub fn left_out_names(&self) -> Vec<String> {
        self.left_out.iter().map(|l| l.gene.clone()).collect()
    }

    /// Why no gene is left, in a sentence that names all.
    pub fn nothing_left(&self) -> String {
        format!(
            "None of the genes in the list was measured in every section, so there is nothing to train on. Add genes \
             that all sections have, or leave sections out. {}",
            self.left_out_text()
        )
    }

    /// The genes that are left out by why: "Not measured in C2" and their names. All of them.
    pub fn left_out_groups(&self) -> Vec<(String, Vec<String>)> {
        let mut groups: Vec<(&WhyLeftOut, Vec<String>)> = Vec::new();
        for left in &self.left_out {
            match groups.iter_mut().find(|(known, _)| **known == left.why) {
                Some((_, genes)) => genes.push(left.label()),
                None => groups.push((&left.why, vec![left.label()])),
            }
        }
        groups.sort_by(|a, b| a.0.cmp(b.0));
        let title = |why: &WhyLeftOut| match why {
            WhyLeftOut::NotMeasured(sections) => format!("Not measured in {}", sections.join(", ")),
            WhyLeftOut::Unknown => "Not measured in any section".to_owned(),
            WhyLeftOut::SameAs(gene) => format!("The same gene as {gene}"),
        };
        groups.into_iter().map(|(why, genes)| (title(why), genes)).collect()
    }

    /// The same as one text: "Not measured in C2: PGR, ESR1. Not measured in any section: X."
    fn left_out_text(&self) -> String {
        let groups = self.left_out_groups();
        let texts: Vec<String> =
            groups.iter().map(|(why, genes)| format!("{why}: {}.", genes.join(", "))).collect();
        texts.join(" ")
    }

    /// How many genes are left out and why, in a sentence; `None` where none is.
    pub fn left_out_headline(&self) -> Option<String> {
        let (n, all) = (self.left_out.len(), self.left_out.len() + self.used.len());
        let repeated = self.left_out.iter().any(|l| matches!(l.why, WhyLeftOut::SameAs(_)));
        let why = match (repeated, n) {
            (_, 0) => return None,
            (false, 1) => "was not measured in every section",
            (false, _) => "were not measured in every section",
            (true, 1) => "is named twice",
            (true, _) => "are named twice or were not measured in every section",
        };
        Some(format!("{n} of the {all} genes {why}."))
    }

    /// What names were taken for, in a sentence; `None` where all are those of genes.
    pub fn renamed_text(&self) -> Option<String> {
        let pairs: Vec<String> =
            self.renamed.iter().map(|(typed, gene)| format!("{typed} as {gene}")).collect();
        (!pairs.is_empty()).then(|| format!("Understood {}.", pairs.join(", ")))
    }

    /// What a log says of the list: every gene that is left out, and what names were taken for.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(headline) = self.left_out_headline() {
            let they = if self.left_out.len() == 1 { "It is" } else { "They are" };
            notes.push(format!("{headline} {} {they} left out.", self.left_out_text()));
        }
        notes.extend(self.renamed_text());
        notes
    }
}
