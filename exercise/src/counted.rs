//! What signatures are worth whose keys have ended, in words that name the proof: the log, the leaf, the leaf from which on
//! the end of the key is known, and whose cosignature over how many entries shows it.
//!
//! The judgement is `audit::verify::counts` ([FORMAT.md](../../audit/FORMAT.md) 19) over the relays' logs of the evidence.

use std::collections::BTreeMap;

use hotline_audit::{
    key::{Subject, subject_of_origin},
    verify::{Counted, Place, Shown, Standing},
};
use hotline_core::time::WallTime;

use crate::timeline::Timeline;

/// What a signature of a key that has ended is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Worth {
    /// It was made before the key ended, and witnessed by its own side before the key may have been in other hands.
    Counts,
    /// It was made before the key ended, in the window of doubt.
    Review,
    /// It stands behind the end of its key.
    RevokedKey,
    /// The logs do not prove one or the other.
    CannotTell,
}

impl Worth {
    /// That of a signature.
    #[must_use]
    pub const fn of(counted: &Counted) -> Self {
        match (counted.standing, &counted.shown) {
            (Standing::Counts, _) => Self::Counts,
            (Standing::RevokedKey, _) => Self::RevokedKey,
            (Standing::Review, Some(_)) => Self::Review,
            (Standing::Review, None) => Self::CannotTell,
        }
    }

    /// The word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Counts => "COUNTS",
            Self::Review => "REVIEW",
            Self::RevokedKey => "REVOKED_KEY",
            Self::CannotTell => "cannot be told",
        }
    }
}

/// The word with its proof, as a sentence.
#[must_use]
pub fn worth_of(timeline: &Timeline, counted: &Counted) -> String {
    let names = Names(timeline);
    let word = Worth::of(counted).word();
    let why = match (&counted.shown, counted.standing) {
        (Some(shown), _) => format!("{}{}", names.shown(shown), names.doubt(counted)),
        (None, Standing::RevokedKey) => match (counted.places.first(), counted.ends.first()) {
            (Some(place), Some(end)) if place.origin == end.origin => format!(
                "{} stands behind {}, where its key has ended",
                names.place(place),
                names.place(end)
            ),
            _ => names.told(&counted.why),
        },
        (None, _) => names.told(&counted.why),
    };
    format!("{word}: {why}")
}

/// Of every key that has ended what its signatures are worth: messages one by one, everything else by kind.
#[must_use]
pub fn lines(timeline: &Timeline) -> Vec<String> {
    let mut by_key: BTreeMap<_, Vec<&Counted>> = BTreeMap::new();
    for counted in &timeline.counted {
        by_key.entry(counted.key_statement).or_default().push(counted);
    }
    by_key
        .into_values()
        .flat_map(|signatures| of_key(timeline, &signatures))
        .collect()
}

fn of_key(timeline: &Timeline, signatures: &[&Counted]) -> Vec<String> {
    let names = Names(timeline);
    let Some(first) = signatures.first() else {
        return Vec::new();
    };
    let since = first.doubtful_since_ms.map_or_else(String::new, |since| {
        format!("; it may have been in other hands from {} on", time(since))
    });
    let mut lines = vec![format!(
        "The key of {} was ended by {} {} of its side{since}.",
        names.who(&first.signer),
        first.ended_by,
        first.ended_number
    )];
    let mut others: BTreeMap<(&str, Worth), u64> = BTreeMap::new();
    for counted in signatures {
        match timeline.message(&counted.sha256) {
            Some((_, fact)) => lines.push(format!(
                "{}-{:04} {}.",
                names.who(&counted.signer),
                fact.number,
                worth_of(timeline, counted)
            )),
            None => *others.entry((counted.kind, Worth::of(counted))).or_default() += 1,
        }
    }
    let others: Vec<String> = others
        .into_iter()
        .map(|((kind, worth), many)| format!("{many} {kind} {}", worth.word()))
        .collect();
    if !others.is_empty() {
        lines.push(format!(
            "Of what else {} signed: {}.",
            names.who(&first.signer),
            others.join(", ")
        ));
    }
    lines
}

struct Names<'t>(&'t Timeline);

impl Names<'_> {
    fn shown(&self, shown: &Shown) -> String {
        let leaf = self.place(&shown.leaf);
        let before = match &shown.end {
            Some(end) => format!(
                "{leaf} lies before {}, from where its key's end is known",
                self.place(end)
            ),
            None => leaf,
        };
        let seen = match (&shown.kept, shown.at_ms) {
            (Some(kept), _) => format!(
                "{} wrote down {} entries of that log at {}",
                self.side(&shown.by),
                shown.size,
                self.place(kept)
            ),
            (None, at_ms) => format!(
                "{} has cosigned that log at {} entries{}",
                self.side(&shown.by),
                shown.size,
                at_ms.map_or_else(String::new, |at| format!(", {}", time(at)))
            ),
        };
        format!("{before}; {seen}")
    }

    /// Where the key may have been in other hands: whether its own side witnessed it earlier.
    fn doubt(&self, counted: &Counted) -> String {
        let Some(since) = counted.doubtful_since_ms else {
            return String::new();
        };
        let side = Subject::parse(&counted.signer).map_or("", |subject| subject.domain);
        let side = self.side(side);
        let than = match counted.standing {
            Standing::Counts => "before",
            _ => "not before",
        };
        match &counted.witnessed {
            Some(by) => format!(
                "; {side} itself cosigned {} at {} entries with it {}, {than} the doubt began, {}",
                self.log(&by.origin),
                by.size,
                time(by.at_ms),
                time(since)
            ),
            None => format!(
                "; no cosignature of {side} itself over it is older than the doubt, which began {}",
                time(since)
            ),
        }
    }

    fn place(&self, place: &Place) -> String {
        format!("#{} of {}", place.index, self.log(&place.origin))
    }

    /// `relay-north`.
    fn log(&self, origin: &str) -> String {
        let owner = subject_of_origin(origin);
        let mut logs = self.0.logs.iter();
        logs.find(|log| log.owner == owner)
            .map_or_else(|| origin.to_owned(), |log| log.name.clone())
    }

    fn who(&self, identity: &str) -> String {
        self.0.name_of(identity)
    }

    fn side(&self, domain: &str) -> String {
        let mut desks = self.0.startex.desks.values();
        let of =
            desks.find(|desk| Subject::parse(&desk.identity).is_some_and(|subject| subject.domain == domain));
        of.map_or_else(|| domain.to_owned(), |desk| desk.side.clone())
    }

    /// A sentence of the auditor, with sides for trust domains.
    fn told(&self, sentence: &str) -> String {
        let mut told = sentence.to_owned();
        for desk in self.0.startex.desks.values() {
            if let Some(subject) = Subject::parse(&desk.identity) {
                told = told.replace(subject.domain, &desk.side);
            }
        }
        told
    }
}

fn time(ms: u64) -> String {
    WallTime::from_unix_ms(ms).rfc3339()
}
