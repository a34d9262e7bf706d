//! Archives that somebody hostile has made: each is refused by its name, before it is held or written anywhere.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod line;

use std::collections::BTreeMap;
use std::io::{self, Read};

use hotline_audit::bundle::{Bundle, BundleWriter, Manifest};
use hotline_audit::tiles::Files;
use line::story::{SHORT, play};
use tar::{Builder, EntryType, Header};

const KEY: &[u8] = b"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n";

/// An archive of these files, whatever their names and kinds.
struct Raw {
    builder: Builder<Vec<u8>>,
}

impl Raw {
    fn new() -> Raw {
        Raw {
            builder: Builder::new(Vec::new()),
        }
    }

    fn file(self, name: &str, bytes: &[u8]) -> Raw {
        self.entry(name, EntryType::Regular, bytes.len() as u64, bytes)
    }

    /// A header that may say anything about what follows.
    fn entry(mut self, name: &str, kind: EntryType, size: u64, bytes: &[u8]) -> Raw {
        let mut header = Header::new_ustar();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(size);
        header.set_cksum();
        self.builder.append(&header, bytes).unwrap();
        self
    }

    fn finish(self) -> Vec<u8> {
        self.builder.into_inner().unwrap()
    }
}

fn rule(archive: &[u8]) -> &'static str {
    Bundle::read(archive).unwrap_err().rule()
}

fn manifest(files: &Files) -> Vec<u8> {
    Manifest::of("exercise.avelia.example", BTreeMap::new(), files).encode()
}

/// Files and the manifest that fits them, in the order of names.
fn whole(files: Files) -> Vec<u8> {
    let mut all = files.clone();
    all.insert("manifest.json".to_owned(), manifest(&files));
    let raw = all
        .iter()
        .fold(Raw::new(), |raw, (name, bytes)| raw.file(name, bytes));
    raw.finish()
}

fn one(name: &str, bytes: &[u8]) -> Files {
    Files::from([(name.to_owned(), bytes.to_vec())])
}

#[test]
fn the_same_evidence_gives_the_same_bytes_and_comes_back_as_it_was() {
    let line = play(SHORT);
    let once = line.pack(0, line.files(0));
    assert_eq!(once, line.pack(0, line.files(0)));
    let bundle = line::read(&once).unwrap();
    assert_eq!(bundle.manifest.side, "exercise.avelia.example");
    let mut files = (**bundle.files()).clone();
    files.remove("manifest.json");
    assert_eq!(files, line.files(0));
}

#[test]
fn every_flipped_bit_of_a_bundle_is_refused_or_names_another_side_and_changes_no_file() {
    let bytes = whole(one("cosigned/a.example/relay/north/1", b"no note, but a file\n"));
    let bundle = Bundle::read(bytes.as_slice()).unwrap();
    let evidence = |bundle: &Bundle| {
        let mut files = (**bundle.files()).clone();
        files.remove("manifest.json");
        files
    };
    for bit in 0..bytes.len() * 8 {
        let mut other = bytes.clone();
        other[bit / 8] ^= 1 << (bit % 8);
        // Whose it is stands nowhere else; logs of another side than the one named are WRONG_SIDE.
        if let Ok(read) = Bundle::read(other.as_slice()) {
            assert_ne!(read.manifest.side, bundle.manifest.side, "bit {bit}");
            assert_eq!(evidence(&read), evidence(&bundle), "bit {bit}");
        }
    }
    for cut in 0..bytes.len() {
        assert!(Bundle::read(&bytes[..cut]).is_err(), "cut at {cut}");
    }
    let longer = [bytes.as_slice(), &[0; 512]].concat();
    assert_eq!(rule(&longer), "NOT_CANONICAL");
}

#[test]
fn a_path_that_leads_out_of_the_bundle_is_refused() {
    for name in [
        "../policy",
        "/etc/passwd",
        "logs/../../x",
        "logs//x",
        "./manifest.json",
        "logs/..",
        "a\\b",
        "logs/a b",
        "",
    ] {
        assert_eq!(
            rule(&Raw::new().file(name, b"x").finish()),
            "PATH_TRAVERSAL",
            "{name:?}"
        );
    }
}

#[test]
fn whatever_is_no_plain_file_is_refused() {
    for kind in [
        EntryType::Symlink,
        EntryType::Link,
        EntryType::Directory,
        EntryType::Char,
        EntryType::Block,
        EntryType::Fifo,
        EntryType::GNUSparse,
        EntryType::GNULongName,
        EntryType::XHeader,
        EntryType::XGlobalHeader,
    ] {
        let archive = Raw::new().entry("keys/a.example/roster", kind, 0, b"").finish();
        assert_eq!(rule(&archive), "NOT_A_FILE", "{kind:?}");
    }
}

#[test]
fn sizes_like_those_of_a_bomb_are_refused_before_they_are_read() {
    let gigabytes = Raw::new()
        .entry("logs/x", EntryType::Regular, 8 << 30, b"")
        .finish();
    assert_eq!(rule(&gigabytes), "TOO_LARGE");
    // An archive behind which something goes on for ever.
    let whole = whole(one("keys/a.example/roster", b"x"));
    let endless = Endless { whole, read: 0 };
    assert_eq!(Bundle::read(endless).unwrap_err().rule(), "TOO_LARGE");
}

/// An archive and zeroes without end; fails the test where a reader takes far more than a bundle may have.
struct Endless {
    whole: Vec<u8>,
    read: usize,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = self.whole.get(self.read..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        buffer[count..].fill(0);
        self.read += buffer.len();
        assert!(self.read < 600 << 20, "more was read than a bundle may have");
        Ok(buffer.len())
    }
}

#[test]
fn more_files_than_a_bundle_may_have_are_refused() {
    let mut raw = Raw::new();
    for number in 0..=50_000 {
        raw = raw.file(&format!("x{number}"), b"");
    }
    assert_eq!(rule(&raw.finish()), "TOO_LARGE");
}

#[test]
fn two_files_of_one_name_are_refused() {
    let twice = Raw::new()
        .file("keys/a.example/roster", b"a")
        .file("keys/a.example/roster", b"b");
    assert_eq!(rule(&twice.finish()), "DUPLICATE_FILE");
}

#[test]
fn a_private_key_in_a_bundle_is_refused_by_its_content() {
    for name in [
        "certificates/a.example/relay.crt",
        "keys/a.example/roster",
        "logs/a.example/relay/north/log.key",
        "logs/a.example/relay/north/tile/log.key",
        "anything",
    ] {
        assert_eq!(rule(&whole(one(name, KEY))), "KEY_FILE", "{name}");
    }
    let mut writer = BundleWriter::new();
    assert_eq!(
        writer
            .add("certificates/a.example/relay.crt", KEY.to_vec())
            .unwrap_err()
            .rule(),
        "KEY_FILE"
    );
}

#[test]
fn a_file_without_a_place_is_refused_and_a_policy_by_its_own_name() {
    for name in [
        "README",
        "logs/x",
        "keys/a.example/ca.key",
        "cosigned/a.example/relay/north/01",
    ] {
        assert_eq!(rule(&whole(one(name, b"x"))), "UNKNOWN_FILE", "{name}");
    }
    for name in ["policy", "trust/a.example/root.pub", "root.pub", "roster"] {
        assert_eq!(rule(&whole(one(name, b"x"))), "FOREIGN_ANCHOR", "{name}");
    }
}

#[test]
fn a_manifest_that_does_not_fit_the_files_is_refused() {
    let files = one("keys/a.example/roster", b"x");
    let other = one("keys/a.example/roster", b"y");
    let more = one("keys/a.example/deny", b"x");
    for listed in [&other, &more, &Files::new()] {
        let archive = Raw::new()
            .file("keys/a.example/roster", b"x")
            .file("manifest.json", &manifest(listed));
        assert_eq!(rule(&archive.finish()), "WRONG_MANIFEST");
    }
    assert_eq!(
        rule(&Raw::new().file("keys/a.example/roster", b"x").finish()),
        "WRONG_MANIFEST"
    );
    let text = String::from_utf8(manifest(&files)).unwrap();
    for odd in [
        text.replace("hotline-bundle/1", "hotline-bundle/2"),
        text.replace(": ", ":  "),
        format!("{text}\n"),
        text.replacen('{', "{\"more\":1,", 1),
    ] {
        let archive = Raw::new()
            .file("keys/a.example/roster", b"x")
            .file("manifest.json", odd.as_bytes());
        assert_eq!(rule(&archive.finish()), "WRONG_MANIFEST", "{odd}");
    }
}

#[test]
fn files_in_another_order_or_with_times_are_not_the_one_writing() {
    let files = one("keys/a.example/roster", b"x");
    let swapped = Raw::new()
        .file("manifest.json", &manifest(&files))
        .file("keys/a.example/roster", b"x");
    assert_eq!(rule(&swapped.finish()), "NOT_CANONICAL");
}

#[test]
fn what_is_no_archive_is_unreadable() {
    for bytes in [&b"hello"[..], &[0u8; 100], &[0xff; 2048]] {
        let error = Bundle::read(bytes).unwrap_err();
        assert!(error.is_unreadable(), "{error}");
    }
}

#[test]
fn what_a_damaged_header_says_does_nothing_to_the_terminal_on_which_it_is_refused() {
    let mut archive = Raw::new().file("manifest.json", b"{}").finish();
    archive[148..156].copy_from_slice(b"\x1b[2J\xc2\x9b1m");
    let error = Bundle::read(archive.as_slice()).unwrap_err();
    assert!(error.is_unreadable(), "{error}");
    let told = error.to_string();
    assert!(!told.contains(char::is_control), "{told:?}");
}
