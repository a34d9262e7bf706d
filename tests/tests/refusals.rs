//! Refusals, from outside and at both doors: hostile or broken input is told who refused whom and why, changes nothing,
//! and is written down.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use hotline_audit::statement::Payload;
use hotline_cli::pki::{
    self, Compared, Declaration, KnownAnchors,
    certificate::{Leaf, Validity, new_key},
    example::{AVELIA as AVELIA_DECLARED, BORENIA as BORENIA_DECLARED},
    folder::DomainFolder,
    renew::{TlsKey, renew},
    revoke::revoke,
};
use hotline_core::{identity::Identity, leg::Door, time::WallTime, words::Rung};
use hotline_ledger::Inspector;
use hotline_tests::{
    AVELIA, BORENIA, Line,
    hand::{Counter, Hand, Told, dialer, dialer_with, sha256},
    knock::{SecurityEvent, knock, security_events},
    traffic::Sender,
    verb::{advised, typed, word},
    wait::{PATIENCE, eventually},
};
use hotline_transport::{
    By, Credentials, Dialer, Reason, Refusal,
    refusal::{Bound, NameFault},
};
use tokio::task::JoinSet;

const PROGRAM: &str = env!("CARGO_BIN_EXE_hotline-under-test");

/// Rounds in which copies race.
const ROUNDS: u64 = 200;

/// One day and an hour: behind the end of everything the example makes.
const A_DAY_AND_MORE: Duration = Duration::from_secs(25 * 3600);

fn entropy(line: &Line) -> impl FnMut(&mut [u8]) {
    let entropy = line.seams.entropy.clone();
    move |bytes: &mut [u8]| entropy.fill(bytes)
}

fn shifted(line: &Line, by: Duration, later: bool) -> WallTime {
    let (now, by) = (
        line.seams.clock.wall().unix_ms(),
        u64::try_from(by.as_millis()).unwrap(),
    );
    WallTime::from_unix_ms(if later { now + by } else { now - by })
}

/// A side's whole folder for one of its domains, made apart from the line's, under keys of its own.
fn other_side(line: &Line, declared: &str, domain: &str) -> PathBuf {
    let declared = Declaration::parse(declared, "the example")
        .unwrap()
        .only(domain)
        .unwrap();
    let out = tempfile::Builder::new()
        .prefix("other-")
        .tempdir_in(line.folder())
        .unwrap()
        .keep();
    pki::init(&declared, &out, line.seams.clock.wall(), &mut entropy(line)).unwrap();
    out.join(domain)
}

/// The folder of a holder in the line's own side.
fn holder(line: &Line, side: usize, below: &str) -> PathBuf {
    line.stage.sides[side].folder.join(below)
}

/// Issues a certificate for any identity under a side's own CA, as only that CA's keeper could.
fn issued_by(line: &Line, side: usize, identity: &str) -> PathBuf {
    let authority = DomainFolder::open(&line.stage.sides[side].folder)
        .unwrap()
        .authority()
        .unwrap();
    let key = new_key().unwrap();
    let leaf = Leaf {
        identity: identity.parse().unwrap(),
        dns: vec!["localhost".into()],
        ips: vec!["127.0.0.1".parse().unwrap()],
        validity: Validity::starting(line.seams.clock.wall(), Duration::from_secs(3600)),
        serial: [7; 16],
    };
    let out = tempfile::Builder::new()
        .prefix("issued-")
        .tempdir_in(line.folder())
        .unwrap()
        .keep();
    fs::write(out.join("tls.crt"), authority.issue(&leaf, &key).unwrap().pem()).unwrap();
    fs::write(out.join("tls.key"), key.serialize_pem()).unwrap();
    fs::set_permissions(out.join("tls.key"), fs::Permissions::from_mode(0o600)).unwrap();
    out
}

/// Copies a folder with everything in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let from = entry.unwrap().path();
        let to = to.join(from.file_name().unwrap());
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}

fn credentials(line: &Line, folder: &Path) -> Credentials {
    Credentials::load(&folder.join("tls.crt"), &folder.join("tls.key"), &line.seams).unwrap()
}

fn address(line: &Line, side: usize, door: Door) -> std::net::SocketAddr {
    let relay = &line.stage.sides[side].relay;
    match door {
        Door::Quic => relay.quic,
        Door::Tcp => relay.tcp,
    }
}

fn log_of(line: &Line, side: usize) -> PathBuf {
    line.folder().join(format!("{}.log", line.relay_name(side)))
}

/// Knocks at a door of Avelia's relay with what lies in `folder`, and gives back the security event this made.
async fn refused_at(line: &Line, door: Door, folder: Option<&Path>) -> SecurityEvent {
    let log = log_of(line, AVELIA);
    let refusals = || {
        let events = security_events(&log).into_iter();
        events
            .filter(|event| event.by == "OURS" && event.door == door.name())
            .collect::<Vec<_>>()
    };
    let before = refusals().len();
    let said = knock(door, address(line, AVELIA, door), folder).await;
    assert_eq!(said, 0, "{door}: the relay spoke to somebody it must refuse");
    eventually("a security event", PATIENCE, async || {
        refusals().into_iter().nth(before)
    })
    .await
}

/// What the dialler is told when it calls Avelia's relay and waits until it is really let in.
async fn told_at(line: &Line, door: Door, dialer: &Dialer) -> Box<Refusal> {
    let expected = line.relay_identity(AVELIA);
    match dialer
        .preflight(door, address(line, AVELIA, door), &expected)
        .await
    {
        Ok(_) => panic!("{door}: let in"),
        Err(refusal) => refusal,
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_certificate_that_is_not_in_order_is_refused_at_both_doors_and_written_down() {
    let line = Line::with_relays(PROGRAM).await;
    let exercise = "exercise.borenia.example";
    let expired = holder(&line, BORENIA, "desk/ops");
    renew(
        &expired,
        TlsKey::Keep,
        shifted(&line, A_DAY_AND_MORE, false),
        &mut entropy(&line),
    )
    .unwrap();
    let early = holder(&line, AVELIA, "desk/ops");
    renew(
        &early,
        TlsKey::Keep,
        shifted(&line, Duration::from_secs(3600), true),
        &mut entropy(&line),
    )
    .unwrap();
    let table = [
        ("none", None, "NO_CERTIFICATE"),
        (
            "an unknown CA",
            Some(other_side(&line, BORENIA_DECLARED, exercise).join("desk/ops")),
            "UNKNOWN_ISSUER",
        ),
        ("expired", Some(expired), "EXPIRED"),
        ("not yet valid", Some(early), "NOT_YET_VALID"),
        // A relay's certificate serves and nothing else, so its purpose is wrong before its role is looked at.
        (
            "a relay as a desk",
            Some(holder(&line, BORENIA, "relay/south")),
            "WRONG_PURPOSE",
        ),
        (
            "an officer as a desk",
            Some(holder(&line, BORENIA, "officer/novak")),
            "WRONG_ROLE",
        ),
        (
            "a name of Avelia's from Borenia's CA",
            Some(issued_by(
                &line,
                BORENIA,
                "spiffe://exercise.avelia.example/desk/ops",
            )),
            "UNKNOWN_ISSUER",
        ),
        (
            "a domain nobody knows",
            Some(issued_by(
                &line,
                BORENIA,
                "spiffe://exercise.caldera.example/desk/ops",
            )),
            "UNKNOWN_DOMAIN",
        ),
    ];
    for (what, folder, kind) in table {
        for door in Door::ALL {
            let event = refused_at(&line, door, folder.as_deref()).await;
            assert_eq!(
                (event.kind.as_str(), event.door.as_str()),
                (kind, door.name()),
                "{what}: {event:#?}"
            );
            assert!(!event.sentence.is_empty(), "{what}");
            assert_eq!(
                event.certificate.is_empty(),
                folder.is_none(),
                "{what}: {event:#?}"
            );
        }
    }
    // Nobody of them left anything behind, and whoever is in order is still served.
    let relay = line.stage.sides[AVELIA]
        .relay
        .config
        .with_file_name("relay.ledger");
    assert_eq!(Inspector::open(&relay).unwrap().head().size, 0);
}

#[tokio::test(flavor = "current_thread")]
async fn whoever_is_refused_is_told_by_whom_and_why_and_what_to_run() {
    let line = Line::with_relays(PROGRAM).await;
    let forged = other_side(&line, AVELIA_DECLARED, "exercise.avelia.example").join("desk/ops");
    let relay = holder(&line, AVELIA, "relay/north");
    for door in Door::ALL {
        let refusal = told_at(
            &line,
            door,
            &dialer_with(&line, AVELIA, credentials(&line, &forged)),
        )
        .await;
        assert_eq!(
            (refusal.by, refusal.kind()),
            (By::Peer, "UNKNOWN_ISSUER"),
            "{refusal}"
        );
        assert!(
            refusal
                .sentence()
                .contains("spiffe://exercise.avelia.example/desk/ops"),
            "{refusal}"
        );
        assert!(refusal.next_step().contains("hotline pki"), "{refusal}");
        let refusal = told_at(
            &line,
            door,
            &dialer_with(&line, AVELIA, credentials(&line, &relay)),
        )
        .await;
        assert_eq!(refusal.by, By::Peer, "{refusal}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_desk_with_an_expired_certificate_tells_its_people_who_refused_whom_and_when_it_ended() {
    let mut line = Line::with_relays(PROGRAM).await;
    let desk = holder(&line, BORENIA, "desk/ops");
    line.stage.start_desk(BORENIA).await.unwrap();
    line.stage.legs_up(BORENIA, 4).await.unwrap();
    line.stage.kill_desk(BORENIA).await.unwrap();
    renew(
        &desk,
        TlsKey::Keep,
        shifted(&line, A_DAY_AND_MORE, false),
        &mut entropy(&line),
    )
    .unwrap();
    let said = line.desk_plain(BORENIA, "status", &[]).await;
    let (said, ended) = (
        said.ended(5).text(),
        shifted(&line, Duration::from_secs(3600), false),
    );
    let day = &ended.rfc3339()[..10];
    for words in [
        "refused our certificate",
        "spiffe://exercise.borenia.example/desk/ops",
        "expired",
        day,
        "hotline pki",
    ] {
        assert!(said.contains(words), "{words:?} is missing in:\n{said}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn the_other_sides_ca_cannot_make_a_relay_of_ours() {
    let mut line = Line::prepared(PROGRAM);
    // Borenia's CA issues the name of Avelia's relay, and somebody serves with it.
    let identity = "spiffe://exercise.avelia.example/relay/north";
    let forged = issued_by(&line, BORENIA, identity);
    let honest = holder(&line, AVELIA, "relay/north");
    for name in ["tls.crt", "tls.key"] {
        fs::copy(forged.join(name), honest.join(name)).unwrap();
    }
    let ready = line.stage.start_relay("north").await.unwrap();
    assert_eq!(ready["relay"], identity);
    let dialer = dialer(&line, AVELIA);
    for door in Door::ALL {
        let refusal = told_at(&line, door, &dialer).await;
        assert_eq!(
            (refusal.by, refusal.kind()),
            (By::Ours, "UNKNOWN_ISSUER"),
            "{refusal}"
        );
    }
    line.stage.start_desk(AVELIA).await.unwrap();
    let why = eventually("the desk has tried", PATIENCE, async || {
        let status = line.status(AVELIA).await;
        let why = status.legs["north/quic"].why.clone();
        (why != "not tried yet").then_some(why)
    })
    .await;
    assert!(why.starts_with("refused: "), "{why}");
}

#[tokio::test(flavor = "current_thread")]
async fn exercise_and_operation_never_complete_a_handshake() {
    let mut line = Line::prepared(PROGRAM);
    // The worst that people can do: every trust folder of the exercise holds both CAs of the operation too.
    let operation = [
        other_side(&line, AVELIA_DECLARED, "avelia.example"),
        other_side(&line, BORENIA_DECLARED, "borenia.example"),
    ];
    for (folder, domain) in operation.iter().zip(["avelia.example", "borenia.example"]) {
        for side in [AVELIA, BORENIA] {
            copy(
                &folder.join("trust").join(domain),
                &line.stage.trust(side).join(domain),
            );
        }
    }
    line.stage.start_relay("north").await.unwrap();
    let [avelia, borenia] = &operation;
    for door in Door::ALL {
        // An OPERATION desk calls an EXERCISE relay, of its own side and of the other.
        for desk in [avelia.join("desk/ops"), borenia.join("desk/ops")] {
            let event = refused_at(&line, door, Some(&desk)).await;
            assert_eq!(event.kind, "WRONG_WORLD", "{event:#?}");
            let refusal = told_at(
                &line,
                door,
                &dialer_with(&line, AVELIA, credentials(&line, &desk)),
            )
            .await;
            assert_eq!(
                (refusal.by, refusal.kind()),
                (By::Ours, "WRONG_WORLD"),
                "{refusal}"
            );
        }
        // And an OPERATION relay is no caller either.
        let event = refused_at(&line, door, Some(&avelia.join("relay/north"))).await;
        assert!(
            ["WRONG_WORLD", "WRONG_ROLE"].contains(&event.kind.as_str()),
            "{event:#?}"
        );
    }
    line.stage.kill_relay("north").await.unwrap();

    // The other way round: an OPERATION relay serves at north's doors, and EXERCISE desks call.
    let place = holder(&line, AVELIA, "relay/north");
    let settings = fs::read_to_string(place.join("relay.toml")).unwrap();
    let settings = settings.replace("spiffe://exercise.avelia.example/", "spiffe://avelia.example/");
    fs::write(place.join("relay.toml"), settings).unwrap();
    for name in ["tls.crt", "tls.key", "log.key"] {
        fs::copy(avelia.join("relay/north").join(name), place.join(name)).unwrap();
    }
    // Its own ledger is another one than the exercise's.
    for left in [
        "relay.ledger",
        "relay.ledger-wal",
        "relay.ledger-shm",
        "relay.ledger-fence",
    ] {
        let _ = fs::remove_file(place.join(left));
    }
    let ready = line.stage.start_relay("north").await.unwrap();
    assert_eq!(ready["relay"], "spiffe://avelia.example/relay/north");
    let expected: Identity = "spiffe://avelia.example/relay/north".parse().unwrap();
    for door in Door::ALL {
        for side in [AVELIA, BORENIA] {
            let answer = dialer(&line, side)
                .preflight(door, address(&line, AVELIA, door), &expected)
                .await;
            let refusal = answer.expect_err("EXERCISE was let in by OPERATION");
            assert_eq!(
                (refusal.by, refusal.kind()),
                (By::Ours, "WRONG_WORLD"),
                "{refusal}"
            );
            // A caller that checks nothing is refused by the relay itself.
            let event = refused_at(&line, door, Some(&holder(&line, side, "desk/ops"))).await;
            assert_eq!(event.kind, "WRONG_WORLD", "{event:#?}");
        }
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_revoked_desk_is_refused_at_the_next_handshake() {
    let mut line = Line::with_relays(PROGRAM).await;
    let desk = holder(&line, BORENIA, "desk/ops");
    for door in Door::ALL {
        assert!(
            Counter::open(&line, &dialer(&line, BORENIA), AVELIA, door)
                .await
                .is_ok()
        );
    }
    let now = line.seams.clock.wall();
    let folder = line.stage.sides[BORENIA].folder.clone();
    revoke(
        &folder,
        "desk/ops",
        "the desk was stolen",
        now,
        &mut entropy(&line),
    )
    .unwrap();
    let file = line.folder().join("borenia-again.trust");
    pki::export(&folder, &file, now).unwrap();
    let ours = line.stage.sides[AVELIA].folder.clone();
    pki::trust(&ours, &file, &Compared::Vouched, KnownAnchors::Keep, now).unwrap();
    line.stage.kill_relay("north").await.unwrap();
    line.stage.start_relay("north").await.unwrap();
    for door in Door::ALL {
        let event = refused_at(&line, door, Some(&desk)).await;
        assert_eq!(event.kind, "REVOKED", "{event:#?}");
        let refusal = told_at(
            &line,
            door,
            &dialer_with(&line, AVELIA, credentials(&line, &desk)),
        )
        .await;
        assert_eq!((refusal.by, refusal.kind()), (By::Peer, "REVOKED"), "{refusal}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_statement_that_is_not_in_order_is_refused_by_its_rule_and_the_log_stays_as_it_was() {
    let line = Line::with_relays(PROGRAM).await;
    let mut ours = Hand::of(&line, AVELIA, "lindqvist");
    let theirs = Hand::of(&line, BORENIA, "novak");
    let good = ours.message("In order.");
    let payload = good.payload.encode();
    let mut bad_signature = ours.message("A signature of something else.").bytes;
    *bad_signature.last_mut().unwrap() ^= 1;
    let mut elsewhere = ours.draft("To a desk that nobody knows.");
    elsewhere.header.recipients[0].identity = "spiffe://exercise.borenia.example/desk/nowhere".into();
    let mut to_operation = ours.draft("Across the worlds.");
    to_operation.header.recipients[0].identity = "spiffe://borenia.example/desk/ops".into();
    let table: Vec<(&str, Vec<u8>, &str)> = vec![
        ("nothing", Vec::new(), "MALFORMED"),
        ("noise", vec![0xff; 300], "MALFORMED"),
        ("a bad signature", bad_signature, "BAD_SIGNATURE"),
        ("one byte over 60 KiB", vec![0x0a; 60 * 1024 + 1], "TOO_LARGE"),
        (
            "an unknown field",
            ours.sign_payload(&[&payload[..], &[0xf8, 0x01, 0x01]].concat()),
            "MALFORMED",
        ),
        (
            "a field twice",
            ours.sign_payload(&[&payload[..], &payload[payload.len() - 40..]].concat()),
            "MALFORMED",
        ),
        ("trailing bytes", [&good.bytes[..], &[0]].concat(), "MALFORMED"),
        (
            "cut short",
            good.bytes[..good.bytes.len() - 1].to_vec(),
            "MALFORMED",
        ),
        (
            "another desk's",
            theirs.sign(theirs.draft("Signed as Borenia.")).bytes,
            "NOT_YOURS",
        ),
        (
            "a recipient nobody knows",
            ours.sign(elsewhere).bytes,
            "UNKNOWN_RECIPIENT",
        ),
        (
            "a recipient of the other world",
            ours.sign(to_operation).bytes,
            "UNKNOWN_RECIPIENT",
        ),
    ];
    for door in Door::ALL {
        let counter = Counter::open(&line, &dialer(&line, AVELIA), AVELIA, door)
            .await
            .unwrap();
        assert!(matches!(counter.hand_in(&good.bytes).await, Told::Held(0)));
        for (what, bytes, rule) in &table {
            let told = counter.hand_in(bytes).await;
            let Told::Refused {
                rule: said,
                explanation,
                hash,
            } = &told
            else {
                panic!("{door}: {what} was taken")
            };
            assert_eq!(said, rule, "{door}: {what}: {explanation}");
            assert!(!explanation.is_empty(), "{door}: {what}: no explanation");
            assert_eq!(
                hash,
                &sha256(bytes),
                "{door}: {what}: the refusal names other bytes"
            );
            assert_eq!(counter.log_size().await, 1, "{door}: {what} changed the log");
        }
    }
}

#[tokio::test(flavor = "current_thread")]
async fn the_same_bytes_are_one_leaf_and_other_bytes_under_one_id_are_equivocation_of_which_both_are_kept() {
    let mut line = Line::with_relays(PROGRAM).await;
    line.stage.start_desk(BORENIA).await.unwrap();
    line.stage.legs_up(BORENIA, 4).await.unwrap();
    let hand = Hand::of(&line, AVELIA, "lindqvist");
    let draft = hand.draft("The first.");
    let first = hand.sign(draft.clone());
    let mut same_id = hand.draft("The second, under the id of the first.");
    same_id.header.id = draft.header.id;
    let same_id = hand.sign(same_id);
    let same_place = hand.sign(hand.draft("The third, at the place of the first."));

    let counters = [
        Counter::open(&line, &dialer(&line, AVELIA), AVELIA, Door::Quic)
            .await
            .unwrap(),
        Counter::open(&line, &dialer(&line, AVELIA), AVELIA, Door::Tcp)
            .await
            .unwrap(),
    ];
    let mut leaves = Vec::new();
    for counter in counters.iter().cycle().take(6) {
        leaves.push(counter.hand_in(&first.bytes).await);
    }
    assert!(
        leaves.iter().all(|told| *told == leaves[0]) && matches!(leaves[0], Told::Held(_)),
        "{leaves:?}"
    );
    for (counter, forged) in counters.iter().zip([&same_id, &same_place]) {
        let before = counter.log_size().await;
        let told = counter.hand_in(&forged.bytes).await;
        assert_eq!(told.rule(), "EQUIVOCATION", "{told:?}");
        let Told::Refused { explanation, .. } = &told else {
            panic!("{told:?}")
        };
        for hash in [first.hash, forged.hash] {
            assert!(explanation.contains(&hash.to_string()), "{explanation}");
        }
        assert!(
            counter.log_size().await <= before + 1,
            "only receipts may have come meanwhile"
        );
    }
    // Borenia got it by this relay and by no other, and has it once.
    let shown = eventually("it is there", PATIENCE, async || {
        let incoming = line.incoming(BORENIA).await;
        (!incoming.is_empty()).then_some(incoming)
    })
    .await;
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0].sha256, first.hash.to_string());
    assert_eq!(
        (shown[0].text.as_str(), &shown[0].rejected),
        ("The first.", &None)
    );
    line.close().await;
    let relay = line.stage.sides[AVELIA]
        .relay
        .config
        .with_file_name("relay.ledger");
    let kept = Inspector::open(&relay).unwrap().conflicts(16).unwrap();
    let mut hashes: Vec<_> = kept.kept.iter().map(|kept| kept.hash).collect();
    hashes.sort();
    let mut expected = vec![same_id.hash, same_place.hash];
    expected.sort();
    assert_eq!(hashes, expected, "both statements of each contradiction are kept");
    let said = line.run(&["log", "show", &word(&relay)]).await.ended(0);
    assert_eq!(said.text().matches("EQUIVOCATION").count(), 2, "{}", said.text());
}

/// Copies of one statement race through four connections at both doors, as a FLASH does.
#[tokio::test(flavor = "current_thread")]
async fn an_honest_desk_is_never_accused_however_its_copies_race() {
    let mut line = Line::with_relays(PROGRAM).await;
    let mut hand = Hand::of(&line, AVELIA, "lindqvist");
    let dialer = dialer(&line, AVELIA);
    let (mut counters, mut sessions) = (Vec::new(), Vec::new());
    for door in Door::ALL.into_iter().chain(Door::ALL) {
        let counter = Counter::open(&line, &dialer, AVELIA, door).await.unwrap();
        sessions.push(counter.session([9; 16]).await);
        counters.push(counter);
    }
    for round in 0..ROUNDS {
        // The same twelve in four frames that cut and order them differently, one behind the other on each connection.
        let batch: Vec<Vec<u8>> = (0..12)
            .map(|number| hand.message(&format!("{round}.{number}")).bytes)
            .collect();
        let mut answers = JoinSet::new();
        for (place, mut session) in sessions.drain(..).enumerate() {
            let mut mine = batch.clone();
            mine.rotate_left(place * 3);
            answers.spawn(async move {
                let mut told = Vec::new();
                for frame in mine.chunks(2 + place) {
                    told.extend(session.hand_in(frame).await);
                }
                (session, told)
            });
        }
        let mut leaves = BTreeSet::new();
        for (session, told) in answers.join_all().await {
            sessions.push(session);
            for (hash, told) in told {
                let Told::Held(index) = told else {
                    panic!("round {round}: {told:?}")
                };
                leaves.insert((hash, index));
            }
        }
        assert_eq!(
            leaves.len(),
            batch.len(),
            "each statement at one leaf, whoever brought it"
        );
    }
    line.close().await;
    let relay = line.stage.sides[AVELIA]
        .relay
        .config
        .with_file_name("relay.ledger");
    let relay = Inspector::open(&relay).unwrap();
    assert_eq!(relay.head().size, 12 * ROUNDS);
    assert!(
        relay.conflicts(16).unwrap().kept.is_empty(),
        "evidence of what never was"
    );
}

#[tokio::test(flavor = "current_thread")]
async fn a_message_without_its_officers_is_kept_and_never_shown_as_formal() {
    let mut line = Line::with_relays(PROGRAM).await;
    line.stage.start_desk(BORENIA).await.unwrap();
    let hand = Hand::of(&line, AVELIA, "lindqvist");
    let mut unsigned = hand.draft("Nobody released this.");
    unsigned.approvals.clear();
    let unsigned = hand.sign(unsigned);
    assert!(matches!(unsigned.payload, Payload::Message(_)));
    let counter = Counter::open(&line, &dialer(&line, AVELIA), AVELIA, Door::Tcp)
        .await
        .unwrap();
    // A relay is a carrier: who may release what is for the desks to judge.
    assert!(matches!(counter.hand_in(&unsigned.bytes).await, Told::Held(_)));
    let view = eventually("it is there", PATIENCE, async || {
        line.incoming(BORENIA).await.pop()
    })
    .await;
    assert!(view.rejected.is_some() && view.text.is_empty(), "{view:#?}");
    let plain = line.desk_plain(BORENIA, "inbox", &[]).await.ended(0).text();
    assert!(
        plain.contains("REJECTED") && !plain.contains("Nobody released this"),
        "{plain}"
    );
    assert!(line.status(BORENIA).await.alarms.contains_key("REJECTED"));
    let _ = line.desk(BORENIA, "ack", &[&view.sha256]).await.ended(1);
}

#[tokio::test(flavor = "current_thread")]
async fn a_message_with_another_ones_approval_is_not_formal_after_a_restart_either() {
    let mut line = Line::with_relays(PROGRAM).await;
    line.stage.start_desk(BORENIA).await.unwrap();
    let hand = Hand::of(&line, AVELIA, "lindqvist");
    let approved = hand.draft("Released.");
    let mut other = hand.draft("Never released.");
    other.approvals = approved.approvals;
    let other = hand.sign(other);
    let counter = Counter::open(&line, &dialer(&line, AVELIA), AVELIA, Door::Tcp)
        .await
        .unwrap();
    assert!(matches!(counter.hand_in(&other.bytes).await, Told::Held(_)));
    let view = eventually("it is there", PATIENCE, async || {
        line.incoming(BORENIA).await.pop()
    })
    .await;
    assert!(view.rejected.is_some() && view.text.is_empty(), "{view:#?}");
    line.stage.kill_desk(BORENIA).await.unwrap();
    line.stage.start_desk(BORENIA).await.unwrap();
    let again = line.seat(BORENIA).await.show(&view.sha256).await.unwrap();
    assert!(again.rejected.is_some() && again.text.is_empty(), "{again:#?}");
}

#[tokio::test(flavor = "current_thread")]
async fn broken_settings_end_with_3_and_name_file_key_value_and_one_that_would_work() {
    let line = Line::prepared(PROGRAM);
    let relay = line.stage.sides[AVELIA].relay.config.clone();
    let desk = line.stage.sides[AVELIA].desk.clone();
    let quic = line.stage.sides[AVELIA].relay.quic.to_string();
    for (file, verb, key, from, to) in [
        (&relay, ["relay", "run"], "listen.quic", quic.as_str(), "north"),
        (
            &relay,
            ["relay", "run"],
            "identity",
            "/relay/north",
            "/desk/north",
        ),
        (&relay, ["relay", "run"], "tls.key", "tls.key", "lost.key"),
        (
            &relay,
            ["relay", "run"],
            "ledger",
            "relay.ledger",
            "nowhere/relay.ledger",
        ),
        (
            &desk,
            ["desk", "run"],
            "identity",
            "/desk/ops\"\n",
            "/desk/OPS\"\n",
        ),
        (&desk, ["desk", "status"], "peer", "exercise.borenia", "borenia"),
        (
            &desk,
            ["desk", "send"],
            "statement_key",
            "statement.key",
            "lost.key",
        ),
        (&desk, ["desk", "inbox"], "trust", "../../trust", "../trust"),
    ] {
        let whole = fs::read_to_string(file).unwrap();
        let at = whole.find(key.rsplit('.').next().unwrap()).unwrap_or(0);
        let (head, tail) = whole.split_at(at);
        let broken = format!("{head}{}", tail.replacen(from, to, 1));
        assert_ne!(broken, whole, "{key}: {from} is not in {}", file.display());
        fs::write(file, broken).unwrap();
        let config = word(file);
        let mut words = vec![verb[0], verb[1], "--config", &config];
        if verb[1] == "send" {
            words.push("words");
        }
        let said = line.run(&words).await.ended(3);
        for part in [
            config.as_str(),
            key,
            to.trim().trim_end_matches('"'),
            "for example",
        ] {
            assert!(
                said.err.contains(part),
                "{key}: {part:?} is missing in {}",
                said.err
            );
        }
        fs::write(file, whole).unwrap();
    }
    let missing = word(&line.folder().join("missing.toml"));
    let said = line.run(&["relay", "run", "--config", &missing]).await.ended(3);
    assert!(said.err.contains(&missing), "{}", said.err);
}

#[tokio::test(flavor = "current_thread")]
async fn a_key_that_others_can_read_ends_with_4_and_says_chmod_600() {
    let line = Line::prepared(PROGRAM);
    let relay = line.stage.sides[AVELIA].relay.config.clone();
    let desk = line.stage.sides[AVELIA].desk.clone();
    for (config, verb, key) in [
        (&relay, ["relay", "run"], "tls.key"),
        (&relay, ["relay", "run"], "log.key"),
        (&desk, ["desk", "run"], "tls.key"),
        (&desk, ["desk", "run"], "statement.key"),
        (&desk, ["desk", "status"], "log.key"),
    ] {
        let file = config.with_file_name(key);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let said = line
            .run(&[verb[0], verb[1], "--config", &word(config)])
            .await
            .ended(4);
        let advice = format!("chmod 600 {}", word(&file));
        assert!(
            said.err.contains(&advice),
            "{advice:?} is missing in {}",
            said.err
        );
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let officer = holder(&line, AVELIA, "officer/lindqvist/officer.key");
    fs::set_permissions(&officer, fs::Permissions::from_mode(0o640)).unwrap();
    let said = line
        .desk_plain(AVELIA, "send", &["--officer", "lindqvist", "words"])
        .await
        .ended(4);
    assert!(said.err.contains("chmod 600"), "{}", said.err);
}

#[tokio::test(flavor = "current_thread")]
async fn a_second_process_on_one_ledger_is_refused_and_told_why() {
    let line = Line::open(PROGRAM).await;
    let relay = word(&line.stage.sides[AVELIA].relay.config);
    let said = line.run(&["relay", "run", "--config", &relay]).await.ended(1);
    assert!(
        said.err.contains("relay.ledger") && said.err.contains("another process"),
        "{}",
        said.err
    );
    let desk = line.stage.sides[AVELIA].desk.clone();
    let said = line
        .run(&["desk", "run", "--config", &word(&desk), "--unattended"])
        .await
        .ended(1);
    assert!(said.err.contains("another station"), "{}", said.err);
    // Even one that does not see the other's socket.
    let settings = fs::read_to_string(&desk)
        .unwrap()
        .replace("desk.sock", "other.sock");
    let other = desk.with_file_name("other.toml");
    fs::write(&other, settings).unwrap();
    let said = line
        .run(&["desk", "status", "--config", &word(&other)])
        .await
        .ended(1);
    assert!(
        said.err.contains("desk.ledger") && said.err.contains("another process"),
        "{}",
        said.err
    );
    // The first ones never noticed.
    line.whole().await;
    let sent = Sender::at(&line, AVELIA).await.send("Still here.").await;
    line.until(AVELIA, &sent.sha256, Rung::Delivered).await;
}

#[tokio::test(flavor = "current_thread")]
async fn terminal_escapes_in_a_message_are_inert_on_screen_and_exact_in_json() {
    let line = Line::open(PROGRAM).await;
    let hostile =
        "Nothing\u{1b}[2J\u{1b}]0;title\u{7} \u{202e}evil\u{202c} \u{200b}here\u{9b}31m\rgone <b>&amp;</b>";
    let sent = line
        .desk(AVELIA, "send", &["--wait", "delivered", hostile])
        .await
        .ended(0)
        .message();
    assert_eq!(sent.text, hostile);
    for side in [AVELIA, BORENIA] {
        for verb in [&["inbox"][..], &["show", &sent.name]] {
            let said = line.desk_plain(side, verb[0], &verb[1..]).await.ended(0);
            let (out, text) = (&said.out, said.text());
            for byte in [0x1b_u8, 0x07, 0x0d] {
                assert!(!out.contains(&byte), "{byte:#x} in {verb:?}: {text}");
            }
            for character in ['\u{202e}', '\u{202c}', '\u{200b}', '\u{9b}'] {
                assert!(!text.contains(character), "{character:?} in {verb:?}: {text}");
            }
            if verb[0] == "show" {
                assert!(
                    text.contains("cannot be seen are marked") && text.contains("evil"),
                    "{text}"
                );
            }
        }
        let view = line.desk(side, "show", &[&sent.name]).await.ended(0);
        assert!(!view.out.contains(&0x1b), "an escape in the JSON itself");
        let view = view.message();
        assert_eq!(view.text, hostile);
        assert!(
            view.marked >= 8 && !view.shown_text.contains('\u{1b}'),
            "{view:#?}"
        );
    }
}

/// One reason of each kind.
fn every_reason(line: &Line) -> Vec<Reason> {
    let now = line.seams.clock.wall();
    let desk: Identity = "spiffe://exercise.avelia.example/desk/ops".parse().unwrap();
    let (text, limit) = ("said".to_owned(), Duration::from_secs(3));
    vec![
        Reason::UnknownIssuer {
            issuer: text.clone(),
            trusted: None,
        },
        Reason::UnknownDomain {
            domain: desk.domain().clone(),
            trusted: Vec::new(),
        },
        Reason::IssuerOutOfDate {
            issuer: text.clone(),
            not_before: now,
            not_after: now,
            now,
        },
        Reason::Expired { not_after: now, now },
        Reason::NotYetValid { not_before: now, now },
        Reason::ClocksDisagree {
            not_before: now,
            not_after: now,
            now,
        },
        Reason::WrongName {
            expected: desk.clone(),
            found: desk.clone(),
        },
        Reason::UnusableName {
            fault: NameFault::NoUri,
        },
        Reason::BadCertificate,
        Reason::WrongRole {
            found: desk.role(),
            accepted: Vec::new(),
        },
        Reason::WrongWorld {
            ours: desk.world(),
            theirs: desk.world(),
        },
        Reason::AccessDenied,
        Reason::WrongPurpose,
        Reason::Revoked { serial: text.clone() },
        Reason::ChainTooLong { sent: 3 },
        Reason::BadSignature,
        Reason::Malformed { detail: text.clone() },
        Reason::NoCertificate,
        Reason::Alpn {
            wanted: text.clone(),
            agreed: None,
        },
        Reason::NoCommonProtocol { detail: text.clone() },
        Reason::HandshakeTimeout { limit },
        Reason::Unreachable { detail: text.clone() },
        Reason::Busy {
            bound: Bound::Handshakes,
            limit: None,
        },
        Reason::BrokenOff {
            alert: None,
            detail: text,
        },
    ]
}

#[tokio::test(flavor = "current_thread")]
async fn every_next_step_of_a_refusal_names_a_verb_that_exists() {
    let line = Line::prepared(PROGRAM);
    let mut steps = BTreeSet::new();
    for reason in every_reason(&line) {
        for by in [By::Ours, By::Peer, By::Network] {
            let refusal = Refusal {
                by,
                reason: reason.clone(),
                door: Door::Quic,
                remote: line.stage.sides[AVELIA].relay.quic,
                called: None,
                certificate: None,
                file: None,
                at: line.seams.clock.wall(),
            };
            assert!(!refusal.next_step().is_empty(), "{refusal}");
            steps.extend(advised(&refusal.next_step()));
        }
    }
    let mut missing = Vec::new();
    for step in &steps {
        let mut words: Vec<&str> = step.iter().map(String::as_str).collect();
        words.push("--help");
        if typed(line.program(), &words, b"").await.code != 0 {
            missing.push(step.join(" "));
        }
    }
    assert!(
        missing.is_empty(),
        "people are told to run what is not there: {missing:?}"
    );
}

/// Who answers at a door and then breaks off is no peer who refuses: an alarm for refusals must not cry for it.
#[tokio::test(flavor = "current_thread")]
async fn a_relay_that_breaks_off_or_says_nothing_is_told_as_unreachable_and_not_as_a_refusal() {
    let mut line = Line::prepared(PROGRAM);
    let breaks_off = tokio::net::TcpListener::bind(line.stage.sides[AVELIA].relay.tcp)
        .await
        .unwrap();
    let says_nothing = tokio::net::TcpListener::bind(line.stage.sides[BORENIA].relay.tcp)
        .await
        .unwrap();
    tokio::spawn(async move { while breaks_off.accept().await.is_ok() {} });
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok(accepted) = says_nothing.accept().await {
            held.push(accepted);
        }
    });
    line.stage.start_desk(AVELIA).await.unwrap();
    let status = eventually("both were tried", PATIENCE, async || {
        let status = line.status(AVELIA).await;
        let tried = |leg: &str| status.legs[leg].why != "not tried yet";
        (tried("north/tcp") && tried("south/tcp")).then_some(status)
    })
    .await;
    for leg in ["north/tcp", "south/tcp"] {
        let why = &status.legs[leg].why;
        assert!(!why.starts_with("refused"), "{leg} is told as {why:?}");
    }
    assert_eq!(status.alarms.get("REFUSED"), None, "{status:#?}");
}
