//! One history under one key, with real processes: witnesses of the other side, and the three ways to lose a tail.
//!
//! In each of them nothing that is forked ever gets a cosignature, the relay says what has happened and what to type next,
//! and what it says leads out.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use hotline_audit::{Checkpoint, note::Note, statement::Payload};
use hotline_client::cosigned::Level;
use hotline_core::leg::Door;
use hotline_ledger::Inspector;
use hotline_proto::v1::{
    CheckpointRequest, SubmitRequest, log_service_client::LogServiceClient,
    relay_service_client::RelayServiceClient,
};
use hotline_server::{config::RelayConfig, witness::mirrored_logs};
use hotline_tests::{
    AVELIA, BORENIA, Line,
    hand::{Counter, Hand, dialer, dialer_with},
    verb::word,
    wait::{PATIENCE, eventually},
};
use hotline_transport::Credentials;

const PROGRAM: &str = env!("CARGO_BIN_EXE_hotline-under-test");

/// How long a cosignature may take: offers are a second apart here.
const COSIGNED_WITHIN: &str = "30s";

/// A line whose relays offer a checkpoint every second.
async fn line() -> Line {
    let mut line = Line::prepared(PROGRAM);
    for side in [AVELIA, BORENIA] {
        let file = line.stage.sides[side].relay.config.clone();
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, format!("witness_every = \"1s\"\n{text}")).unwrap();
    }
    for side in [AVELIA, BORENIA] {
        let name = line.relay_name(side);
        line.stage.start_relay(&name).await.unwrap();
    }
    for side in [AVELIA, BORENIA] {
        line.stage.start_desk(side).await.unwrap();
    }
    line.whole().await;
    line
}

/// Sends a message and waits until its log is held so surely.
async fn send(line: &Line, text: &str, level: &str) -> hotline_client::view::MessageView {
    let words = [text, "--wait", level, "--deadline", COSIGNED_WITHIN];
    line.desk(AVELIA, "send", &words).await.ended(0).message()
}

fn config(line: &Line, side: usize) -> RelayConfig {
    RelayConfig::load(&line.stage.sides[side].relay.config).unwrap()
}

/// The files of a ledger that rests.
fn ledger_files(ledger: &Path) -> Vec<PathBuf> {
    ["", "-wal", "-shm", "-fence"]
        .iter()
        .map(|tail| PathBuf::from(format!("{}{tail}", ledger.display())))
        .collect()
}

/// Copies a ledger that rests, with its fence, and says where to.
fn put_aside(line: &Line, side: usize, name: &str) -> PathBuf {
    let aside = line.folder().join(name);
    fs::create_dir_all(&aside).unwrap();
    for file in ledger_files(&config(line, side).ledger) {
        if file.exists() {
            fs::copy(&file, aside.join(file.file_name().unwrap())).unwrap();
        }
    }
    aside
}

/// Puts it back, in place of what is there now.
fn put_back(line: &Line, side: usize, aside: &Path, fence: bool) {
    for file in ledger_files(&config(line, side).ledger) {
        let is_fence = file.to_string_lossy().ends_with("-fence");
        if is_fence && !fence {
            continue;
        }
        let from = aside.join(file.file_name().unwrap());
        let _ = fs::remove_file(&file);
        if from.exists() {
            fs::copy(&from, &file).unwrap();
        }
    }
}

/// What a relay's process has said so far.
fn said(line: &Line, side: usize) -> String {
    fs::read_to_string(line.folder().join(format!("{}.log", line.relay_name(side)))).unwrap_or_default()
}

/// All cosigned notes that a relay keeps of its own log, as (size, root).
fn cosigned(ledger: &Path) -> Vec<(u64, hotline_audit::Hash)> {
    let inspector = Inspector::open(ledger).unwrap();
    let rows = inspector.records("cosigned", &[], None, 5000).unwrap();
    rows.iter()
        .map(|(_, note)| {
            assert!(Note::parse(note).unwrap().signatures.len() > 1);
            let shown = Checkpoint::danger_parse_unverified(note).unwrap();
            (shown.size, shown.root)
        })
        .collect()
}

/// Every checkpoint that was ever cosigned of this log is a beginning of what its ledger holds now.
fn nothing_forked_was_cosigned(ledger: &Path, before: &[(u64, hotline_audit::Hash)]) {
    let leaves = hotline_tests::ledgers::leaves(ledger);
    let mut frontier = hotline_audit::Frontier::new();
    let mut roots = vec![frontier.root()];
    for leaf in &leaves {
        frontier.push(hotline_audit::tree::leaf_hash(&leaf.bytes));
        roots.push(frontier.root());
    }
    for (size, root) in before.iter().chain(&cosigned(ledger)) {
        let own = roots.get(usize::try_from(*size).unwrap());
        assert_eq!(own, Some(root), "the checkpoint of {size} leaves is no beginning");
    }
}

/// Waits until the other side's mirror holds every leaf of this side's log.
async fn all_is_mirrored(line: &Line, side: usize, other: usize) {
    let origin = line.relay_identity(side).origin();
    eventually("the mirror holds all", PATIENCE, async || {
        let here = hotline_tests::ledgers::size(&config(line, side).ledger);
        let there = Inspector::open(&config(line, other).ledger).ok()?;
        let mut logs = mirrored_logs(&there).ok()?.into_iter();
        let held = logs.find(|log| log.origin == origin)?;
        (held.size == here).then_some(())
    })
    .await;
}

async fn recovers(line: &Line, side: usize) -> serde_json::Value {
    let config = word(&line.stage.sides[side].relay.config);
    let words = ["relay", "recover", "--json", "--config", &config];
    line.run(&words).await.ended(0).object()
}

#[tokio::test(flavor = "current_thread")]
async fn a_message_is_durable_then_cosigned_then_held_by_the_peer_and_people_see_by_whom() {
    let line = line().await;
    let view = send(&line, "Seen by both.", "peer-held").await;
    assert_eq!(view.level(), Some(Level::PeerHeld));
    let north = view
        .held
        .iter()
        .find(|held| held.relay.ends_with("/relay/north"))
        .unwrap();
    let south = "spiffe://exercise.borenia.example/relay/south";
    assert_eq!(north.cosigned_by.as_deref(), Some(south), "{north:?}");
    assert_eq!(north.mirrored_by.as_deref(), Some(south), "{north:?}");
    let shown = line
        .desk_plain(AVELIA, "show", &[&view.name])
        .await
        .ended(0)
        .text();
    assert!(
        shown.contains("held by relay NORTH, cosigned by SOUTH "),
        "{shown}"
    );
    let status = line.desk_plain(AVELIA, "status", &[]).await.ended(0).text();
    assert!(status.contains("cosigned by SOUTH"), "{status}");
    assert!(!cosigned(&config(&line, AVELIA).ledger).is_empty());
}

#[tokio::test(flavor = "current_thread")]
async fn a_peer_that_is_away_delays_no_message_and_what_it_missed_is_cosigned_when_it_is_back() {
    let mut line = line().await;
    let south = line.relay_name(BORENIA);
    line.stage.kill_relay(&south).await.unwrap();
    let words = ["Without a witness.", "--wait", "delivered", "--deadline", "30s"];
    let view = line.desk(AVELIA, "send", &words).await.ended(0).message();
    assert_eq!(view.level(), Some(Level::Durable), "{:?}", view.held);
    line.stage.start_relay(&south).await.unwrap();
    eventually("it is cosigned", PATIENCE, async || {
        let view = line.seat(AVELIA).await.show(&view.name).await.unwrap();
        (view.level() >= Some(Level::Cosigned)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_relay_asks_of_a_log_and_neither_hands_in_nor_subscribes() {
    let line = line().await;
    let own = config(&line, BORENIA);
    let own = Credentials::load(&own.certificate, &own.tls_key, &line.seams).unwrap();
    let dialer = dialer_with(&line, BORENIA, own);
    let north = &line.stage.sides[AVELIA].relay;
    let lane = dialer
        .tcp(
            north.tcp,
            &line.relay_identity(AVELIA),
            hotline_core::leg::Lane::Bulk,
        )
        .await
        .unwrap();
    let note = LogServiceClient::new(lane.channel())
        .checkpoint(CheckpointRequest {})
        .await
        .unwrap();
    let _ = note.into_inner();
    let handed = Hand::of(&line, AVELIA, "lindqvist").message("From a relay.");
    let request = SubmitRequest {
        statement: handed.bytes.into(),
    };
    let refused = RelayServiceClient::new(lane.channel())
        .submit(request)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), tonic::Code::PermissionDenied);
    assert!(refused.message().starts_with("RELAY_ASKS_ONLY"), "{refused}");
}

#[tokio::test(flavor = "current_thread")]
async fn a_restored_backup_with_its_fence_signs_nothing_until_the_tail_is_back() {
    let mut line = line().await;
    let north = line.relay_name(AVELIA);
    send(&line, "Before the backup.", "peer-held").await;
    line.stage.kill_relay(&north).await.unwrap();
    let backup = put_aside(&line, AVELIA, "backup");
    line.stage.start_relay(&north).await.unwrap();
    line.whole().await;
    let after = send(&line, "Behind the backup.", "peer-held").await;
    let ledger = config(&line, AVELIA).ledger;
    line.stage.kill_relay(&north).await.unwrap();
    let (newest, before) = (hotline_tests::ledgers::size(&ledger), cosigned(&ledger));
    put_back(&line, AVELIA, &backup, true);
    let found = hotline_tests::ledgers::size(&ledger);
    assert!(found < newest);
    line.stage.start_relay(&north).await.unwrap();
    eventually("it says what has happened", PATIENCE, async || {
        let said = said(&line, AVELIA);
        (said.contains("WITNESS_AHEAD") && said.contains("hotline relay recover --config")).then_some(())
    })
    .await;
    let counter = Counter::open(&line, &dialer(&line, AVELIA), AVELIA, Door::Tcp)
        .await
        .unwrap();
    let told = counter
        .hand_in(&Hand::of(&line, AVELIA, "lindqvist").message("Now?").bytes)
        .await;
    assert_eq!(told.rule(), "READ_ONLY", "{told:?}");
    let doctor = [
        "doctor",
        "--config",
        &word(&line.stage.sides[AVELIA].relay.config),
    ];
    let doctor = line.run(&doctor).await.all();
    assert!(doctor.contains("hotline relay recover"), "{doctor}");
    drop(counter);
    assert_eq!(hotline_tests::ledgers::size(&ledger), found, "nothing was signed");
    line.stage.kill_relay(&north).await.unwrap();
    let back = recovers(&line, AVELIA).await;
    assert!(back["now"].as_u64().unwrap() > found, "{back}");
    nothing_forked_was_cosigned(&ledger, &before);
    line.stage.start_relay(&north).await.unwrap();
    line.whole().await;
    let last = send(&line, "And on.", "peer-held").await;
    assert!(last.held.len() == 2 && after.held.len() == 2);
    line.stage.kill_relay(&north).await.unwrap();
    nothing_forked_was_cosigned(&ledger, &before);
}

#[tokio::test(flavor = "current_thread")]
async fn a_lost_tail_beside_its_newer_fence_comes_back_leaf_by_leaf_from_the_peers_mirror() {
    let mut line = line().await;
    let north = line.relay_name(AVELIA);
    send(&line, "Kept.", "peer-held").await;
    line.stage.kill_relay(&north).await.unwrap();
    let older = put_aside(&line, AVELIA, "older");
    line.stage.start_relay(&north).await.unwrap();
    line.whole().await;
    for number in 0..3 {
        send(&line, &format!("Lost {number}."), "peer-held").await;
    }
    let ledger = config(&line, AVELIA).ledger;
    // Nobody adds a leaf any more that no mirror could have.
    for side in [AVELIA, BORENIA] {
        line.stage.close_desk(side).await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(4)).await;
    all_is_mirrored(&line, AVELIA, BORENIA).await;
    line.stage.kill_relay(&north).await.unwrap();
    let (leaves, before) = (hotline_tests::ledgers::leaves(&ledger), cosigned(&ledger));
    put_back(&line, AVELIA, &older, false);
    let back = recovers(&line, AVELIA).await;
    let now = hotline_tests::ledgers::leaves(&ledger);
    assert_eq!(back["now"], now.len() as u64);
    let newest = usize::try_from(before.iter().map(|(size, _)| *size).max().unwrap()).unwrap();
    assert!(now.len() >= newest, "{back}");
    assert_eq!(now.len(), leaves.len(), "as far as was signed on this machine");
    assert_eq!(
        now[..newest],
        leaves[..newest],
        "leaf by leaf, with their columns"
    );
    nothing_forked_was_cosigned(&ledger, &before);
    for side in [AVELIA, BORENIA] {
        line.stage.start_desk(side).await.unwrap();
    }
    line.stage.start_relay(&north).await.unwrap();
    line.whole().await;
    send(&line, "And on.", "peer-held").await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_mirror_whose_entries_were_altered_is_repaired_by_the_log_and_its_witness_goes_on() {
    let mut line = line().await;
    let south = line.relay_name(BORENIA);
    send(&line, "Held.", "peer-held").await;
    line.stage.kill_relay(&south).await.unwrap();
    {
        let file = rusqlite::Connection::open(config(&line, BORENIA).ledger).unwrap();
        let altered = file.execute("UPDATE record SET value = x'00' WHERE space = 'mirror-entry'", []);
        assert!(altered.unwrap() > 0);
    }
    line.stage.start_relay(&south).await.unwrap();
    line.whole().await;
    send(&line, "And on.", "peer-held").await;
    assert!(said(&line, BORENIA).contains("MIRROR_ALTERED"));
}

#[tokio::test(flavor = "current_thread")]
async fn a_second_process_with_the_same_key_elsewhere_gets_no_cosignature_for_another_history() {
    let mut line = line().await;
    let north = line.relay_name(AVELIA);
    send(&line, "One history.", "peer-held").await;
    line.stage.kill_relay(&north).await.unwrap();
    let copy = copied_elsewhere(&line);
    line.stage.start_relay(&north).await.unwrap();
    line.whole().await;
    // The copy runs too; what it holds is a beginning of what is cosigned, so far.
    let mut second = verb_process(&line, &copy.config);
    // It is handed a statement of its own, while the first goes on.
    let counter = eventually("the copy listens", PATIENCE, async || {
        let dialer = dialer(&line, AVELIA);
        dialer
            .tcp(
                copy.tcp,
                &line.relay_identity(AVELIA),
                hotline_core::leg::Lane::Message,
            )
            .await
            .ok()
    })
    .await;
    let hand = Hand::of(&line, AVELIA, "lindqvist");
    let Payload::Message(mut other) = hand.sign(hand.draft("Another history.")).payload else {
        panic!("a message is none");
    };
    // A chain of its own, as of a desk that was put back: no place of it is taken.
    other.header.epoch = 9_999_999_999;
    let request = SubmitRequest {
        statement: hand.sign_payload(&Payload::Message(other).encode()).into(),
    };
    let answered = RelayServiceClient::new(counter.channel()).submit(request).await;
    let answered = answered.unwrap().into_inner().answer;
    assert!(
        matches!(
            answered,
            Some(hotline_proto::v1::submit_response::Answer::Accepted(_))
        ),
        "{answered:?}"
    );
    send(&line, "The first goes on.", "cosigned").await;
    let told = eventually("one of the two is told", PATIENCE, async || {
        let second = fs::read_to_string(&copy.log).unwrap_or_default();
        let first = said(&line, AVELIA);
        let told = |said: &str| said.contains("FORKED") || said.contains("WITNESS_AHEAD");
        (told(&second) || told(&first)).then_some((told(&first), told(&second)))
    })
    .await;
    second.kill().await.unwrap();
    line.stage.kill_relay(&north).await.unwrap();
    let first = config(&line, AVELIA).ledger;
    // Whatever was cosigned is one history: that of the one which was not stopped.
    let (good, other) = if told.0 {
        (&copy.ledger, &first)
    } else {
        (&first, &copy.ledger)
    };
    nothing_forked_was_cosigned(good, &cosigned(other));
}

/// A relay's folder on another machine, with the same keys.
struct Elsewhere {
    config: PathBuf,
    ledger: PathBuf,
    log: PathBuf,
    tcp: std::net::SocketAddr,
}

fn copied_elsewhere(line: &Line) -> Elsewhere {
    let own = &line.stage.sides[AVELIA].relay.config;
    let folder = own.parent().unwrap();
    let elsewhere = folder.with_file_name("north-elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let from = entry.unwrap().path();
        if from.is_file() {
            fs::copy(&from, elsewhere.join(from.file_name().unwrap())).unwrap();
        }
    }
    let ports = hotline_cli::demo::stage::free_ports().unwrap();
    let mut ports = ports.into_iter();
    let text = fs::read_to_string(own).unwrap();
    let text: Vec<String> = text
        .lines()
        .map(|line| match line.split_once(" = ") {
            Some((key, _)) if key.starts_with("listen.") => {
                format!("{key} = \"127.0.0.1:{}\"", ports.next().unwrap())
            }
            _ => line.to_owned(),
        })
        .collect();
    let config = elsewhere.join("relay.toml");
    fs::write(&config, text.join("\n")).unwrap();
    let read = RelayConfig::load(&config).unwrap();
    Elsewhere {
        log: elsewhere.join("stderr"),
        ledger: read.ledger,
        tcp: read.tcp,
        config,
    }
}

fn verb_process(line: &Line, config: &Path) -> tokio::process::Child {
    let errors = fs::File::create(config.with_file_name("stderr")).unwrap();
    tokio::process::Command::new(line.program())
        .args(["relay", "run", "--config", &word(config)])
        .stdout(std::process::Stdio::null())
        .stderr(errors)
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "current_thread")]
async fn a_new_log_follows_an_old_one_by_its_first_leaf() {
    let mut line = line().await;
    let north = line.relay_name(AVELIA);
    send(&line, "The old log.", "peer-held").await;
    line.stage.kill_relay(&north).await.unwrap();
    let old = line.stage.sides[AVELIA].relay.config.clone();
    let domain = old
        .parent()
        .unwrap()
        .parent()
        .unwrap()
        .parent()
        .unwrap()
        .to_owned();
    let [quic, tcp, status] = hotline_cli::demo::stage::free_ports()
        .unwrap()
        .map(|port| format!("127.0.0.1:{port}"));
    let words = [
        "pki",
        "issue",
        "relay",
        "--dir",
        &word(&domain),
        "west",
        "--quic",
        &quic,
        "--tcp",
        &tcp,
        "--status",
        &status,
    ];
    let _ = line.run(&words).await.ended(0);
    let new = domain.join("relay/west/relay.toml");
    let words = [
        "relay",
        "succeed",
        "--json",
        "--config",
        &word(&new),
        "--after",
        &word(&old),
        "--reason",
        "A tail was lost.",
    ];
    let done = line.run(&words).await.ended(0).object();
    assert_eq!(done["old_origin"], "exercise.avelia.example/relay/north");
    assert!(done["old_size"].as_u64().unwrap() > 0, "{done}");
    let first = hotline_tests::ledgers::leaves(&RelayConfig::load(&new).unwrap().ledger);
    let signed = hotline_audit::SignedStatement::parse(&first[0].bytes).unwrap();
    assert_eq!(signed.payload_type, hotline_audit::PayloadType::LogLink);
    // It is the first leaf, or none.
    let again = line.run(&words).await;
    assert_eq!(again.code, 8, "{}", again.all());
}

#[test]
fn what_the_verbs_say_of_themselves_names_both_ways_out() {
    // Kept beside the drills: the words of the damage lead to verbs that exist.
    let ahead = hotline_ledger::Damage::WitnessAhead {
        witness: "south".into(),
        held: 9,
        found: 5,
    };
    let forked = hotline_ledger::Damage::Forked {
        witness: "south".into(),
        size: 5,
    };
    assert!(ahead.to_string().contains("hotline relay recover --config"));
    assert!(
        forked
            .to_string()
            .contains("hotline relay succeed --config NEW/relay.toml --after")
    );
}

/// A line whose relays ask, besides each other, a witness that takes connections and never answers; or nobody at all.
async fn line_that_asks(witness: Option<std::net::SocketAddr>) -> Line {
    let mut line = Line::prepared(PROGRAM);
    let key = hotline_audit::cosign::CosignVerifier::new(
        "nobody.example/w".parse().unwrap(),
        hotline_audit::SigningKey::from_seed(&[7; 32]).public(),
    );
    for side in [AVELIA, BORENIA] {
        let file = line.stage.sides[side].relay.config.clone();
        let text = fs::read_to_string(&file).unwrap();
        let text = match witness {
            Some(address) => format!(
                "witness_every = \"1s\"\nwitness_entries = 1\n{text}\n[[witnesses]]\nurl = \"http://{address}/\"\nkey = \"{key}\"\n"
            ),
            None => format!("witness_every = \"never\"\n{text}"),
        };
        fs::write(&file, text).unwrap();
    }
    for side in [AVELIA, BORENIA] {
        let name = line.relay_name(side);
        line.stage.start_relay(&name).await.unwrap();
    }
    for side in [AVELIA, BORENIA] {
        line.stage.start_desk(side).await.unwrap();
    }
    line.whole().await;
    line
}

/// Half of so many messages took no longer than this from their release until the other desk's receipt was here.
async fn median(line: &Line, messages: usize) -> Duration {
    let mut sender = hotline_tests::traffic::Sender::at(line, AVELIA).await;
    let mut times = Vec::new();
    for number in 0..messages {
        let begun = tokio::time::Instant::now();
        let sent = sender.send(&format!("Number {number}.")).await;
        line.until(AVELIA, &sent.sha256, hotline_core::words::Rung::Delivered)
            .await;
        times.push(begun.elapsed());
    }
    times.sort();
    times[times.len() / 2]
}

#[tokio::test(flavor = "current_thread")]
async fn a_witness_that_never_answers_slows_no_message() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let asking = line_that_asks(Some(silent.local_addr().unwrap())).await;
    let with = median(&asking, 60).await;
    drop(asking);
    let without = median(&line_that_asks(None).await, 60).await;
    let ratio = with.as_secs_f64() / without.as_secs_f64();
    eprintln!("median {with:?} while a witness is silent, {without:?} without any: {ratio:.2}");
    // A call to a witness may take 5 s: what waited for one would show.
    assert!(with < Duration::from_secs(1), "{with:?} against {without:?}");
}
