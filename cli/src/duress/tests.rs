//! A watch and its book, on real files.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::os::unix::fs::PermissionsExt as _;

use hotline_client::sealed::{self, Passphrase, Unlocking};
use hotline_core::time::WallTime;
use tempfile::TempDir;

use super::*;

const OKOYE: &str = "spiffe://exercise.avelia.example/officer/okoye";

fn first() -> Passphrase {
    Passphrase::new("correct horse battery staple".into())
}

fn second() -> Passphrase {
    Passphrase::new("the tea is cold tonight".into())
}

fn private(file: &Path, text: &str) {
    fs::write(file, text).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}

/// A seat with okoye, and a book beside it.
struct Seat {
    folder: TempDir,
    book: Book,
    drawn: u8,
}

impl Seat {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("officers/okoye")).unwrap();
        let mut seat = Self {
            folder,
            book: Book::default(),
            drawn: 0,
        };
        seat.seals();
        seat
    }

    fn book(&self) -> PathBuf {
        self.folder.path().join("security.book")
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("officers/okoye/officer.key")
    }

    /// Seals the key anew, and writes the book first, as pki seal does.
    fn seals(&mut self) {
        let mut pkcs8 = vec![
            0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
        ];
        pkcs8.extend([9; 32]);
        let mut chance = |bytes: &mut [u8]| {
            for byte in bytes {
                self.drawn = self.drawn.wrapping_mul(5).wrapping_add(3);
                *byte = self.drawn;
            }
        };
        let (first, second) = (first(), second());
        let sealed = sealed::seal(OKOYE, &pkcs8, (&first, Some(&second)), &mut chance).unwrap();
        self.book.add(OKOYE.parse().unwrap(), sealed.second.unwrap());
        private(&self.book(), &self.book.text());
        private(&self.key(), &sealed.text);
    }

    fn types(&self, passphrase: &Passphrase) {
        let unlocking = Unlocking {
            passphrase,
            wall: WallTime::from_unix_ms(1_000),
            chance: [7; 32],
        };
        sealed::load_officer_key(&self.key(), Some(&unlocking)).unwrap();
    }

    fn watch(&self) -> Watching {
        Watching::over(self.folder.path().join("officers"), &self.book()).unwrap()
    }
}

#[test]
fn a_watch_that_follows_reads_its_book_again_when_it_has_changed() {
    let mut seat = Seat::new();
    let mut watch = seat.watch();
    assert_eq!(watch.look(), []);
    seat.seals();
    seat.types(&second());
    let alarm = |note, earlier| Found::Duress {
        officer: OKOYE.parse().unwrap(),
        at: WallTime::from_unix_ms(1_000),
        note,
        earlier,
    };
    assert_eq!(watch.look(), [alarm(1, false)]);
    // A book that is none is told once, and the one before still serves.
    private(&seat.book(), "something else\n");
    assert!(matches!(watch.look().as_slice(), [Found::Unreadable { .. }]));
    seat.types(&second());
    assert_eq!(watch.look(), [alarm(2, false)]);
    private(&seat.book(), &seat.book.text());
    assert_eq!(watch.look(), []);
}

#[test]
fn one_look_ends_with_an_exit_code_that_tells_whether_anything_was_found() {
    let seat = Seat::new();
    seat.types(&first());
    let code = |found: &[Found]| once(found, false, true).map_err(|failure| failure.exit);
    assert_eq!(code(&seat.watch().look()), Ok(exit::OK));
    seat.types(&second());
    assert_eq!(code(&seat.watch().look()), Ok(exit::ALARM));
    let unreadable = Found::Unreadable {
        place: seat.key(),
        why: "refused".into(),
    };
    assert_eq!(code(&[unreadable]), Err(exit::OTHER));
}

#[test]
fn a_side_may_watch_as_a_habit_with_a_book_of_nobody() {
    let seat = Seat::new();
    private(&seat.book(), "hotline duress book 1\n");
    let mut watch = seat.watch();
    seat.types(&second());
    assert_eq!(watch.look(), []);
    assert!(watch.whom().ends_with("the book names nobody"));
    let lacks = Watching::over(seat.folder.path().join("officers/okoye"), &{
        let other = seat.folder.path().join("other.book");
        private(&other, &seat.book.text());
        other
    });
    assert_eq!(lacks.err().unwrap().code, "HL-DURESS-003");
}
