//! A small process that appends to a real ledger and says what it holds: the cheapest thing that can be killed.
//!
//! Leaf *n* is statement *n*, whose bytes hang on *n* alone, so whoever looks at the file afterwards knows what must be
//! there. The ledger is the product's own, with SQLite and its writer thread; a line on standard output is one write,
//! made after the commit has returned. It goes on where the ledger stands.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use hotline_audit::{Hash, LogSigner, SigningKey};
use hotline_core::leg::Lane;
use hotline_ledger::{
    Batch, CommitError, Engine, Entry, Ledger, Mode, OpenError, OpenOptions, Opening, Record, Restored,
    Standing,
};

/// Whose ledger it is.
const OWNER: &str = "spiffe://exercise.avelia.example/relay/rack";
/// Origin of its log.
const ORIGIN: &str = "exercise.avelia.example/relay/rack";
/// Times that a statement is offered again to a full disk.
const FULL_TRIES: usize = 3;

/// How often a ledger in use is tried again, and the time between: a second in all.
const IN_USE_TRIES: usize = 100;
const IN_USE_PAUSE: Duration = Duration::from_millis(10);

/// What it is asked to do.
#[derive(Clone, Debug)]
pub struct Task {
    /// The ledger's file.
    pub ledger: PathBuf,
    /// Leaves there are to be in the end.
    pub until: u64,
    /// Which statements it writes.
    pub load: Load,
}

/// How large statements are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// Some hundred bytes each: few calls a commit.
    Small,
    /// Every eighth has 48 KiB, so that pages are copied from the write-ahead log while it runs.
    Large,
}

/// The exact bytes of statement `n`.
#[must_use]
pub fn statement(n: u64, load: Load) -> Vec<u8> {
    let line = format!("statement {n} of the rack\n");
    let length = match load {
        Load::Large if n % 8 == 3 => 48 * 1024,
        Load::Large | Load::Small => 200 + usize::try_from(n * 37 % 600).unwrap_or(0),
    };
    line.bytes().cycle().take(length).collect()
}

/// Opens the ledger as its owner does, and again while it is in use: a process that another thread is just starting holds
/// a copy of our lock from its fork to its exec.
///
/// # Errors
/// As [`Ledger::open`].
pub fn open(ledger: &Path) -> Result<(Ledger, Opening), OpenError> {
    for _ in 0..IN_USE_TRIES {
        match open_once(ledger) {
            Err(OpenError::InUse { .. }) => std::thread::park_timeout(IN_USE_PAUSE),
            opened => return opened,
        }
    }
    open_once(ledger)
}

fn open_once(ledger: &Path) -> Result<(Ledger, Opening), OpenError> {
    // Fixed keys: these ledgers hold nothing and prove nothing to anybody.
    let signer = LogSigner::new(ORIGIN, SigningKey::from_seed(&[7; 32])).expect("a valid origin");
    Ledger::open(OpenOptions {
        engine: Engine::Sqlite {
            path: ledger.to_owned(),
        },
        owner: OWNER.to_owned(),
        origin: ORIGIN.to_owned(),
        signer: Some(signer),
        entropy: &mut |buffer| buffer.fill(7),
        mode: Mode::Thread,
        restored: Restored::ReadOnly,
    })
}

/// Statements `first` to `last` as one batch, with a small fact beside them.
#[must_use]
pub fn batch(first: u64, last: u64, load: Load) -> Batch {
    let entry = |n: u64| {
        let bytes = statement(n, load);
        let mut id = [0; 16];
        id[..8].copy_from_slice(&n.to_be_bytes());
        Entry {
            hash: Hash::of(&bytes),
            bytes,
            kind: 1,
            sender: "spiffe://exercise.avelia.example/desk/ops".to_owned(),
            id,
            epoch: 1,
            sequence: n + 1,
            mailbox: vec![(
                "spiffe://exercise.borenia.example/desk/ops".to_owned(),
                Lane::Message,
            )],
        }
    };
    let mut batch = Batch::of(Lane::Message, (first..=last).map(entry).collect());
    batch.records.push(Record::Put {
        space: "rack",
        key: b"newest".to_vec(),
        value: last.to_be_bytes().to_vec(),
    });
    batch
}

/// Another statement than the one that is leaf `n` otherwise: what somebody else sent first after a power cut.
#[must_use]
pub fn other(n: u64) -> Batch {
    let mut batch = batch(n, n, Load::Small);
    for entry in &mut batch.entries {
        entry.bytes.reverse();
        entry.hash = Hash::of(&entry.bytes);
    }
    batch
}

/// The process: returns its exit code. Every third commit holds three statements.
#[must_use]
pub fn main(task: &Task) -> u8 {
    match run(task) {
        Ok(()) => 0,
        Err(what) => {
            eprintln!("ledger process: {what}");
            1
        }
    }
}

fn run(task: &Task) -> Result<(), String> {
    let (ledger, opening) = open(&task.ledger).map_err(|error| format!("{error:?}"))?;
    if let Standing::ReadOnly { reason } = opening.standing {
        return Err(format!("read-only: {reason}"));
    }
    say(&format!("open {}", opening.size))?;
    let mut next = opening.size;
    while next < task.until {
        let last = (next + if next % 5 == 4 { 2 } else { 0 }).min(task.until - 1);
        let (size, root) = append(&ledger, next, last, task.load)?;
        say(&format!("signed {size} {root}"))?;
        for n in next..=last {
            say(&format!("held {n}"))?;
        }
        next = last + 1;
    }
    drop(ledger);
    say("closed")
}

/// Size and root of the checkpoint that was signed for it.
fn append(ledger: &Ledger, first: u64, last: u64, load: Load) -> Result<(u64, Hash), String> {
    for _ in 0..FULL_TRIES {
        match ledger.commit(batch(first, last, load)).wait() {
            Ok(committed) if committed.first_index == first => return Ok((committed.size, committed.root)),
            Ok(committed) => return Err(format!("statement {first} is leaf {}", committed.first_index)),
            Err(CommitError::DiskFull { .. }) => say(&format!("full {first}"))?,
            Err(error) => return Err(format!("{error:?}")),
        }
    }
    Err("the disk stays full".to_owned())
}

/// One line, one write.
fn say(line: &str) -> Result<(), String> {
    let text = format!("{line}\n");
    io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| error.to_string())
}
