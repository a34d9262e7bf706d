//! Control by hand: a whole exercise of real processes, run by two controllers with the program's own verbs.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use data_encoding::BASE64;
use hotline_audit::{Hash, PayloadType, SignedStatement, SigningKey, statement::ControlOrder};
use hotline_cli::pki::excon;
use hotline_tests::{
    verb::{Said, typed, word},
    wait::eventually,
};
use hotline_transport::Seams;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    net::UnixStream,
    process::{Child, ChildStdout, Command},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_hotline-under-test");
/// How long a stage may take to open, and an exercise to close. 60 s: ten times what it takes on a busy machine.
const STAGE: Duration = Duration::from_secs(60);
/// One stage at a time: ports that were free a moment ago are another's otherwise.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// An exercise that controllers run.
struct Played {
    dir: PathBuf,
    run: Child,
}

impl Played {
    /// S1 with its scripts, and whatever else is typed; behind STARTEX.
    async fn start(dir: &Path, words: &[&str]) -> Self {
        let dir = dir.join("exercise");
        let errors = fs::File::create(dir.with_extension("err")).unwrap();
        let out = word(&dir);
        let all = [
            "exercise",
            "run",
            "S1",
            "--headless",
            "--seed",
            "1",
            "--controlled",
            "--out",
            &out,
        ];
        let run = Command::new(PROGRAM)
            .args(all)
            .args(words)
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(errors)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut played = Self { dir, run };
        // Asked from the first moment on: who asks too early is in nobody's way.
        eventually("the conductor answers", STAGE, async || {
            if let Some(ended) = played.run.try_wait().unwrap() {
                let told = fs::read_to_string(played.dir.with_extension("err")).unwrap();
                panic!("it ended ({ended}): {told}");
            }
            played.looked().await
        })
        .await;
        played
    }

    async fn looked(&self) -> Option<Value> {
        let said = self.control("rossi", &["status", "--json"]).await;
        let standing = object(&said).filter(|_| said.code == 0)?;
        (standing["state"] != "NOT_STARTED").then_some(standing)
    }

    async fn control(&self, controller: &str, words: &[&str]) -> Said {
        let dir = word(&self.dir);
        let who = ["control", "--dir", &dir, "--controller", controller];
        typed(Path::new(PROGRAM), &[&who, words].concat(), b"").await
    }

    /// What an order wrote down.
    async fn ordered(&self, controller: &str, words: &[&str]) -> Value {
        let said = self.control(controller, &[words, &["--json"]].concat()).await;
        assert_eq!(said.code, 0, "{said:?}");
        object(&said).unwrap()
    }

    /// The code of an order that is refused, and what was said.
    async fn refused(&self, controller: &str, words: &[&str], exit: i32) -> (String, String) {
        let said = self.control(controller, &[words, &["--json"]].concat()).await;
        assert_eq!(said.code, exit, "{said:?}");
        let error = object(&said).unwrap()["error"].take();
        (
            error["code"].as_str().unwrap().into(),
            error["what"].as_str().unwrap().into(),
        )
    }

    async fn standing(&self, controller: &str) -> Value {
        self.ordered(controller, &["status"]).await
    }

    async fn inject(&self, serial: &str) -> String {
        let standing = self.standing("rossi").await;
        let injects = standing["injects"].as_array().unwrap();
        let found = injects.iter().find(|inject| inject["serial"] == serial).unwrap();
        found["status"].as_str().unwrap().to_owned()
    }

    fn config(&self, domain: &str, desk: &str) -> String {
        word(
            &self
                .dir
                .join("stage")
                .join(domain)
                .join("desk")
                .join(desk)
                .join("desk.toml"),
        )
    }

    /// How the line stands at A's desk.
    async fn line(&self) -> Value {
        let config = self.config("exercise.avelia.example", "a");
        let said = typed(
            Path::new(PROGRAM),
            &["desk", "status", "--json", "--config", &config],
            b"",
        )
        .await;
        object(&said).unwrap()
    }

    /// Waits for the run to end by itself.
    async fn ended(&mut self) {
        let ended = tokio::time::timeout(STAGE, self.run.wait())
            .await
            .unwrap()
            .unwrap();
        // Cut short, not everything that is expected was met.
        let told = fs::read_to_string(self.dir.with_extension("err")).unwrap();
        assert_eq!(ended.code(), Some(10), "{told}");
    }

    fn report(&self) -> Value {
        serde_json::from_slice(&fs::read(self.dir.join("report.json")).unwrap()).unwrap()
    }

    fn page(&self) -> String {
        fs::read_to_string(self.dir.join("report.html")).unwrap()
    }
}

fn object(said: &Said) -> Option<Value> {
    serde_json::from_slice(&said.out).ok()
}

fn probes(line: &Value) -> u64 {
    let legs = line["legs"].as_object().unwrap().values();
    legs.map(|leg| leg["probes_sent"].as_u64().unwrap()).sum()
}

fn legs_up(line: &Value) -> usize {
    let legs = line["legs"].as_object().unwrap().values();
    legs.filter(|leg| leg["state"] == "UP").count()
}

/// Every record, as a watcher sees it.
struct Watcher {
    _child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Watcher {
    async fn start(played: &Played) -> Self {
        let dir = word(&played.dir);
        let mut child = Command::new(PROGRAM)
            .args([
                "control",
                "watch",
                "--json",
                "--controller",
                "rossi",
                "--dir",
                &dir,
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // How it stands comes first.
        assert!(lines.next_line().await.unwrap().is_some());
        Self { _child: child, lines }
    }

    /// Every record until the conductor has gone.
    async fn read(mut self) -> Vec<Value> {
        let mut records = Vec::new();
        while let Some(line) = self.lines.next_line().await.unwrap() {
            records.push(serde_json::from_str(&line).unwrap());
        }
        records
    }
}

/// An order at the socket itself, of a key that nobody enrolled.
async fn a_strangers_order(played: &Played, key: &SigningKey) -> Value {
    let order = ControlOrder {
        id: [7; 16],
        exercise: "S1-1".into(),
        controller: "spiffe://exercise.excon.example/control/mallory".into(),
        key_statement: Hash::of(b"nothing"),
        kind: 3,
        subject: "clock".into(),
        detail: r#"{"order":"pause"}"#.into(),
        expects: Hash::ZERO,
        claimed_time_ms: 1_795_000_000_000,
    };
    let signed = SignedStatement::sign(PayloadType::ControlOrder, &order.encode(), key).unwrap();
    let ask = serde_json::json!({ "ask": "order", "statement": BASE64.encode(signed.bytes()) });
    let stream = UnixStream::connect(played.dir.join("stage/control.sock"))
        .await
        .unwrap();
    let (read, mut write) = stream.into_split();
    write.write_all(format!("{ask}\n").as_bytes()).await.unwrap();
    let answer = BufReader::new(read).lines().next_line().await.unwrap().unwrap();
    serde_json::from_str(&answer).unwrap()
}

#[tokio::test]
async fn two_controllers_run_an_exercise_by_hand_and_everything_they_did_is_in_its_report() {
    let _alone = ALONE.lock().await;
    let folder = tempfile::tempdir().unwrap();
    let words = [
        "--start-paused",
        "--controller",
        "lindqvist",
        "--controller",
        "rossi",
    ];
    let mut played = Played::start(folder.path(), &words).await;
    let said = played.control("rossi", &["status"]).await;
    let screen = String::from_utf8(said.out).unwrap();
    assert!(
        screen.lines().nth(1).unwrap().contains("PAUSED at T+"),
        "{screen}"
    );
    let watcher = Watcher::start(&played).await;

    two_controllers_do_not_fight_silently(&played).await;
    a_pause_stops_injects_and_players_and_no_heartbeat(&played).await;
    notes_ratings_and_faults(&played).await;
    strangers_are_turned_away(&played, folder.path()).await;

    played.ordered("rossi", &["end"]).await;
    let records = watcher.read().await;
    while_it_is_paused_nobody_acts(&records);
    assert_eq!(records.last().unwrap()["kind"], "ENDEX");
    assert_eq!(records.last().unwrap()["by"], "rossi");
    played.ended().await;
    the_report_has_everything(&played, folder.path()).await;
}

async fn two_controllers_do_not_fight_silently(played: &Played) {
    played.standing("rossi").await;
    let resumed = played.ordered("lindqvist", &["resume"]).await;
    assert_eq!(
        (&resumed["kind"], &resumed["by"]),
        (&"CLOCK".into(), &"lindqvist".into())
    );
    let (code, what) = played.refused("rossi", &["speed", "30"], 1).await;
    assert_eq!(code, "HL-EX-172");
    assert!(what.contains("lindqvist") && what.contains("RESUME"), "{what}");
    // Whoever has looked since may.
    played.standing("rossi").await;
    played.ordered("rossi", &["speed", "59"]).await;
}

async fn a_pause_stops_injects_and_players_and_no_heartbeat(played: &Played) {
    eventually("the first inject comes", STAGE, async || {
        (played.inject("1.1.1").await == "DELIVERED").then_some(())
    })
    .await;
    played.ordered("rossi", &["pause"]).await;
    let (before, line) = (played.standing("rossi").await, played.line().await);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let (after, later) = (played.standing("rossi").await, played.line().await);
    assert_eq!(
        before["at"]["story_ms"], after["at"]["story_ms"],
        "the story stands"
    );
    let ran = |standing: &Value| standing["at"]["line_ms"].as_u64().unwrap();
    assert!(ran(&after) >= ran(&before) + 3_000, "the line goes on");
    assert!(probes(&later) > probes(&line), "its heartbeat goes on");
    assert_eq!(legs_up(&later), 4);
    let (code, _) = played.refused("rossi", &["pause"], 2).await;
    assert_eq!(code, "HL-EX-171");
    played.ordered("rossi", &["resume"]).await;
}

async fn notes_ratings_and_faults(played: &Played) {
    let note = ["note", "the first call was late", "--objective", "O1"];
    played.ordered("lindqvist", &note).await;
    played
        .ordered("lindqvist", &["rate", "O1", "P", "well done"])
        .await;
    let improve = [
        "improve",
        "two phones",
        "--action",
        "buy one",
        "--owner",
        "A",
        "--due",
        "May",
    ];
    played.ordered("lindqvist", &improve).await;
    played
        .ordered("lindqvist", &["fault", "cut", "--link", "path 1"])
        .await;
    assert_eq!(played.standing("rossi").await["faults"][0]["name"], "cut path 1");
    eventually("the legs of path 1 are down", STAGE, async || {
        (legs_up(&played.line().await) == 2).then_some(())
    })
    .await;
    played.ordered("lindqvist", &["mend", "cut path 1"]).await;
    eventually("they come back", STAGE, async || {
        (legs_up(&played.line().await) == 4).then_some(())
    })
    .await;
}

async fn strangers_are_turned_away(played: &Played, folder: &Path) {
    let elsewhere = folder.join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let made = excon::excon_with(&elsewhere, "S1-1", &["mallory"], &Seams::system()).unwrap();
    let control = played
        .dir
        .join("stage")
        .join(excon::DOMAIN)
        .join("control/mallory");
    fs::create_dir(&control).unwrap();
    fs::copy(made.controller_key("mallory"), control.join("control.key")).unwrap();
    let (code, what) = played.refused("mallory", &["pause"], 4).await;
    assert_eq!(code, "HL-EX-173");
    assert!(what.contains("not enrolled"), "{what}");
    // Nor past the program, at the socket itself.
    let answer = a_strangers_order(played, &SigningKey::from_seed(&[7; 32])).await;
    assert_eq!(
        (&answer["answer"], &answer["code"]),
        (&"refused".into(), &"HL-EX-173".into())
    );
    assert_eq!(played.standing("rossi").await["state"], "RUNNING");
}

fn while_it_is_paused_nobody_acts(records: &[Value]) {
    let paused = |record: &&Value| record["state"] == "PAUSED";
    assert!(records.iter().any(|record| paused(&record)));
    for record in records.iter().filter(paused) {
        let words = record["words"].as_str().unwrap();
        assert_ne!(record["kind"], "PLAYED", "{record}");
        assert!(
            record["kind"] != "INJECT" || !words.contains("FIRING"),
            "{record}"
        );
    }
}

async fn the_report_has_everything(played: &Played, folder: &Path) {
    let draft = "nobody has signed this report off";
    assert!(played.page().contains(draft));
    let report = played.report();
    let objective = &report["objectives"][0];
    assert_eq!(objective["notes"][0]["text"], "the first call was late");
    assert_eq!(objective["notes"][0]["author"], "lindqvist");
    assert_eq!(objective["ratings"][0]["rating"], "P");
    assert_eq!(report["improvements"][0]["action"], "buy one");
    assert_eq!(report["overview"]["ended"], "CONTROL");
    let turns = report["integrity"]["turns"].to_string().to_uppercase();
    assert!(turns.contains("PAUSE") && turns.contains("RESUME"), "{turns}");
    let csv = fs::read_to_string(played.dir.join("timeline.csv")).unwrap();
    for words in [
        "speed of rossi,\"HL-EX-172",
        "pause of rossi,HL-EX-171",
        "an order of nobody known,",
    ] {
        assert!(csv.contains(words), "{words}: {csv}");
    }
    let (code, _) = played.refused("rossi", &["pause"], 2).await;
    assert_eq!(code, "HL-EX-171");
    played.ordered("rossi", &["sign-off", "as discussed"]).await;
    let page = played.page();
    assert!(!page.contains(draft));
    assert!(page.contains("SIGNED_OFF by rossi: as discussed"));
    // The evidence alone says all of it.
    let again = word(&folder.join("again"));
    let from = word(&played.dir);
    let said = typed(
        Path::new(PROGRAM),
        &["exercise", "report", "--from", &from, "--out", &again],
        b"",
    )
    .await;
    assert_eq!(said.code, 10, "{said:?}");
    assert_eq!(
        fs::read_to_string(Path::new(&again).join("report.html")).unwrap(),
        page
    );
}

#[tokio::test]
async fn a_person_sits_at_a_desk_and_what_a_script_would_have_sent_is_written_down_by_hand() {
    let _alone = ALONE.lock().await;
    let folder = tempfile::tempdir().unwrap();
    let words = ["--person", "A", "--controller", "rossi"];
    let mut played = Played::start(folder.path(), &words).await;
    let told = played.dir.join("stage/seat-A.txt");
    eventually("the person is told of the news", STAGE, async || {
        let text = fs::read_to_string(&told).ok()?;
        text.contains("1.1.1 NEWS: Patrol aircraft KESTREL 2")
            .then_some(())
    })
    .await;
    eventually("nobody sends for a person", STAGE, async || {
        (played.inject("1.1.2").await == "FAILED").then_some(())
    })
    .await;
    let config = played.config("exercise.avelia.example", "a");
    let send = [
        "desk",
        "send",
        "--config",
        &config,
        "--wait",
        "delivered",
        "-p",
        "PRIORITY",
        "We search.",
    ];
    let said = typed(Path::new(PROGRAM), &send, b"").await;
    assert_eq!(said.code, 0, "{said:?}");
    played
        .ordered("rossi", &["record", "1.1.2", "sent by hand"])
        .await;
    assert_eq!(played.inject("1.1.2").await, "COMPLETED");
    let seats = played.standing("rossi").await["seats"].take();
    assert_eq!(
        (&seats[0]["who"], &seats[1]["who"]),
        (&"person".into(), &"script".into())
    );
    played.ordered("rossi", &["end"]).await;
    played.ended().await;
    let msel = played.report()["msel"].take();
    let row = msel
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["serial"] == "1.1.2")
        .unwrap();
    assert_eq!(row["result"], "sent by hand");
}
