//! The second passphrase on a real line: whoever looks at the seat, at the other desk or at a relay sees no difference, and
//! the own security officer is told.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use hotline_client::request::{Answer, Request};
use hotline_core::words::Rung;
use hotline_tests::{
    AVELIA, BORENIA, Line,
    verb::{Said, word},
};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::{Instant, timeout},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_hotline-under-test");
const OFFICER: &str = "spiffe://exercise.avelia.example/officer/lindqvist";

/// What lies outside of the seat: two passphrases in somebody's head, and the security officer's book.
struct Secrets {
    first: PathBuf,
    second: PathBuf,
    wrong: PathBuf,
    book: PathBuf,
}

fn private(file: &Path, text: &str) {
    fs::write(file, text).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Seals lindqvist's key with two passphrases, as a person does.
async fn sealed(line: &Line) -> Secrets {
    let at = |name: &str| line.folder().join(name);
    let secrets = Secrets {
        first: at("head.first"),
        second: at("head.second"),
        wrong: at("head.wrong"),
        book: at("security.book"),
    };
    private(&secrets.first, "correct horse battery staple\n");
    private(&secrets.second, "the tea is cold tonight\n");
    private(&secrets.wrong, "neither of the two is this\n");
    let officers = line.desk_config(AVELIA).officers;
    let dir = word(officers.parent().unwrap());
    let words = [
        "pki",
        "seal",
        "--dir",
        &dir,
        "officer",
        "lindqvist",
        "--passphrase-file",
        &word(&secrets.first),
        "--second-passphrase-file",
        &word(&secrets.second),
        "--duress-book",
        &word(&secrets.book),
    ];
    drop(line.run(&words).await.ended(0));
    secrets
}

/// What a security officer is told in one look; its exit code says whether it is anything.
async fn told(line: &Line, secrets: &Secrets) -> Vec<Value> {
    let desk = word(&line.stage.sides[AVELIA].desk);
    let book = word(&secrets.book);
    let words = ["duress", "--config", &desk, "--book", &book, "--json"];
    let said = line.run(&words).await;
    let alarm = !said.out.is_empty();
    said.ended(if alarm { 12 } else { 0 }).objects()
}

/// The same, who goes on looking.
fn following(line: &Line, secrets: &Secrets) -> Child {
    Command::new(line.program())
        .args(["duress", "--follow", "--json", "--config"])
        .arg(&line.stage.sides[AVELIA].desk)
        .arg("--book")
        .arg(&secrets.book)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// A watch whose reader is gone ends, and says so: nothing has to happen first.
async fn ends_unread(mut follows: Child) {
    drop(follows.stdout.take().unwrap());
    let ended = timeout(Duration::from_secs(5), follows.wait_with_output()).await;
    let ended = ended.expect("it ends by itself").unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(
        said.contains("watching") && said.contains("nobody reads"),
        "{said}"
    );
}

/// What a person reads, without what is different each time: numbers, hashes, times, and which leg was first. Lines in the
/// order of their words, each once.
fn blanked(text: &str) -> BTreeSet<String> {
    let blank = |word: &str| {
        let of_a_leg = ["north", "south", "quic", "tcp"]
            .iter()
            .any(|leg| word.contains(leg));
        match word.chars().any(|c| c.is_ascii_digit()) || of_a_leg {
            true => "#".to_owned(),
            false => word.to_owned(),
        }
    };
    // Who was never there is told for some seconds of a new line; a later copy may still be on its way.
    let comes_and_goes = |line: &&str| line.contains("desk/ops-backup") || line.contains("later copy");
    text.lines()
        .filter(|line| !comes_and_goes(line))
        .map(|line| line.split_whitespace().map(blank).collect::<Vec<_>>().join(" "))
        .collect()
}

/// A night at the seat with one passphrase: a message is released and arrives, one that came in is acknowledged, the watch is
/// taken. Everything that was on the screen, by verb, and how long the releases took.
async fn night(line: &Line, passphrase: &Path) -> (Vec<BTreeSet<String>>, Duration) {
    let phrase = word(passphrase);
    let by = ["--officer", "lindqvist", "--passphrase-file", &phrase];
    let mut screen = Vec::new();
    let mut on_screen = |said: &Said| screen.push(blanked(&said.all()));

    let begun = Instant::now();
    let text = [&by[..], &["All is quiet at sea."]].concat();
    let sent = line.desk_plain(AVELIA, "send", &text).await.ended(0);
    let took = begun.elapsed();
    on_screen(&sent);
    let listed = line
        .seat(AVELIA)
        .await
        .ask(Request::List {
            limit: 10_000,
            incoming: false,
        })
        .await
        .unwrap();
    let Answer::Messages { messages } = listed else {
        panic!("{listed:?}")
    };
    let sent = messages
        .iter()
        .rfind(|view| view.direction == "out")
        .unwrap()
        .clone();
    line.until(AVELIA, &sent.sha256, Rung::Delivered).await;
    drop(line.desk(BORENIA, "inbox", &[]).await.ended(0));
    let came = line
        .desk(BORENIA, "send", &["--wait", "delivered", "Is it?"])
        .await
        .ended(0)
        .message();
    drop(line.desk(AVELIA, "inbox", &[]).await.ended(0));
    let acked = line
        .desk_plain(AVELIA, "ack", &[&[came.name.as_str()], &by[..]].concat())
        .await
        .ended(0);
    on_screen(&acked);
    line.until(BORENIA, &came.sha256, Rung::Acknowledged).await;
    let desk = word(&line.stage.sides[AVELIA].desk);
    let take = [&["watch", "take", "--config", &desk][..], &by].concat();
    on_screen(&line.run(&take).await.ended(0));
    line.nothing_owed().await;
    for side in [AVELIA, BORENIA] {
        on_screen(&line.desk_plain(side, "status", &[]).await.ended(0));
        on_screen(&line.desk_plain(side, "show", &[&sent.sha256]).await.ended(0));
        on_screen(&line.desk_plain(side, "show", &[&came.sha256]).await.ended(0));
    }
    (screen, took)
}

/// Names of all files of a side's domain and their sizes, without ledgers and sockets, which grow.
fn files(folder: &Path, found: &mut BTreeSet<(PathBuf, u64)>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if kind.is_dir() && !path.to_string_lossy().contains(".ledger") {
            files(&path, found);
        } else if kind.is_file() {
            found.insert((path, entry.metadata().unwrap().len()));
        }
    }
}

#[tokio::test(flavor = "current_thread")]
async fn the_second_passphrase_signs_like_the_first_and_tells_the_security_officer() {
    let mut line = Line::open(PROGRAM).await;
    let secrets = sealed(&line).await;
    let seat = line.desk_config(AVELIA).officers;
    let at_the_seat = || {
        let mut found = BTreeSet::new();
        files(&seat, &mut found);
        found
    };
    // The first night of a line tells more: who was there before, when the watch was taken first.
    drop(night(&line, &secrets.first).await);
    let (ordinary, usual) = night(&line, &secrets.first).await;
    assert_eq!(told(&line, &secrets).await, Vec::<Value>::new());
    let before = at_the_seat();
    ends_unread(following(&line, &secrets)).await;
    let mut follows = following(&line, &secrets);
    let mut told_at_once = BufReader::new(follows.stdout.take().unwrap()).lines();
    let (forced, took) = night(&line, &secrets.second).await;
    let mut left = 3;
    while left > 0 {
        let line = timeout(Duration::from_secs(2), told_at_once.next_line()).await;
        let line = line
            .expect("a watch that follows has told it by now")
            .unwrap()
            .unwrap();
        // A busy disk keeps the notes locked while one is written; that is told too, and looked at again.
        if line.contains("holds its lock") {
            continue;
        }
        left -= 1;
        assert!(line.contains("\"duress\"") && line.contains(OFFICER), "{line}");
    }
    follows.kill().await.unwrap();
    assert_eq!(
        forced, ordinary,
        "what is on the screens of both sides, blanked of what always differs"
    );

    let alarms = told(&line, &secrets).await;
    let about: Vec<(&str, &str)> = alarms
        .iter()
        .map(|alarm| {
            (
                alarm["event"].as_str().unwrap(),
                alarm["officer"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        about,
        [("duress", OFFICER); 3],
        "each of three unlockings is told"
    );
    println!(
        "a release took {} ms, and {} ms under duress",
        usual.as_millis(),
        took.as_millis()
    );

    // At the seat: the same files, each as long as after as many ordinary unlockings.
    let grown: Vec<(PathBuf, u64)> = at_the_seat().difference(&before).cloned().collect();
    assert_eq!(grown, [(seat.join("lindqvist/unlocked"), 64 * 9)]);
    // A wrong passphrase is told in the same words as ever, and leaves nothing.
    let phrase = word(&secrets.wrong);
    let wrong = ["--officer", "lindqvist", "--passphrase-file", &phrase, "Hello"];
    let said = line.desk_plain(AVELIA, "send", &wrong).await.ended(4);
    assert!(
        said.err.contains("does not open with this passphrase"),
        "{}",
        said.err
    );
    assert_eq!(told(&line, &secrets).await.len(), 3);
    line.close().await;
    nobody_else_knows(&line);
}

/// No file of the line, at either side, holds the word or anything of the book: relays' and desks' ledgers, sockets' logs.
fn nobody_else_knows(line: &Line) {
    let book = fs::read_to_string(line.folder().join("security.book")).unwrap();
    let secrets: Vec<Vec<u8>> = book
        .lines()
        .nth(1)
        .unwrap()
        .split(' ')
        .skip(1)
        // The salt behind them stands in the key file too, and is no secret.
        .take(2)
        .map(|secret| data_encoding::BASE64.decode(secret.as_bytes()).unwrap())
        .collect();
    assert_eq!(secrets.len(), 2);
    let mut looked = 0;
    let mut look = |folder: &Path| {
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap().flatten() {
                let path = entry.path();
                if entry.file_type().unwrap().is_dir() {
                    folders.push(path);
                } else if entry.file_type().unwrap().is_file() && !path.ends_with("security.book") {
                    let bytes = fs::read(&path).unwrap();
                    let holds = |word: &[u8]| bytes.windows(word.len()).any(|window| window == word);
                    assert!(!secrets.iter().any(|secret| holds(secret)), "{}", path.display());
                    assert!(!holds(b"duress") && !holds(b"DURESS"), "{}", path.display());
                    looked += 1;
                }
            }
        }
    };
    look(line.folder());
    assert!(looked > 20, "{looked} files");
}
