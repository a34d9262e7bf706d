//! Why control's log could not be opened, read or written.

use hotline_audit::{StatementError, key::Purpose};
use hotline_core::text::inert_line;
use hotline_ledger::{CommitError, OpenError, ReadError};

use crate::record::NotARecord;
use crate::signed::Unreadable;

/// Why control's log could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Somebody else's identity.
    #[error("{0} is no identity of control; control's log is written by .../control/NAME")]
    NotControl(String),
    /// The roster does not know the key.
    #[error("control's roster enrols no {purpose} key of {identity} with this public key")]
    NotEnrolled {
        /// Whose key it was to be.
        identity: String,
        /// For what.
        purpose: Purpose,
    },
    /// The log key signs no log of this name.
    #[error("the log key signs no log of control: {0}")]
    LogKey(String),
    /// The ledger could not be opened.
    #[error("control's log could not be opened")]
    Open(#[from] OpenError),
    /// The ledger does not verify.
    #[error("control's log is damaged: {0}; nothing more is signed in it")]
    Damaged(String),
    /// The ledger is that of another exercise.
    #[error("control's log is of exercise {}, not of {}", inert_line(found).text, inert_line(asked).text)]
    OtherExercise {
        /// The exercise in it.
        found: String,
        /// The exercise asked for.
        asked: String,
    },
    /// A record cannot be read any more.
    #[error("record #{0} of control's log is gone")]
    Gone(u64),
    /// A record is not genuine.
    #[error("record #{index} of control's log is not genuine")]
    NotGenuine {
        /// Its place.
        index: u64,
        /// Why.
        #[source]
        why: StatementError,
    },
    /// A record is out of its place.
    #[error("record #{0} of control's log does not follow the one before it")]
    Chain(u64),
    /// A genuine record says what this program does not understand.
    #[error("record #{index} of control's log cannot be read")]
    Unreadable {
        /// Its place.
        index: u64,
        /// Why.
        #[source]
        why: Unreadable,
    },
    /// More than a record can hold.
    #[error("the {what} of a record has {bytes} bytes, at most {limit} are allowed")]
    TooLong {
        /// Which part.
        what: &'static str,
        /// Its length.
        bytes: usize,
        /// The most.
        limit: usize,
    },
    /// What would have been signed is no record, or holds no order of control.
    #[error("no verifier would take this record")]
    Refused(#[source] StatementError),
    /// The record cannot be written as text.
    #[error(transparent)]
    NotARecord(#[from] NotARecord),
    /// A leaf could not be read.
    #[error("control's log could not be read")]
    Read(#[from] ReadError),
    /// The record is not on disk, as far as anybody knows.
    #[error("a record of control could not be kept: the exercise ends here")]
    Commit(#[from] CommitError),
}
