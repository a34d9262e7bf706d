//! What a sealed key promises, on real files.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};

use super::*;

const OFFICER: &str = "spiffe://exercise.avelia.example/officer/okoye";

/// RFC 8410's way to write an Ed25519 seed.
fn pkcs8() -> Vec<u8> {
    let mut der = vec![
        0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
    ];
    der.extend([9; 32]);
    der
}

fn passphrase() -> Passphrase {
    Passphrase::new("correct horse battery staple".into())
}

fn second() -> Passphrase {
    Passphrase::new("the tea is cold tonight".into())
}

/// Chance that counts: another byte each time, the same in each test.
fn counting() -> impl FnMut(&mut [u8]) {
    let mut next = 0_u8;
    move |buffer: &mut [u8]| {
        for byte in buffer {
            *byte = next;
            next = next.wrapping_add(1);
        }
    }
}

fn sealed() -> String {
    seal(OFFICER, &pkcs8(), (&passphrase(), None), &mut counting())
        .unwrap()
        .text
}

fn sealed_with_two() -> Sealed {
    seal(
        OFFICER,
        &pkcs8(),
        (&passphrase(), Some(&second())),
        &mut counting(),
    )
    .unwrap()
}

fn typed(passphrase: &Passphrase) -> Unlocking<'_> {
    Unlocking {
        passphrase,
        wall: WallTime::from_unix_ms(1_790_000_000_000),
        chance: [7; notes::CHANCE_BYTES],
    }
}

fn load(path: &Path, passphrase: &Passphrase) -> Result<SigningKey, SealedKeyError> {
    load_officer_key(path, Some(&typed(passphrase)))
}

fn file(text: &str, mode: u32) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("officer.key");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .unwrap();
    file.write_all(text.as_bytes()).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    (folder, path)
}

#[test]
fn a_sealed_key_opens_with_its_passphrase_and_signs_as_before() {
    let (_folder, path) = file(&sealed(), 0o600);
    let opened = load(&path, &passphrase()).unwrap();
    let plain = SigningKey::from_pkcs8(&pkcs8()).unwrap();
    assert_eq!(opened.sign(b"words"), plain.sign(b"words"));
}

#[test]
fn a_sealed_key_asks_for_a_passphrase_and_refuses_another() {
    let (_folder, path) = file(&sealed(), 0o600);
    let asked = load_officer_key(&path, None).err().unwrap();
    assert!(
        matches!(asked, SealedKeyError::PassphraseNeeded { .. }),
        "{asked}"
    );
    let other = Passphrase::new("correct horse battery stable".into());
    let refused = load(&path, &other).err().unwrap();
    assert!(
        matches!(refused, SealedKeyError::WrongPassphrase { .. }),
        "{refused}"
    );
}

#[test]
fn a_sealed_key_cannot_be_handed_to_another_officer() {
    let altered = sealed().replace("okoye", "rossi");
    let (_folder, path) = file(&altered, 0o600);
    let refused = load(&path, &passphrase()).err().unwrap();
    assert!(
        matches!(refused, SealedKeyError::WrongPassphrase { .. }),
        "{refused}"
    );
}

#[test]
fn a_sealed_key_is_read_strictly() {
    for (from, to) in [
        ("iterations: 600000", "iterations: 1000"),
        ("iterations: 600000", "iterations: 4000000000"),
        ("kdf: PBKDF2-HMAC-SHA256", "kdf: MD5"),
        ("cipher: CHACHA20", "cipher: NONE"),
        ("\n\n", "\nhint: the dog\n\n"),
        ("salt: ", "salt: AA"),
        ("nonces: ", "nonce: "),
        ("nonces: ", "nonces: AAAAAAAAAAAAAAAA "),
        (
            "-----END HOTLINE SEALED KEY-----\n",
            "-----END HOTLINE SEALED KEY-----\nmore\n",
        ),
    ] {
        let (_folder, path) = file(&sealed().replace(from, to), 0o600);
        let refused = load(&path, &passphrase()).err().unwrap();
        assert!(
            matches!(refused, SealedKeyError::NotAKey { .. }),
            "{from} -> {to}: {refused}"
        );
    }
}

#[test]
fn a_plain_key_needs_no_passphrase_and_a_private_file() {
    let text = format!("{PEM_BEGIN}\n{}\n{PEM_END}\n", BASE64.encode(&pkcs8()));
    let (_folder, path) = file(&text, 0o600);
    load_officer_key(&path, None).unwrap();
    let (_folder, path) = file(&text, 0o640);
    let refused = load_officer_key(&path, None).err().unwrap();
    assert!(
        matches!(refused, SealedKeyError::Lax { mode: 0o640, .. }),
        "{refused}"
    );
}

#[test]
fn a_short_passphrase_seals_nothing_and_prints_as_nothing() {
    let short = Passphrase::new("hotline".into());
    let refused = seal(OFFICER, &pkcs8(), (&short, None), &mut counting())
        .err()
        .unwrap();
    assert!(
        matches!(refused, SealedKeyError::ShortPassphrase { found: 7 }),
        "{refused}"
    );
    assert_eq!(format!("{short:?}"), "Passphrase(…)");
}

#[test]
fn a_sealed_text_names_its_officer_and_shows_no_key() {
    assert_eq!(claimed_officer(&sealed()), Some(OFFICER));
    assert_eq!(kind(&sealed()), Some(KeyFile::Sealed));
    assert!(!sealed().contains(&BASE64.encode(&pkcs8())));
}

/// What the paper shows: a file of an officer with two passphrases, who they are, and one note.
const PAPER: &str = include_str!("../../SEALED.md");

fn shown(head: &str) -> String {
    let (_, rest) = PAPER.split_once(&format!("```{head}\n")).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_sealed_key_of_the_paper_opens_with_both_of_its_passphrases() {
    let text = shown("sealed");
    assert_eq!(
        text,
        sealed_with_two().text,
        "it is made from the chance that the paper names"
    );
    for passphrase in [passphrase(), second()] {
        assert!(PAPER.contains(&format!("`{}`", passphrase.0)), "{}", passphrase.0);
        let (_folder, path) = file(&text, 0o600);
        let opened = load(&path, &passphrase).unwrap();
        assert_eq!(
            opened.public(),
            SigningKey::from_pkcs8(&pkcs8()).unwrap().public()
        );
    }
    let book = book::Book::parse(&shown("book")).unwrap();
    let mut made = book::Book::default();
    made.add(OFFICER.parse().unwrap(), sealed_with_two().second.unwrap());
    assert_eq!(book, made);
    let (_folder, path) = file(&text, 0o600);
    load(&path, &second()).unwrap();
    let note = fs::read(notes::beside(&path)).unwrap();
    assert_eq!(
        shown("note").replace(['\n', ' '], ""),
        data_encoding::HEXLOWER.encode(&note)
    );
}

#[test]
fn a_key_file_does_not_tell_whether_a_second_passphrase_is_set() {
    let (one, two) = (sealed(), sealed_with_two().text);
    let shape = |text: &str| -> Vec<(String, usize)> {
        let lines = text.lines();
        lines
            .map(|line| {
                let word = line.split_once(": ").map_or("", |(word, _)| word);
                (word.to_owned(), line.len())
            })
            .collect()
    };
    assert_eq!(shape(&one), shape(&two), "the same lines, each as long");
    let bytes = |text: &str| -> Vec<u8> {
        let (_, body) = text.split_once("\n\n").unwrap();
        let body: String = body
            .strip_suffix(&format!("{END}\n"))
            .unwrap()
            .split('\n')
            .collect();
        BASE64.decode(body.as_bytes()).unwrap()
    };
    // Which slot the first passphrase opens is drawn: over many files, as often the one as the other, with a second
    // passphrase or without.
    let opens_first_slot = |two: bool, coin: u8| {
        let (first, second) = (passphrase(), second());
        let mut counted = counting();
        let mut drawn = |buffer: &mut [u8]| {
            counted(buffer);
            if let [one] = buffer {
                *one = coin;
            }
        };
        let text = seal(OFFICER, &pkcs8(), (&first, two.then_some(&second)), &mut drawn)
            .unwrap()
            .text;
        let whole = bytes(&text);
        let mut spoilt = whole.clone();
        spoilt[0] ^= 1;
        let spoilt = text.replace(&BASE64.encode(&whole)[..8], &BASE64.encode(&spoilt)[..8]);
        let (_folder, path) = file(&spoilt, 0o600);
        load(&path, &first).is_err()
    };
    for two in [false, true] {
        assert_eq!(
            (opens_first_slot(two, 0), opens_first_slot(two, 1)),
            (true, false),
            "{two}"
        );
    }
    let half = bytes(&one).len() / 2;
    assert_eq!(
        half,
        64 + pkcs8().len() + 16,
        "a slot is a token, a watch key, the key and a tag"
    );
}

#[test]
fn both_passphrases_leave_the_same_behind_and_only_the_book_tells_them_apart() {
    let sealed = sealed_with_two();
    let mut book = book::Book::default();
    book.add(OFFICER.parse().unwrap(), sealed.second.unwrap());
    let book = book::Book::parse(&book.text()).unwrap();
    let seat = tempfile::tempdir().unwrap();
    fs::create_dir(seat.path().join("okoye")).unwrap();
    let path = seat.path().join("okoye/officer.key");
    fs::write(&path, &sealed.text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let mut watch = watch::Watch::new(book, seat.path().to_owned());
    assert_eq!(watch.officers().filter(|(_, here)| *here).count(), 1);
    let mut look = || watch.look();

    load(&path, &passphrase()).unwrap();
    assert_eq!(look(), Vec::new(), "the first passphrase tells nobody anything");
    load(&path, &Passphrase::new("neither of the two is this".into()))
        .err()
        .unwrap();
    assert_eq!(look(), Vec::new());
    load(&path, &second()).unwrap();
    let duress = watch::Found::Duress {
        officer: OFFICER.parse().unwrap(),
        at: WallTime::from_unix_ms(1_790_000_000_000),
        note: 2,
        earlier: false,
    };
    assert_eq!(look(), [duress]);
    assert_eq!(look(), Vec::new(), "it is told once");

    let file = notes::beside(&path);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let notes = fs::read(&file).unwrap();
    assert_eq!(notes.len(), 128, "64 bytes for each passphrase that opened it");
    assert_eq!(notes[..7], notes[64..71], "all but number and seal are the same");
    assert_eq!(notes[8..48], notes[72..112]);
    fs::remove_file(&file).unwrap();
    let lost = watch::Found::Lost {
        officer: OFFICER.parse().unwrap(),
        from: 1,
        to: 2,
        how: watch::Lost::Taken,
    };
    assert_eq!(look(), [lost], "whoever takes the notes away is told as well");
}

#[test]
fn notes_are_bounded_and_an_unlocking_that_cannot_be_noted_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(notes::NOTES_FILE);
    let passphrase = passphrase();
    let watching = |token| Watching::new(Secret([8; 32]), Secret([token; 32]), [0; SALT_BYTES]);
    let beside = Beside {
        token: Secret([3; 32]),
        watch: notes::public(&Secret([8; 32])),
    };
    for _ in 0..notes::NOTES_MAX + 3 {
        notes::write(&file, OFFICER, &beside, &typed(&passphrase)).unwrap();
    }
    assert_eq!(fs::metadata(&file).unwrap().len(), 64 * notes::NOTES_MAX);
    let kept = notes::read(&file).unwrap();
    let numbers = (kept[0].number(), kept.last().unwrap().number());
    assert_eq!(numbers, (4, notes::NOTES_MAX + 3));
    assert!(kept.iter().all(|note| note.is_of(OFFICER, &watching(3))));
    assert!(!kept[0].is_of(OFFICER, &watching(4)));
    // Somebody who holds the lock holds nobody up for long: it is refused as any note that cannot be written.
    let held = fs::File::open(&file).unwrap();
    held.lock().unwrap();
    let refused = notes::write(&file, OFFICER, &beside, &typed(&passphrase)).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::TimedOut);

    let (_folder, path) = self::file(&sealed(), 0o600);
    fs::create_dir(notes::beside(&path)).unwrap();
    let refused = load(&path, &passphrase).err().unwrap();
    assert!(matches!(refused, SealedKeyError::NotNoted { .. }), "{refused}");
}

#[test]
fn two_passphrases_that_are_the_same_seal_nothing() {
    let both = (&passphrase(), Some(&passphrase()));
    let refused = seal(OFFICER, &pkcs8(), both, &mut counting()).err().unwrap();
    assert!(matches!(refused, SealedKeyError::SamePassphrases), "{refused}");
}

/// A file as `pki seal` wrote it when there was one passphrase: this key, passphrase and salt and nonce of fives.
const OLD: &str = "-----BEGIN HOTLINE SEALED KEY-----\nofficer: spiffe://exercise.avelia.example/officer/okoye\nkdf: PBKDF2-HMAC-SHA256\niterations: 600000\nsalt: BQUFBQUFBQUFBQUFBQUFBQ==\ncipher: CHACHA20-POLY1305\nnonce: BQUFBQUFBQUFBQUF\n\n8x7izuCt7UuSD005Zc0VQki+U65fgIEvWPescm8P5zTmzZ1QJJU+YWHdwHC1oJ7I\nQbQb1rDa8aObuKVisSmwrQ==\n-----END HOTLINE SEALED KEY-----\n";

#[test]
fn a_key_that_was_sealed_before_there_were_two_passphrases_still_opens() {
    let (_folder, path) = file(OLD, 0o600);
    let opened = load(&path, &passphrase()).unwrap();
    assert_eq!(
        opened.public(),
        SigningKey::from_pkcs8(&pkcs8()).unwrap().public()
    );
    assert!(!notes::beside(&path).exists(), "it has no token to note it by");
    let refused = load(&path, &second()).err().unwrap();
    assert!(
        matches!(refused, SealedKeyError::WrongPassphrase { .. }),
        "{refused}"
    );
}
