//! The worked examples of `FORMAT.md` §17 and §18, made again from their seeds, and read back from the page.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::convert::Infallible;
use std::fs;
use std::path::Path;

use data_encoding::{BASE64, HEXLOWER};
use hotline_audit::mirror::{MirrorInfo, Package, UploadHead};
use hotline_audit::note::Note;
use hotline_audit::tree::{consistency_proof, leaf_hash, node_hash, subtree_proof};
use hotline_audit::trust::root_line;
use hotline_audit::witness::{AddCheckpoint, Decision, Seen, judge, origin_hash};
use hotline_audit::{CosignSigner, CosignVerifier, CosignerName, Frontier, Hash, LogSigner, NodeReader};
use hotline_audit::{Policy, SigningKey};

const FORMAT: &str = include_str!("../FORMAT.md");
const NORTH: &str = "exercise.avelia.example/relay/north";
const SOUTH: &str = "exercise.borenia.example/relay/south";

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

fn north() -> LogSigner {
    LogSigner::new(NORTH, key(3)).unwrap()
}

fn witness() -> CosignSigner {
    CosignSigner::new(CosignerName::witness(SOUTH).unwrap(), key(6))
}

fn mirror() -> CosignSigner {
    CosignSigner::new(CosignerName::mirror(SOUTH).unwrap(), key(7))
}

/// A block of the page, by its title.
fn block(title: &str) -> &'static str {
    let (_, rest) = FORMAT
        .split_once(&format!("**{title}**\n\n```text\n"))
        .unwrap_or_else(|| panic!("no block {title}"));
    rest.split_once("```").unwrap().0
}

fn unhex(title: &str) -> Vec<u8> {
    let hex: String = block(title).split_whitespace().collect();
    HEXLOWER.decode(hex.as_bytes()).unwrap()
}

/// The log of three entries, of which the first is the message of §13.
struct Log(Vec<Vec<u8>>);

impl Log {
    fn new() -> Log {
        Log(vec![unhex("Statement"), b"second".to_vec(), b"third".to_vec()])
    }

    fn root(&self, size: usize) -> Hash {
        let mut frontier = Frontier::new();
        for entry in &self.0[..size] {
            frontier.push(leaf_hash(entry));
        }
        frontier.root()
    }

    fn note(&self, size: usize) -> Note {
        let checkpoint = north().checkpoint(size as u64, self.root(size));
        Note::parse(&checkpoint.sign(&north())).unwrap()
    }
}

impl NodeReader for Log {
    type Error = Infallible;

    fn node(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        match level {
            0 => Ok(leaf_hash(&self.0[index as usize])),
            _ => Ok(node_hash(
                &self.node(level - 1, index * 2)?,
                &self.node(level - 1, index * 2 + 1)?,
            )),
        }
    }
}

fn request(old: u64, size: usize) -> AddCheckpoint {
    let log = Log::new();
    let proof = consistency_proof(&log, old, size as u64).unwrap();
    AddCheckpoint::new(old, proof, log.note(size)).unwrap()
}

/// What the witness keeps and answers.
fn cosigned(before: Option<&Seen>, request: &AddCheckpoint, now_s: u64) -> (Seen, String) {
    let Decision::Cosign(accepted) = judge(before, request, &[north().verifier()]) else {
        panic!("refused");
    };
    let (seen, line) = Seen::cosigned(before, &accepted, &witness(), now_s);
    (seen, line.to_string())
}

fn upload() -> (UploadHead, Package) {
    let head = UploadHead {
        origin: NORTH.into(),
        start: 1,
        end: 3,
        ticket: b"t".to_vec(),
    };
    let log = Log::new();
    let package = Package {
        entries: log.0[1..].to_vec(),
        proof: subtree_proof(&log, (0, 3), 3).unwrap(),
    };
    (head, package)
}

fn wrap(bytes: &[u8]) -> String {
    let hex = HEXLOWER.encode(bytes);
    let lines = hex.as_bytes().chunks(96);
    lines
        .map(|line| String::from_utf8_lossy(line).into_owned() + "\n")
        .collect()
}

fn compare(marker: &str, parts: &[(&str, String)]) {
    let written: String = parts
        .iter()
        .map(|(name, text)| format!("\n**{name}**\n\n```text\n{text}```\n"))
        .collect();
    let written = format!("{written}\n");
    let (first, last) = (
        format!("<!-- {marker} example -->\n"),
        format!("<!-- end of {marker} example -->"),
    );
    let paper = Path::new(env!("CARGO_MANIFEST_DIR")).join("FORMAT.md");
    let page = fs::read_to_string(&paper).unwrap();
    let (before, rest) = page.split_once(&first).unwrap();
    let (section, behind) = rest.split_once(&last).unwrap();
    if section != written && std::env::var_os("HOTLINE_BLESS").is_some() {
        fs::write(&paper, format!("{before}{first}{written}{last}{behind}")).unwrap();
        return;
    }
    assert!(section == written, "the {marker} example should read:\n{written}");
}

#[test]
fn the_worked_example_of_witness_and_mirror_is_what_the_code_makes() {
    let (first, _) = cosigned(None, &request(0, 1), 1_795_000_002);
    let (seen, line) = cosigned(Some(&first), &request(1, 3), 1_795_000_003);
    let text = &seen.note().text;
    let mirrored = mirror().cosign(text, 1_795_000_004);
    let mut whole = seen.note().clone();
    whole.signatures.push(mirrored.clone());
    let (head, package) = upload();
    let body = [head.encode().unwrap(), package.encode().unwrap()].concat();
    let info = MirrorInfo {
        size: 3,
        next: 1,
        ticket: b"t".to_vec(),
    };
    compare(
        "witness",
        &[
            ("Path name of Avelia's log", origin_hash(NORTH) + "\n"),
            (
                "Verifier key of the witness",
                witness().verifier().to_string() + "\n",
            ),
            (
                "Verifier key of the mirror",
                mirror().verifier().to_string() + "\n",
            ),
            (
                "Request to the witness",
                String::from_utf8(request(1, 3).encode()).unwrap(),
            ),
            (
                "What the witness signs",
                format!("cosignature/v1\ntime 1795000003\n{text}"),
            ),
            ("Answer of the witness", line),
            ("Upload to the mirror", wrap(&body)),
            (
                "Answer of the mirror to an upload that begins elsewhere",
                info.encode(),
            ),
            ("Answer of the mirror", mirrored.to_string()),
            ("Cosigned checkpoint", String::from_utf8(whole.encode()).unwrap()),
        ],
    );
}

#[test]
fn what_the_page_shows_of_witness_and_mirror_is_read_and_believed() {
    let request = AddCheckpoint::parse(block("Request to the witness").as_bytes()).unwrap();
    let (seen, _) = cosigned(None, &self::request(0, 1), 1);
    assert!(matches!(
        judge(Some(&seen), &request, &[north().verifier()]),
        Decision::Cosign(_)
    ));
    let note = Note::parse(block("Cosigned checkpoint").as_bytes()).unwrap();
    let time = |title: &str| {
        let cosigner: CosignVerifier = block(title).trim_end().parse().unwrap();
        cosigner.verify(&note)
    };
    assert_eq!(time("Verifier key of the witness"), Some(1_795_000_003));
    assert_eq!(time("Verifier key of the mirror"), Some(1_795_000_004));
    let body = unhex("Upload to the mirror");
    let (head, used) = UploadHead::read(&body).unwrap().unwrap();
    let span = head.spans().next().unwrap();
    let (package, rest) = Package::read(&body[used..], span).unwrap().unwrap();
    assert_eq!(used + rest, body.len());
    let held = [leaf_hash(&unhex("Statement"))];
    assert!(package.verify(span, &held, 3, &Log::new().root(3)));
}

#[test]
fn the_worked_example_of_a_policy_is_what_the_code_makes_and_the_cosigned_checkpoint_satisfies_it() {
    let entry = block("Roster").lines().next().unwrap();
    let entry = Hash::of(&BASE64.decode(entry.as_bytes()).unwrap());
    let text = format!(
        "# Avelia's relay, as Borenia's saw it.\nlog {}\nwitness south-witness {}\nwitness south-mirror {}\n\
        group south any south-witness south-mirror\nquorum south\n{}hotline-roster exercise.avelia.example 1 {entry}\n",
        north().verifier().verifier_key(),
        witness().verifier(),
        mirror().verifier(),
        root_line("exercise.avelia.example", &key(1).public()),
    );
    compare("policy", &[("Policy", text)]);
    if let Ok(policy) = Policy::parse(block("Policy").as_bytes()) {
        let note = Note::parse(block("Cosigned checkpoint").as_bytes()).unwrap();
        let signed = policy.quorum_met(&note).unwrap();
        let names: Vec<String> = signed.iter().map(|by| by.name.to_string()).collect();
        assert_eq!(names, ["south-witness", "south-mirror"]);
        assert_eq!(policy.log_signed(&note).unwrap().size, 3);
        let alone = Note {
            signatures: note.signatures[..1].to_vec(),
            ..note
        };
        assert!(policy.quorum_met(&alone).is_err());
    }
}
