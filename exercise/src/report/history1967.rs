//! How long the same steps took in June 1967, from `data/frus-1967-latency.csv` (its README names the source).
//!
//! Nothing is typed here but the file: each median is counted from it.

use super::model::HistoryStep;

/// The file.
const FILE: &str = include_str!("../../data/frus-1967-latency.csv");
/// A minute, the unit of the file, in milliseconds.
const MINUTE_MS: u64 = 60_000;
/// Where the figures come from, as it is printed.
pub const SOURCE: &str = "Foreign Relations of the United States 1964\u{2013}1968, volume XIX, footnotes of the documents of June 1967";

/// A step of 1967: its median and how many messages it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Median {
    /// Milliseconds.
    pub ms: u64,
    /// Messages.
    pub count: usize,
}

impl HistoryStep {
    /// All steps, in the order of the file's columns.
    pub const ALL: [Self; 5] = [
        Self::ApprovedToSent,
        Self::SentToReceived,
        Self::ReceivedToSight,
        Self::SentToPrincipal,
        Self::SentToCertified,
    ];

    /// In words of 1967.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::ApprovedToSent => "approved to sent",
            Self::SentToReceived => "sent to received",
            Self::ReceivedToSight => "received to sight translation",
            Self::SentToPrincipal => "sent to principal",
            Self::SentToCertified => "sent to certified translation",
        }
    }

    /// Its column in the file.
    const fn column(self) -> &'static str {
        match self {
            Self::ApprovedToSent => "approved_to_sent_min",
            Self::SentToReceived => "sent_to_received_min",
            Self::ReceivedToSight => "received_to_sight_translation_min",
            Self::SentToPrincipal => "sent_to_principal_min",
            Self::SentToCertified => "sent_to_certified_translation_min",
        }
    }

    /// Its median; `None` if the file gave no time for it.
    #[must_use]
    pub fn median(self) -> Option<Median> {
        let mut lines = FILE.lines();
        let place = lines.next()?.split(',').position(|name| name == self.column())?;
        let cells = lines.filter_map(|line| line.split(',').nth(place)?.parse::<u64>().ok());
        let mut minutes: Vec<u64> = cells.collect();
        minutes.sort_unstable();
        let count = minutes.len();
        // The middle one, or half of the sum of the two in the middle.
        let (low, high) = (minutes.get(count.checked_sub(1)? / 2)?, minutes.get(count / 2)?);
        Some(Median {
            ms: (low + high) * MINUTE_MS / 2,
            count,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_medians_of_1967_are_those_that_the_readme_names() {
        let found = HistoryStep::ALL.map(|step| step.median().unwrap());
        assert_eq!(
            found.map(|median| median.ms),
            [600_000, 480_000, 390_000, 1_260_000, 5_880_000]
        );
        assert_eq!(found.map(|median| median.count), [3, 7, 4, 5, 4]);
        let readme = include_str!("../../data/README.md");
        for (step, words) in HistoryStep::ALL.iter().zip([
            "10 (n = 3)",
            "8 (n = 7)",
            "6.5 (n = 4)",
            "21 (n = 5)",
            "98 (n = 4)",
        ]) {
            assert!(readme.contains(words), "{}: {words}", step.words());
        }
    }
}
