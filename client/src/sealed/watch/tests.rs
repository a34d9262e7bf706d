//! What a watch tells, and what it leaves behind.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    os::unix::fs::PermissionsExt as _,
    time::{Duration, SystemTime},
};

use super::*;
use crate::sealed::{Beside, Passphrase, Secret, Unlocking};

const OKOYE: &str = "spiffe://exercise.avelia.example/officer/okoye";

/// A seal whose secrets are made of this byte, and the salt of its file.
fn seal(byte: u8) -> Watching {
    Watching::new(Secret([byte; 32]), Secret([byte + 100; 32]), [byte; SALT_BYTES])
}

fn book(seals: &[u8]) -> Book {
    let mut book = Book::default();
    for byte in seals {
        book.add(OKOYE.parse().unwrap(), seal(*byte));
    }
    Book::parse(&book.text()).unwrap()
}

struct Seat(tempfile::TempDir);

impl Seat {
    fn new() -> Self {
        let seat = Self(tempfile::tempdir().unwrap());
        seat.sits("okoye", 1);
        seat
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// An officer's key is sealed, or sealed anew, with a salt of this byte.
    fn sits(&self, name: &str, salt: u8) {
        fs::create_dir_all(self.at(name)).unwrap();
        let salt = data_encoding::BASE64.encode(&[salt; SALT_BYTES]);
        let officer = OKOYE.replace("okoye", name);
        let text = format!("{BEGIN}\nofficer: {officer}\nkdf: one\niterations: 1\nsalt: {salt}\n\n");
        fs::write(self.at(name).join(KEY_FILE), text).unwrap();
    }

    /// Somebody types a passphrase of okoye's: the second one of the seal of this byte, or the first.
    fn types(&self, byte: u8, second: bool) {
        let seal = seal(byte);
        let token = if second { seal.token.0 } else { [0; 32] };
        let beside = Beside {
            token: Secret(token),
            watch: seal.watch,
        };
        let unlocking = Unlocking {
            passphrase: &Passphrase::new("not looked at".into()),
            wall: WallTime::from_unix_ms(1_000),
            chance: [7; notes::CHANCE_BYTES],
        };
        notes::write(&self.at("okoye/unlocked"), OKOYE, &beside, &unlocking).unwrap();
    }

    fn watch(&self, book: Book) -> Watch {
        Watch::new(book, self.0.path().to_owned())
    }

    /// Takes a note away, or puts these bytes in its place.
    fn writes(&self, number: usize, bytes: &[u8]) {
        let file = self.at("okoye/unlocked");
        let mut notes = fs::read(&file).unwrap();
        notes[(number - 1) * 64..][..bytes.len()].copy_from_slice(bytes);
        fs::write(file, notes).unwrap();
    }
}

/// In short: `duress 2`, `earlier 2`, `taken 1 to 2`, `not kept 1 to 2`, `resealed`, `gone okoye`, `unreadable unlocked`.
fn short(found: &[Found]) -> Vec<String> {
    let end = |place: &Path| place.file_name().unwrap().to_string_lossy().into_owned();
    let words = found.iter().map(|found| match found {
        Found::Duress { note, earlier, .. } => {
            format!("{} {note}", if *earlier { "earlier" } else { "duress" })
        }
        Found::Lost { from, to, how, .. } => match how {
            Lost::Taken => format!("taken {from} to {to}"),
            Lost::NotKept => format!("not kept {from} to {to}"),
        },
        Found::Resealed { .. } => "resealed".to_owned(),
        Found::Gone { place } => format!("gone {}", end(place)),
        Found::Unreadable { place, .. } => format!("unreadable {}", end(place)),
    });
    words.collect()
}

const NOTHING: [&str; 0] = [];

#[test]
fn a_key_that_is_sealed_anew_loses_no_alarm() {
    let seat = Seat::new();
    let mut watch = seat.watch(book(&[1]));
    assert_eq!(short(&watch.look()), NOTHING);
    // The note that sealing anew itself leaves, and one by the old key behind it: the replacing failed.
    seat.types(1, true);
    watch.knows(book(&[1, 2]));
    seat.types(1, true);
    assert_eq!(short(&watch.look()), ["duress 1", "duress 2"]);
    seat.sits("okoye", 2);
    seat.types(2, false);
    seat.types(2, true);
    assert_eq!(short(&watch.look()), ["duress 4"]);
    // A watch that is begun later, or hears of the new book late, knows all of them.
    assert_eq!(
        short(&seat.watch(book(&[1, 2])).look()),
        ["earlier 1", "earlier 2", "earlier 4"]
    );
    let mut late = seat.watch(book(&[1]));
    assert_eq!(short(&late.look()), ["resealed", "earlier 1", "earlier 2"]);
    assert_eq!(short(&late.look()), NOTHING, "it is told once");
    late.knows(book(&[1, 2]));
    assert_eq!(short(&late.look()), ["earlier 4"]);
}

#[test]
fn a_book_keeps_the_newest_seals_of_an_officer_and_tells_of_a_key_that_it_does_not_know() {
    let all: Vec<u8> = (1..=10).collect();
    let kept: Vec<[u8; SALT_BYTES]> = book(&all).seals().map(|(_, seal)| seal.salt).collect();
    let newest: Vec<[u8; SALT_BYTES]> = (3..=10).map(|byte| [byte; SALT_BYTES]).collect();
    assert_eq!(kept, newest);
    let seat = Seat::new();
    assert_eq!(short(&seat.watch(book(&all)).look()), ["resealed"]);
    seat.sits("okoye", 9);
    assert_eq!(short(&seat.watch(book(&all)).look()), NOTHING);
    fs::write(
        seat.at("okoye/officer.key"),
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2Vw\n",
    )
    .unwrap();
    assert_eq!(
        short(&seat.watch(book(&all)).look()),
        ["resealed"],
        "nor a plain one"
    );
}

#[test]
fn notes_that_are_not_whole_are_told_with_their_numbers() {
    let seat = Seat::new();
    for _ in 0..6 {
        seat.types(1, false);
    }
    let mut follows = seat.watch(book(&[1]));
    assert_eq!(short(&follows.look()), NOTHING);
    let whole = fs::read(seat.at("okoye/unlocked")).unwrap();
    seat.writes(3, &[0; 64]);
    assert_eq!(short(&seat.watch(book(&[1])).look()), ["taken 3 to 3"]);
    seat.writes(1, &[0; 192]);
    assert_eq!(short(&seat.watch(book(&[1])).look()), ["taken 1 to 3"]);
    // An older file put back, and unlocked as often again: the newest number is as before, and its note is another.
    fs::write(seat.at("okoye/unlocked"), &whole[..320]).unwrap();
    seat.types(1, true);
    assert_eq!(short(&follows.look()), ["taken 6 to 6", "earlier 6"]);
    fs::remove_file(seat.at("okoye/unlocked")).unwrap();
    assert_eq!(short(&follows.look()), ["taken 1 to 6"]);
    assert_eq!(short(&follows.look()), NOTHING);
    for _ in 0..NOTES_MAX + 2 {
        seat.types(1, false);
    }
    assert_eq!(short(&follows.look()), ["not kept 1 to 2"]);
    assert_eq!(short(&seat.watch(book(&[1])).look()), ["not kept 1 to 2"]);
    // A number that nobody comes to by unlocking holds nobody up.
    let far = 4 * NOTES_MAX + 1;
    seat.writes(1, &far.to_be_bytes());
    let lost = short(&follows.look());
    assert_eq!(
        lost,
        [
            format!("not kept 1027 to {}", far - NOTES_MAX),
            format!("taken {} to {}", far - NOTES_MAX + 1, far - 1)
        ]
    );
}

#[test]
fn a_watch_reads_the_same_of_every_officer_and_leaves_no_time_of_reading() {
    let seat = Seat::new();
    seat.types(1, false);
    seat.sits("rossi", 7);
    fs::copy(seat.at("okoye/unlocked"), seat.at("rossi/unlocked")).unwrap();
    let files = ["okoye", "rossi"].map(|name| [KEY_FILE, NOTES_FILE].map(|file| seat.at(name).join(file)));
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for file in files.iter().flatten() {
        let times = fs::FileTimes::new().set_accessed(long_ago);
        File::options()
            .write(true)
            .open(file)
            .unwrap()
            .set_times(times)
            .unwrap();
    }
    for book in [book(&[1]), Book::parse("hotline duress book 1\n").unwrap()] {
        let mut watch = seat.watch(book);
        assert_eq!(short(&watch.look()), NOTHING);
        // Of somebody who is not in the book too, a loss is told.
        fs::rename(seat.at("rossi/unlocked"), seat.at("rossi/aside")).unwrap();
        assert_eq!(short(&watch.look()), ["taken 1 to 1"]);
        fs::rename(seat.at("rossi/aside"), seat.at("rossi/unlocked")).unwrap();
    }
    for file in files.iter().flatten() {
        assert_eq!(
            fs::metadata(file).unwrap().accessed().unwrap(),
            long_ago,
            "{}",
            file.display()
        );
    }
}

#[test]
fn what_is_gone_or_cannot_be_read_is_told_once_and_the_others_are_looked_at() {
    let seat = Seat::new();
    seat.sits("abel", 7);
    // A folder in the place of a file: nobody reads that, whoever runs this test.
    fs::create_dir(seat.at("abel/unlocked")).unwrap();
    let mut watch = seat.watch(book(&[1]));
    seat.types(1, true);
    assert_eq!(short(&watch.look()), ["unreadable unlocked", "earlier 1"]);
    seat.types(1, true);
    assert_eq!(short(&watch.look()), ["duress 2"]);
    fs::remove_dir(seat.at("abel/unlocked")).unwrap();
    fs::remove_file(seat.at("abel/officer.key")).unwrap();
    assert_eq!(short(&watch.look()), ["gone officer.key"]);
    fs::rename(seat.at("okoye"), seat.at(".okoye")).unwrap();
    assert_eq!(short(&watch.look())[..1], ["gone okoye"]);
    fs::rename(seat.at(".okoye"), seat.at("okoye")).unwrap();
    fs::set_permissions(seat.at("okoye"), fs::Permissions::from_mode(0o700)).unwrap();
    seat.types(1, true);
    assert_eq!(short(&watch.look()).last().unwrap(), "duress 3");
}
