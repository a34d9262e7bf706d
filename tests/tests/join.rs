//! Joining from other terminals: real processes, codes and words as people use them, and what each may and may not do.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "join/lost.rs"]
mod lost;
#[path = "join/resumed.rs"]
mod resumed;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use hotline_tests::{
    talker::{STAGE, Talker},
    verb::{Said, typed, word},
    wait::eventually,
};
use hotline_transport::{Anchor, BoxedStream, ClientTls, Credentials, Seams, TrustStore, plane};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_hotline-under-test");
/// One stage at a time: ports that were free a moment ago are another's otherwise.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// A person's terminal, in the folder of all.
fn talker(dir: &Path, words: &[&str]) -> Talker {
    Talker::start(PROGRAM, dir, words)
}

/// The lobby of an exercise, and everybody in one folder.
struct Hall {
    dir: PathBuf,
    run: Talker,
    words: String,
    at: String,
    codes: BTreeMap<String, String>,
}

impl Hall {
    async fn open(dir: &Path, words: &[&str]) -> Self {
        let all = [
            "exercise",
            "run",
            "S1",
            "--json",
            "--listen",
            "127.0.0.1:0",
            "--out",
            "played",
        ];
        let mut run = talker(dir, &[&all, words].concat());
        let lobby = run.event("lobby").await;
        let mut hall = Self {
            dir: dir.to_owned(),
            run,
            words: lobby["words"].as_str().unwrap().into(),
            at: lobby["at"].as_str().unwrap().into(),
            codes: BTreeMap::new(),
        };
        for _ in 0..4 {
            hall.take_code().await;
        }
        hall
    }

    async fn take_code(&mut self) -> String {
        let said = self.run.event("code").await;
        let code = said["code"].as_str().unwrap().to_owned();
        self.codes
            .insert(said["who"].as_str().unwrap().into(), code.clone());
        code
    }

    async fn new_code(&mut self, who: &str) -> String {
        self.run.say(&format!("code {who}")).await;
        self.take_code().await
    }

    /// Somebody takes a seat; whoever they are, their words are compared.
    async fn seat(&mut self, seat: &str) -> Talker {
        let mut joiner = talker(
            &self.dir,
            &[
                "desk",
                "join",
                &self.codes[seat],
                "--json",
                "--yes-words",
                &self.words,
            ],
        );
        self.let_in(seat, &mut joiner).await;
        joiner.event("joined").await;
        joiner
    }

    async fn controller(&mut self, code: &str, name: &str, words: &[&str]) -> PathBuf {
        let join = [
            "control",
            "join",
            &self.codes[code],
            "--json",
            "--yes-words",
            &self.words,
            "--name",
            name,
        ];
        let mut joiner = talker(&self.dir, &[&join, words].concat());
        self.let_in(name, &mut joiner).await;
        joiner.event("joined").await;
        assert_eq!(joiner.ended().await, 0);
        self.dir.join(format!("control-{name}"))
    }

    /// The same words on both screens.
    async fn let_in(&mut self, who: &str, joiner: &mut Talker) {
        let (theirs, ours) = (joiner.event("words").await, self.run.event("joins").await);
        assert_eq!(theirs["yours"], ours["words"]);
        assert_eq!(theirs["control"], self.words.as_str());
        self.run.say(&format!("yes {}", ours["number"])).await;
        assert_eq!(self.run.event("in").await["who"], who);
    }

    /// Somebody tries to sit down at B with these words, and what comes of it.
    async fn tries(&self, ticket: &str, words: &str) -> (i32, String, String) {
        let mut joiner = talker(
            &self.dir,
            &[
                "desk",
                "join",
                ticket,
                "--json",
                "--yes-words",
                words,
                "--dir",
                "nobody",
            ],
        );
        let code = joiner.ended().await;
        let last: Value = serde_json::from_str(joiner.heard.last().unwrap()).unwrap();
        let said = |key: &str| last["error"][key].as_str().unwrap_or_default().to_owned();
        (code, said("code"), said("what"))
    }

    async fn control(&self, dir: &Path, words: &[&str]) -> Said {
        let dir = word(dir);
        let json = ["control", "--json", "--dir", &dir];
        typed(Path::new(PROGRAM), &[&json, words].concat(), b"").await
    }

    async fn standing(&self, dir: &Path) -> Option<Value> {
        let said = self.control(dir, &["status"]).await;
        let standing: Value = serde_json::from_slice(&said.out).ok()?;
        (said.code == 0 && standing["state"] != "NOT_STARTED").then_some(standing)
    }

    /// An exercise that controllers run, behind STARTEX, with somebody at one seat; and its folder.
    async fn playing(dir: &Path, speed: &str, seat: &str) -> (Self, Talker, PathBuf) {
        let mut hall = Self::open(dir, &["--speed", speed, "--controlled"]).await;
        let mut person = hall.seat(seat).await;
        hall.run.say("start").await;
        person.event("open").await;
        let played = dir.join("played");
        eventually("STARTEX", STAGE, async || hall.standing(&played).await).await;
        (hall, person, played)
    }

    /// Waits until an inject was delivered.
    async fn delivered(&self, dir: &Path, serial: &str) {
        eventually(serial, STAGE, async || {
            let standing = self.standing(dir).await?;
            let injects = standing["injects"].as_array()?;
            let inject = injects.iter().find(|inject| inject["serial"] == serial)?;
            (inject["status"] == "DELIVERED").then_some(())
        })
        .await;
    }

    /// Waits until control knows that of a seat.
    async fn sits(&self, dir: &Path, seat: &str, who: &str) {
        eventually(who, STAGE, async || {
            let standing = self.standing(dir).await?;
            let seats = standing["seats"].as_array()?;
            let known = seats.iter().find(|known| known["seat"] == seat)?;
            (known["who"] == who).then_some(())
        })
        .await;
    }

    fn report(&self) -> Value {
        serde_json::from_slice(&fs::read(self.dir.join("played/report.json")).unwrap()).unwrap()
    }
}

/// What a person at B does with the FLASH that A sends.
async fn plays(seat: &Path) -> String {
    let config = word(&seat.join("exercise.borenia.example/desk/b/desk.toml"));
    let flash = eventually("the FLASH", STAGE, async || {
        let said = verb(&["desk", "inbox", "--json", "--config", &config]).await;
        let shown = said.text();
        let messages = shown
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let flash = messages
            .into_iter()
            .find(|message| message["precedence"] == "FLASH")?;
        Some(flash["name"].as_str().unwrap().to_owned())
    })
    .await;
    for words in [
        &["desk", "ack", &flash, "--officer", "rossi"][..],
        &[
            "desk",
            "translate",
            &flash,
            "--grade",
            "sight",
            "--into",
            "qbo",
            "Narst.",
        ],
        &["desk", "present", &flash, "--to", "the minister"],
        &[
            "desk",
            "answer",
            &flash,
            "ROGER",
            "--officer",
            "novak",
            "--drafter",
            "castellan",
            "--text",
            "Vem.",
        ],
    ] {
        let said = verb(&[words, &["--config", &config]].concat()).await;
        assert_eq!(said.code, 0, "{said:?}");
    }
    flash
}

async fn verb(words: &[&str]) -> Said {
    typed(Path::new(PROGRAM), words, b"").await
}

/// A connection of the control plane with somebody's certificate.
async fn plane_as(folder: &Path, at: &str) -> BoxedStream {
    let seams = Seams::system();
    let credentials = Credentials::load(&folder.join("tls.crt"), &folder.join("tls.key"), &seams).unwrap();
    let domain = "exercise.excon.example".parse().unwrap();
    let anchor = Anchor::load(domain, &folder.join("ca.crt"), &[]).unwrap();
    let trust = Arc::new(TrustStore::new(&seams, vec![anchor]).unwrap());
    let tls = ClientTls::new(&seams, credentials, trust);
    let conductor = "spiffe://exercise.excon.example/control/conductor"
        .parse()
        .unwrap();
    let stream = TcpStream::connect(at).await.unwrap();
    plane::call(&tls, &conductor, Box::new(stream))
        .await
        .unwrap()
        .stream
}

/// Everything that is answered until the connection ends, or for two seconds.
async fn asked(mut stream: BoxedStream, ask: &str) -> String {
    stream.write_all(format!("{ask}\n").as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    let mut heard = Vec::new();
    let _ = timeout(Duration::from_secs(2), stream.read_to_end(&mut heard)).await;
    String::from_utf8_lossy(&heard).into_owned()
}

fn keys_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(keys_below(&path));
        } else if path.extension().is_some_and(|extension| extension == "key") {
            found.push(path);
        }
    }
    found
}

#[tokio::test]
async fn a_code_is_for_one_person_and_three_tries_and_a_wrong_one_is_told_no_more_than_that() {
    let _alone = ALONE.lock().await;
    let dir = tempfile::tempdir().unwrap();
    let mut hall = Hall::open(dir.path(), &[]).await;
    let words = hall.words.clone();
    let wrong = (4, "HL-EX-191".to_owned(), "wrong code".to_owned());
    let at = hall.at.clone();
    // Rubbish ends its own connection and nothing else.
    for (said, answer) in [
        ("rubbish", ""),
        (r#"{"join":"knock","number":2,"pake":"no base64"}"#, "wrong code"),
        (r#"{"join":"knock","number":0,"pake":"QUJD"}"#, "wrong code"),
        (r#"{"join":"enrol","request":"{}"}"#, "wrong code"),
    ] {
        let stream = TcpStream::connect(&at).await.unwrap();
        let knocked = plane::knock(&Seams::system(), Box::new(stream)).await.unwrap();
        let heard = asked(knocked.stream, said).await;
        assert!(heard.contains(answer) && heard.len() < 60, "{said}: {heard}");
    }
    // That was a try of B's code as well.
    let right = hall.new_code("B").await;
    let number = right.split('-').next().unwrap().to_owned();
    let false_one = match right.contains("-zoo-zoo@") {
        true => format!("{number}-abandon-abandon@{at}"),
        false => format!("{number}-zoo-zoo@{at}"),
    };
    // One that was never given out is told like one whose words are wrong.
    assert_eq!(hall.tries(&format!("900-zoo-zoo@{at}"), &words).await, wrong);
    for _ in 0..3 {
        assert_eq!(hall.tries(&false_one, &words).await, wrong);
    }
    assert_eq!(
        hall.tries(&right, &words).await,
        wrong,
        "three tries were used up"
    );

    // Control's words are not those that the person was told.
    let second = hall.new_code("B").await;
    let other = "abandon abandon abandon abandon abandon abandon abandon abandon";
    let (exit, code, what) = hall.tries(&second, other).await;
    assert_eq!((exit, code.as_str()), (4, "HL-EX-192"), "{what}");
    assert_eq!(hall.run.event("joins").await["who"], "B");
    let out = hall.run.event("out").await;
    assert!(out["why"].as_str().unwrap().contains("not those"), "{out}");
    assert_eq!(hall.tries(&second, &words).await, wrong, "it was used");

    // The facilitator says that the words are not the same.
    let third = hall.new_code("B").await;
    let said = async {
        let number = hall.run.event("joins").await["number"].clone();
        // Somebody has joined as B before: a name is not enough.
        hall.run.say("no B").await;
        hall.run.say(&format!("no {number}")).await;
    };
    let joiner = talker(
        dir.path(),
        &[
            "desk",
            "join",
            &third,
            "--json",
            "--yes-words",
            &words,
            "--dir",
            "nobody",
        ],
    );
    said.await;
    let mut joiner = joiner;
    assert_eq!(joiner.ended().await, 4);
    assert!(
        joiner.heard.last().unwrap().contains("not the same"),
        "{:?}",
        joiner.heard
    );
    assert!(
        !dir.path().join("nobody").exists(),
        "nothing is left of a join that failed"
    );

    // A code for a seat makes nobody a controller.
    let fourth = hall.new_code("B").await;
    let control = [
        "control",
        "join",
        &fourth,
        "--json",
        "--yes-words",
        &words,
        "--name",
        "mallory",
    ];
    let mut mallory = talker(dir.path(), &control);
    assert_eq!(mallory.ended().await, 4);
    assert!(
        mallory.heard.last().unwrap().contains("desk join"),
        "{:?}",
        mallory.heard
    );

    hall.new_code("B").await;
    let _joiner = hall.seat("B").await;
    let used = hall.codes["B"].clone();
    assert_eq!(hall.tries(&used, &words).await, wrong, "it was used");
    hall.run.say("quit").await;
    assert_eq!(hall.run.ended().await, 1);
}

#[tokio::test]
async fn a_person_who_joined_plays_s1_and_controllers_and_observers_who_joined_do_what_they_may() {
    let _alone = ALONE.lock().await;
    let dir = tempfile::tempdir().unwrap();
    let mut hall = Hall::open(dir.path(), &["--speed", "60"]).await;
    let mut b = hall.seat("B").await;
    let lindqvist = hall.controller("control", "lindqvist", &[]).await;
    let observer = hall.controller("observer", "hollis", &["--observe"]).await;
    let early = hall.control(&lindqvist, &["status"]).await;
    assert!(early.text().contains("not begun"), "{early:?}");
    hall.run.say("start").await;
    b.event("open").await;

    // Control has no key of who joined.
    let stage = dir.path().join("played/stage/exercise.borenia.example");
    for place in ["desk/b", "officer/rossi", "officer/novak", "officer/castellan"] {
        assert_eq!(keys_below(&stage.join(place)), Vec::<PathBuf>::new(), "{place}");
        assert!(!keys_below(&dir.path().join("seat-B/exercise.borenia.example").join(place)).is_empty());
    }

    let flash = plays(&dir.path().join("seat-B")).await;
    let standing = eventually("STARTEX", STAGE, async || hall.standing(&lindqvist).await).await;
    let seats = standing["seats"].as_array().unwrap();
    let sits = |seat: &str| seats.iter().find(|known| known["seat"] == seat).unwrap()["who"].clone();
    assert_eq!((sits("A"), sits("B")), ("script".into(), "person".into()));

    // An observer looks and orders nothing, whoever's words they hand in.
    assert!(hall.standing(&observer).await.is_some());
    let refused = hall.control(&observer, &["pause"]).await;
    assert_eq!(refused.code, 4, "{refused:?}");
    let order = r#"{"ask":"order","statement":"AAAA"}"#;
    let answer = asked(plane_as(&observer.join("stage/plane"), &hall.at).await, order).await;
    assert!(
        answer.contains("refused") && answer.contains("an observer looks"),
        "{answer}"
    );

    // A player asks in vain for the plan.
    let player = || async { plane_as(&dir.path().join("seat-B/plane"), &hall.at).await };
    for ask in [r#"{"ask":"status"}"#, r#"{"ask":"watch"}"#] {
        let answer = asked(player().await, ask).await;
        assert!(
            !answer.contains("standing") && !answer.contains("1.1.1"),
            "{answer}"
        );
    }
    b.event("back").await;

    // A controller who joined is obeyed.
    for words in [&["pause"][..], &["note", "both desks are calm"], &["resume"]] {
        let done = hall.control(&lindqvist, words).await;
        assert_eq!(done.code, 0, "{done:?}");
    }
    let done = hall.control(&lindqvist, &["end"]).await;
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(b.ended().await, 0);
    // Cut short, not everything that is expected was met.
    let code = hall.run.ended().await;
    assert!(code == 0 || code == 10, "{code}: {:?}", hall.run.heard);

    // What only A was told was not told to B; what the person did is in the evidence.
    let told = b.heard.join("\n");
    assert!(
        !told.contains("KESTREL") && told.contains("the story stands"),
        "{told}"
    );
    let evidence = dir.path().join("played/evidence/logs/desk-B/checkpoint");
    assert!(evidence.exists());
    let report = hall.report().to_string();
    assert!(report.contains(&flash), "{flash}");
    assert!(report.contains("its words were compared at both ends"));
    let met = |id: &str| {
        let report = hall.report();
        let found = report["expectations"]
            .as_array()
            .unwrap()
            .iter()
            .find(|e| e["id"] == id)
            .cloned();
        found.unwrap_or_default().to_string()
    };
    for id in ["E2", "E4", "E7", "C4"] {
        assert!(met(id).contains("\"MET\""), "{id}: {}", met(id));
    }
}

#[tokio::test]
async fn where_nobody_sits_at_the_lobby_it_is_written_down_that_nobody_there_compared_words() {
    let _alone = ALONE.lock().await;
    let dir = tempfile::tempdir().unwrap();
    let mut hall = Hall::open(dir.path(), &["--no-input", "--start-after", "3s"]).await;
    let mut b = talker(
        dir.path(),
        &[
            "desk",
            "join",
            &hall.codes["B"],
            "--json",
            "--yes-words",
            &hall.words,
        ],
    );
    b.event("open").await;
    let played = dir.path().join("played");
    hall.sits(&played, "B", "person").await;
    let done = hall.control(&played, &["end"]).await;
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(b.ended().await, 0);
    assert_eq!(hall.run.ended().await, 10);
    assert!(
        hall.report()
            .to_string()
            .contains("nobody at control compared its words")
    );
    let seat = dir.path().join("seat-B/exercise.borenia.example");
    assert!(seat.join("codebook.toml").is_file());
}

#[tokio::test]
async fn a_seat_that_dies_comes_back_with_its_certificate_and_one_that_stays_away_is_named() {
    let _alone = ALONE.lock().await;
    let dir = tempfile::tempdir().unwrap();
    let (mut hall, mut b, played) = Hall::playing(dir.path(), "6", "B").await;
    for _ in 0..2 {
        b.child.kill().await.unwrap();
        hall.sits(&played, "B", "person, away").await;
        b = talker(
            dir.path(),
            &["desk", "join", "--again", "--dir", "seat-B", "--json"],
        );
        hall.sits(&played, "B", "person").await;
    }
    b.child.kill().await.unwrap();
    hall.sits(&played, "B", "person, away").await;
    let done = hall.control(&played, &["end"]).await;
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(hall.run.ended().await, 10);
    let errors = fs::read_to_string(dir.path().join("err")).unwrap();
    assert!(
        errors.contains("the log of desk B is not in the evidence: seat B"),
        "{errors}"
    );
    let report = hall.report().to_string();
    assert!(report.contains("the log of desk B is not in the evidence"));
    let page = fs::read_to_string(played.join("timeline.csv")).unwrap();
    assert_eq!(
        (page.matches("B LEFT").count(), page.matches("B JOINED").count()),
        (3, 2),
        "{page}"
    );
    let logs = played.join("evidence/logs");
    for (name, there) in [
        ("relay-north", true),
        ("relay-south", true),
        ("desk-A", true),
        ("desk-B", false),
    ] {
        assert_eq!(logs.join(name).exists(), there, "{name}");
    }
}
