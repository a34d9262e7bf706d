//! `foreign-logs`: signed logs of chosen sizes, for software that nobody here wrote (`tests/foreign/run`).
//!
//! Made with the product's own writer (`hotline_audit`), under fixed keys: these logs hold nothing and prove nothing to
//! anybody. Entry n is the line `hotline vector n`, as in `audit/tests/vectors/tree.txt`.

use std::{
    convert::Infallible,
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Parser;
use hotline_audit::{
    Checkpoint, CosignVerifier, Frontier, LogSigner, SigningKey,
    note::{Note, NoteSignature},
    proof::TlogProof,
    tiles::{TileDir, write_log},
    tree::{consistency_proof, leaf_hash},
    witness::AddCheckpoint,
};
use hotline_client::station::signing_key;

/// Sizes at which a tile, a level or a tree of tiles begins or ends, and some with parts of all.
const SIZES: [u64; 7] = [1, 255, 256, 257, 1_000, 65_536, 70_000];
/// Sizes that the seed chooses.
const RANDOM: usize = 3;
const LARGEST_RANDOM: u64 = 20_000;
/// The sizes at which the log is forked too, and from which entry on.
const FORKED: [u64; 2] = [1_000, 65_536];
const FORKED_AT: u64 = 500;
/// Growth of one log that witnesses are asked to cosign.
const GROWTH: [u64; 4] = [0, 256, 257, 1_000];

const ORIGIN: &str = "exercise.avelia.example/relay/north";
const OTHER: &str = "exercise.borenia.example/relay/south";

/// Makes signed logs, proofs and requests to witnesses.
#[derive(Debug, Parser)]
#[command(name = "foreign-logs")]
enum Args {
    /// Fills a new folder.
    Make {
        /// The folder.
        #[arg(long)]
        out: PathBuf,
        /// Chooses the random sizes.
        #[arg(long, default_value_t = 26)]
        seed: u64,
    },
    /// One log of so many entries, `log.vkey` beside it.
    One {
        /// The folder.
        #[arg(long)]
        out: PathBuf,
        /// Entries.
        #[arg(long)]
        entries: u64,
    },
    /// Signs another root for the size of an exported log, with its own key: a fork.
    Fork {
        /// The exported log.
        log: PathBuf,
        /// The file with the log's key.
        key: PathBuf,
        /// The note.
        #[arg(long)]
        out: PathBuf,
    },
    /// Believes a witness's answer to a request, or fails.
    Cosigned {
        /// The file with the request.
        request: PathBuf,
        /// The file with the answer.
        answer: PathBuf,
        /// The file with the witness's verifier key.
        vkey: PathBuf,
    },
}

fn main() -> ExitCode {
    let done = match Args::parse() {
        Args::Make { out, seed } => make(&out, seed),
        Args::One { out, entries } => Log::grown(ORIGIN, entries, 0).and_then(|log| {
            log.write(&out.join("log"))?;
            log.write_key(&out.join("log.vkey"))
        }),
        Args::Fork { log, key, out } => fork(&log, &key, &out),
        Args::Cosigned {
            request,
            answer,
            vkey,
        } => cosigned(&request, &answer, &vkey),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("foreign-logs: {error}");
            ExitCode::FAILURE
        }
    }
}

type Done<T = ()> = Result<T, Box<dyn Error>>;

/// A log under its key.
struct Log {
    signer: LogSigner,
    size: u64,
    note: Vec<u8>,
    /// Entries from [`FORKED_AT`] on bear this mark, if it is not 0.
    fork: u64,
}

impl Log {
    fn grown(origin: &str, size: u64, fork: u64) -> Done<Log> {
        let seed = if origin == ORIGIN { 3 } else { 4 };
        let signer = LogSigner::new(origin, SigningKey::from_seed(&[seed; 32]))?;
        let mut frontier = Frontier::new();
        for n in 0..size {
            frontier.push(leaf_hash(&entry(n, fork)));
        }
        let note = signer.checkpoint(size, frontier.root()).sign(&signer);
        Ok(Log {
            signer,
            size,
            note,
            fork,
        })
    }

    fn write(&self, folder: &Path) -> Done {
        let entries = (0..self.size).map(|n| Ok::<_, Infallible>(entry(n, self.fork)));
        write_log(folder, &self.note, entries)?;
        Ok(())
    }

    fn write_key(&self, file: &Path) -> Done {
        write(
            file,
            format!("{}\n", self.signer.verifier().verifier_key()).as_bytes(),
        )
    }
}

fn entry(n: u64, fork: u64) -> Vec<u8> {
    if fork > 0 && n >= FORKED_AT {
        format!("hotline fork {fork} of {n}\n").into_bytes()
    } else {
        format!("hotline vector {n}\n").into_bytes()
    }
}

fn make(out: &Path, seed: u64) -> Done {
    let mut sizes = SIZES.to_vec();
    let mut state = seed;
    for _ in 0..RANDOM {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        sizes.push(2 + (state >> 33) % LARGEST_RANDOM);
    }
    sizes.sort_unstable();
    sizes.dedup();
    for size in sizes {
        let log = Log::grown(ORIGIN, size, 0)?;
        log.write(&out.join(format!("log/{size}")))?;
        for old in [1, size / 2, size - 1, size] {
            if old > 0 {
                let older = Log::grown(ORIGIN, old, 0)?;
                write(&out.join(format!("old/{size}/{old}")), &older.note)?;
            }
        }
        proofs(&log, out)?;
        println!("{size}");
    }
    let log = Log::grown(ORIGIN, 1, 0)?;
    log.write_key(&out.join("log.vkey"))?;
    for size in FORKED {
        let forked = Log::grown(ORIGIN, size, 1)?;
        forked.write(&out.join(format!("forked/{size}")))?;
    }
    let other = Log::grown(OTHER, 1_000, 2)?;
    other.write(&out.join("other"))?;
    other.write_key(&out.join("other.vkey"))?;
    requests(&out.join("requests"))
}

/// Proofs of some entries of a log, each with its entry beside it.
fn proofs(log: &Log, out: &Path) -> Done {
    let folder = TileDir::new(out.join(format!("log/{}", log.size)));
    for index in [0, log.size / 3, log.size - 1] {
        let proof = TlogProof::make(&folder.tree(log.size), index, log.size, &log.note)?;
        let name = out.join(format!("proof/{}-{index}", log.size));
        write(&name.with_extension("tlog-proof"), &proof.encode())?;
        write(&name.with_extension("entry"), &entry(index, log.fork))?;
    }
    Ok(())
}

/// What a log sends to a witness while it grows, and what it must not send: `1-256`, `2-257`, … and `fork`.
fn requests(folder: &Path) -> Done {
    let scratch = folder.with_extension("tree");
    for (place, sizes) in GROWTH.windows(2).enumerate() {
        if let [old, new] = *sizes {
            let log = Log::grown(ORIGIN, new, 0)?;
            log.write(&scratch)?;
            let body = request(&log, old, &TileDir::new(&scratch))?;
            write(&folder.join(format!("{}-{new}", place + 1)), &body)?;
            fs::remove_dir_all(&scratch)?;
        }
    }
    // Another history at the size that was cosigned last.
    let forked = Log::grown(ORIGIN, 1_000, 1)?;
    let body = AddCheckpoint::new(forked.size, Vec::new(), Note::parse(&forked.note)?)?.encode();
    write(&folder.join("fork"), &body)
}

fn request(log: &Log, old: u64, tiles: &TileDir) -> Done<Vec<u8>> {
    let proof = consistency_proof(&tiles.tree(log.size), old, log.size)?;
    Ok(AddCheckpoint::new(old, proof, Note::parse(&log.note)?)?.encode())
}

fn fork(log: &Path, key: &Path, out: &Path) -> Done {
    let mut said = Checkpoint::danger_parse_unverified(&TileDir::new(log).checkpoint()?)?;
    said.root = leaf_hash(said.root.as_bytes());
    let signer = LogSigner::new(&said.origin, signing_key(key)?)?;
    write(out, &said.sign(&signer))
}

fn cosigned(request: &Path, answer: &Path, vkey: &Path) -> Done {
    let sent = AddCheckpoint::parse(&fs::read(request)?)?;
    let lines: Vec<NoteSignature> = NoteSignature::parse_lines(&fs::read(answer)?)?;
    let verifier: CosignVerifier = fs::read_to_string(vkey)?.trim().parse()?;
    let mut note = sent.note;
    note.signatures.extend(lines);
    match verifier.verify(&note) {
        Some(unix_s) => {
            println!(
                "{} entries of {}, cosigned by {} at {unix_s}",
                sent.checkpoint.size,
                sent.checkpoint.origin,
                verifier.name()
            );
            Ok(())
        }
        None => Err(format!("the answer holds no valid cosignature of {}", verifier.name()).into()),
    }
}

fn write(file: &Path, bytes: &[u8]) -> Done {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(file, bytes)?;
    Ok(())
}
