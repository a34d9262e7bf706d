//! Relays as witnesses and mirrors of each other's logs, and the neutral witness, with real processes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "witness/calls.rs"]
mod calls;

use std::{fs, path::Path, process::Stdio, time::Duration};

use calls::{Log, get, key_of, line_of, over, post, try_post};
use hotline_audit::{
    CosignVerifier, LogSigner, PayloadType, SignedStatement, note::Note, statement::PeerCheckpoint,
    witness::origin_hash,
};
use hotline_core::leg::{Door, Lane};
use hotline_ledger::Inspector;
use hotline_tests::{
    AVELIA, BORENIA, Line,
    crash::VARIABLE,
    hand::dialer,
    verb::word,
    wait::{PATIENCE, eventually},
};
use tokio::io::{AsyncBufReadExt as _, BufReader};

const PROGRAM: &str = env!("CARGO_BIN_EXE_hotline-under-test");

/// South's status port, and the log that north would have.
struct Stage {
    line: Line,
    south: String,
    north: LogSigner,
}

impl Stage {
    async fn open() -> Self {
        let mut line = Line::prepared(PROGRAM);
        for side in [AVELIA, BORENIA] {
            // What is brought here in north's name is the test's own; north itself asks nobody.
            let file = line.stage.sides[side].relay.config.clone();
            let text = std::fs::read_to_string(&file).unwrap();
            std::fs::write(&file, format!("witness_every = \"never\"\n{text}")).unwrap();
            let name = line.relay_name(side);
            line.stage.start_relay(&name).await.unwrap();
        }
        let south = line.stage.sides[BORENIA].relay.status.to_string();
        let folder = line.stage.sides[AVELIA].relay.config.parent().unwrap().to_owned();
        let origin = line.relay_identity(AVELIA).origin();
        let north = LogSigner::new(&origin, key_of(&folder.join("log.key"))).unwrap();
        Self { line, south, north }
    }

    fn log(&self, branch: &'static str, size: u64) -> Log {
        Log::new(&self.north, branch, size)
    }

    /// What the witness or the mirror of south signs with.
    fn cosigner(&self, what: &str) -> CosignVerifier {
        let config = &self.line.stage.sides[BORENIA].relay.config;
        let key = key_of(&config.parent().unwrap().join(format!("{what}.key")));
        let name = format!("{}/{what}", self.line.relay_identity(BORENIA).origin());
        CosignVerifier::new(name.parse().unwrap(), key.public())
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_relay_answers_a_log_of_the_other_side_as_the_specification_says() {
    let mut stage = Stage::open().await;
    let south = stage.south.clone();
    let add = |body: Vec<u8>| {
        let south = south.clone();
        async move { post(&south, "/add-checkpoint", &body).await }
    };
    let nine = stage.log("a", 9);
    let cosigned = add(nine.offer(0)).await;
    assert_eq!(cosigned.status, 200, "{}", cosigned.text());
    let witness = stage.cosigner("witness");
    assert!(
        witness
            .time_of(&nine.note().text, &line_of(&cosigned.body))
            .is_some()
    );

    let stale = add(stage.log("a", 12).offer(3)).await;
    assert_eq!(
        (stale.status, stale.header("content-type"), stale.text().as_str()),
        (409, Some("text/x.tlog.size"), "9\n")
    );
    assert_eq!(add(stage.log("b", 9).offer(9)).await.status, 422);
    assert_eq!(add(stage.log("b", 12).offer(9)).await.status, 422);
    assert_eq!(add(b"old 9\n".to_vec()).await.status, 400);
    // Whoever refuses a body early may close before the answer is read.
    let long = try_post(&south, "/add-checkpoint", &vec![b'x'; 140_000]).await;
    assert!(long.is_none_or(|answer| answer.status == 413));
    let forger = LogSigner::new(
        stage.north.origin(),
        hotline_audit::SigningKey::from_seed(&[9; 32]),
    )
    .unwrap();
    assert_eq!(add(Log::new(&forger, "a", 9).offer(9)).await.status, 403);
    let stranger = LogSigner::new(
        "caldria.example/relay/west",
        hotline_audit::SigningKey::from_seed(&[9; 32]),
    );
    assert_eq!(
        add(Log::new(&stranger.unwrap(), "a", 9).offer(0)).await.status,
        404
    );
    let own = stage.line.relay_identity(BORENIA).origin();
    let own = LogSigner::new(&own, hotline_audit::SigningKey::from_seed(&[9; 32])).unwrap();
    assert_eq!(
        add(Log::new(&own, "a", 9).offer(0)).await.status,
        404,
        "no log is its own witness"
    );

    let path = format!("/witness/{}/checkpoint", origin_hash(stage.north.origin()));
    let shown = Note::parse(&get(&south, &path).await.body).unwrap();
    assert_eq!(shown.text, nine.note().text);
    assert!(witness.verify(&shown).is_some());

    // The mirror: nothing before its entries are proved, and what it holds comes back as tiles.
    let mirrored = format!("/mirror/{}", origin_hash(stage.north.origin()));
    assert_eq!(get(&south, &format!("{mirrored}/checkpoint")).await.status, 404);
    let uploaded = post(&south, "/add-entries", &nine.upload(0)).await;
    assert_eq!(uploaded.status, 200, "{}", uploaded.text());
    let mirror = stage.cosigner("mirror");
    assert!(
        mirror
            .time_of(&nine.note().text, &line_of(&uploaded.body))
            .is_some()
    );
    let bundle = get(&south, &format!("{mirrored}/tile/entries/000.p/9")).await;
    assert_eq!((bundle.status, bundle.body), (200, nine.bundle()));

    // What was cosigned outlives the process, and so does what conflicts.
    stage.line.stage.kill_relay("south").await.unwrap();
    stage.line.stage.start_relay("south").await.unwrap();
    assert_eq!(add(stage.log("b", 12).offer(0)).await.text(), "9\n");
    assert_eq!(add(stage.log("a", 12).offer(9)).await.status, 200);
    assert_eq!(
        get(&south, &format!("{mirrored}/tile/0/000.p/9")).await.status,
        200
    );
    let metrics = get(&south, "/metrics").await.text();
    for line in [
        "hotline_relay_checkpoints_cosigned_total{role=\"witness\"} 1",
        "hotline_relay_cosign_calls_refused_total{call=\"add-checkpoint\",status=\"409\"} 1",
        &format!(
            "hotline_relay_mirrored_size{{log=\"{}\"}} 9",
            stage.north.origin()
        ),
        &format!(
            "hotline_relay_witnessed_size{{log=\"{}\"}} 12",
            stage.north.origin()
        ),
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
    let config = word(&stage.line.stage.sides[BORENIA].relay.config);
    let said = stage.line.run(&["doctor", "--config", &config]).await;
    for part in [
        "witness of exercise.avelia.example/relay/north",
        "size 12",
        "9 entries",
        "two histories",
    ] {
        assert!(said.text().contains(part), "{part}: {}", said.text());
    }
}

#[tokio::test(flavor = "current_thread")]
async fn what_a_relay_cosigned_is_a_leaf_of_its_own_log_once_and_the_auditor_takes_it() {
    let stage = Stage::open().await;
    let nine = stage.log("a", 9);
    assert_eq!(
        post(&stage.south, "/add-checkpoint", &nine.offer(0)).await.status,
        200
    );
    assert_eq!(
        post(&stage.south, "/add-entries", &nine.upload(0)).await.status,
        200
    );
    let ledger = stage.line.stage.sides[BORENIA]
        .relay
        .config
        .with_file_name("relay.ledger");
    let anchors = || {
        let inspector = Inspector::open(&ledger).unwrap();
        let leaves = inspector.leaves(0, usize::MAX).unwrap_or_default();
        let anchor = |bytes: &[u8]| {
            let signed = SignedStatement::parse(bytes).ok()?;
            (signed.payload_type == PayloadType::PeerCheckpoint)
                .then(|| PeerCheckpoint::decode(&signed.payload).unwrap())
        };
        leaves
            .iter()
            .filter_map(|leaf| anchor(&leaf.bytes))
            .collect::<Vec<_>>()
    };
    eventually("an anchor", PATIENCE, async || {
        (!anchors().is_empty()).then_some(())
    })
    .await;
    let found = anchors();
    let note = Note::parse(&found[0].note).unwrap();
    assert_eq!((note.text, found[0].mirrored), (nine.note().text, 9));
    for what in ["witness", "mirror"] {
        let note = Note::parse(&found[0].note).unwrap();
        assert!(stage.cosigner(what).verify(&note).is_some(), "{what}");
    }
    // The same checkpoint once more is no news.
    assert_eq!(
        post(&stage.south, "/add-checkpoint", &nine.offer(9)).await.status,
        200
    );
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(anchors().len(), 1);
    let trust = word(&stage.line.stage.sides[BORENIA].folder.join("trust"));
    let said = stage
        .line
        .run(&["log", "verify", &word(&ledger), "--trust", &trust])
        .await;
    assert_eq!(said.code, 0, "{} {}", said.text(), said.err);
}

#[tokio::test(flavor = "current_thread")]
async fn both_doors_carry_the_witness_beside_grpc_for_a_desk_that_proves_who_it_is() {
    let stage = Stage::open().await;
    let mut old = 0;
    for (door, size) in [(Door::Quic, 5), (Door::Tcp, 9)] {
        let south = &stage.line.stage.sides[BORENIA].relay;
        let expected = stage.line.relay_identity(BORENIA);
        let dialer = dialer(&stage.line, AVELIA);
        let leg;
        let lane = match door {
            Door::Tcp => dialer.tcp(south.tcp, &expected, Lane::Control).await.unwrap(),
            Door::Quic => {
                leg = dialer.quic(south.quic, &expected).await.unwrap();
                leg.lane(Lane::Control).await.unwrap()
            }
        };
        let body = stage.log("a", size).offer(old);
        let answer = over(&lane, "/add-checkpoint", body).await;
        assert_eq!(answer.status, 200, "{door}: {}", answer.text());
        old = size;
    }
}

/// Runs south by hand, so that it can be ended at a point; returns its first line, if it came so far.
async fn start(config: &Path, crash: Option<String>) -> (tokio::process::Child, Option<String>) {
    let mut command = tokio::process::Command::new(PROGRAM);
    command
        .args(["relay", "run", "--config"])
        .arg(config)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    if let Some(crash) = crash {
        command.env(VARIABLE, crash);
    }
    let mut child = command.spawn().unwrap();
    let out = child.stdout.take().unwrap();
    let line = BufReader::new(out).lines().next_line().await.unwrap();
    (child, line)
}

#[tokio::test(flavor = "current_thread")]
async fn a_witness_killed_between_commit_and_answer_never_cosigns_two_histories() {
    let mut stage = Stage::open().await;
    stage.line.stage.kill_relay("south").await.unwrap();
    let config = stage.line.stage.sides[BORENIA].relay.config.clone();
    let (mut left, mut killed, mut size) = (Vec::new(), 0, 0u64);
    for pass in 1..=8u64 {
        let (mut south, line) = start(&config, Some(format!("ledger-synced:{pass}:kill"))).await;
        if line.is_some() {
            // It is killed somewhere here: at a commit of its own, or at one of ours.
            for branch in ["a", "b", "a"] {
                let log = stage.log(branch, size + 4);
                let answer = try_post(&stage.south, "/add-checkpoint", &log.offer(size)).await;
                match answer {
                    Some(answer) if answer.status == 200 => {
                        left.push((branch, size + 4));
                        size += 4;
                    }
                    Some(answer) if answer.status == 409 => size = answer.text().trim().parse().unwrap(),
                    Some(answer) => assert_eq!(answer.status, 422, "{}", answer.text()),
                    None => killed += 1,
                }
            }
        }
        let _ = south.kill().await;
        let _ = south.wait().await;
    }
    let (_south, line) = start(&config, None).await;
    assert!(line.is_some());
    let now = post(
        &stage.south,
        "/add-checkpoint",
        &stage.log("a", size + 40).offer(0),
    )
    .await;
    let size: u64 = now.text().trim().parse().unwrap();
    let branch = left[0].0;
    assert!(
        left.iter().all(|(of, _)| *of == branch),
        "two histories left: {left:?}"
    );
    let other = if branch == "a" { "b" } else { "a" };
    let status = |branch, to| {
        let body = stage.log(branch, to).offer(size);
        let south = stage.south.clone();
        async move { post(&south, "/add-checkpoint", &body).await.status }
    };
    assert_eq!(status(other, size + 4).await, 422);
    assert_eq!(status(branch, size + 4).await, 200);
    assert!(killed > 0, "no kill fell upon a call");
}

#[tokio::test(flavor = "current_thread")]
async fn a_neutral_witness_cosigns_the_logs_of_its_list_and_remembers_them() {
    let stage = Stage::open().await;
    let place = stage.line.folder().join("neutral");
    let logs = stage.line.folder().join("logs");
    fs::write(&logs, format!("{}\n", stage.north.verifier().verifier_key())).unwrap();
    let (out, list) = (word(&place), word(&logs));
    let words = [
        "witness",
        "init",
        "--out",
        &out,
        "--name",
        "witness.caldria.example",
        "--listen",
        "127.0.0.1:0",
        "--logs",
        &list,
    ];
    let made = stage.line.run(&words).await.ended(0);
    let key: CosignVerifier = made.text().trim().parse().unwrap();
    let mut seen = 0;
    for size in [5, 9] {
        let mut command = tokio::process::Command::new(PROGRAM);
        command
            .args(["witness", "run", "--config"])
            .arg(place.join("witness.toml"))
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let out = child.stdout.take().unwrap();
        let line = BufReader::new(out).lines().next_line().await.unwrap().unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
        let address = ready["listen"].as_str().unwrap().to_owned();
        let log = stage.log("a", size);
        let stale = post(&address, "/add-checkpoint", &log.offer(3)).await;
        assert_eq!((stale.status, stale.text()), (409, format!("{seen}\n")));
        let answer = post(&address, "/add-checkpoint", &log.offer(seen)).await;
        assert!(key.time_of(&log.note().text, &line_of(&answer.body)).is_some());
        assert_eq!(post(&address, "/add-entries", &log.upload(0)).await.status, 404);
        let metrics = get(&address, "/metrics").await.text();
        assert!(
            metrics.contains("hotline_witness_checkpoints_cosigned_total{role=\"witness\"} 1"),
            "{metrics}"
        );
        seen = size;
        child.kill().await.unwrap();
    }
}
