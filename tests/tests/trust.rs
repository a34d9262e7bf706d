//! Trust that shrinks while the line runs: who is ended is out within a second, and what comes afterwards is not believed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use hotline_cli::desk::seat::Seat;
use hotline_client::status::LegStatus;
use hotline_core::{
    leg::Door,
    time::{LineTime, WallTime},
    words::Rung,
};
use hotline_tests::{
    AVELIA, BORENIA, Line,
    hand::{Counter, Hand, Told, dialer},
    knock::security_events,
    traffic::{Sender, Traffic},
    verb::{Said, word},
    wait::{PATIENCE, eventually},
};
use hotline_transport::Clock;
use tokio::time::Instant;

const PROGRAM: &str = env!("CARGO_BIN_EXE_hotline-under-test");

/// Within this a revoked identity must be out.
const OUT_WITHIN: Duration = Duration::from_secs(1);

/// Time between two messages of the traffic: 200 a second, as far as the machine can.
const PACE: Duration = Duration::from_millis(5);

const BORENIA_OPS: &str = "spiffe://exercise.borenia.example/desk/ops";

fn folder(line: &Line, side: usize) -> PathBuf {
    line.stage.sides[side].folder.clone()
}

/// Takes the keys of CA and statement root away, as they should be.
fn lock_up_anchors(folder: &Path) {
    for key in ["ca.key", "root.key"] {
        fs::rename(folder.join(key), folder.join(format!("{key}.away"))).unwrap();
    }
}

/// A copy of a side's whole folder, whose verbs nobody who runs can see.
fn apart(line: &Line, side: usize) -> PathBuf {
    let copy = line.folder().join("apart");
    copy_all(&folder(line, side), &copy);
    copy
}

fn copy_all(from: &Path, to: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::Permissions::from_mode(0o700)).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let place = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_all(&entry.path(), &place);
        } else if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), place).unwrap();
        }
    }
}

async fn end_borenia_ops(line: &Line, folder: &Path) -> Said {
    let dir = word(folder);
    let words = [
        "pki",
        "revoke",
        "--dir",
        &dir,
        "desk/ops",
        "--reason",
        "its keys were copied",
        "--since",
        "40m",
        "--officer",
        "novak",
        "--officer",
        "brandt",
    ];
    line.run(&words).await
}

fn deny_file(folder: &Path) -> PathBuf {
    folder.join("trust/exercise.borenia.example/deny")
}

/// Avelia takes over what Borenia's officers signed.
async fn taken_by_avelia(line: &Line, deny: &Path) {
    let (dir, file) = (word(&folder(line, AVELIA)), word(deny));
    let said = line.run(&["pki", "trust", "--dir", &dir, &file]).await.ended(0);
    assert!(said.text().contains(BORENIA_OPS), "{}", said.text());
}

/// What Borenia's desk is told when it calls a relay and waits until it is really let in.
async fn refused_as(line: &Line, side: usize, door: Door) -> String {
    let relay = &line.stage.sides[side].relay;
    let address = match door {
        Door::Quic => relay.quic,
        Door::Tcp => relay.tcp,
    };
    let expected = line.relay_identity(side);
    let told = dialer(line, BORENIA).preflight(door, address, &expected).await;
    told.map_or_else(|refusal| refusal.kind().to_owned(), |_| "let in".to_owned())
}

fn events(line: &Line, side: usize) -> Vec<String> {
    let log = line.folder().join(format!("{}.log", line.relay_name(side)));
    security_events(&log)
        .into_iter()
        .map(|event| event.kind)
        .collect()
}

#[tokio::test(flavor = "current_thread")]
async fn a_desk_ended_by_two_officers_is_out_at_both_doors_within_a_second_without_ca_or_root() {
    let line = Line::open(PROGRAM).await;
    let borenia = folder(&line, BORENIA);
    lock_up_anchors(&borenia);
    let mut held = Vec::new();
    for side in [AVELIA, BORENIA] {
        for door in Door::ALL {
            held.push((
                side,
                door,
                Counter::open(&line, &dialer(&line, BORENIA), side, door)
                    .await
                    .unwrap(),
            ));
        }
    }
    let said = end_borenia_ops(&line, &borenia).await.ended(0);
    let ours = Instant::now();
    assert!(
        said.text().contains("keys of CA and statement root are not in"),
        "{}",
        said.text()
    );
    let mut out = BTreeMap::new();
    for (side, door, counter) in held.iter().filter(|(side, ..)| *side == BORENIA) {
        tokio::time::timeout(OUT_WITHIN, counter.closed()).await.unwrap();
        out.insert((*side, door.name()), ours.elapsed().as_millis());
    }
    taken_by_avelia(&line, &deny_file(&borenia)).await;
    let theirs = Instant::now();
    for (side, door, counter) in held.iter().filter(|(side, ..)| *side == AVELIA) {
        tokio::time::timeout(OUT_WITHIN, counter.closed()).await.unwrap();
        out.insert((*side, door.name()), theirs.elapsed().as_millis());
    }
    eprintln!("ms from the end of the verb to the closed session, by (side, door): {out:?}");
    eventually(
        "the desk's own legs are down, and say why",
        PATIENCE,
        async || {
            let legs = line.status(BORENIA).await.legs;
            legs.values()
                .all(|leg| !leg.up && leg.why.starts_with("refused"))
                .then_some(())
        },
    )
    .await;
    for side in [AVELIA, BORENIA] {
        for door in Door::ALL {
            assert_eq!(refused_as(&line, side, door).await, "REVOKED", "{side} {door}");
        }
        let events = events(&line, side);
        assert!(events.contains(&"DENIED".to_owned()), "{events:?}");
        assert!(events.contains(&"TRUST_TAKEN".to_owned()), "{events:?}");
    }
    // The others go on, and know.
    let status = line.status(AVELIA).await;
    assert_eq!(status.legs_up(), 4);
    assert_eq!(status.alarms.get("DENIED"), Some(&1), "{:?}", status.alarms);
    // The order is there; the books follow where CA and root are.
    for key in ["ca.key", "root.key"] {
        fs::rename(borenia.join(format!("{key}.away")), borenia.join(key)).unwrap();
    }
    let dir = word(&borenia);
    let said = line
        .run(&["pki", "revoke", "--dir", &dir, "desk/ops"])
        .await
        .ended(0);
    assert!(
        said.text()
            .contains("1 certificate, now on revocation list number 2"),
        "{}",
        said.text()
    );
}

/// A clock that a thief has put back.
#[derive(Debug)]
struct PutBack(WallTime);

impl Clock for PutBack {
    fn wall(&self) -> WallTime {
        self.0
    }

    fn line(&self) -> LineTime {
        LineTime::from_start(Duration::ZERO)
    }
}

/// Promise 9.
#[tokio::test(flavor = "current_thread")]
async fn nothing_first_received_after_a_revocation_took_effect_is_shown_as_genuine() {
    let mut line = Line::with_relays(PROGRAM).await;
    line.stage.start_desk(AVELIA).await.unwrap();
    line.stage.legs_up(AVELIA, 4).await.unwrap();
    let mut thief = Hand::of(&line, BORENIA, "novak");
    let south = Counter::open(&line, &dialer(&line, BORENIA), BORENIA, Door::Quic)
        .await
        .unwrap();
    let before = thief.message("Received before.");
    assert!(matches!(south.hand_in(&before.bytes).await, Told::Held(_)));
    let view = line
        .until(AVELIA, &before.hash.to_string(), Rung::Delivered)
        .await;
    assert_eq!((view.text.as_str(), &view.review), ("Received before.", &None));

    // Borenia's officers sign where the running relay of Borenia does not look, so that it still believes the thief.
    let apart = apart(&line, BORENIA);
    let _ = end_borenia_ops(&line, &apart).await.ended(0);
    taken_by_avelia(&line, &deny_file(&apart)).await;
    eventually("the desk has it", PATIENCE, async || {
        line.status(AVELIA)
            .await
            .alarms
            .contains_key("DENIED")
            .then_some(())
    })
    .await;

    let an_hour_ago = WallTime::from_unix_ms(line.seams.clock.wall().unix_ms() - 3_600_000);
    let draft = thief.draft("Received after, and written an hour before.");
    let after = thief
        .pen
        .message(&thief.tip, draft, &[], &PutBack(an_hour_ago))
        .unwrap();
    assert!(
        matches!(south.hand_in(&after.bytes).await, Told::Held(_)),
        "the relay knows nothing yet"
    );
    let of_after = after.hash.to_string();
    let kept = eventually("what came after is kept apart", PATIENCE, async || {
        let views = line.incoming(AVELIA).await;
        views.into_iter().find(|view| view.sha256 == of_after)
    })
    .await;
    assert_eq!(
        (kept.state.as_str(), kept.text.as_str(), kept.leaf),
        ("QUARANTINED", "", None),
        "{kept:#?}"
    );
    assert!(
        kept.quarantined
            .as_ref()
            .unwrap()
            .contains("its keys were copied"),
        "{kept:#?}"
    );
    let shown = line.desk_plain(AVELIA, "inbox", &[]).await.ended(0).text();
    assert!(
        shown.contains("QUARANTINED") && !shown.contains("an hour before"),
        "{shown}"
    );
    for rung in [Rung::Displayed, Rung::Delivered, Rung::Acknowledged] {
        let view = line.seat(AVELIA).await.show(&of_after).await.unwrap();
        assert!(!view.reached(rung), "{view:#?}");
    }
    // What was there stays, and is marked: its keys may have been in other hands by then.
    let stays = line
        .seat(AVELIA)
        .await
        .show(&before.hash.to_string())
        .await
        .unwrap();
    assert_eq!(stays.text, "Received before.");
    assert!(
        stays.review.as_ref().unwrap().contains("in other hands since"),
        "{stays:#?}"
    );

    // Once the relay has it too, it takes nothing of that key from anybody, and lets its holder out.
    fs::copy(deny_file(&apart), deny_file(&folder(&line, BORENIA))).unwrap();
    tokio::time::timeout(OUT_WITHIN, south.closed()).await.unwrap();
    let other = Counter::open(&line, &dialer(&line, AVELIA), BORENIA, Door::Tcp)
        .await
        .unwrap();
    let later = thief.sign(thief.draft("Handed in by another."));
    assert_eq!(other.hand_in(&later.bytes).await.rule(), "REVOKED_KEY");

    // A restart changes nothing of it.
    line.stage.kill_desk(AVELIA).await.unwrap();
    line.stage.start_desk(AVELIA).await.unwrap();
    let again = line.seat(AVELIA).await.show(&of_after).await.unwrap();
    assert_eq!((again.state.as_str(), again.text.as_str()), ("QUARANTINED", ""));
    let stays = line
        .seat(AVELIA)
        .await
        .show(&before.hash.to_string())
        .await
        .unwrap();
    assert_eq!(stays.text, "Received before.");
}

#[tokio::test(flavor = "current_thread")]
async fn a_message_of_an_officer_who_was_ended_before_it_came_is_quarantined() {
    let line = Line::open(PROGRAM).await;
    let apart = apart(&line, BORENIA);
    let dir = word(&apart);
    let words = [
        "pki",
        "revoke",
        "--dir",
        &dir,
        "officer/novak",
        "--reason",
        "left in the night",
        "--officer",
        "rossi",
        "--officer",
        "brandt",
    ];
    let _ = line.run(&words).await.ended(0);
    let (ours, file) = (word(&folder(&line, AVELIA)), word(&deny_file(&apart)));
    let _ = line.run(&["pki", "trust", "--dir", &ours, &file]).await.ended(0);
    eventually("the desk has it", PATIENCE, async || {
        line.status(AVELIA)
            .await
            .alarms
            .contains_key("DENIED")
            .then_some(())
    })
    .await;
    // Borenia's own desk does not know yet, and releases with that officer.
    let said = line
        .desk(BORENIA, "send", &["--officer", "novak", "By one who left."])
        .await;
    let sent = said.ended(0).message();
    let kept = eventually("it has come", PATIENCE, async || {
        line.incoming(AVELIA)
            .await
            .into_iter()
            .find(|view| view.sha256 == sent.sha256)
    })
    .await;
    assert_eq!(
        (kept.state.as_str(), kept.text.as_str()),
        ("QUARANTINED", ""),
        "{kept:#?}"
    );
    assert!(kept.leaf.is_some(), "the desk did sign it: {kept:#?}");
    assert_eq!(line.status(AVELIA).await.gaps, Vec::<String>::new());
}

#[tokio::test(flavor = "current_thread")]
async fn a_trust_folder_that_does_not_hold_together_is_refused_whole_and_the_old_trust_stays() {
    let line = Line::open(PROGRAM).await;
    let apart = apart(&line, BORENIA);
    let _ = end_borenia_ops(&line, &apart).await.ended(0);
    let avelia = folder(&line, AVELIA).join("trust/exercise.borenia.example");
    let good_list = fs::read(avelia.join("crl.pem")).unwrap();
    fs::write(avelia.join("crl.pem"), "not a list\n").unwrap();
    refused_by_both(&line).await;
    assert!(!events(&line, AVELIA).contains(&"TRUST_TAKEN".to_owned()));
    let said = line.desk(AVELIA, "reload", &[]).await.ended(4);
    assert!(said.all().contains("refused whole"), "{}", said.all());
    // Everybody is still connected, and messages go both ways.
    line.whole().await;
    for side in [AVELIA, BORENIA] {
        let view = Sender::at(&line, side).await.send("As before.").await;
        line.until(side, &view.sha256, Rung::Delivered).await;
    }
    // A good deny-list beside the broken revocation list: it counts by itself, and the rest is refused as before.
    fs::copy(deny_file(&apart), avelia.join("deny")).unwrap();
    eventually("north has put its desk out", PATIENCE, async || {
        let legs = line.status(BORENIA).await.legs;
        let north = legs.iter().filter(|(name, _)| name.starts_with("north/"));
        north.map(|(_, leg)| leg).all(|leg| !leg.up).then_some(())
    })
    .await;
    eventually("the desk knows", PATIENCE, async || {
        line.status(AVELIA)
            .await
            .alarms
            .contains_key("DENIED")
            .then_some(())
    })
    .await;
    let said = line.desk(AVELIA, "reload", &[]).await.ended(4);
    assert!(said.all().contains("refused whole"), "{}", said.all());
    // Mended, it is taken by itself.
    fs::write(avelia.join("crl.pem"), good_list).unwrap();
    let _ = line.desk(AVELIA, "reload", &[]).await.ended(0);
}

/// Waits until Avelia's relay and desk have refused a folder.
async fn refused_by_both(line: &Line) {
    eventually("relay and desk refuse it", PATIENCE, async || {
        let desk = line.status(AVELIA).await.alarms.contains_key("TRUST_REFUSED");
        (desk && events(line, AVELIA).contains(&"TRUST_REFUSED".to_owned())).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_look_at_half_a_folder_is_refused_and_what_is_put_back_is_taken_up_again() {
    let line = Line::open(PROGRAM).await;
    let trust = folder(&line, AVELIA).join("trust");
    let own = trust.join("exercise.avelia.example");
    let away = line.folder().join("away");
    // Whoever types a verb reads the folder too: these sit there already.
    let mut seat = line.seat(AVELIA).await;
    let mut sender = Sender::at(&line, AVELIA).await;
    for (gone, back) in [
        (own.clone(), away.clone()),
        (own.join("root.pub"), away.clone()),
        (trust.join("exercise.borenia.example"), away.clone()),
        (trust.join("exercise.borenia.example/side.toml"), away.clone()),
    ] {
        let before = refusals(&mut seat).await;
        fs::rename(&gone, &back).unwrap();
        let since = Instant::now();
        while refusals(&mut seat).await == before {
            assert!(since.elapsed() < PATIENCE, "{gone:?} is not missed");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // The relay looks as often, at moments of its own.
        eventually("the relay misses it too", PATIENCE, async || {
            events(&line, AVELIA)
                .contains(&"TRUST_REFUSED".to_owned())
                .then_some(())
        })
        .await;
        let view = sender.send("Signed as before.").await;
        fs::rename(&back, &gone).unwrap();
        line.until(AVELIA, &view.sha256, Rung::Delivered).await;
        eventually("it is taken again", PATIENCE, async || {
            (line.desk(AVELIA, "reload", &[]).await.code == 0).then_some(())
        })
        .await;
        line.whole().await;
        let alarms = line.status(AVELIA).await.alarms;
        assert!(!alarms.contains_key("OWN_KEY_ENDED"), "{alarms:?}");
    }
}

/// How often the desk has refused a folder.
async fn refusals(seat: &mut Seat) -> u64 {
    let alarms = seat.status().await.unwrap().alarms;
    alarms.get("TRUST_REFUSED").copied().unwrap_or(0)
}

#[tokio::test(flavor = "current_thread")]
async fn files_put_back_to_an_older_state_while_a_node_is_stopped_are_refused_at_its_start() {
    let mut line = Line::open(PROGRAM).await;
    let trust = folder(&line, AVELIA).join("trust");
    let deny = trust.join("exercise.borenia.example/deny");
    let apart = apart(&line, BORENIA);
    let _ = end_borenia_ops(&line, &apart).await.ended(0);
    taken_by_avelia(&line, &deny_file(&apart)).await;
    eventually("relay and desk have it", PATIENCE, async || {
        let desk = line.status(AVELIA).await.alarms.contains_key("DENIED");
        (desk && events(&line, AVELIA).contains(&"TRUST_TAKEN".to_owned())).then_some(())
    })
    .await;
    // The relay says so before it has written it down.
    tokio::time::sleep(Duration::from_millis(500)).await;
    line.stage.kill_desk(AVELIA).await.unwrap();
    line.stage.kill_relay("north").await.unwrap();
    fs::rename(&deny, line.folder().join("newest")).unwrap();
    let relay = line.stage.start_relay("north").await.unwrap_err().what;
    // A desk says on standard output why it does not start.
    let desk = line.stage.start_desk(AVELIA).await.unwrap().to_string();
    for told in [relay, desk] {
        for word in [
            "exercise.borenia.example/deny",
            "lacks order 1",
            "hotline pki trust",
        ] {
            assert!(told.contains(word), "{told}");
        }
    }
    line.stage.kill_desk(AVELIA).await.unwrap();
    // With the newest file both start, and still believe nothing of the desk that was ended.
    fs::rename(line.folder().join("newest"), &deny).unwrap();
    line.stage.start_relay("north").await.unwrap();
    line.stage.start_desk(AVELIA).await.unwrap();
    line.stage.legs_up(AVELIA, 4).await.unwrap();
    for door in Door::ALL {
        assert_eq!(refused_as(&line, AVELIA, door).await, "REVOKED", "{door}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_relay_that_cannot_be_used_is_an_alarm_and_the_other_one_carries() {
    use std::io::Write as _;
    let mut line = Line::with_relays(PROGRAM).await;
    let side = folder(&line, AVELIA).join("trust/exercise.borenia.example/side.toml");
    let text = fs::read_to_string(&side).unwrap();
    // No roster has a log key of that name.
    fs::write(&side, text.replace("relay/south", "relay/strait")).unwrap();
    let mut settings = fs::OpenOptions::new()
        .append(true)
        .open(&line.stage.sides[AVELIA].desk)
        .unwrap();
    settings.write_all(b"profiles.strait = \"wan\"\n").unwrap();
    for side in [AVELIA, BORENIA] {
        line.stage.start_desk(side).await.unwrap();
    }
    line.stage.legs_up(AVELIA, 2).await.unwrap();
    line.stage.legs_up(BORENIA, 4).await.unwrap();
    let alarms = line.status(AVELIA).await.alarms;
    assert_eq!(alarms.get("RELAY_UNUSABLE"), Some(&2), "{alarms:?}");
    let view = Sender::at(&line, AVELIA).await.send("By north alone.").await;
    line.until(AVELIA, &view.sha256, Rung::Delivered).await;
}

/// A charter that comes later changes no judgement of the past.
#[tokio::test(flavor = "current_thread")]
async fn a_message_rejected_for_its_channel_stays_rejected_after_a_restart_that_knows_the_charter() {
    let mut line = Line::with_relays(PROGRAM).await;
    let trust = folder(&line, AVELIA).join("trust");
    let places = ["exercise.avelia.example", "exercise.borenia.example"]
        .map(|domain| (trust.join(domain).join("charter"), line.folder().join(domain)));
    for (charter, away) in &places {
        fs::rename(charter, away).unwrap();
    }
    line.stage.start_desk(AVELIA).await.unwrap();
    line.stage.legs_up(AVELIA, 4).await.unwrap();
    let mut hand = Hand::of(&line, BORENIA, "novak");
    let south = Counter::open(&line, &dialer(&line, BORENIA), BORENIA, Door::Quic)
        .await
        .unwrap();
    let early = hand.message("Before anybody had the charter.");
    assert!(matches!(south.hand_in(&early.bytes).await, Told::Held(_)));
    let of_early = early.hash.to_string();
    let came = eventually("it has come", PATIENCE, async || {
        let views = line.incoming(AVELIA).await;
        views.into_iter().find(|view| view.sha256 == of_early)
    });
    let why = came.await.rejected;
    assert!(why.as_ref().unwrap().contains("no charter here"), "{why:?}");
    for (charter, away) in &places {
        fs::rename(away, charter).unwrap();
    }
    let _ = line.desk(AVELIA, "reload", &[]).await.ended(0);
    let later = hand.message("With the charter.");
    assert!(matches!(south.hand_in(&later.bytes).await, Told::Held(_)));
    line.until(AVELIA, &later.hash.to_string(), Rung::Delivered).await;

    line.stage.kill_desk(AVELIA).await.unwrap();
    line.stage.start_desk(AVELIA).await.unwrap();
    let mut seat = line.seat(AVELIA).await;
    let again = seat.show(&early.hash.to_string()).await.unwrap();
    assert_eq!(again.rejected, why, "{again:#?}");
    let later = seat.show(&later.hash.to_string()).await.unwrap();
    assert_eq!(later.rejected, None, "{later:#?}");
}

/// Established TCP connections of a port of this machine.
fn established(port: u16) -> usize {
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let wanted = format!(":{port:04X}");
    table
        .lines()
        .map(|line| line.split_ascii_whitespace().collect::<Vec<_>>())
        .filter(|fields| fields.len() > 3 && fields[1].ends_with(&wanted) && fields[3] == "01")
        .count()
}

#[tokio::test(flavor = "current_thread")]
async fn rotating_every_certificate_under_traffic_loses_nothing_and_leaves_no_connection_behind() {
    let line = Line::open(PROGRAM).await;
    let certificate = async || {
        let counter = Counter::open(&line, &dialer(&line, BORENIA), AVELIA, Door::Tcp)
            .await
            .unwrap();
        counter.certificate()
    };
    let before = certificate().await;
    let connections = |side: usize| established(line.stage.sides[side].relay.tcp.port());
    let began = Instant::now();
    let traffic = Traffic::start(&line, AVELIA, PACE).await;
    for side in [AVELIA, BORENIA] {
        for holder in ["desk/ops".to_owned(), format!("relay/{}", line.relay_name(side))] {
            let place = word(&folder(&line, side).join(holder));
            let _ = line.run(&["pki", "renew", &place, "--new-key"]).await.ended(0);
        }
    }
    for side in [AVELIA, BORENIA] {
        eventually("every leg has shown the new certificate", PATIENCE, async || {
            let legs = line.status(side).await.legs;
            legs.values().all(|leg| leg.up && leg.came_up >= 2).then_some(())
        })
        .await;
    }
    let sent = traffic.stop().await;
    let pace = sent.len() as f64 / began.elapsed().as_secs_f64();
    for view in &sent {
        line.until(AVELIA, &view.sha256, Rung::Delivered).await;
    }
    let mut came: Vec<String> = line
        .incoming(BORENIA)
        .await
        .into_iter()
        .map(|view| view.sha256)
        .collect();
    came.sort();
    let mut wanted: Vec<String> = sent.iter().map(|view| view.sha256.clone()).collect();
    wanted.sort();
    eprintln!(
        "{} messages at {pace:.0} a second while 4 certificates and keys changed: {} lost",
        sent.len(),
        wanted
            .iter()
            .filter(|hash| came.binary_search(hash).is_err())
            .count()
    );
    assert!(
        came == wanted,
        "lost or twice: {} sent, {} came",
        wanted.len(),
        came.len()
    );
    assert_ne!(certificate().await, before, "the relay shows its new certificate");
    for side in [AVELIA, BORENIA] {
        // Three lanes of two desks, and the other side's relay, which asks to be witnessed by either door; what the desks
        // left is gone.
        eventually("no connection is left behind", PATIENCE, async || {
            (6..=7).contains(&connections(side)).then_some(())
        })
        .await;
        let alarms = line.status(side).await.alarms;
        assert!(!alarms.contains_key("TRUST_REFUSED"), "{alarms:?}");
    }
}

/// Scenario S7: a copied desk is ended, and its side goes on under the identity that was issued beforehand.
#[tokio::test(flavor = "current_thread")]
async fn a_side_whose_desk_was_ended_goes_on_under_its_backup_identity() {
    let mut line = Line::open(PROGRAM).await;
    let (avelia, borenia) = (folder(&line, AVELIA), folder(&line, BORENIA));
    lock_up_anchors(&borenia);
    let began = Instant::now();
    let _ = end_borenia_ops(&line, &borenia).await.ended(0);
    taken_by_avelia(&line, &deny_file(&borenia)).await;
    line.stage.kill_desk(BORENIA).await.unwrap();

    let dir = word(&borenia);
    let ended = line
        .run(&["pki", "use-backup", "--dir", &dir, "desk/ops"])
        .await
        .ended(4);
    assert!(
        ended.all().contains("two officers have ended it"),
        "{}",
        ended.all()
    );
    let said = line
        .run(&["pki", "use-backup", "--dir", &dir, "desk/ops-backup"])
        .await
        .ended(0)
        .text();
    let words = said
        .lines()
        .find_map(|line| line.strip_prefix("  words  "))
        .unwrap()
        .to_owned();
    line.stage.sides[BORENIA].desk = borenia.join("desk/ops-backup/desk.toml");
    line.stage.start_desk(BORENIA).await.unwrap();

    let dir = word(&avelia);
    let backup = "spiffe://exercise.borenia.example/desk/ops-backup";
    let use_backup = ["pki", "use-backup", "--dir", &dir, backup];
    let unread = line.run(&use_backup).await.ended(4);
    assert!(unread.all().contains("nobody has compared"), "{}", unread.all());
    let misheard = [
        &use_backup[..],
        &[
            "--words",
            "abandon ability able about above absent absorb abstract",
        ],
    ]
    .concat();
    let _ = line.run(&misheard).await.ended(4);
    let _ = line
        .run(&[&use_backup[..], &["--words", &words]].concat())
        .await
        .ended(0);
    line.stage.kill_desk(AVELIA).await.unwrap();
    line.stage.start_desk(AVELIA).await.unwrap();
    line.whole().await;
    for side in [AVELIA, BORENIA] {
        let view = Sender::at(&line, side).await.send("Over the backup.").await;
        line.until(side, &view.sha256, Rung::Delivered).await;
    }
    eprintln!(
        "from the order to messages both ways over the backup: {} ms",
        began.elapsed().as_millis()
    );
    let came = line.incoming(AVELIA).await;
    assert_eq!(
        (came[0].from.as_str(), came[0].name.as_str()),
        (backup, "B2-0001")
    );
}

#[tokio::test(flavor = "current_thread")]
async fn a_relay_ended_by_its_side_is_dropped_by_every_desk_within_a_second_and_the_other_carries() {
    let line = Line::open(PROGRAM).await;
    let borenia = folder(&line, BORENIA);
    lock_up_anchors(&borenia);
    let dir = word(&borenia);
    let words = [
        "pki",
        "revoke",
        "--dir",
        &dir,
        "relay/south",
        "--reason",
        "its room was opened",
        "--officer",
        "castellan",
        "--officer",
        "brandt",
    ];
    let _ = line.run(&words).await.ended(0);
    dropped(&line, BORENIA).await;
    let (ours, file) = (word(&folder(&line, AVELIA)), word(&deny_file(&borenia)));
    let _ = line.run(&["pki", "trust", "--dir", &ours, &file]).await.ended(0);
    dropped(&line, AVELIA).await;
    for side in [AVELIA, BORENIA] {
        let status = line.status(side).await;
        assert_eq!(status.legs_up(), 2, "{status:#?}");
        let view = Sender::at(&line, side).await.send("By north alone.").await;
        line.until(side, &view.sha256, Rung::Delivered).await;
    }
}

/// Waits until a desk has dropped both legs to the ended relay, for its officers' reason.
async fn dropped(line: &Line, side: usize) {
    let since = Instant::now();
    let mut seat = line.seat(side).await;
    loop {
        let legs = seat.status().await.unwrap().legs;
        let south: Vec<_> = legs
            .iter()
            .filter(|(name, _)| name.starts_with("south/"))
            .collect();
        let out = |(_, leg): &(&String, &LegStatus)| !leg.up && leg.why.contains("its room was opened");
        if south.len() == 2 && south.iter().all(out) {
            eprintln!(
                "ms from the end of the verb to the dropped legs of desk {side}: {}",
                since.elapsed().as_millis()
            );
            return;
        }
        assert!(since.elapsed() < OUT_WITHIN, "{south:#?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_desk_whose_trust_folder_names_other_relays_says_that_it_wants_a_restart_and_carries_on() {
    let line = Line::open(PROGRAM).await;
    line.whole().await;
    let said = line.desk(AVELIA, "reload", &[]).await.ended(0);
    assert!(!said.all().contains("restart"), "{}", said.all());
    let file = folder(&line, AVELIA).join("trust/exercise.borenia.example/side.toml");
    let side = fs::read_to_string(&file).unwrap();
    // The relay's name stays, and its place in the file; only somewhere else.
    let moved: Vec<String> = side
        .lines()
        .map(|line| match line.split_once(" = ") {
            Some(("tcp", _)) => "tcp = \"127.0.0.1:9\"".to_owned(),
            _ => line.to_owned(),
        })
        .collect();
    fs::write(&file, moved.join("\n") + "\n").unwrap();
    eventually("people are told", PATIENCE, async || {
        let alarms = line.status(AVELIA).await.alarms;
        alarms.contains_key("RESTART").then_some(())
    })
    .await;
    for _ in 0..2 {
        let said = line.desk(AVELIA, "reload", &[]).await.ended(0);
        assert!(said.all().contains("has moved to"), "{}", said.all());
    }
    assert_eq!(line.status(AVELIA).await.alarms["RESTART"], 1, "told once");
    line.whole().await;
    // Put back, nothing is asked for any more.
    fs::write(&file, side).unwrap();
    let said = line.desk(AVELIA, "reload", &[]).await.ended(0);
    assert!(!said.all().contains("restart"), "{}", said.all());
}

/// Ends someone of Avelia in a copy of its folder by these two officers; with the books only where its anchors lie.
async fn end_in(line: &Line, folder: &Path, name: &str, officers: [&str; 2]) {
    let dir = word(folder);
    let words = ["pki", "revoke", "--dir", &dir, name, "--reason", "copied"];
    let by = ["--officer", officers[0], "--officer", officers[1]];
    let _ = line.run(&[&words[..], &by[..]].concat()).await.ended(0);
}

#[tokio::test(flavor = "current_thread")]
async fn a_desk_starts_with_void_orders_against_itself_and_its_relay_and_asks_for_no_restart() {
    let mut line = Line::open(PROGRAM).await;
    line.whole().await;
    let apart = apart(&line, AVELIA);
    lock_up_anchors(&apart);
    end_in(&line, &apart, "desk/ops", ["moreau", "tanaka"]).await;
    end_in(&line, &apart, "relay/north", ["moreau", "tanaka"]).await;
    for key in ["ca.key", "root.key"] {
        fs::rename(apart.join(format!("{key}.away")), apart.join(key)).unwrap();
    }
    // From here on the first two orders are by a key that the roster has ended.
    end_in(&line, &apart, "officer/moreau", ["lindqvist", "tanaka"]).await;
    line.stage.kill_desk(AVELIA).await.unwrap();
    line.stage.kill_relay("north").await.unwrap();
    let ours = "trust/exercise.avelia.example";
    for file in ["deny", "roster", "crl.pem"] {
        fs::copy(
            apart.join(ours).join(file),
            folder(&line, AVELIA).join(ours).join(file),
        )
        .unwrap();
    }
    line.stage.start_relay("north").await.unwrap();
    line.stage.start_desk(AVELIA).await.unwrap();
    line.stage.legs_up(AVELIA, 4).await.unwrap();
    let alarms = line.status(AVELIA).await.alarms;
    assert!(alarms.contains_key("DENY_UNPROVEN"), "{alarms:?}");
    assert!(
        events(&line, AVELIA).contains(&"DENY_UNPROVEN".to_owned()),
        "the relay says it too"
    );
    let said = line.desk(AVELIA, "reload", &[]).await.ended(0);
    assert!(!said.all().contains("restart"), "{}", said.all());
    assert!(!line.status(AVELIA).await.alarms.contains_key("RESTART"));
}
