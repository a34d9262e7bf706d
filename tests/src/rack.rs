//! The rack: real processes and real files, broken on purpose, from outside.
//!
//! Where the simulated world breaks a model a hundred thousand times, the rack breaks the thing itself a few hundred
//! times: it kills the real binaries at the N-th write, sync and send (strace injection), lets calls fail, kills whole
//! lines under traffic, cuts the power of a ledger (from a recording of what it wrote), flips bits in files that rest,
//! and fills disks. `tests/RACK.md` says what is driven, how, and how one case is played again.
//!
//! | module | breaks |
//! |---|---|
//! | [`ledger_sweep`] | one process that appends to a real ledger: killed, or failed, at every N-th call |
//! | [`relay_sweep`] | one relay, a hand that submits: the same, after its doors are open |
//! | [`line_kills`] | a whole line under traffic: one process at a time, at the N-th call or at random, and all at once |
//! | [`points`] | the same, at the named points of a message's way |
//! | [`image`] | what a power cut leaves of a ledger, from a [`recording`] |
//! | [`flips`] | one bit of a ledger, an exported log or a proof |
//! | [`full_disk`] | the disk of a relay |
//!
//! What is judged is what came out of the processes and what a run's files say ([`crate::checker`]); no knowledge of how
//! a promise is kept is in here.

pub mod dice;
pub mod drive;
pub mod flips;
pub mod full_disk;
pub mod image;
pub mod ledger_process;
pub mod ledger_sweep;
pub mod line_kills;
pub mod plan;
pub mod points;
pub mod process;
pub mod recording;
pub mod relay_sweep;
pub mod strace;
pub mod tally;

use std::path::PathBuf;

use strace::Strace;

/// What every case needs.
#[derive(Clone, Debug)]
pub struct Rack {
    /// The hand on system calls.
    pub strace: Strace,
    /// The `rack` program: with the word `ledger` it is the small process of [`ledger_process`], and with any verb of
    /// `hotline` it is the product.
    pub program: PathBuf,
    /// What is random hangs on it.
    pub seed: u64,
    /// Only the cases that begin so.
    pub only: Option<String>,
}

impl Rack {
    /// A rack that runs everything.
    ///
    /// # Errors
    /// strace cannot be used here; the sentence says why.
    pub fn new(program: impl Into<PathBuf>, seed: u64) -> Result<Self, String> {
        Ok(Self {
            strace: Strace::find()?,
            program: program.into(),
            seed,
            only: None,
        })
    }

    /// Whether a case is to be run.
    #[must_use]
    pub fn wants(&self, case: &str) -> bool {
        self.only
            .as_ref()
            .is_none_or(|only| case == only || case.starts_with(&format!("{only}/")))
    }

    /// Whether any case of a part may be wanted.
    #[must_use]
    pub fn may_want(&self, part: &str) -> bool {
        let inside = |only: &String| only == part || only.starts_with(&format!("{part}/"));
        self.only
            .as_ref()
            .is_none_or(|only| inside(only) || part.starts_with(&format!("{only}/")))
    }

    /// A folder for one case, which ends with it.
    #[must_use]
    pub fn folder(&self) -> tempfile::TempDir {
        tempfile::Builder::new()
            .prefix("hotline-rack-")
            .tempdir()
            .unwrap()
    }
}
