//! A log of real statements, as large as one likes.

use std::{
    fs::{self, File},
    io::{self, BufReader, BufWriter, Read as _, Write as _},
    path::Path,
};

use hotline_audit::{
    Enrolment, Frontier, Hash, LogSigner, PayloadType, Purpose, RosterBuilder, SignedStatement, SigningKey,
    statement::{Header, Recipient, Service},
    tiles::write_log,
    tree::leaf_hash,
    trust::root_line,
};

use super::Done;

const DOMAIN: &str = "exercise.avelia.example";
const DESK: &str = "spiffe://exercise.avelia.example/desk/ops";
const PEER: &str = "spiffe://exercise.borenia.example/desk/ops";
const RELAY: &str = "spiffe://exercise.avelia.example/relay/north";
const ORIGIN: &str = "exercise.avelia.example/relay/north";
const BEGUN_MS: u64 = 1_795_000_000_000;

/// Writes into a new folder: `log` (a chain of signed service statements in a relay's log), `trust`, `log.vkey`.
///
/// # Errors
/// A file cannot be written.
pub fn make(folder: &Path, entries: u64) -> Done {
    let key = |seed: u8| SigningKey::from_seed(&[seed; 32]);
    let mut builder = RosterBuilder::new(DOMAIN, key(1))?;
    let mut enrol = |purpose, subject: &str, seed| {
        builder.enrol(Enrolment {
            purpose,
            subject: subject.to_owned(),
            roles: Vec::new(),
            public_key: key(seed).public(),
            not_before_ms: BEGUN_MS,
            not_after_ms: BEGUN_MS + 1000 * entries + 1000,
        })
    };
    let desk = enrol(Purpose::Statement, DESK, 2)?;
    enrol(Purpose::Log, RELAY, 3)?;
    let trust = folder.join("trust");
    fs::create_dir_all(&trust)?;
    fs::write(trust.join("root.pub"), root_line(DOMAIN, &key(1).public()))?;
    fs::write(trust.join("roster"), builder.finish().to_text())?;

    // The note stands at the head of what is written and needs the root, so the entries wait in a file.
    let waiting = folder.join("entries");
    let root = statements(&waiting, entries, desk, &key(2))?;
    let signer = LogSigner::new(ORIGIN, key(3))?;
    let note = signer.checkpoint(entries, root).sign(&signer);
    write_log(&folder.join("log"), &note, Waiting::open(&waiting, entries)?)?;
    fs::remove_file(&waiting)?;
    fs::write(
        folder.join("log.vkey"),
        format!("{}\n", signer.verifier().verifier_key()),
    )?;
    Ok(())
}

/// Writes the statements of one chain, each behind its length, and returns their root.
fn statements(file: &Path, entries: u64, key_statement: Hash, key: &SigningKey) -> Done<Hash> {
    let mut out = BufWriter::new(File::create(file)?);
    let mut frontier = Frontier::new();
    let mut previous = Hash::ZERO;
    for sequence in 1..=entries {
        let mut id = [0; 16];
        id[8..].copy_from_slice(&sequence.to_be_bytes());
        let service = Service {
            header: Header {
                id,
                trust_domain: DOMAIN.to_owned(),
                exercise: "FIGURES".to_owned(),
                conversation: [1; 16],
                sender: DESK.to_owned(),
                key_statement,
                recipients: vec![Recipient {
                    identity: PEER.to_owned(),
                    kind: 1,
                }],
                claimed_time_ms: BEGUN_MS + 1000 * sequence,
                epoch: 1,
                sequence,
                previous,
                seen: Vec::new(),
            },
            kind: 1,
            refers_to: None,
            legs: Vec::new(),
            clock_before_ms: 0,
            clock_after_ms: 0,
            step: 0,
            text: String::new(),
        };
        let statement = SignedStatement::sign(PayloadType::Service, &service.encode(), key)?;
        previous = statement.hash();
        frontier.push(leaf_hash(statement.bytes()));
        out.write_all(&u32::try_from(statement.bytes().len())?.to_be_bytes())?;
        out.write_all(statement.bytes())?;
    }
    out.flush()?;
    Ok(frontier.root())
}

/// The entries of a file, one after the other.
struct Waiting {
    file: BufReader<File>,
    left: u64,
}

impl Waiting {
    fn open(file: &Path, entries: u64) -> io::Result<Waiting> {
        Ok(Waiting {
            file: BufReader::new(File::open(file)?),
            left: entries,
        })
    }

    fn entry(&mut self) -> io::Result<Vec<u8>> {
        let mut length = [0; 4];
        self.file.read_exact(&mut length)?;
        let mut entry = vec![0; u32::from_be_bytes(length) as usize];
        self.file.read_exact(&mut entry)?;
        Ok(entry)
    }
}

impl Iterator for Waiting {
    type Item = io::Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        Some(self.entry())
    }
}
