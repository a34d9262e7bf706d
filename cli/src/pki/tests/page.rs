//! What `inspect` and the tour say, and what `run` prints.

use clap::Parser;

use super::*;
use crate::pki::args::{PkiArgs, run_at};
use crate::pki::inspect::inspect;
use crate::pki::tour::tour;

#[derive(Parser)]
struct CommandLine {
    #[command(flatten)]
    pki: PkiArgs,
}

/// What a command line prints.
fn typed(words: &[&str]) -> Result<String, PkiError> {
    let mut out = Vec::new();
    let line =
        CommandLine::try_parse_from([&["hotline pki"], words].concat()).unwrap_or_else(|e| panic!("{e}"));
    run_at(line.pki, NOW, &mut entropy, &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

#[test]
fn the_tour_in_certs_example_is_what_inspect_says() {
    let place = tempfile::tempdir().unwrap();
    let page = tour(place.path()).unwrap();
    let committed = include_str!("../../../../certs-example/TOUR.md");
    assert!(
        page == committed,
        "make it anew: hotline pki tour > certs-example/TOUR.md\n{page}"
    );
}

#[test]
fn inspect_explains_every_kind_of_file_and_shows_no_private_key() {
    let sides = Sides::made();
    sides.their_export();
    for path in files_below(sides.place.path()) {
        let name = path.file_name().unwrap().to_str().unwrap();
        if ["issued"].contains(&name) || name.ends_with(".toml") {
            continue;
        }
        let report = inspect(&path, NOW).unwrap_or_else(|error| panic!("{error}"));
        assert!(!report.lines.is_empty() && report.lines.iter().all(|line| !line.meaning.is_empty()));
        if name.ends_with(".key") {
            let secret = fs::read_to_string(&path).unwrap();
            assert!(!report.text().contains(secret.lines().nth(1).unwrap()), "{name}");
        }
    }
}

#[test]
fn inspect_says_what_it_cannot_check() {
    let sides = Sides::made();
    let alone = tempfile::tempdir().unwrap();
    for name in [layout::ROSTER, layout::REVOCATION_LIST] {
        fs::copy(sides.ours().join(name), alone.path().join(name)).unwrap();
        let text = inspect(&alone.path().join(name), NOW).unwrap().text();
        assert!(text.contains("unchecked"), "{text}");
    }
    let stray = alone.path().join("stray");
    fs::write(&stray, "hello").unwrap();
    assert_eq!(inspect(&stray, NOW).unwrap_err().code(), "HL-PKI-005");
}

#[test]
fn inspect_shows_a_strangers_words_inert() {
    let sides = Sides::from(
        AVELIA,
        &BORENIA.replace("level = \"ministers", "level = \"\u{202e}ministers"),
    );
    let path = sides
        .theirs()
        .join(layout::TRUST)
        .join(THEIRS)
        .join("charter/MINISTER/terms");
    let text = inspect(&path, NOW).unwrap().text();
    assert!(text.contains("‹U+202E›ministers"), "{text}");
}

#[test]
fn the_whole_example_is_made_from_the_command_line() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    for (name, text) in [("avelia", AVELIA), ("borenia", BORENIA)] {
        fs::write(place.path().join(format!("{name}.toml")), text).unwrap();
        let said = typed(&["init", "--from", &at(&format!("{name}.toml")), "--out", &at(name)]).unwrap();
        assert!(
            said.contains(&format!("made exercise.{name}.example (EXERCISE)")),
            "{said}"
        );
        let dir = at(&format!("{name}/exercise.{name}.example"));
        let said = typed(&["export", "--dir", &dir, "--out", &at(&format!("{name}.trust"))]).unwrap();
        assert!(said.contains("read the words aloud"), "{said}");
    }
    let ours = at("avelia/exercise.avelia.example");
    let unread = typed(&["trust", "--dir", &ours, &at("borenia.trust")]).unwrap_err();
    assert!(unread.help().contains("--words"), "{}", unread.help());
    let said = typed(&["trust", "--dir", &ours, &at("borenia.trust"), "--yes"]).unwrap();
    assert!(said.contains("both sides consent"), "{said}");
    let revoke = |officers: &[&str]| {
        let words = ["revoke", "--dir", &ours, "officer", "okoye", "--reason", "left"];
        typed(&[&words[..], officers].concat())
    };
    let nobody = revoke(&[]).unwrap_err().to_string();
    assert!(
        nobody.contains("two officers") && nobody.contains("tanaka"),
        "{nobody}"
    );
    assert!(revoke(&["--without-officers"]).is_err(), "two could sign");
    let alone = revoke(&["--officer", "tanaka"]).unwrap();
    assert!(alone.contains("NOT ENDED YET"), "{alone}");
    let twice = revoke(&["--officer", "tanaka"]).unwrap_err().to_string();
    assert!(twice.contains("signed twice"), "{twice}");
    let said = revoke(&["--officer", "lindqvist"]).unwrap();
    assert!(
        said.contains("1 certificate, now on revocation list number 2"),
        "{said}"
    );
    let listing: serde_json::Value =
        serde_json::from_str(&typed(&["list", "--dir", &ours, "--json"]).unwrap()).unwrap();
    assert_eq!(listing["revocation_list"], 2);
}

#[test]
fn a_passphrase_comes_from_a_private_file() {
    let sides = Sides::made();
    let file = sides.file("passphrase");
    fs::write(&file, "correct horse battery staple\n").unwrap();
    let dir = sides.ours().to_str().unwrap().to_owned();
    let seal = || {
        typed(&[
            "seal",
            "--dir",
            &dir,
            "officer",
            "okoye",
            "--passphrase-file",
            file.to_str().unwrap(),
        ])
    };
    set_mode(&file, 0o644);
    assert_eq!(seal().unwrap_err().code(), "HL-PKI-004");
    set_mode(&file, 0o600);
    let once = seal().unwrap();
    assert!(
        once.contains("sealed ") && once.contains("one passphrase only"),
        "{once}"
    );
    // Anew, and with a second one.
    let (second, book) = (sides.file("second"), sides.file("security.book"));
    fs::write(&second, "the tea is cold tonight\n").unwrap();
    set_mode(&second, 0o600);
    let words = |files: &[(&str, &std::path::Path)]| {
        let mut words = vec!["seal", "--dir", &dir, "officer", "okoye"];
        words.extend(
            files
                .iter()
                .flat_map(|(flag, file)| [*flag, file.to_str().unwrap()]),
        );
        typed(&words)
    };
    let said = words(&[
        ("--present-passphrase-file", &file),
        ("--passphrase-file", &file),
        ("--second-passphrase-file", &second),
        ("--duress-book", &book),
    ])
    .unwrap();
    assert!(said.contains("hotline duress"), "{said}");
    let key = sides.ours().join("officer/okoye/officer.key");
    let said = typed(&["inspect", key.to_str().unwrap()]).unwrap();
    assert!(
        said.contains("two slots") && said.contains("cannot be told"),
        "{said}"
    );
    let same = words(&[
        ("--present-passphrase-file", &second),
        ("--passphrase-file", &file),
        ("--second-passphrase-file", &file),
        ("--duress-book", &book),
    ]);
    assert!(same.unwrap_err().to_string().contains("same as the first"));
    // Without one again: what is said does not tell whether there was one, and the note of it is known by the book.
    let anew = words(&[
        ("--present-passphrase-file", &second),
        ("--passphrase-file", &file),
    ]);
    assert_eq!(anew.unwrap(), once);
}
