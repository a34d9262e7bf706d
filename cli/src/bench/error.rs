//! Why a measurement ended without a figure, and what to do about it.

use std::{io, path::PathBuf, time::Duration};

use hotline_client::{config::ConfigError, request::Refusal, station::OpenError};
use hotline_exercise::live::child::ChildError;

use super::{floor::FloorError, slo::parse::SloError};
use crate::{
    exit::{self, Failure},
    pki::PkiError,
};

/// Why a measurement ended without a figure.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The folder or a port.
    #[error("{what}: {source}")]
    Place {
        /// What was being set up.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Identities for this run.
    #[error("identities for this run could not be made")]
    Pki(#[from] PkiError),
    /// Desk A's settings.
    #[error("desk A's settings")]
    Config(#[from] ConfigError),
    /// Desk A.
    #[error("desk A could not be opened")]
    Open(#[from] OpenError),
    /// The releaser's key.
    #[error("the releaser's key: {0}")]
    Releaser(String),
    /// A process of the line.
    #[error("{who} {what}")]
    Process {
        /// Which.
        who: String,
        /// What happened to it.
        what: String,
    },
    /// A link in front of a leg.
    #[error(transparent)]
    Links(#[from] hotline_exercise::live::links::LinkError),
    /// The line did not come up, or not again.
    #[error("the line was not whole within {} s: {state}", .within.as_secs())]
    NotWhole {
        /// How long it had.
        within: Duration,
        /// Which legs were down, and why.
        state: String,
    },
    /// Desk A refused to release.
    #[error("desk A refused: {}", .0.what)]
    Refused(Refusal),
    /// More would be released while all legs are cut than desk A should keep.
    #[error(
        "{backlog} messages would be released while all legs are cut; {most}, half of what a desk keeps of ROUTINE, are the most"
    )]
    Backlog {
        /// How many.
        backlog: u64,
        /// How many may be.
        most: u64,
    },
    /// A message had no DELIVERED receipt in time.
    #[error("{missing} of {released} messages were not receipted within {} s", .within.as_secs())]
    NotReceipted {
        /// How many.
        missing: usize,
        /// Of how many.
        released: usize,
        /// How long they had.
        within: Duration,
    },
    /// The measurement itself was too slow to see everything.
    #[error("{0} events were missed, so nothing can be said of what they told")]
    Missed(u64),
    /// The floor.
    #[error("the floor")]
    Floor(#[from] FloorError),
    /// A task of the measurement ended early.
    #[error("a part of the measurement ended early: {0}")]
    Ended(String),
    /// A link that could not be broken as it was meant to be.
    #[error("the link {link}: {why}")]
    Link {
        /// Which.
        link: String,
        /// Why not.
        why: String,
    },
    /// A preset that does not exist.
    #[error("--preset: {0}")]
    Preset(String),
    /// A fault plan that cannot be read or played.
    #[error("{0}")]
    Plan(String),
    /// A desk in operation was named.
    #[error("{0} is of the world OPERATION: a line in operation is never measured")]
    InOperation(String),
    /// A desk that exists was named.
    #[error("{0} belongs to a line that exists: a bench measures lines that it makes itself")]
    Existing(String),
    /// A promise that cannot be read.
    #[error(transparent)]
    Slo(#[from] SloError),
    /// A file of the report.
    #[error("{}: {source}", .file.display())]
    Output {
        /// Which.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Somebody interrupted it.
    #[error("the measurement was interrupted")]
    Interrupted,
}

impl From<ChildError> for BenchError {
    fn from(ChildError { who, what }: ChildError) -> Self {
        Self::Process { who, what }
    }
}

impl BenchError {
    /// What went wrong with the folder or a port.
    pub(super) fn place(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Place { what, source }
    }

    /// As a verb ends with it.
    #[must_use]
    pub fn failure(&self) -> Failure {
        let (code, exit, help) = match self {
            Self::Place { .. } => (
                1,
                exit::OTHER,
                "name a folder with room on a real disk: hotline bench … --dir DIR",
            ),
            Self::Pki(_) | Self::Releaser(_) => (
                2,
                exit::IDENTITY,
                "hotline demo makes the same identities and says more",
            ),
            Self::Config(_) => (
                3,
                exit::CONFIG,
                "name a folder with a short path: hotline bench … --dir DIR",
            ),
            Self::Open(_) => (
                4,
                exit::IDENTITY,
                "hotline demo opens the same desk and says more",
            ),
            Self::Process { .. } => (
                5,
                exit::OTHER,
                "hotline demo starts the same processes and says more",
            ),
            Self::NotWhole { .. } => (
                6,
                exit::UNREACHABLE,
                "the cause stands behind each leg's name; hotline demo shows the same line coming up",
            ),
            Self::Refused(refusal) => (7, refusal.exit, refusal.help.as_str()),
            Self::NotReceipted { .. } => (
                8,
                exit::NOT_IN_TIME,
                "measure again on a machine that does nothing else",
            ),
            Self::Missed(_) => (
                9,
                exit::OTHER,
                "measure again with fewer messages in flight or a lower rate",
            ),
            Self::Floor(_) => (
                10,
                exit::OTHER,
                "name a folder with room on a real disk: hotline bench … --dir DIR",
            ),
            Self::Ended(_) => (11, exit::OTHER, "measure again"),
            Self::Slo(error) => (13, exit::USAGE, error.listing.as_str()),
            Self::Preset(_) => (16, exit::USAGE, "hotline bench latency --preset congested"),
            Self::Plan(_) => (
                17,
                exit::CONFIG,
                "correct the plan; its links are \"A north/quic\" to \"B south/tcp\", and nothing was measured",
            ),
            Self::InOperation(_) => (
                18,
                exit::IDENTITY,
                "leave --config out: the bench makes a line of its own on this machine",
            ),
            Self::Backlog { .. } => (
                20,
                exit::USAGE,
                "hotline bench failover --kinds all-cut --faults 1 --fault-ms 600000 --rate 10",
            ),
            Self::Existing(_) => (
                19,
                exit::USAGE,
                "leave --config out; for a line that exists: hotline path ping",
            ),
            Self::Links(_) => (
                1,
                exit::OTHER,
                "name a folder with room and permissions: hotline bench … --dir DIR",
            ),
            Self::Link { .. } => (
                15,
                exit::OTHER,
                "choose another fault; hotline fault help lists them",
            ),
            Self::Output { .. } => (
                14,
                exit::OTHER,
                "name a file in a folder that exists and can be written",
            ),
            Self::Interrupted => (12, exit::OTHER, "measure again; nothing is left behind"),
        };
        Failure::new(&format!("HL-BENCH-{code:03}"), exit, exit::chain(self), help)
    }
}
