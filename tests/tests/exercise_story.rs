//! Human deadlines run on story time: real processes, told of turns over the desk's socket as a conductor tells them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{fs, path::Path, time::Duration};

use hotline_client::{
    request::{Answer, Request},
    socket::Connection,
    story::{StoryFacts, StoryState},
};
use hotline_core::{
    story::{Rate, StoryClock, Told, Turn},
    time::{LineTime, WallTime},
};
use hotline_tests::{
    AVELIA, BORENIA, Line,
    verb::word,
    wait::{PATIENCE, eventually},
};
use hotline_transport::Seams;

const PROGRAM: &str = env!("CARGO_BIN_EXE_hotline-under-test");

/// The clock of an exercise, by the clocks of this process.
struct Conductor {
    clock: StoryClock,
    told: Told,
    seams: Seams,
}

impl Conductor {
    fn new() -> Self {
        Self {
            clock: StoryClock::new(),
            told: Told::new(),
            seams: Seams::system(),
        }
    }

    fn now(&self) -> (WallTime, LineTime) {
        (self.seams.clock.wall(), self.seams.clock.line())
    }

    /// Takes a turn and tells both desks.
    async fn turn(&mut self, line: &Line, turn: Turn) {
        self.turn_untold(turn);
        for side in [AVELIA, BORENIA] {
            self.tell(line, side).await;
        }
    }

    fn turn_untold(&mut self, turn: Turn) {
        let (wall, now) = self.now();
        self.clock.turn(turn, now).unwrap();
        self.told.turned(&self.clock, wall, now);
    }

    async fn tell(&self, line: &Line, side: usize) -> String {
        let (wall, now) = self.now();
        let word = StoryFacts::of(&self.told.word(&self.clock, wall, now));
        let mut desk = Connection::open(&line.desk_config(side).socket)
            .await
            .unwrap()
            .unwrap();
        match desk.ask(&Request::Story { word }).await.unwrap() {
            Answer::Done { what } => what,
            other => panic!("{other:?}"),
        }
    }
}

/// The steps that a side's desk has taken for a message, the last one only.
async fn step(line: &Line, side: usize) -> Option<String> {
    let duty = line.status(side).await.duty.unwrap();
    duty.overdue
        .into_iter()
        .next()
        .and_then(|overdue| overdue.timer.step)
}

/// For how long people have had the only message of Borenia's desk, in milliseconds.
async fn waited(line: &Line) -> u64 {
    line.incoming(BORENIA).await[0]
        .overdue
        .as_ref()
        .unwrap()
        .waited_ms
}

#[tokio::test]
async fn a_paused_exercise_calls_nobody_and_resuming_it_calls_them_when_the_story_is_there() {
    let mut line = Line::open(PROGRAM).await;
    let mut conductor = Conductor::new();
    conductor.turn(&line, Turn::Start(Rate::FASTEST)).await;
    conductor.turn(&line, Turn::Pause).await;
    let words = ["--wait", "delivered", "-p", "FLASH", "The channel is open."];
    let sent = line.desk(AVELIA, "send", &words).await.ended(0).message();
    let proven = |status: &hotline_client::status::LineStatus| {
        let probes = status.legs.values().map(|leg| leg.probes_sent);
        probes.sum::<u64>()
    };
    let before = line.status(BORENIA).await;
    let stands_at = waited(&line).await;
    // At ×60 the first step is due after 2 s, and the last one after 10 s.
    tokio::time::sleep(Duration::from_secs(4)).await;
    let paused = line.status(BORENIA).await;
    let story = paused.story.unwrap();
    assert_eq!(story.state, StoryState::Paused);
    assert_eq!(Some(story), before.story, "it stands");
    let ahead = story.next_ms.unwrap() - story.story_ms;
    let first = ahead + waited(&line).await;
    assert!(
        first.abs_diff(120_000) <= 2,
        "the first step of a FLASH is due at 2 min: {first}"
    );
    assert!(paused.wall_ms > before.wall_ms);
    assert!(proven(&paused) > proven(&before), "the line goes on");
    assert_eq!(paused.legs_up(), 4);
    for side in [AVELIA, BORENIA] {
        assert_eq!(step(&line, side).await, None);
    }
    assert_eq!(waited(&line).await, stands_at, "nobody's wait grows");
    let config = word(&line.stage.sides[BORENIA].desk);
    let said = line.run(&["status", "--config", &config]).await.ended(0);
    let out = String::from_utf8(said.out).unwrap();
    assert!(out.starts_with("EXERCISE PAUSED at T+00:0"), "{out}");

    // A desk that is started again goes on by what it was told, until it is told again.
    line.stage.kill_desk(BORENIA).await.unwrap();
    line.stage.start_desk(BORENIA).await.unwrap();
    line.whole().await;
    let remembered = line.status(BORENIA).await.story.unwrap();
    assert_eq!(remembered.state, StoryState::Paused);
    assert!(remembered.story_ms <= story.story_ms);
    let told = conductor.tell(&line, BORENIA).await;
    assert!(told.ends_with("the exercise is paused"), "{told}");
    assert!(
        waited(&line).await <= stands_at,
        "it waited while the story stood"
    );

    conductor.turn(&line, Turn::Resume).await;
    for side in [AVELIA, BORENIA] {
        eventually("the supervisor is alerted", PATIENCE, async || {
            let step = step(&line, side).await?;
            ["SUPERVISOR", "OUT_OF_BAND"]
                .contains(&step.as_str())
                .then_some(())
        })
        .await;
    }
    // Both steps are due after ten minutes of story, which began when it went on.
    assert!(waited(&line).await >= 600_000);
    let known = conductor.tell(&line, BORENIA).await;
    assert!(known.contains("is known here"), "{known}");
    let _ = line.desk(BORENIA, "ack", &[&sent.name]).await.ended(0);
}

#[tokio::test]
async fn a_desk_that_is_started_again_in_a_pause_or_a_slow_story_calls_nobody_before_it_is_told() {
    let fastest = &[Turn::Start(Rate::FASTEST)][..];
    for (turns, while_it_was_gone) in [
        (&[Turn::Start(Rate::REAL), Turn::Pause][..], None),
        (&[Turn::Start(Rate::SLOWEST)], None),
        // It remembers a story in which a FLASH is overdue after two seconds.
        (fastest, Some(Turn::Pause)),
    ] {
        let mut line = Line::with_relays(PROGRAM).await;
        // Without a story a FLASH would be overdue in every step a second after its coming.
        settings(&line, "human_time_factor = 3600\n");
        for side in [AVELIA, BORENIA] {
            line.stage.start_desk(side).await.unwrap();
        }
        line.whole().await;
        let mut conductor = Conductor::new();
        for turn in turns {
            conductor.turn(&line, *turn).await;
        }
        let words = ["--wait", "delivered", "-p", "FLASH", "The channel is open."];
        let sent = line.desk(AVELIA, "send", &words).await.ended(0).message();
        line.stage.kill_desk(BORENIA).await.unwrap();
        if let Some(turn) = while_it_was_gone {
            conductor.turn_untold(turn);
        }
        line.stage.start_desk(BORENIA).await.unwrap();
        line.whole().await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let status = line.status(BORENIA).await;
        assert_eq!(step(&line, BORENIA).await, None);
        assert!(!status.alarms.contains_key("OVERDUE"), "{:?}", status.alarms);
        let told = conductor.tell(&line, BORENIA).await;
        assert!(!told.contains("is known here"), "{told}");
        assert_eq!(step(&line, BORENIA).await, None);
        assert!(waited(&line).await < 60_000);
        let _ = line.desk(BORENIA, "ack", &[&sent.name]).await.ended(0);
    }
}

#[tokio::test]
async fn a_check_waits_in_peoples_time_and_stands_in_a_pause() {
    let line = Line::open(PROGRAM).await;
    let mut conductor = Conductor::new();
    conductor.turn(&line, Turn::Start(Rate::FASTEST)).await;
    conductor.turn(&line, Turn::Pause).await;
    let config = word(&line.stage.sides[AVELIA].desk);
    let args = ["check", "--config", &config, "--wait", "60s"];
    let mut check = std::pin::pin!(line.run(&args));
    let early = tokio::time::timeout(Duration::from_secs(4), &mut check).await;
    assert!(early.is_err(), "it ended while the story stood");
    conductor.turn(&line, Turn::Resume).await;
    // A minute of story is a second.
    let ended = tokio::time::timeout(Duration::from_secs(20), check)
        .await
        .unwrap();
    let said = ended.ended(6);
    assert!(said.err.contains("the exercise is paused"), "{}", said.err);
}

/// Adds settings to both desks'.
fn settings(line: &Line, lines: &str) {
    for side in [AVELIA, BORENIA] {
        let path = &line.stage.sides[side].desk;
        let text = fs::read_to_string(path).unwrap();
        fs::write(path, format!("{lines}{text}")).unwrap();
    }
}

#[test]
fn no_module_of_the_line_names_the_story_clock() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for room in ["transport/src", "server/src", "proto/src"] {
        sources(&root.join(room), &mut files);
    }
    for module in ["leg", "lane", "share", "relay", "outgoing"] {
        files.push(root.join(format!("client/src/{module}.rs")));
        sources(&root.join(format!("client/src/{module}")), &mut files);
    }
    assert!(files.len() > 60, "only {} files", files.len());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for name in [
            "story::",
            "StoryClock",
            "DeskStory",
            "StoryTime",
            "StoryWord",
            "StoryFacts",
        ] {
            assert!(!text.contains(name), "{} names {name}", file.display());
        }
    }
}

/// All sources below a folder; none if there is no such folder.
fn sources(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            files.push(path);
        }
    }
}
