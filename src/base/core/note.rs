//! Remarks on a run that are kept with it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How the remark on a loss at chance began in versions that stored remarks as plain text only.
const OLD_AT_CHANCE: &str = "The contrastive loss did not ";

/// A remark on a run, one or more sentences. Stored as text, or as an object where it means more than its text says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub enum Note {
    /// Its text is all there is to it.
    General(String),
    /// The contrastive loss stayed at chance.
    AtChance(String),
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Stored {
    Text(String),
    AtChance { at_chance: String },
}

impl From<Stored> for Note {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Text(text) if text.starts_with(OLD_AT_CHANCE) => Self::AtChance(text),
            Stored::Text(text) => Self::General(text),
            Stored::AtChance { at_chance } => Self::AtChance(at_chance),
        }
    }
}

impl From<Note> for Stored {
    fn from(note: Note) -> Self {
        match note {
            Note::General(text) => Self::Text(text),
            Note::AtChance(at_chance) => Self::AtChance { at_chance },
        }
    }
}

impl From<String> for Note {
    fn from(text: String) -> Self {
        Self::General(text)
    }
}

impl Note {
    /// A remark as versions stored it that kept plain text only.
    pub fn from_old_text(text: &str) -> Self {
        Stored::Text(text.to_owned()).into()
    }

    /// The remark.
    pub fn text(&self) -> &str {
        match self {
            Self::General(text) | Self::AtChance(text) => text,
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_keep_their_meaning_and_old_ones_are_read() {
        let notes = [Note::General("C2 was skipped".into()), Note::AtChance("At chance.".into())];
        let json = serde_json::to_string(&notes).unwrap();
        assert_eq!(json, r#"["C2 was skipped",{"at_chance":"At chance."}]"#);
        assert_eq!(serde_json::from_str::<[Note; 2]>(&json).unwrap(), notes);
        let old = r#"["The contrastive loss did not leave chance: 4.84 at the end", "C2: by chance"]"#;
        let [first, second]: [Note; 2] = serde_json::from_str(old).unwrap();
        assert!(matches!(first, Note::AtChance(_)) && matches!(second, Note::General(_)));
    }
}
