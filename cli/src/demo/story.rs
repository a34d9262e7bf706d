//! The story of the demo, step by step. Each step acts through verbs and tells what was seen.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use hotline_audit::trust::TrustPolicy;
use hotline_client::{
    compose::{self, Wording},
    request::{Answer, Request},
    view::MessageView,
};
use hotline_core::{
    leg::Door,
    precedence::Precedence,
    words::{Answer as Word, Function, OfficerRole, ResponseAttribute, Rung, TrafficClass},
};
use hotline_transport::Seams;
use tokio::time::Instant;

use super::{
    check::Told,
    intruder,
    stage::Stage,
    traffic::{self, Watchers},
};
use crate::{
    desk::{
        Common, keyring,
        seat::{Seat, reference},
        send,
    },
    exit::Failure,
    log,
};

/// The collision, in the words of code HZ-01.
const HZ_01: &str = "HZ-01 OURS. 221040Z. Collision of our survey vessel LARK with your ferry SOLVEIG, 58-12N 004-31E, uncertainty 1 nm. Both afloat, ferry listing, 214 aboard. No hostile intent. Help wanted: all vessels and helicopters within 60 nm.";

/// Time of traffic before and after the kill.
const TRAFFIC: Duration = Duration::from_secs(2);

/// How long a receipt may be awaited before it counts as lost.
const PATIENCE: Duration = Duration::from_secs(10);

/// Plays the story; tells whether everything passed.
///
/// # Errors
/// If the stage cannot be set up.
pub async fn run(
    dir: &Path,
    exe: PathBuf,
    seams: &Seams,
    mut told: Told,
    kept: bool,
) -> Result<bool, Failure> {
    let start = Instant::now();
    let mut stage = Stage::build(dir, exe, seams)?;
    told.part("EXERCISE EXERCISE. Two ministries, Avelia and Borenia, one line.");
    told.step(&format!(
        "fresh certificates, keys and a charter for both sides, in {} ms",
        start.elapsed().as_millis()
    ));
    for side in &stage.sides {
        told.step(&format!("{} reads aloud: {}", side.name, side.words));
    }
    let played = play(&mut stage, seams, &mut told).await;
    stage.close().await;
    if played.is_ok() {
        evidence(&stage, &mut told);
    }
    if let Err(failure) = &played {
        told.check("the story is played to its end", false, failure.what.clone());
    }
    told.summary.seconds = start.elapsed().as_secs_f64();
    let next = next_steps(&stage, kept);
    Ok(told.finish(&next))
}

async fn play(stage: &mut Stage, seams: &Seams, told: &mut Told) -> Result<(), Failure> {
    open_line(stage, told).await?;
    let flash = collision(stage, told).await?;
    climb(stage, told, &flash).await?;
    kill_north(stage, told).await?;
    intrude(stage, seams, told).await
}

async fn open_line(stage: &mut Stage, told: &mut Told) -> Result<(), Failure> {
    let relays: Vec<String> = stage.sides.iter().map(|side| side.relay.name.clone()).collect();
    for relay in &relays {
        let ready = stage.start_relay(relay).await?;
        told.step(&format!(
            "relay {relay} listens: QUIC {}, gRPC on TCP {}",
            ready["quic"].as_str().unwrap_or("?"),
            ready["tcp"].as_str().unwrap_or("?")
        ));
    }
    for side in 0..2 {
        stage.start_desk(side).await?;
    }
    for side in 0..2 {
        stage.legs_up(side, 4).await?;
        told.step(&format!(
            "desk of {}: four legs up, two relays by two doors, mutually authenticated",
            stage.sides[side].name
        ));
    }
    Ok(())
}

/// Avelia's officers draft and release the FLASH.
async fn collision(stage: &Stage, told: &mut Told) -> Result<MessageView, Failure> {
    told.part("A collision at sea. Avelia sends HZ-01 as a FLASH; two officers sign.");
    let mut seat = stage.seat(0).await?;
    let wording = Wording {
        precedence: Precedence::Flash,
        class: TrafficClass::Formal,
        function: Function::Notify,
        response: ResponseAttribute::AcceptUnable,
        channel: seat.config.channel.clone(),
        refers_to: None,
        answer: None,
        text: HZ_01.to_owned(),
        expires_ms: 0,
        safety_of_life: false,
        respond_by_ms: 0,
        contact: None,
    };
    let common = common(stage, 0);
    let sheet = send::sign(&seat, &common, &wording, None, None)?;
    let view = seat.message(Request::Release { sheet }).await?;
    told.step(&format!(
        "{} released [RELEASED], signed by {}",
        view.name,
        view.first(Rung::Released).map_or("?", |rung| &rung.by)
    ));
    let view = wait(&mut seat, &view, Rung::Delivered).await?;
    told.check(
        "the FLASH arrives and its receipt comes back",
        view.reached(Rung::Delivered),
        view.first(Rung::Delivered).map_or("no receipt".into(), |rung| {
            format!(
                "first copy by {}, DELIVERED signed by {}",
                rung.leg.as_deref().unwrap_or("?"),
                rung.by
            )
        }),
    );
    Ok(view)
}

/// Borenia's watch sees it, acknowledges and answers; Avelia's desk sees the whole ladder.
async fn climb(stage: &Stage, told: &mut Told, flash: &MessageView) -> Result<(), Failure> {
    let mut b = stage.seat(1).await?;
    let messages = vec![flash.sha256.clone()];
    b.ask(Request::Alerted {
        messages: messages.clone(),
    })
    .await?;
    told.step("Borenia's alarm sounds [ALERTED, signed by the desk]");
    let view = b.show(&flash.sha256).await?;
    b.display(std::slice::from_ref(&view), || {
        told.step("on screen in Borenia [DISPLAYED, signed by the desk]");
    })
    .await?;
    let common = common(stage, 1);
    let watch = keyring::officer(&b, &common, None, &[OfficerRole::WatchOfficer], None)?;
    let (subject, _) = reference(&view)?;
    let act = compose::act(
        &b.config,
        &watch,
        Rung::Acknowledged,
        subject,
        "",
        b.seams.clock.as_ref(),
    )
    .map_err(|error| Failure::new("HL-DEMO-008", 1, error.to_string(), ""))?;
    b.message(Request::Act { act }).await?;
    told.step(&format!(
        "acknowledged by {} with that officer's own key",
        watch.identity
    ));
    let wording = Wording {
        precedence: Precedence::Flash,
        class: TrafficClass::Formal,
        function: Function::Reply,
        response: ResponseAttribute::None,
        channel: view.channel.clone(),
        refers_to: Some(reference(&view)?),
        answer: Some(Word::Accept),
        text: "ACCEPT. Two helicopters and the cutter TERN are under way.".into(),
        expires_ms: 0,
        safety_of_life: false,
        respond_by_ms: 0,
        contact: None,
    };
    let sheet = send::sign(&b, &common, &wording, None, None)?;
    b.message(Request::Release { sheet }).await?;
    let mut a = stage.seat(0).await?;
    // The answer is a FLASH and takes every leg; receipts take two, and may come in behind it.
    for rung in [Rung::Displayed, Rung::Acknowledged, Rung::Accepted] {
        wait(&mut a, flash, rung).await?;
    }
    let view = wait(&mut a, flash, Rung::Answered).await?;
    tell_ladder(told, &view);
    let legs = legs_that_carried(stage, flash).await?;
    let both = |mark: &[&str]| mark.iter().all(|mark| legs.iter().any(|leg| leg.contains(mark)));
    told.check(
        "the FLASH came by both relays and both doors, and was shown once",
        both(&["north/", "south/"]) && both(&["/quic", "/tcp"]),
        format!("copies at Borenia by {}", legs.join(", ")),
    );
    Ok(())
}

fn tell_ladder(told: &mut Told, view: &MessageView) {
    let released = view
        .first(Rung::Released)
        .map_or(view.stored_ms, |rung| rung.at_ms);
    let mut ladder = BTreeMap::new();
    for rung in &view.rungs {
        ladder
            .entry(rung.rung.clone())
            .or_insert(rung.at_ms.saturating_sub(released));
    }
    let mut in_time: Vec<_> = ladder.iter().collect();
    in_time.sort_by_key(|(_, ms)| **ms);
    for (rung, ms) in in_time {
        told.step(&format!("{rung:<12} +{ms} ms after release"));
    }
    let wanted = [
        Rung::Released,
        Rung::Accepted,
        Rung::Delivered,
        Rung::Alerted,
        Rung::Displayed,
        Rung::Acknowledged,
        Rung::Answered,
    ];
    let missing: Vec<&str> = wanted
        .iter()
        .filter(|rung| !view.reached(**rung))
        .map(|rung| rung.name())
        .collect();
    told.check(
        "the FLASH climbs the whole ladder, each rung signed by whoever took it",
        missing.is_empty() && view.closed(),
        if missing.is_empty() {
            format!("{} facts, dialogue closed", view.rungs.len())
        } else {
            format!("missing {}", missing.join(", "))
        },
    );
    told.summary.ladder_ms = ladder;
}

/// The legs that brought a copy to the other desk: the first one and the late ones.
async fn legs_that_carried(stage: &Stage, flash: &MessageView) -> Result<Vec<String>, Failure> {
    let mut b = stage.seat(1).await?;
    let deadline = Instant::now() + Duration::from_secs(2);
    loop {
        let view = b.show(&flash.sha256).await?;
        let mut legs: Vec<String> = view.late_copies.keys().cloned().chain(view.first_leg).collect();
        legs.sort();
        legs.dedup();
        if legs.len() >= 4 || Instant::now() > deadline {
            return Ok(legs);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Relay north is killed while messages flow, and comes back.
async fn kill_north(stage: &mut Stage, told: &mut Told) -> Result<(), Failure> {
    let north = stage.sides[0].relay.name.clone();
    told.part(&format!(
        "Search reports flow; relay {north} is killed with SIGKILL in the middle of them."
    ));
    let watchers = Watchers::start(stage).await?;
    let began = Instant::now();
    let mut sent = traffic::send(stage, TRAFFIC, 0).await?;
    let killed = Instant::now();
    stage.kill_relay(&north).await?;
    let more = traffic::send(stage, TRAFFIC, sent.len()).await?;
    let ended = Instant::now();
    sent.extend(more);
    watchers.all_delivered(&sent, PATIENCE).await;
    let (lost, twice) = watchers.losses(&sent);
    let without = watchers.longest_gap(began, killed);
    let with = watchers.longest_gap(killed, ended);
    told.summary.lost = lost;
    told.summary.shown_twice = twice;
    told.summary.gap_ms = with.as_secs_f64() * 1000.0;
    told.summary.gap_ms_without_kill = without.as_secs_f64() * 1000.0;
    told.check(
        "killing a relay loses nothing and shows nothing twice",
        lost == 0 && twice == 0,
        format!(
            "{} sent, {lost} lost, {twice} shown twice; longest gap between receipts {:.0} ms, {:.0} ms before the kill",
            sent.len(),
            told.summary.gap_ms,
            told.summary.gap_ms_without_kill
        ),
    );
    let back = Instant::now();
    stage.start_relay(&north).await?;
    stage.legs_up(0, 4).await?;
    stage.legs_up(1, 4).await?;
    let pending = caught_up(stage, &north).await?;
    watchers.stop();
    told.check(
        &format!("relay {north} comes back and gets what it missed"),
        pending == 0,
        format!(
            "{pending} statements still to send, {} ms after its start",
            back.elapsed().as_millis()
        ),
    );
    Ok(())
}

/// Waits until both desks have nothing left for a relay; gives back what is left.
async fn caught_up(stage: &Stage, relay: &str) -> Result<u64, Failure> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut pending = 0;
        for side in 0..2 {
            let status = stage.seat(side).await?.status().await?;
            pending += status.relays.get(relay).map_or(0, |relay| relay.pending);
        }
        if pending == 0 || Instant::now() > deadline {
            return Ok(pending);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn intrude(stage: &Stage, seams: &Seams, told: &mut Told) -> Result<(), Failure> {
    told.part("Somebody else's CA issues Avelia's name, and knocks.");
    for door in Door::ALL {
        let refusal = intruder::knock(stage, seams, door).await?;
        let said = refusal
            .as_ref()
            .map_or("it was let in".to_owned(), |refusal| refusal.sentence());
        told.check(
            &format!("a certificate of a foreign CA is refused at the {door} door"),
            refusal.is_some(),
            said,
        );
    }
    let file = stage.dir.join(format!("{}.log", stage.sides[0].relay.name));
    let events = security_events(&file).await;
    told.check(
        "the relay logs each refusal as a security event",
        events >= 2,
        format!("{events} events"),
    );
    Ok(())
}

/// Security events in a relay's log; it is written a moment after the refusal.
async fn security_events(file: &Path) -> usize {
    let deadline = Instant::now() + Duration::from_secs(3);
    loop {
        let log = fs::read_to_string(file).unwrap_or_default();
        let events = log.lines().filter(|line| line.contains("security")).count();
        if events >= 2 || Instant::now() > deadline {
            return events;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// All logs are verified and compared, and a flipped byte is found.
fn evidence(stage: &Stage, told: &mut Told) {
    told.part("The evidence, checked offline with public keys only.");
    let policy = match TrustPolicy::load_folder(&stage.trust(0)) {
        Ok(policy) => policy,
        Err(error) => {
            told.check("the trust folder can be read", false, error.to_string());
            return;
        }
    };
    let ledgers = stage.ledgers();
    for (title, ledger) in &ledgers {
        match log::verify::verify_ledger(ledger, &policy) {
            Ok(report) => told.check(
                &format!("the log of {title} verifies"),
                report.passed(),
                format!("{} leaves", report.entries),
            ),
            Err(failure) => told.check(&format!("the log of {title} verifies"), false, failure.what),
        }
    }
    for pair in [[0, 2], [1, 3], [0, 1]] {
        let [(a, first), (b, second)] = pair.map(|place| ledgers[place].clone());
        match log::compare::compare(&first, &second, &policy) {
            Ok(report) => told.check(
                &format!("{a} and {b} tell one story"),
                report.honest(),
                report.in_words(),
            ),
            Err(failure) => told.check(&format!("{a} and {b} tell one story"), false, failure.what),
        }
    }
    flip(stage, told, &policy);
}

fn flip(stage: &Stage, told: &mut Told, policy: &TrustPolicy) {
    const NAME: &str = "one changed byte in a copied log is found and named";
    let (_, ledger) = &stage.ledgers()[1];
    let copy = stage.dir.join("copied-log");
    let flipped = log::export::export(ledger, &copy).and_then(|_| flip_one(&copy));
    match flipped {
        Err(failure) => told.check(NAME, false, failure.what),
        Ok(file) => {
            let found = hotline_audit::verify::verify_directory(&copy, policy);
            let said = found.to_string();
            let said = said
                .lines()
                .find(|line| line.contains("first bad"))
                .or_else(|| said.lines().next());
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            told.check(
                NAME,
                !found.passed(),
                format!("{name} changed; {}", said.unwrap_or_default().trim()),
            );
        }
    }
}

/// Changes one byte in the middle of the first file of entries.
fn flip_one(copy: &Path) -> Result<PathBuf, Failure> {
    let folder = copy.join("tile/entries");
    let failed = |error: std::io::Error| Failure::io(&folder.display().to_string(), &error);
    let file = first_file(&folder).map_err(failed)?;
    let mut bytes = fs::read(&file).map_err(failed)?;
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    fs::write(&file, bytes).map_err(failed)?;
    Ok(file)
}

fn first_file(folder: &Path) -> std::io::Result<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    entries.sort();
    for entry in entries {
        if entry.is_file() {
            return Ok(entry);
        }
        if let Ok(found) = first_file(&entry) {
            return Ok(found);
        }
    }
    Err(std::io::Error::new(
        std::io::ErrorKind::NotFound,
        "no file of entries",
    ))
}

async fn wait(seat: &mut Seat, view: &MessageView, rung: Rung) -> Result<MessageView, Failure> {
    let within_ms = u64::try_from(PATIENCE.as_millis()).unwrap_or(u64::MAX);
    let request = Request::Wait {
        message: view.sha256.clone(),
        rung: rung.name().into(),
        within_ms,
    };
    match seat.ask(request).await? {
        Answer::Message(view) => Ok(*view),
        _ => Ok(view.clone()),
    }
}

fn common(stage: &Stage, side: usize) -> Common {
    Common {
        config: stage.sides[side].desk.clone(),
        json: false,
        passphrase_file: None,
    }
}

fn next_steps(stage: &Stage, kept: bool) -> Vec<String> {
    if !kept {
        return vec![
            "cargo run --release -- demo --play          two people, two terminals".into(),
            "cargo run --release -- demo --keep DIR      keep the files and look into them".into(),
        ];
    }
    let [(_, relay), (_, desk), (_, other), _] =
        stage.ledgers().try_into().unwrap_or_else(|_| Default::default());
    let trust = stage.trust(0);
    vec![
        format!(
            "hotline log verify {} --trust {}",
            relay.display(),
            trust.display()
        ),
        format!("hotline log show {}", desk.display()),
        format!(
            "hotline log compare {} {} --trust {}",
            relay.display(),
            other.display(),
            trust.display()
        ),
        format!(
            "hotline log export {} --out {}",
            relay.display(),
            stage.dir.join("exported").display()
        ),
        format!(
            "hotline pki inspect {}",
            stage.sides[0].desk.with_file_name("tls.crt").display()
        ),
    ]
}
