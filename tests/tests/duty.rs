//! Duty, with real processes: what a desk that is run says of itself, comm checks on every path, messages that nobody
//! acknowledges, messages that come too late or hold no longer, and the report of it all from either log.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{io::Write as _, time::Duration};

use hotline_audit::{SignedStatement, statement::Payload};
use hotline_cli::demo::stage::Pause;
use hotline_client::status::{DutyStatus, LineStatus};
use hotline_core::{
    duty::ServiceKind,
    leg::Door,
    precedence::Precedence,
    time::{LineTime, WallTime},
    words::Rung,
};
use hotline_ledger::Inspector;
use hotline_tests::{
    AVELIA, BORENIA, Line,
    hand::{Counter, Hand, dialer},
    verb::word,
    wait::{PATIENCE, eventually},
};
use hotline_transport::Clock;

const PROGRAM: &str = env!("CARGO_BIN_EXE_hotline-under-test");

/// Adds lines to the settings of both desks; a key that is there already is replaced.
fn settings(line: &Line, lines: &[&str]) {
    for side in [AVELIA, BORENIA] {
        let file = &line.stage.sides[side].desk;
        let key = |line: &str| line.split_once(" =").map(|(key, _)| key.to_owned());
        let new: Vec<_> = lines.iter().map(|line| key(line)).collect();
        let text = std::fs::read_to_string(file).unwrap();
        let kept = text.lines().filter(|line| !new.contains(&key(line)));
        let text: Vec<&str> = kept.chain(lines.iter().copied()).collect();
        std::fs::File::create(file)
            .unwrap()
            .write_all((text.join("\n") + "\n").as_bytes())
            .unwrap();
    }
}

/// A line whose desks run with these settings.
async fn line_with(lines: &[&str]) -> Line {
    let mut line = Line::with_relays(PROGRAM).await;
    settings(&line, lines);
    for side in [AVELIA, BORENIA] {
        line.stage.start_desk(side).await.unwrap();
    }
    line.whole().await;
    line
}

async fn duty(line: &Line, side: usize) -> DutyStatus {
    line.status(side).await.duty.unwrap()
}

/// What a desk's own ledger holds of a kind, signed by whom.
fn said(line: &Line, side: usize, kind: ServiceKind) -> Vec<String> {
    let ledger = Inspector::open(&line.desk_config(side).ledger).unwrap();
    let mut found = Vec::new();
    let mut next = 0;
    while next < ledger.head().size {
        for stored in ledger.leaves(next, 1 << 20).unwrap() {
            next = stored.index + 1;
            let signed = SignedStatement::parse(&stored.bytes).unwrap();
            if let Payload::Service(service) = Payload::parse(&signed).unwrap()
                && service.kind == kind.to_wire()
            {
                found.push(service.header.sender);
            }
        }
    }
    found
}

fn kinds_of(status: &LineStatus, desk: &str) -> Vec<String> {
    status
        .said
        .get(desk)
        .map(|said| said.iter().map(|one| one.kind.clone()).collect())
        .unwrap_or_default()
}

#[tokio::test]
async fn a_desk_says_that_it_opens_and_closes_and_the_other_desk_keeps_both() {
    let mut line = Line::open(PROGRAM).await;
    let borenia = line.desk_config(BORENIA).identity.to_string();
    eventually("it opened", PATIENCE, async || {
        kinds_of(&line.status(AVELIA).await, &borenia)
            .contains(&"DESK_OPENS".to_owned())
            .then_some(())
    })
    .await;
    line.stage.close_desk(BORENIA).await.unwrap();
    eventually("it closed", PATIENCE, async || {
        (kinds_of(&line.status(AVELIA).await, &borenia).last()? == "DESK_CLOSES").then_some(())
    })
    .await;
    // A verb that opens the ledger for itself is no opening of the desk.
    let _ = line.desk(BORENIA, "inbox", &[]).await.ended(0);
    assert_eq!(
        said(&line, BORENIA, ServiceKind::DeskOpens)
            .iter()
            .filter(|by| **by == borenia)
            .count(),
        1
    );
    assert_eq!(said(&line, BORENIA, ServiceKind::DeskCloses), [borenia]);
}

#[tokio::test]
async fn a_verb_whose_reader_has_gone_ends_as_it_would_have() {
    let line = line_with(&[]).await;
    let config = line.stage.sides[AVELIA].desk.display().to_string();
    for words in [
        ["path", "watch", "--once"].as_slice(),
        &["status"],
        &["desk", "inbox"],
    ] {
        let (reader, out) = std::io::pipe().unwrap();
        drop(reader);
        let mut verb = tokio::process::Command::new(PROGRAM);
        let verb = verb.args(words).args(["--config", &config]).stdout(out);
        let ended = verb.output().await.unwrap();
        let told = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!((ended.status.code(), told.as_str()), (Some(0), ""), "{words:?}");
    }
}

#[tokio::test]
async fn checks_are_answered_on_every_path_and_either_log_gives_the_same_report() {
    let mut line = line_with(&["checks_every = \"1s\""]).await;
    for side in [AVELIA, BORENIA] {
        eventually("every path has passed", PATIENCE, async || {
            let checks = duty(&line, side).await.checks;
            let all = checks.paths.len() == 8 && checks.paths.values().all(|path| path.passed >= 2);
            (all && checks.answered >= 2).then_some(())
        })
        .await;
    }
    line.stage.close_desk(AVELIA).await.unwrap();
    line.stage.close_desk(BORENIA).await.unwrap();
    // Each takes in what the other said last.
    for side in [AVELIA, BORENIA] {
        let _ = line.desk(side, "inbox", &[]).await.ended(0);
    }
    let mut reports = Vec::new();
    for side in [AVELIA, BORENIA] {
        let config = word(&line.stage.sides[side].desk);
        let words = [
            "report",
            "availability",
            "--config",
            &config,
            "--days",
            "30",
            "--json",
        ];
        reports.push(line.run(&words).await.ended(0).object());
    }
    assert_eq!(reports[0], reports[1]);
    assert_eq!(reports[0]["sha256"].as_str().unwrap().len(), 64);
    for side in [AVELIA, BORENIA] {
        let desk = line.desk_config(side).identity.to_string();
        let of = &reports[0]["report"]["desks"][&desk];
        assert_eq!(of["paths"].as_object().unwrap().len(), 8, "{of:#}");
        assert!(of["automatic"]["answered"].as_u64().unwrap() >= 2, "{of:#}");
        assert_eq!((of["opened"].as_u64(), of["closed"].as_u64()), (Some(1), Some(1)));
    }
    let config = word(&line.stage.sides[AVELIA].desk);
    let plain = line
        .run(&["report", "availability", "--config", &config])
        .await
        .ended(0)
        .text();
    assert!(plain.contains("SHA-256 of its canonical JSON"), "{plain}");
}

#[tokio::test]
async fn a_check_that_nobody_answers_is_missed_on_every_path() {
    let mut line = line_with(&["checks_every = \"2s\""]).await;
    eventually("one is answered", PATIENCE, async || {
        (duty(&line, AVELIA).await.checks.answered > 0).then_some(())
    })
    .await;
    line.stage.pause_desk(BORENIA, Pause::Stop).unwrap();
    eventually("one is missed", 2 * PATIENCE, async || {
        let checks = duty(&line, AVELIA).await.checks;
        (checks.missed > 0 && checks.paths.values().all(|path| path.missed > 0)).then_some(())
    })
    .await;
    line.stage.pause_desk(BORENIA, Pause::GoOn).unwrap();
}

#[tokio::test]
async fn a_leg_that_stays_down_is_said_and_so_is_its_return() {
    let mut line = Line::open(PROGRAM).await;
    let avelia = line.desk_config(AVELIA).identity.to_string();
    let north = line.relay_name(AVELIA);
    line.stage.kill_relay(&north).await.unwrap();
    eventually("the other desk is told", 2 * PATIENCE, async || {
        kinds_of(&line.status(BORENIA).await, &avelia)
            .contains(&"PATH_OUTAGE".to_owned())
            .then_some(())
    })
    .await;
    line.stage.start_relay(&north).await.unwrap();
    eventually("and of the return", 2 * PATIENCE, async || {
        kinds_of(&line.status(BORENIA).await, &avelia)
            .contains(&"PATH_RESTORED".to_owned())
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_human_check_is_released_by_one_officer_and_answered_by_another() {
    let line = Line::open(PROGRAM).await;
    let config = word(&line.stage.sides[AVELIA].desk);
    let answering = async {
        let test = eventually("the test has come", PATIENCE, async || {
            line.incoming(BORENIA).await.pop()
        })
        .await;
        assert_eq!(
            (test.class.as_str(), test.precedence.as_str()),
            ("TEST", "IMMEDIATE")
        );
        assert!(test.text.starts_with("COMM CHECK."), "{}", test.text);
        let _ = line
            .desk(BORENIA, "answer", &[&test.name, "ROGER"])
            .await
            .ended(0);
    };
    let words = ["check", "--config", &config, "--json"];
    let (said, ()) = tokio::join!(line.run(&words), answering);
    let said = said.ended(0);
    assert!(said.message().closed());
    let due = said.object()["answer_due_ms"].as_u64().unwrap();
    assert!(due > said.message().stored_ms, "{due}");
}

#[tokio::test]
async fn a_human_check_that_nobody_answers_ends_with_six_and_an_alarm() {
    let line = line_with(&["human_time_factor = 300"]).await;
    let config = word(&line.stage.sides[AVELIA].desk);
    let said = line
        .run(&["check", "--config", &config, "--wait", "200ms"])
        .await
        .ended(6);
    assert!(said.err.contains("the answer is due by 2"), "{}", said.err);
    assert!(said.err.contains("and counts until then"), "{}", said.err);
    assert!(
        said.err.contains("later: hotline desk show A-0001"),
        "{}",
        said.err
    );
    eventually("people are told", PATIENCE, async || {
        line.status(AVELIA)
            .await
            .alarms
            .contains_key("CHECK_MISSED")
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_flash_that_nobody_acknowledges_is_called_for_step_by_step_on_both_sides_until_somebody_does() {
    let mut line = line_with(&["human_time_factor = 60"]).await;
    let sent = line
        .desk(AVELIA, "send", &["-p", "FLASH", "The channel is open."])
        .await
        .ended(0)
        .message();
    let steps = async |line: &Line, side: usize| {
        duty(line, side)
            .await
            .overdue
            .pop()
            .and_then(|overdue| overdue.timer.step)
    };
    for side in [AVELIA, BORENIA] {
        eventually("the second position is alerted", PATIENCE, async || {
            (steps(&line, side).await? == "SECOND_POSITION").then_some(())
        })
        .await;
    }
    for desk in [AVELIA, BORENIA].map(|side| line.desk_config(side).identity.to_string()) {
        eventually("both desks have signed both steps", PATIENCE, async || {
            let by = said(&line, BORENIA, ServiceKind::Overdue);
            (by.iter().filter(|by| **by == desk).count() >= 2).then_some(())
        })
        .await;
    }
    // The timer goes on over a restart, and repeats no step.
    line.stage.kill_desk(BORENIA).await.unwrap();
    line.stage.start_desk(BORENIA).await.unwrap();
    eventually("the supervisor and the other way", PATIENCE, async || {
        (steps(&line, BORENIA).await? == "OUT_OF_BAND").then_some(())
    })
    .await;
    let borenia = line.desk_config(BORENIA).identity.to_string();
    let taken = said(&line, BORENIA, ServiceKind::Overdue);
    assert_eq!(
        taken.iter().filter(|by| **by == borenia).count(),
        4,
        "each step once"
    );
    let _ = line.desk(BORENIA, "ack", &[&sent.name]).await.ended(0);
    for side in [AVELIA, BORENIA] {
        eventually("the timer stops", PATIENCE, async || {
            duty(&line, side).await.overdue.is_empty().then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_message_that_does_not_arrive_in_time_is_signed_as_undelivered_once_and_a_late_receipt_wins() {
    let mut line = line_with(&[]).await;
    let [avelia, borenia] = [AVELIA, BORENIA].map(|side| line.desk_config(side).identity.to_string());
    line.stage.kill_desk(BORENIA).await.unwrap();
    let words = ["-p", "FLASH", "--expires", "3s", "The channel is open."];
    let sent = line.desk(AVELIA, "send", &words).await.ended(0).message();
    let shown =
        async |line: &Line, side: usize| line.desk(side, "show", &[&sent.name]).await.ended(0).message();
    let said_of = eventually("its sender signs that it did not arrive", PATIENCE, async || {
        shown(&line, AVELIA).await.undelivered.pop()
    })
    .await;
    assert_eq!(said_of.desk, borenia);
    assert!(
        said_of.cause.contains("DESK"),
        "the other desk is dead: {said_of:?}"
    );
    assert!(said_of.claimed_ms >= sent.expires_ms.unwrap(), "{said_of:?}");
    assert_eq!(
        (said_of.delivered_ms, said_of.down.len()),
        (None, 0),
        "{said_of:?}"
    );
    assert!(line.status(AVELIA).await.alarms.contains_key("UNDELIVERED"));
    // A restart of the sender repeats nothing.
    line.stage.kill_desk(AVELIA).await.unwrap();
    line.stage.start_desk(AVELIA).await.unwrap();
    line.stage.start_desk(BORENIA).await.unwrap();
    for side in [AVELIA, BORENIA] {
        let (view, late) = eventually("it arrives after all", PATIENCE, async || {
            let view = shown(&line, side).await;
            let late = view.undelivered.first()?.clone();
            late.delivered_ms.is_some().then_some((view, late))
        })
        .await;
        assert!(view.reached(Rung::Delivered), "the receipt is what counts");
        assert_eq!((&late.sha256, view.undelivered.len()), (&said_of.sha256, 1));
        assert_eq!(
            said(&line, side, ServiceKind::NonDelivery),
            std::slice::from_ref(&avelia)
        );
    }
    let plain = line
        .desk_plain(AVELIA, "show", &[&sent.name])
        .await
        .ended(0)
        .text();
    assert!(plain.contains("UNDELIVERED, its sender signed at"), "{plain}");
    assert!(plain.contains("that is what counts"), "{plain}");
}

#[tokio::test]
async fn a_flash_that_its_sender_cancels_is_called_for_no_more() {
    let line = line_with(&["human_time_factor = 60"]).await;
    let words = ["--wait", "delivered", "-p", "FLASH", "The channel is open."];
    let sent = line.desk(AVELIA, "send", &words).await.ended(0).message();
    let timed = async |side: usize| {
        let overdue = duty(&line, side).await.overdue;
        overdue.iter().any(|one| one.name == sent.name)
    };
    for side in [AVELIA, BORENIA] {
        eventually("it is called for", PATIENCE, async || {
            timed(side).await.then_some(())
        })
        .await;
    }
    let words = ["--function", "CANCEL", "--refers-to", &sent.sha256, "Not so."];
    let _ = line.desk(AVELIA, "send", &words).await.ended(0);
    for side in [AVELIA, BORENIA] {
        eventually("its timer ends", PATIENCE, async || {
            (!timed(side).await).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_message_that_has_expired_is_refused_whatever_is_done_with_it() {
    let line = Line::open(PROGRAM).await;
    let sent = line
        .desk(AVELIA, "send", &["Holds for two seconds.", "--expires", "2s"])
        .await
        .ended(0)
        .message();
    line.until(BORENIA, &sent.sha256, Rung::Delivered).await;
    tokio::time::sleep(Duration::from_millis(2200)).await;
    let shown = line.desk(BORENIA, "show", &[&sent.name]).await.ended(0).message();
    assert!(shown.expired);
    for words in [
        vec!["ack", &sent.name],
        vec!["answer", &sent.name, "ROGER"],
        vec!["act", "HOLDING", &sent.name],
    ] {
        let said = line.desk(BORENIA, words[0], &words[1..]).await.ended(1);
        assert_eq!(said.object()["error"]["code"], "HL-DESK-013", "{}", said.all());
    }
}

/// A clock that is off by so many seconds: what is signed by one that is behind was signed long ago.
#[derive(Debug)]
struct Off(std::sync::Arc<dyn Clock>, i64);

impl Clock for Off {
    fn wall(&self) -> WallTime {
        let now = self.0.wall().unix_ms();
        WallTime::from_unix_ms(now.saturating_add_signed(self.1 * 1000))
    }

    fn line(&self) -> LineTime {
        self.0.line()
    }
}

#[tokio::test]
async fn a_message_that_came_too_late_is_locked_until_its_sender_confirms_it() {
    let mut line = Line::with_relays(PROGRAM).await;
    line.stage.start_desk(BORENIA).await.unwrap();
    line.stage.legs_up(BORENIA, 4).await.unwrap();
    // Avelia's desk signed it an hour ago, and its relay had it until now.
    let hand = Hand::of(&line, AVELIA, "lindqvist");
    let clock = Off(line.seams.clock.clone(), -3600);
    let draft = hand.draft_as(Precedence::Immediate, "Two ships hold their course.");
    let signed = hand.pen.message(&hand.tip, draft, &[], &clock).unwrap();
    let counter = Counter::open(&line, &dialer(&line, AVELIA), AVELIA, Door::Tcp)
        .await
        .unwrap();
    assert_eq!(counter.hand_in(&signed.bytes).await.rule(), "");
    drop(counter);
    let hash = signed.hash.to_string();
    let view = eventually("it came", PATIENCE, async || line.incoming(BORENIA).await.pop()).await;
    assert_eq!(view.sha256, hash);
    assert!(view.delayed && view.locked);
    for words in [vec!["ack", &hash], vec!["answer", &hash, "ROGER"]] {
        let said = line.desk(BORENIA, words[0], &words[1..]).await.ended(1);
        assert_eq!(said.object()["error"]["code"], "HL-DESK-014", "{}", said.all());
    }
    // Asking for time is no taking up.
    let _ = line.desk(BORENIA, "act", &["HOLDING", &hash]).await.ended(0);
    // Its sender's desk takes it up from its relay, and an officer there stands by it.
    line.stage.start_desk(AVELIA).await.unwrap();
    line.stage.legs_up(AVELIA, 4).await.unwrap();
    eventually("its sender has it again", PATIENCE, async || {
        let shown = line.desk(AVELIA, "show", &[&hash]).await;
        (shown.code == 0).then_some(())
    })
    .await;
    let _ = line.desk(BORENIA, "act", &["CONFIRMED", &hash]).await.ended(1);
    let _ = line.desk(AVELIA, "act", &["CONFIRMED", &hash]).await.ended(0);
    let confirmed = line.until(BORENIA, &hash, Rung::Confirmed).await;
    assert!(confirmed.delayed && !confirmed.locked);
    let _ = line.desk(BORENIA, "ack", &[&hash]).await.ended(0);
    let _ = line.desk(BORENIA, "answer", &[&hash, "ROGER"]).await.ended(0);
}

#[tokio::test]
async fn a_message_from_a_clock_that_is_an_hour_ahead_may_be_late_and_is_locked_as_well() {
    let mut line = Line::with_relays(PROGRAM).await;
    line.stage.start_desk(BORENIA).await.unwrap();
    line.stage.legs_up(BORENIA, 4).await.unwrap();
    let hand = Hand::of(&line, AVELIA, "lindqvist");
    let clock = Off(line.seams.clock.clone(), 3600);
    let draft = hand.draft_as(Precedence::Immediate, "Two ships hold their course.");
    let signed = hand.pen.message(&hand.tip, draft, &[], &clock).unwrap();
    let counter = Counter::open(&line, &dialer(&line, AVELIA), AVELIA, Door::Tcp)
        .await
        .unwrap();
    assert_eq!(counter.hand_in(&signed.bytes).await.rule(), "");
    let view = eventually("it came", PATIENCE, async || line.incoming(BORENIA).await.pop()).await;
    assert!(!view.delayed && view.delay_unknown && view.locked, "{view:#?}");
    let said = line.desk(BORENIA, "ack", &[&view.sha256]).await.ended(1);
    assert_eq!(said.object()["error"]["code"], "HL-DESK-014", "{}", said.all());
    let shown = line.desk_plain(BORENIA, "show", &[&view.name]).await.ended(0);
    assert!(shown.text().contains("DELAYED?"), "{}", shown.text());
}
