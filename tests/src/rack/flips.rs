//! One bit, flipped in a file that rests: a relay's or desk's ledger, an exported log, a proof.
//!
//! After each flip either verification names it, or what is read is what was there before. Both readers are tried: who
//! verifies from outside (as `hotline log verify` does), and the owner, who opens the ledger to go on with it. Everything
//! runs in this process, on copies, so that thousands take seconds.
//!
//! Not judged: what is no evidence by the ledger's own paper (mailbox rows, records, the columns beside a leaf's bytes).

mod make;

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt as _,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use hotline_audit::{
    Hash, LogSigner, LogVerifier, TrustPolicy,
    proof::TlogProof,
    verify::{LogReport, verify_directory},
};
use hotline_cli::log::verify::verify_ledger;
use hotline_client::station::signing_key;
use hotline_ledger::{Engine, Inspector, Ledger, Mode, OpenOptions, Restored, Standing};

use super::{
    Rack,
    dice::Dice,
    tally::{Promise, Tally},
};
use crate::{Line, ledgers};

/// Least weight of a file, in bytes: small files are hit as often as a page.
const WEIGHT_MIN: usize = 4096;
/// Bytes of leaves read at a time.
const PAGE_BYTES: usize = 1 << 20;

/// Files that rest, with what they say.
pub struct Resting {
    things: Vec<Thing>,
    policy: TrustPolicy,
    /// Keys and trust lie in its folder.
    _line: Line,
}

/// One thing whose bits are flipped: a few files, read together.
struct Thing {
    name: &'static str,
    files: BTreeMap<PathBuf, Vec<u8>>,
    /// The entries, in order.
    entries: Vec<Vec<u8>>,
    kind: Kind,
}

enum Kind {
    Ledger {
        file: PathBuf,
        owner: String,
        origin: String,
        key: PathBuf,
    },
    Export,
    Proof,
}

impl Resting {
    /// Flips `count` bits, one at a time, on two threads.
    #[must_use]
    pub fn flip(&self, rack: &Rack, count: u64) -> Tally {
        let (things, policy) = (&self.things[..], &self.policy);
        let every_second = |first: u64| {
            let folder = rack.folder();
            let mut tally = Tally::default();
            for number in (first..count).step_by(2) {
                let case = format!("flip/{number}");
                if rack.wants(&case) {
                    let mut dice = Dice::for_case(rack.seed, number);
                    let thing = &things[dice.place(things.len())];
                    flip(&case, thing, policy, folder.path(), &mut dice, &mut tally);
                }
            }
            tally
        };
        std::thread::scope(|threads| {
            let other = threads.spawn(|| every_second(1));
            let mut tally = threads.spawn(|| every_second(0)).join().unwrap();
            tally.add(other.join().unwrap());
            tally
        })
    }
}

fn flip(case: &str, thing: &Thing, policy: &TrustPolicy, scratch: &Path, dice: &mut Dice, tally: &mut Tally) {
    let (file, at, bit) = thing.place(dice);
    let folder = scratch.join("copy");
    thing.write(&folder, |path, bytes| {
        if path == file {
            bytes[at] ^= 1 << bit;
        }
    });
    tally.flips += 1;
    let seen = catch_unwind(AssertUnwindSafe(|| thing.read(&folder, policy)));
    fs::remove_dir_all(&folder).unwrap();
    let place = || format!("{}, {} byte {at} bit {bit}", thing.name, file.display());
    match seen {
        Ok(Read::Named) => tally.flips_named += 1,
        Ok(Read::Same) => {}
        Ok(Read::Altered(what)) => tally.blame(case, Promise::Altered, format!("{what}: {}", place())),
        Err(_) => tally.blame(case, Promise::Honest, format!("a panic: {}", place())),
    }
}

/// What a reader made of a flipped bit.
enum Read {
    /// It was refused, or verification named it.
    Named,
    /// What is read is what was there.
    Same,
    /// Something else was taken as genuine.
    Altered(String),
}

impl Thing {
    /// A bit somewhere, larger files more often.
    fn place(&self, dice: &mut Dice) -> (&Path, usize, u32) {
        let weight = |bytes: &Vec<u8>| bytes.len().max(WEIGHT_MIN);
        let filled = || self.files.iter().filter(|(_, bytes)| !bytes.is_empty());
        let mut throw = dice.place(filled().map(|(_, bytes)| weight(bytes)).sum());
        for (path, bytes) in filled() {
            if throw < weight(bytes) {
                let bit = u32::try_from(dice.below(8)).unwrap_or(0);
                return (path, dice.place(bytes.len()), bit);
            }
            throw -= weight(bytes);
        }
        unreachable!("the throw is below the sum of the weights")
    }

    fn write(&self, folder: &Path, change: impl Fn(&Path, &mut Vec<u8>)) {
        for (path, bytes) in &self.files {
            let mut bytes = bytes.clone();
            change(path, &mut bytes);
            let to = folder.join(path);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::write(&to, bytes).unwrap();
            fs::set_permissions(&to, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }

    fn read(&self, folder: &Path, policy: &TrustPolicy) -> Read {
        match &self.kind {
            Kind::Export => self.judged(verify_directory(folder, policy), || {
                ledgers::exported(folder, self.entries.len() as u64)
            }),
            Kind::Proof => self.proofs(folder, policy),
            Kind::Ledger { file, .. } => {
                let path = folder.join(file);
                let outside = match verify_ledger(&path, policy) {
                    Ok(report) => self.judged(report, || inspected(&path)),
                    Err(_) => Read::Named,
                };
                match (outside, self.owner(&path)) {
                    (Read::Altered(what), _) | (_, Read::Altered(what)) => Read::Altered(what),
                    (Read::Named, _) | (_, Read::Named) => Read::Named,
                    (Read::Same, Read::Same) => Read::Same,
                }
            }
        }
    }

    fn judged(&self, report: LogReport, entries: impl FnOnce() -> Vec<Vec<u8>>) -> Read {
        if !report.passed() {
            return if report.faults.is_empty() {
                Read::Altered("verification fails and names nothing".into())
            } else {
                Read::Named
            };
        }
        if entries() == self.entries {
            Read::Same
        } else {
            Read::Altered("other entries pass verification".into())
        }
    }

    /// As its owner opens it: what a good ledger gives back is what was logged, or an error.
    fn owner(&self, path: &Path) -> Read {
        let Kind::Ledger {
            owner, origin, key, ..
        } = &self.kind
        else {
            return Read::Same;
        };
        let signer = LogSigner::new(origin, signing_key(key).unwrap()).unwrap();
        let opened = Ledger::open(OpenOptions {
            engine: Engine::Sqlite {
                path: path.to_owned(),
            },
            owner: owner.clone(),
            origin: origin.clone(),
            signer: Some(signer),
            entropy: &mut |buffer| buffer.fill(9),
            mode: Mode::Inline,
            restored: Restored::ReadOnly,
        });
        let Ok((ledger, opening)) = opened else {
            return Read::Named;
        };
        if opening.standing != Standing::Good {
            return Read::Named;
        }
        if opening.size != self.entries.len() as u64 {
            return Read::Altered(format!("opens as good with {} leaves", opening.size));
        }
        let mut named = false;
        for (n, entry) in (0..).zip(&self.entries) {
            for found in [ledger.entry(n), ledger.by_hash(&Hash::of(entry))] {
                match found {
                    Ok(Some(leaf)) if leaf.bytes == *entry => {}
                    Ok(Some(_)) => return Read::Altered(format!("leaf {n} is read with other bytes")),
                    Ok(None) | Err(_) => named = true,
                }
            }
        }
        if named { Read::Named } else { Read::Same }
    }
}

impl Thing {
    /// Every proof of a folder must lead from the statement beside it to a checkpoint that a key we trust has signed.
    fn proofs(&self, folder: &Path, policy: &TrustPolicy) -> Read {
        let mut statement = Vec::new();
        let mut proofs = Vec::new();
        for path in ledgers::files(folder) {
            let bytes = fs::read(&path).unwrap();
            match path.extension().and_then(|end| end.to_str()) {
                Some("statement") => statement = bytes,
                _ => proofs.push(bytes),
            }
        }
        let hold = proofs.iter().all(|bytes| {
            TlogProof::parse(bytes).is_ok_and(|proof| {
                let verifiers = verifiers(&proof, policy);
                verifiers.iter().any(|log| proof.verify(&statement, log).is_ok())
            })
        });
        match (hold, statement == self.entries[0]) {
            (false, _) => Read::Named,
            (true, true) => Read::Same,
            (true, false) => Read::Altered("another statement is proved".into()),
        }
    }
}

/// Verifiers of the log that a proof names.
fn verifiers(proof: &TlogProof, policy: &TrustPolicy) -> Vec<LogVerifier> {
    let Ok((checkpoint, _)) = policy.checkpoint(&proof.checkpoint) else {
        return Vec::new();
    };
    let keys = policy.rosters().log_keys(&checkpoint.origin);
    let verifiers = keys
        .into_iter()
        .map(|entry| LogVerifier::new(&checkpoint.origin, entry.key));
    verifiers.flatten().collect()
}

/// All leaves, as somebody from outside reads them after verification passed.
fn inspected(path: &Path) -> Vec<Vec<u8>> {
    let opened = Inspector::open(path).unwrap();
    let mut found = Vec::new();
    while (found.len() as u64) < opened.head().size {
        let page = opened.leaves(found.len() as u64, PAGE_BYTES).unwrap();
        found.extend(page.into_iter().map(|leaf| leaf.bytes));
    }
    found
}
