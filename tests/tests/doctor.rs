//! `hotline doctor` against a real line: each thing in one line, with one command, and the exit code of the worst.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use hotline_core::leg::Door;
use hotline_server::config::RelayConfig;
use hotline_tests::{
    AVELIA, BORENIA, Line,
    knock::knock,
    verb::{Said, word},
};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const PROGRAM: &str = env!("CARGO_BIN_EXE_hotline-under-test");

async fn doctor(line: &Line, config: &Path, words: &[&str]) -> Said {
    let config = word(config);
    let mut all = vec!["doctor", "--config", &config];
    all.extend(words);
    line.run(&all).await
}

/// What the object says of one thing: level, fact, command.
fn about(object: &Value, what: &str) -> (String, String, String) {
    let lines = object["lines"].as_array().unwrap();
    let line = lines
        .iter()
        .find(|line| line["what"] == what)
        .unwrap_or_else(|| panic!("nothing about {what}: {object:#}"));
    let text = |key: &str| line[key].as_str().unwrap().to_owned();
    (text("level"), text("fact"), text("run"))
}

#[tokio::test(flavor = "current_thread")]
async fn a_line_that_is_in_order_is_found_in_order_line_by_line() {
    let line = Line::open(PROGRAM).await;
    let desk = line.stage.sides[AVELIA].desk.clone();
    let said = doctor(&line, &desk, &[]).await.ended(0);
    println!("{}", said.text());
    let whats: Vec<String> = said
        .text()
        .lines()
        .filter_map(|line| line.strip_prefix("ok    "))
        .map(|line| line.split("  ").next().unwrap().trim_end().to_owned())
        .collect();
    assert_eq!(
        whats,
        [
            "settings",
            "key tls.key",
            "key statement_key",
            "key log_key",
            "certificate name",
            "certificate chain",
            "days left: certificate",
            "days left: CA of our domain",
            "trust folders",
            "revocation list of exercise.avelia.example",
            "roster of exercise.avelia.example",
            "revocation list of exercise.borenia.example",
            "days left: CA of exercise.borenia.example",
            "roster of exercise.borenia.example",
            "days left: our STATEMENT key",
            "days left: our LOG key",
            "charter MINISTER of exercise.avelia.example",
            "charter MINISTER of exercise.borenia.example",
            "disk",
            "log",
            "days left: key for sealing",
            "key seal_key",
            "days left: key of escrow archive",
            "station",
            "leg north/quic",
            "leg north/tcp",
            "path MTU north",
            "clock north",
            "log north",
            "leg south/quic",
            "leg south/tcp",
            "path MTU south",
            "clock south",
            "log south",
        ],
        "{}",
        said.all()
    );
    assert!(
        said.text().ends_with("34 ok, 0 warn, 0 FAIL\n"),
        "{}",
        said.text()
    );
    let hybrid = said
        .text()
        .lines()
        .filter(|line| line.contains("  let in: ") && line.contains(" ms by X25519MLKEM768, "))
        .count();
    assert_eq!(
        hybrid,
        4,
        "every leg says how its keys were agreed: {}",
        said.text()
    );
    let relay = doctor(&line, &line.stage.sides[BORENIA].relay.config, &["--json"])
        .await
        .ended(0);
    let object = relay.object();
    assert_eq!(
        (&object["warn"], &object["fail"]),
        (&0.into(), &0.into()),
        "{object:#}"
    );
    assert_eq!(about(&object, "relay").0, "ok");
    // The doctor of a running line leaves it running.
    line.whole().await;
}

/// What a relay's counters say.
async fn metrics(line: &Line, side: usize) -> String {
    let config = RelayConfig::load(&line.stage.sides[side].relay.config).unwrap();
    let mut stream = tokio::net::TcpStream::connect(config.status.unwrap())
        .await
        .unwrap();
    let ask = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(ask).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test(flavor = "current_thread")]
async fn how_keys_were_agreed_is_told_by_status_path_and_the_relays_counters() {
    let line = Line::open(PROGRAM).await;
    let status = line.status(AVELIA).await;
    let agreed: Vec<_> = status
        .legs
        .values()
        .map(|leg| leg.key_exchange.as_str())
        .collect();
    assert_eq!(agreed, ["X25519MLKEM768"; 4]);
    let config = word(&line.stage.sides[AVELIA].desk);
    for words in [&["path", "watch", "--once"][..], &["desk", "status"], &["status"]] {
        let said = line.run(&[words, &["--config", &config]].concat()).await.ended(0);
        let told = said.text().matches("X25519MLKEM768").count();
        assert_eq!(told, 4, "{words:?}: {}", said.text());
    }
    for side in [AVELIA, BORENIA] {
        let counted = metrics(&line, side).await;
        for door in ["quic", "tcp"] {
            let counter =
                format!("hotline_relay_connections_total{{door=\"{door}\",group=\"X25519MLKEM768\"}} ");
            assert!(counted.contains(&counter), "{counted} lacks {counter}");
        }
        assert!(!counted.contains("group=\"X25519\""), "{counted}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_line_that_is_hybrid_only_is_whole_and_lets_no_classical_caller_in() {
    let mut line = Line::prepared(PROGRAM);
    for side in [AVELIA, BORENIA] {
        for file in [&line.stage.sides[side].desk, &line.stage.sides[side].relay.config] {
            let text = fs::read_to_string(file).unwrap();
            fs::write(file, format!("key_exchange = \"hybrid-only\"\n{text}")).unwrap();
        }
        line.stage.start_relay(&line.relay_name(side)).await.unwrap();
    }
    for side in [AVELIA, BORENIA] {
        line.stage.start_desk(side).await.unwrap();
    }
    line.whole().await;
    let relay = &line.stage.sides[BORENIA].relay;
    // A desk that is in order, and whose hotline has no hybrid key exchange.
    let desk = line.stage.sides[AVELIA].desk.parent().unwrap().to_owned();
    for (door, at) in [(Door::Quic, relay.quic), (Door::Tcp, relay.tcp)] {
        assert_eq!(knock(door, at, Some(&desk)).await, 0, "{door}");
        let refused = format!("door=\"{door}\",by=\"OURS\",reason=\"CLASSICAL_ONLY\"");
        let counted = metrics(&line, BORENIA).await;
        assert!(counted.contains(&refused), "{counted} lacks {refused}");
    }
    line.whole().await;
}

#[tokio::test(flavor = "current_thread")]
async fn what_is_not_in_order_is_a_fail_with_the_command_that_mends_it() {
    let mut line = Line::open(PROGRAM).await;
    let desk = line.stage.sides[AVELIA].desk.clone();

    // UDP to one relay goes nowhere, and TCP of the same relay answers.
    let side = line
        .stage
        .trust(AVELIA)
        .join("exercise.borenia.example/side.toml");
    let text = fs::read_to_string(&side).unwrap();
    let quic = format!("quic = \"{}\"", line.stage.sides[BORENIA].relay.quic);
    assert!(text.contains(&quic), "{text}");
    let nowhere = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let blocked = format!("quic = \"{}\"", nowhere.local_addr().unwrap());
    fs::write(&side, text.replace(&quic, &blocked)).unwrap();
    let said = doctor(&line, &desk, &["south", "--json"]).await.ended(5);
    let (level, fact, run) = about(&said.object(), "leg south/quic");
    assert_eq!(level, "FAIL");
    assert!(fact.contains("UDP to") && fact.contains("is blocked"), "{fact}");
    assert!(run.starts_with("traceroute -U"), "{run}");
    assert_eq!(about(&said.object(), "leg south/tcp").0, "ok");
    assert!(
        !said.text().contains("leg north"),
        "only the relay that was named: {}",
        said.text()
    );
    fs::write(&side, text).unwrap();

    // A relay that is gone.
    line.stage.kill_relay("south").await.unwrap();
    let said = doctor(&line, &desk, &["--json"]).await.ended(5);
    for leg in ["leg south/quic", "leg south/tcp"] {
        assert_eq!(about(&said.object(), leg).0, "FAIL");
    }
    assert_eq!(about(&said.object(), "station").0, "warn");

    // A relay that refuses us says why: the read-first preflight brings its real reason.
    let borenia = line.stage.sides[BORENIA].desk.clone();
    let dir = word(&line.stage.sides[BORENIA].folder);
    let words = [
        "pki",
        "revoke",
        "--dir",
        &dir,
        "desk/ops",
        "--reason",
        "copied",
        "--officer",
        "novak",
        "--officer",
        "brandt",
    ];
    let _ = line.run(&words).await.ended(0);
    line.stage.start_relay("south").await.unwrap();
    let said = doctor(&line, &borenia, &["south", "--json"]).await.ended(4);
    let (level, fact, run) = about(&said.object(), "leg south/tcp");
    assert_eq!(level, "FAIL");
    assert!(
        fact.contains("refused our certificate") && fact.contains("revoked"),
        "{fact}"
    );
    assert!(run.starts_with("hotline pki"), "{run}");
    let (level, _, run) = about(&said.object(), "our identity");
    assert_eq!(level, "FAIL");
    assert!(run.contains("pki use-backup"), "{run}");

    // A key that others can read is worse than a leg that is down.
    let key = line.desk_config(AVELIA).log_key;
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let said = doctor(&line, &desk, &["--json"]).await.ended(4);
    let (level, fact, run) = about(&said.object(), "key log_key");
    assert_eq!(
        (level.as_str(), run),
        ("FAIL", format!("chmod 600 {}", key.display()))
    );
    assert!(fact.contains("0644"), "{fact}");
}

/// What would not work that night, and looks as if it did.
#[tokio::test(flavor = "current_thread")]
async fn what_only_looks_in_order_is_not_called_in_order() {
    let line = Line::prepared(PROGRAM);
    let desk = line.stage.sides[AVELIA].desk.clone();
    let relay = line.stage.sides[AVELIA].relay.config.clone();
    let config = line.desk_config(AVELIA);

    // A key file of somebody else, and a relay of which nobody could ask how it stands.
    let kept = fs::read(&config.statement_key).unwrap();
    fs::copy(&config.log_key, &config.statement_key).unwrap();
    let said = doctor(&line, &desk, &["--json"]).await;
    let (level, fact, _) = about(&said.object(), "our STATEMENT key");
    assert_eq!(level, "FAIL");
    assert!(fact.contains("another key than the rosters enrol"), "{fact}");
    fs::write(&config.statement_key, kept).unwrap();

    // A ledger that was there, and is not.
    assert_eq!(about(&said.object(), "log").0, "warn", "there is none yet");
    let fence = config.ledger.with_file_name(format!(
        "{}-fence",
        config.ledger.file_name().unwrap().to_string_lossy()
    ));
    fs::write(&fence, "left behind").unwrap();
    let said = doctor(&line, &desk, &["--json"]).await.ended(8);
    let (level, fact, _) = about(&said.object(), "log");
    assert_eq!(level, "FAIL");
    assert!(fact.contains("is gone"), "{fact}");
    fs::remove_file(&fence).unwrap();

    // A relay whose log key no roster knows, and a side that is half there.
    let roster = line
        .stage
        .trust(AVELIA)
        .join("exercise.borenia.example/side.toml");
    let text = fs::read_to_string(&roster).unwrap();
    fs::write(&roster, text.replace("relay/south", "relay/strait")).unwrap();
    let said = doctor(&line, &desk, &["--json"]).await;
    assert_eq!(about(&said.object(), "relay strait").0, "FAIL");
    fs::remove_file(&roster).unwrap();
    let said = doctor(&line, &desk, &["--json"]).await.ended(4);
    let (level, fact, _) = about(&said.object(), "legs");
    assert_eq!(level, "FAIL");
    assert!(fact.contains("side.toml"), "{fact}");

    let text = fs::read_to_string(&relay).unwrap();
    let without: String = text
        .lines()
        .filter(|line| !line.starts_with("listen.status"))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_ne!(text, without);
    fs::write(&relay, without).unwrap();
    let tcp = line.stage.sides[AVELIA].relay.tcp;
    let _door = tokio::net::TcpListener::bind(tcp).await.unwrap();
    let said = doctor(&line, &relay, &["--json"]).await;
    assert_eq!(about(&said.object(), "metrics").0, "warn");
}

/// The codebook that two sides hold is one, or the doctor says which each of them names.
#[tokio::test(flavor = "current_thread")]
async fn a_codebook_that_the_other_side_does_not_hold_and_a_releaser_who_has_left_are_named() {
    let line = Line::prepared(PROGRAM);
    let desk = line.stage.sides[AVELIA].desk.clone();
    let [ours, theirs] = [AVELIA, BORENIA].map(|side| word(&line.stage.sides[side].folder));
    let file = word(&line.folder().join("borenia.trust"));
    let codebook = "5a".repeat(32);
    let consent = |dir, officer| ["pki", "consent", "--dir", dir, officer, "--channel", "MINISTER"];
    let newer = [
        &consent(&theirs, "officer/castellan")[..],
        &["--codebook", &codebook],
    ]
    .concat();
    let _ = line.run(&newer).await.ended(0);
    let export = ["pki", "export", "--dir", &theirs, "--out", &file];
    let _ = line.run(&export).await.ended(0);
    let trust = ["pki", "trust", "--dir", &ours, &file];
    let _ = line.run(&trust).await.ended(4);
    let said = doctor(&line, &desk, &["--json"]).await.ended(4);
    let (level, fact, run) = about(&said.object(), "charter MINISTER of exercise.borenia.example");
    assert_eq!(level, "FAIL");
    assert!(
        fact.starts_with(&format!("its codebook is {codebook}, and ours ")),
        "{fact}"
    );
    assert!(run.ends_with("--channel MINISTER --codebook SHA256"), "{run}");

    // Avelia agrees; then its releaser leaves. What was signed stands, and another one is due.
    let agrees = [
        &consent(&ours, "officer/lindqvist")[..],
        &["--codebook", &codebook],
    ]
    .concat();
    let _ = line.run(&agrees).await.ended(0);
    let _ = line.run(&trust).await.ended(0);
    let said = doctor(&line, &desk, &["--json"]).await;
    for side in ["avelia", "borenia"] {
        let (level, fact, _) = about(
            &said.object(),
            &format!("charter MINISTER of exercise.{side}.example"),
        );
        assert_eq!(
            (level.as_str(), fact.as_str()),
            ("ok", "a releaser of it consents to our words")
        );
    }
    let words = [
        "pki",
        "revoke",
        "--dir",
        &ours,
        "officer/lindqvist",
        "--reason",
        "left",
    ];
    let by = ["--officer", "tanaka", "--officer", "okoye"];
    let _ = line.run(&[&words[..], &by[..]].concat()).await.ended(0);
    let said = doctor(&line, &desk, &["--json"]).await;
    let (level, fact, run) = about(&said.object(), "charter MINISTER of exercise.avelia.example");
    assert_eq!(level, "warn");
    assert!(fact.contains("another one is due"), "{fact}");
    assert!(run.ends_with("officer/NAME --channel MINISTER"), "{run}");
}

#[tokio::test(flavor = "current_thread")]
async fn an_order_that_ends_nobody_is_said_by_trust_and_by_the_doctor() {
    let line = Line::open(PROGRAM).await;
    let desk = line.stage.sides[AVELIA].desk.clone();
    let theirs = word(&line.stage.sides[BORENIA].folder);
    let ours = word(&line.stage.sides[AVELIA].folder);
    let file = word(&line.folder().join("borenia.trust"));
    // The second order ends an officer of the first, in the roster too, before Avelia has seen either.
    for (name, first, second) in [
        ("desk/ops-backup", "novak", "brandt"),
        ("officer/novak", "castellan", "brandt"),
    ] {
        let words = ["pki", "revoke", "--dir", &theirs, name, "--reason", "copied"];
        let by = ["--officer", first, "--officer", second];
        let _ = line.run(&[&words[..], &by[..]].concat()).await.ended(0);
    }
    let words = ["pki", "export", "--dir", &theirs, "--out", &file];
    let _ = line.run(&words).await.ended(0);
    let said = line.run(&["pki", "trust", "--dir", &ours, &file]).await;
    assert!(
        said.text().contains("WARNING order 1 of its deny-list"),
        "{}",
        said.text()
    );
    let said = doctor(&line, &desk, &["--json"]).await;
    let (level, fact, _) = about(&said.object(), "deny-list of exercise.borenia.example");
    assert_eq!(level, "warn");
    assert!(fact.starts_with("order 1 ends nobody here"), "{fact}");
    let (_, fact, _) = about(&said.object(), "roster of exercise.borenia.example");
    assert!(fact.contains("1 denied"), "{fact}");
}

#[tokio::test(flavor = "current_thread")]
async fn without_settings_only_the_machine_is_looked_at_and_a_wrong_name_is_a_usage_error() {
    let line = Line::with_relays(PROGRAM).await;
    let place = tempfile::tempdir().unwrap();
    let said = std::process::Command::new(PROGRAM)
        .arg("doctor")
        .current_dir(place.path())
        .output()
        .unwrap();
    let text = String::from_utf8(said.stdout).unwrap();
    assert_eq!(said.status.code(), Some(0), "{text}");
    assert!(text.starts_with("warn  settings"), "{text}");
    assert!(text.contains("hotline doctor --config"), "{text}");
    let said = doctor(&line, &line.stage.sides[AVELIA].desk, &["west"])
        .await
        .ended(2);
    assert!(said.all().contains("there is: north, south"), "{}", said.all());
    let missing = doctor(&line, Path::new("nowhere.toml"), &["--json"])
        .await
        .ended(3);
    assert_eq!(about(&missing.object(), "settings").0, "FAIL");
}
