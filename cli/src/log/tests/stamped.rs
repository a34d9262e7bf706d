//! Time stamps, by an authority that the openssl program plays.

use std::process::Command;

use clap::Parser;

use super::super::stamp::{self, StampArgs};
use super::*;
use crate::exit;

#[derive(Debug, Parser)]
struct Words {
    #[command(flatten)]
    args: StampArgs,
}

/// An authority in a folder: CA certificate, signer, and settings.
struct Authority(PathBuf);

const SETTINGS: &str = "\
[tsa]\ndefault_tsa = here\n[here]\nserial = serial\nsigner_digest = sha256\ndefault_policy = 1.2.3.4\ndigests = sha256\n\
ess_cert_id_alg = sha256\n[stamping]\nextendedKeyUsage = critical,timeStamping\nkeyUsage = critical,digitalSignature\n";

impl Authority {
    /// None, said aloud, where there is no openssl.
    fn new(place: &Path, name: &str) -> Option<Self> {
        let folder = place.join(name);
        fs::create_dir_all(&folder).unwrap();
        let authority = Self(folder);
        if Command::new("openssl").arg("version").output().is_err() {
            println!("skipped: openssl not installed");
            return None;
        }
        fs::write(authority.file("settings"), SETTINGS).unwrap();
        fs::write(authority.file("serial"), "01\n").unwrap();
        let subject = format!("/CN={name}");
        let ca = "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj";
        authority.run(ca, &[&subject]);
        let ask = "req -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.csr -subj /CN=stamps";
        authority.run(ask, &[]);
        let sign = "x509 -req -in tsa.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out tsa.crt \
                    -extfile settings -extensions stamping";
        authority.run(sign, &[]);
        Some(authority)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn run(&self, words: &str, more: &[&str]) {
        let words = words.split_whitespace().chain(more.iter().copied());
        let done = Command::new("openssl")
            .args(words)
            .current_dir(&self.0)
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// Answers the request in a folder.
    fn answer(&self, folder: &Path) {
        let file = |name: &str| folder.join(name).display().to_string();
        let (asked, answer) = (file("request.tsq"), file("response.tsr"));
        let words = "ts -reply -config settings -section here -signer tsa.crt -inkey tsa.key -queryfile";
        self.run(words, &[&asked, "-out", &answer]);
    }
}

fn checked(log: &Path, folder: &Path, authority: &Authority, trust: &Path) -> u8 {
    stamp::run(&args(log, folder, authority, trust)).unwrap()
}

fn args(log: &Path, folder: &Path, authority: &Authority, trust: &Path) -> StampArgs {
    let word = |path: &Path| path.display().to_string();
    let ca = authority.file("ca.crt");
    let words = [
        "stamp".to_owned(),
        word(log),
        "--check".into(),
        word(folder),
        "--authority".into(),
        word(&ca),
        "--trust".into(),
        word(trust),
    ];
    Words::try_parse_from(words).unwrap().args
}

/// An answer with words in its status, which nobody signs: `SEQUENCE { SEQUENCE { 0, SEQUENCE { words } }, token }`.
fn with_words(answer: &[u8], words: &str) -> Vec<u8> {
    // The head of the answer (long form, two bytes of length), and the status without words.
    assert_eq!((answer[0], answer[1]), (0x30, 0x82));
    assert_eq!(answer[4..9], [0x30, 3, 2, 1, 0]);
    let length = u8::try_from(words.len()).unwrap();
    let mut status = vec![0x30, length + 7, 2, 1, 0, 0x30, length + 2, 0x0c, length];
    status.extend_from_slice(words.as_bytes());
    status.extend_from_slice(&answer[9..]);
    let whole = u16::try_from(status.len()).unwrap().to_be_bytes();
    [&[0x30, 0x82], &whole[..], &status].concat()
}

#[test]
fn the_time_of_a_stamp_is_that_of_its_token_whatever_words_stand_around_it() {
    let world = World::new();
    let Some(authority) = Authority::new(world.place.path(), "authority") else {
        return;
    };
    let chain = world.chain(3);
    let ledger = world.relay(&chain);
    let (folder, trust) = (world.file("stamp"), world.trust_folder());
    stamp::request(&ledger, &folder).unwrap();
    authority.answer(&folder);
    let stamped = || {
        let args = args(&ledger, &folder, &authority, &trust);
        let stamp = stamp::check(&args, &folder, &authority.file("ca.crt")).unwrap();
        stamp.stamped.unwrap()
    };
    let time = stamped();
    assert!(!time.contains("1999"), "{time}");
    let file = folder.join("response.tsr");
    let answer = fs::read(&file).unwrap();
    let forged = with_words(&answer, "x\nTime stamp: Jan  1 00:00:00 1999 GMT\n");
    fs::write(&file, forged).unwrap();
    assert_eq!(stamped(), time);
}

#[test]
fn a_stamp_over_a_checkpoint_holds_while_the_log_grows_and_for_no_other_log_or_authority() {
    let world = World::new();
    let Some(authority) = Authority::new(world.place.path(), "authority") else {
        return;
    };
    let Some(stranger) = Authority::new(world.place.path(), "stranger") else {
        return;
    };
    let chain = world.chain(5);
    let ledger = world.relay(&chain[..3]);
    let (folder, trust) = (world.file("stamp"), world.trust_folder());
    assert_eq!(stamp::request(&ledger, &folder).unwrap().size, 3);
    authority.answer(&folder);
    assert_eq!(checked(&ledger, &folder, &authority, &trust), exit::OK);
    assert_eq!(checked(&ledger, &folder, &stranger, &trust), exit::LOG);
    // An older folder is evidence, and is not written over.
    assert!(stamp::request(&ledger, &folder).is_err());

    // A checkpoint that was changed is not signed by its log; one that was stamped by nobody has no answer.
    let file = folder.join("checkpoint");
    let note = fs::read_to_string(&file).unwrap();
    fs::write(&file, note.replacen("\n3\n", "\n2\n", 1)).unwrap();
    assert_eq!(checked(&ledger, &folder, &authority, &trust), exit::LOG);
    fs::write(&file, &note).unwrap();

    // Logs of the same name: one with other entries, one that was cut, one that has grown.
    let other = World::new();
    let others = other.relay(&chain[1..4]);
    assert_eq!(checked(&others, &folder, &authority, &trust), exit::LOG);
    let third = World::new();
    let shorter = third.relay(&chain[..2]);
    assert_eq!(checked(&shorter, &folder, &authority, &trust), exit::LOG);
    let fourth = World::new();
    let grown = fourth.relay(&chain);
    assert_eq!(checked(&grown, &folder, &authority, &trust), exit::OK);
}
