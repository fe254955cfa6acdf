//! The genes of a project, and where they are from.

use std::fmt;

use serde::{Deserialize, Serialize};

const BY_HAND: &str = "chosen by hand";
const EDITED: &str = ", edited";

/// The genes that models are trained on and maps are shown of.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GeneSelection {
    /// Names, in order.
    pub genes: Vec<String>,
    /// Where they are from.
    #[serde(default)]
    pub how: GeneOrigin,
}

/// Where the genes of a project are from. Stored and shown as a phrase: "1000 HVGs, union of C2, C3, C5".
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum GeneOrigin {
    /// An older project does not say.
    #[default]
    Unknown,
    /// The user chose each of them.
    ByHand,
    /// They were selected or read from a file.
    From {
        /// "from markers.txt".
        what: String,
        /// Whether the user has changed the list since.
        edited: bool,
    },
}

impl GeneOrigin {
    /// Genes that were selected or read, as `what` says.
    pub fn from_list(what: impl Into<String>) -> Self {
        Self::From { what: what.into(), edited: false }
    }

    /// The origin once the user has changed the list.
    #[must_use]
    pub fn edited(self) -> Self {
        match self {
            Self::Unknown | Self::ByHand => Self::ByHand,
            Self::From { what, .. } => Self::From { what, edited: true },
        }
    }
}

impl From<String> for GeneOrigin {
    fn from(text: String) -> Self {
        match text.as_str() {
            "" => Self::Unknown,
            BY_HAND => Self::ByHand,
            _ => match text.strip_suffix(EDITED) {
                Some(what) => Self::From { what: what.to_owned(), edited: true },
                None => Self::from_list(text),
            },
        }
    }
}

impl From<GeneOrigin> for String {
    fn from(origin: GeneOrigin) -> Self {
        origin.to_string()
    }
}

impl fmt::Display for GeneOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => Ok(()),
            Self::ByHand => f.write_str(BY_HAND),
            Self::From { what, edited } => write!(f, "{what}{}", if *edited { EDITED } else { "" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_read_as_they_were_written() {
        for text in ["", "chosen by hand", "from a.txt", "from a.txt, edited"] {
            let origin = GeneOrigin::from(text.to_owned());
            assert_eq!(origin.to_string(), text);
        }
        let edited = |text: &str| GeneOrigin::from(text.to_owned()).edited().to_string();
        assert_eq!(edited(""), "chosen by hand");
        assert_eq!(edited("chosen by hand"), "chosen by hand");
        assert_eq!((edited("of r"), edited("of r, edited")), ("of r, edited".into(), "of r, edited".into()));
    }
}
