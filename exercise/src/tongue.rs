//! The languages of people: of scenarios, codebooks and reports.

/// A language of people. Avelian and Borenian bear private codes of ISO 639-2, so that no real one is claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tongue {
    /// English, for facilitators.
    En,
    /// Avelian.
    Qav,
    /// Borenian.
    Qbo,
}

impl Tongue {
    /// Every language.
    pub const ALL: &'static [Self] = &[Self::En, Self::Qav, Self::Qbo];

    /// Its code, as it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Qav => "qav",
            Self::Qbo => "qbo",
        }
    }
}

impl std::fmt::Display for Tongue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
