//! Exercises in which somebody or something lies: a clock, a thief, a stranger. What must be so is so, and a wrong outcome
//! planted in each makes it fail.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;

use hotline_tests::{
    AVELIA, Line,
    headless::{self, not_met, not_met_of_those_asked},
    verb::word,
    wait::{PATIENCE, eventually},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_hotline-under-test");
const S4: &str = include_str!("../../exercise/scenarios/S4.toml");
const S5: &str = include_str!("../../exercise/scenarios/S5.toml");
const S7: &str = include_str!("../../exercise/scenarios/S7.toml");

/// Plays a shipped scenario, which must be met whole.
async fn met_whole(id: &str) {
    headless::met_whole(PROGRAM, id).await;
}

/// Plays a scenario with one place changed, and says the ids of what was not met.
async fn planted(text: &str, from: &str, to: &str) -> Vec<String> {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("planted");
    not_met(&headless::planted(PROGRAM, text, (from, to), &[], &out).await)
}

/// The same in one variant: ids of what was asked in it and not met.
async fn planted_in(variant: &str, text: &str, from: &str, to: &str) -> Vec<String> {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("planted");
    let more = ["--variant", variant];
    not_met_of_those_asked(&headless::planted(PROGRAM, text, (from, to), &more, &out).await)
}

fn has(missed: &[String], id: &str) -> bool {
    missed.iter().any(|missed| missed == id)
}

#[tokio::test(flavor = "current_thread")]
async fn s5_is_played_headless_and_every_expectation_is_met() {
    met_whole("S5").await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_desk_that_measures_no_clock_makes_s5_fail() {
    let missed = planted(S5, "checks_every = \"5s line\"", "checks_every = \"off\"").await;
    assert!(
        has(&missed, "E5"),
        "nobody answers a check, so A learns nothing of B's clock: {missed:?}"
    );
    assert!(has(&missed, "E21"), "{missed:?}");
    for met in ["E4", "E7", "E13", "E18", "E19", "E20", "E23"] {
        assert!(!has(&missed, met), "{met}: {missed:?}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_clock_that_is_never_set_back_and_another_order_on_the_screen_make_s5_fail() {
    let order = "what = \"order\", is = \"as shown\"";
    let by_dtg = "what = \"order\", is = \"B-0002, B-0001, B-0003\"";
    let text = S5.replacen(order, by_dtg, 1);
    assert_ne!(text, S5);
    let missed = planted(&text, "offset = \"+4m\"", "offset = \"+10m\"").await;
    for named in ["E7", "E23"] {
        assert!(has(&missed, named), "{named}: {missed:?}");
    }
    for met in ["E6", "E21", "E19"] {
        assert!(!has(&missed, met), "{met}: {missed:?}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_certificate_that_is_not_yet_valid_is_called_a_clock_skew() {
    let mut line = Line::open(PROGRAM).await;
    let relay = line.relay_name(AVELIA);
    let config = word(&line.stage.sides[AVELIA].desk);
    // Behind by three days: what was made a moment ago is still to come.
    let words = ["fault", "clock", "--config", &config, "--offset", "-72h"];
    drop(line.run(&words).await.ended(0));
    line.stage.kill_relay(&relay).await.unwrap();
    drop(line.stage.start_relay(&relay).await.unwrap());
    let why = eventually("the legs to the relay are refused", PATIENCE, async || {
        let status = line.status(AVELIA).await;
        let mut legs = status
            .legs
            .iter()
            .filter(|(leg, _)| leg.starts_with(&format!("{relay}/")));
        legs.find(|(_, leg)| leg.why.contains("clock skew"))
            .map(|(_, leg)| leg.why.clone())
    })
    .await;
    assert!(
        why.contains("our clock is behind by") && why.contains("compare the clocks"),
        "{why}"
    );
    // The legs that stand measure the same, from the next heartbeat on.
    eventually("the clocks are measured", PATIENCE, async || {
        let alarms = line.status(AVELIA).await.alarms;
        alarms.contains_key("CLOCK_SKEW").then_some(())
    })
    .await;
    line.close().await;
}

#[tokio::test(flavor = "current_thread")]
async fn s7_is_played_headless_and_every_expectation_is_met() {
    met_whole("S7").await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_revocation_that_the_own_relay_never_gets_makes_s7_fail() {
    // The second order goes to B again, which has it, so A's own relay keeps the thief's sessions open.
    let reached = "identity = \"A\"\nto = [\"A\"]";
    let missed = planted(S7, reached, "identity = \"A\"\nto = [\"B\"]").await;
    for named in ["E3", "E7"] {
        assert!(has(&missed, named), "the thief is still in: {missed:?}");
    }
    for met in ["E2", "E5", "E6", "E14"] {
        assert!(
            !has(&missed, met),
            "what B has the order of is not shown, whatever A's relay holds: {met}: {missed:?}"
        );
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_thief_who_comes_before_the_order_is_shown_and_makes_s7_fail() {
    // At 40 min nobody has ended anything: the copy is as good as the key.
    let strikes = "serial = \"1.2.4\"\ntitle = { en = \"The thief signs as A, over the relay that does not know yet\" }\n\
                   kind = \"contextual\"\nmethod = \"attack\"\ncategory = \"ADVERSARIAL\"\nafter = \"inject 1.2.3\"\nwait = \"2m story\"";
    let early = "serial = \"1.2.4\"\ntitle = { en = \"The thief signs as A before anybody knows\" }\n\
                 kind = \"contextual\"\nmethod = \"attack\"\ncategory = \"ADVERSARIAL\"\nat = \"40m story\"";
    let order = "after = \"inject 1.2.4\"\nwait = \"60s story\"";
    let later = "after = \"inject 1.2.3\"\nwait = \"3m story\"";
    let text = S7.replacen(order, later, 1);
    assert_ne!(text, S7);
    let missed = planted(&text, strikes, early).await;
    for named in ["E4", "E5", "E6"] {
        assert!(has(&missed, named), "{named}: {missed:?}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_window_of_doubt_from_before_the_first_message_makes_s7_fail_by_the_logs() {
    // A did not witness its first report before that, so nobody can say that its key was still A's alone.
    let missed = planted(S7, "since = \"40m story\"", "since = \"56m story\"").await;
    // B's screen follows the order and names the first report, too: E9.
    for named in ["E9", "E17"] {
        assert!(has(&missed, named), "{named}: {missed:?}");
    }
    for met in ["E18", "E19"] {
        assert!(!has(&missed, met), "{met}: {missed:?}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn s4_is_played_headless_and_every_expectation_is_met() {
    let place = tempfile::tempdir().unwrap();
    headless::met_whole_with(PROGRAM, "S4", &["--variant", "abc"], &place.path().join("S4")).await;
}

#[tokio::test(flavor = "current_thread")]
async fn in_s4_d_the_second_passphrase_looks_like_the_first_and_security_officer_and_control_know() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("S4-d");
    headless::met_whole_with(PROGRAM, "S4", &["--variant", "d"], &out).await;
    let timeline = fs::read_to_string(out.join("timeline.csv")).unwrap();
    let told: Vec<&str> = timeline.lines().filter(|line| line.contains("DURESS")).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("lindqvist, told by security-A"), "{told:?}");
    // Players, desks and relays have said nothing of it.
    for who in ["player-A", "player-B", "desk-A", "desk-B", "north", "south"] {
        let said = fs::read_to_string(out.join("stage").join(format!("{who}.err"))).unwrap();
        assert!(!said.to_lowercase().contains("duress"), "{who}: {said}");
    }
    let journal = "stage/exercise.avelia.example/desk/a/player-A.journal";
    let journal = fs::read_to_string(out.join(journal)).unwrap();
    assert!(
        !journal.contains("2.2.1") && !journal.contains("hrase"),
        "{journal}"
    );
}

#[tokio::test(flavor = "current_thread")]
async fn an_officer_who_types_the_passphrase_of_every_day_makes_s4_d_fail() {
    // Another officer of A is forced, who signs nothing: lindqvist goes on with the first passphrase.
    let duress = "roles = [\"WATCH_OFFICER\"] },\n  { name = \"rossi\"";
    let okoye = "roles = [\"WATCH_OFFICER\"], duress = true },\n  { name = \"rossi\"";
    let text = S4.replacen(duress, okoye, 1);
    assert_ne!(text, S4);
    let missed = planted_in("d", &text, "officer = \"lindqvist\"", "officer = \"okoye\"").await;
    assert_eq!(missed, ["E13"], "nobody is told; all else is as before");
}

#[tokio::test(flavor = "current_thread")]
async fn a_message_under_duress_that_looks_otherwise_makes_s4_d_fail() {
    // B's watch reads the first message only, as if the second had been held back there.
    let reads = "id = \"b-reads\"\n";
    let not_d2 = "id = \"b-reads\"\nunless = \"d2.RELEASED@A\"\n";
    let missed = planted_in("d", S4, reads, not_d2).await;
    assert_eq!(missed, ["E15"]);
}

#[tokio::test(flavor = "current_thread")]
async fn an_officer_who_may_release_is_shown_and_makes_s4_fail() {
    // The insider's role has the right after all: what it signs is then no rejected message, and on the screen.
    let role = "{ name = \"rossi\",     side = \"B\", desk = \"B\", roles = [\"WATCH_OFFICER\"] }";
    let right =
        "{ name = \"rossi\",     side = \"B\", desk = \"B\", roles = [\"WATCH_OFFICER\", \"RELEASER\"] }";
    let missed = planted_in("abc", S4, role, right).await;
    for named in ["E7", "E8", "E9"] {
        assert!(has(&missed, named), "{named}: {missed:?}");
    }
    for met in ["E4", "E6", "E10", "E11"] {
        assert!(!has(&missed, met), "{met}: {missed:?}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_stranger_whose_keys_were_made_by_nobody_else_is_let_in_and_makes_s4_fail() {
    // Copied keys instead of forged ones: every door opens, and the expectation of a refusal is not met.
    let missed = planted_in("abc", S4, "kind = \"unknown-ca\"", "kind = \"stolen-key\"").await;
    for named in ["E1", "E2", "E3"] {
        assert!(has(&missed, named), "{named}: {missed:?}");
    }
}
