//! `hotline log prove`: one statement's proofs as C2SP proof files, for whoever asks whether it was logged.
//!
//! The log's own proof comes from its tree. A desk's ledger also keeps what each relay proved when it accepted the
//! statement; those speak against the relay's side, which one's own log does not.

mod object;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::Args;
use hotline_audit::{Hash, proof::TlogProof, trust::TrustPolicy};
use hotline_core::text::inert_line;

use super::{
    find::{self, Found},
    kept,
    names::Names,
    read::{self, Source},
    say,
    trust::{self, TrustArgs},
};
use crate::exit::{self, Failure, Outcome};
use object::Object;

/// What `prove` takes.
#[derive(Debug, Args)]
pub struct ProveArgs {
    /// A ledger (running or not), or an exported log.
    #[arg(value_name = "DIR|LEDGER")]
    log: PathBuf,
    /// A message's name (A-0017), an id, or the first 8 or more digits of an id or hash.
    #[arg(value_name = "ID")]
    id: String,
    /// Write the statement and every proof into this folder; without it the log's own proof is printed.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
    /// Print one object.
    #[arg(long)]
    pub(super) json: bool,
}

/// All proofs of one statement.
#[derive(Clone, Debug)]
pub struct Proofs {
    /// The statement.
    pub statement: Found,
    /// The proof of the log it was read from first, then each relay's.
    pub proofs: Vec<Proof>,
}

/// That a statement is in one log.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The log.
    pub origin: String,
    /// The relay that accepted it; none for the log it was read from.
    pub relay: Option<String>,
    /// The proof.
    pub proof: TlogProof,
    /// What is wrong with it; none if it holds.
    pub fault: Option<String>,
}

/// Runs the verb.
///
/// # Errors
/// The statement is not there, or the log or the trust cannot be used. A proof that does not hold is exit code 8.
pub fn run(args: &ProveArgs) -> Outcome {
    let (log, trust) = trust::open_with(&args.trust, &args.log)?;
    match &trust {
        Some(trust) => trust.say(),
        None => eprintln!(
            "no trust folder: whether the checkpoints are signed by those they name was not checked"
        ),
    }
    let names = Names::of_trust(trust.as_ref().map_or(&[], |trust| &trust.folders));
    let proved = prove(&log, &args.id, &names, trust.as_ref().map(|trust| &trust.policy))?;
    let files = match &args.out {
        Some(out) => proved.write(out)?,
        None => Vec::new(),
    };
    for proof in &proved.proofs {
        if let Some(fault) = &proof.fault {
            eprintln!(
                "the proof of {} does not hold: {fault}",
                inert_line(&proof.origin).text
            );
        }
    }
    if args.json {
        say::object(&Object::of(&proved, &log, trust.as_ref(), &files))?;
    } else if files.is_empty() {
        let own = proved
            .proofs
            .first()
            .map(|own| own.proof.encode())
            .unwrap_or_default();
        say::bytes(&own)?;
        eprintln!("{}", proved.in_words());
        if proved.proofs.len() > 1 {
            eprintln!("  next: --out DIR writes the statement and every proof into a folder");
        }
    } else {
        let lines: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        say::text(&lines.join("\n"))?;
        eprintln!("{}", proved.in_words());
    }
    Ok(if proved.hold() { exit::OK } else { exit::LOG })
}

/// The proofs of the statement that `id` names. With trust, the signers of the checkpoints are checked too.
///
/// # Errors
/// It is not there, several fit, or the log cannot be read.
pub fn prove(log: &Source, id: &str, names: &Names, trust: Option<&TrustPolicy>) -> Result<Proofs, Failure> {
    let statement = find::find(log, id, names)?;
    if log.note().is_empty() {
        return Err(Failure::new(
            "HL-LOG-008",
            exit::OTHER,
            "nothing was signed in this log yet",
            "",
        ));
    }
    let own = TlogProof {
        extra: None,
        index: statement.index,
        hashes: log.inclusion(statement.index)?,
        checkpoint: log.note().to_vec(),
    };
    let mut proofs = vec![judged(
        log.origin().to_owned(),
        None,
        own,
        &statement.bytes,
        trust,
    )];
    if let Some(ledger) = log.ledger() {
        for held in kept::proofs(ledger, &Hash::of(&statement.bytes))? {
            proofs.push(judged(
                held.origin,
                Some(held.relay),
                held.proof,
                &statement.bytes,
                trust,
            ));
        }
        read::still_alone(ledger)?;
    }
    Ok(Proofs { statement, proofs })
}

fn judged(
    origin: String,
    relay: Option<String>,
    proof: TlogProof,
    bytes: &[u8],
    trust: Option<&TrustPolicy>,
) -> Proof {
    let fault = if kept::leads(&proof, bytes) {
        let refusal = trust.and_then(|trust| trust.checkpoint(&proof.checkpoint).err());
        refusal.map(|refusal| refusal.to_string())
    } else {
        Some("the hashes do not lead from the statement to the root of the checkpoint".to_owned())
    };
    Proof {
        origin,
        relay,
        proof,
        fault,
    }
}

impl Proofs {
    /// Whether every one of them holds.
    #[must_use]
    pub fn hold(&self) -> bool {
        self.proofs.iter().all(|proof| proof.fault.is_none())
    }

    /// The result as a sentence.
    #[must_use]
    pub fn in_words(&self) -> String {
        let relays: Vec<&str> = self
            .proofs
            .iter()
            .filter_map(|proof| proof.relay.as_deref())
            .collect();
        let held = if relays.is_empty() {
            String::new()
        } else {
            format!(
                "; held by relay {}, whose proofs are kept here too",
                relays.join(", ")
            )
        };
        let own = self
            .proofs
            .first()
            .map_or_else(String::new, |own| inert_line(&own.origin).text);
        format!(
            "{} is #{} of {own}{held}",
            self.statement.called, self.statement.index
        )
    }

    /// Writes the statement's exact bytes and each proof into a folder; returns the files. Files that are there with the
    /// same bytes stay.
    ///
    /// # Errors
    /// A file is there with other bytes, or cannot be written.
    pub fn write(&self, out: &Path) -> Result<Vec<PathBuf>, Failure> {
        let failed = |path: &Path, error: &io::Error| Failure::io(&path.display().to_string(), error);
        fs::create_dir_all(out).map_err(|error| failed(out, &error))?;
        let stem = self.stem();
        let mut files = vec![(
            out.join(format!("{stem}.statement")),
            self.statement.bytes.clone(),
        )];
        for proof in &self.proofs {
            files.push((out.join(proof.file(&stem)), proof.proof.encode()));
        }
        for (path, bytes) in &files {
            match fs::read(path) {
                Ok(found) if found == *bytes => {}
                Ok(_) => {
                    let what = format!(
                        "{} is there with other bytes, and nothing is replaced",
                        path.display()
                    );
                    return Err(Failure::new(
                        "HL-LOG-006",
                        exit::USAGE,
                        what,
                        "name a new folder with --out",
                    ));
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    fs::write(path, bytes).map_err(|error| failed(path, &error))?;
                }
                Err(error) => return Err(failed(path, &error)),
            }
        }
        Ok(files.into_iter().map(|(path, _)| path).collect())
    }

    /// What its files are called: the name, or the hash where there is no whole name.
    fn stem(&self) -> String {
        if self.statement.called.starts_with('?') {
            super::names::short(&Hash::of(&self.statement.bytes))
        } else {
            self.statement.called.clone()
        }
    }
}

impl Proof {
    /// The file's name; an origin is a path, so its slashes and whatever else is odd become underscores.
    fn file(&self, stem: &str) -> String {
        let plain = |c: char| {
            if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') {
                c
            } else {
                '_'
            }
        };
        format!(
            "{stem}.{}.tlog-proof",
            self.origin.chars().map(plain).collect::<String>()
        )
    }
}
