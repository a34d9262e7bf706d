//! Breaking a line on purpose, from outside: a proxy in front of a leg, processes and clocks, by the verbs that people
//! type.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{fs, net::SocketAddr, path::PathBuf, process::Stdio, time::Duration};

use hotline_core::words::Rung;
use hotline_tests::{
    AVELIA, BORENIA, Line,
    traffic::{Sender, Traffic},
    verb::{Said, word},
    wait::{PATIENCE, eventually},
};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_hotline-under-test");

/// A proxy that runs as a process, as people run it. It ends with this.
struct ProxyProcess {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    control: PathBuf,
    listens: Value,
}

impl ProxyProcess {
    async fn start(line: &Line, words: &[&str]) -> Self {
        let control = line.folder().join("fault.sock");
        let socket = word(&control);
        let me = std::process::id().to_string();
        let mut child = Command::new(PROGRAM)
            .args([
                "fault",
                "run",
                "--json",
                "--die-with-parent",
                &me,
                "--control",
                &socket,
            ])
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let listens = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
        Self {
            child,
            lines,
            control,
            listens,
        }
    }

    fn address(&self) -> SocketAddr {
        self.listens["links"][0]["listen"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap()
    }

    async fn ask(&self, line: &Line, verb: &str, words: &[&str]) -> Said {
        let socket = word(&self.control);
        let mut all = vec!["fault", verb, "--json", "--control", &socket];
        all.extend(words);
        line.run(&all).await
    }

    async fn end(mut self) -> Value {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let last = self.lines.next_line().await.unwrap().unwrap();
        assert!(self.child.wait().await.unwrap().success());
        serde_json::from_str(&last).unwrap()
    }
}

/// A line whose north/quic leg, as Avelia's desk dials it, goes through a proxy. Nobody is at a desk yet.
async fn proxied(words: &[&str]) -> (Line, ProxyProcess) {
    let line = Line::with_relays(PROGRAM).await;
    let to = line.stage.sides[AVELIA].relay.quic.to_string();
    let mut all = vec!["--listen", "udp:127.0.0.1:0", "--to", &to];
    all.extend(words);
    let proxy = ProxyProcess::start(&line, &all).await;
    let trust = line.stage.trust(AVELIA);
    for folder in fs::read_dir(trust).unwrap() {
        let side = folder.unwrap().path().join("side.toml");
        let Ok(text) = fs::read_to_string(&side) else {
            continue;
        };
        fs::write(&side, text.replace(&to, &proxy.address().to_string())).unwrap();
    }
    (line, proxy)
}

/// Whether Avelia's desk holds its leg over north's QUIC door for up.
async fn north_quic_is_up(line: &Line) -> bool {
    let north = format!("{}/quic", line.relay_name(AVELIA));
    line.status(AVELIA).await.legs[&north].up
}

#[tokio::test]
async fn a_leg_behind_a_proxy_is_cut_one_way_and_nothing_is_lost_or_shown_twice() {
    let (mut line, proxy) = proxied(&["--seed", "1"]).await;
    for side in [AVELIA, BORENIA] {
        line.stage.start_desk(side).await.unwrap();
    }
    line.whole().await;
    let traffic = Traffic::start(&line, AVELIA, Duration::from_millis(25)).await;
    for direction in ["up", "down"] {
        let words = ["away", "cut", "--direction", direction];
        let added = proxy.ask(&line, "add", &words).await.ended(0).object();
        assert_eq!(added["links"][0], "udp");
        eventually("the cut leg is down", PATIENCE, async || {
            (!north_quic_is_up(&line).await).then_some(())
        })
        .await;
        drop(proxy.ask(&line, "remove", &["away"]).await.ended(0));
        eventually("the healed leg is up", PATIENCE, async || {
            north_quic_is_up(&line).await.then_some(())
        })
        .await;
    }
    let sent = traffic.stop().await;
    for message in &sent {
        line.until(AVELIA, &message.sha256, Rung::Delivered).await;
    }
    let came: Vec<String> = line
        .incoming(BORENIA)
        .await
        .into_iter()
        .map(|view| view.sha256)
        .collect();
    let sent: Vec<String> = sent.into_iter().map(|view| view.sha256).collect();
    assert_eq!(came, sent);
    let ended = proxy.end().await;
    let stats = &ended["links"][0]["stats"];
    assert!(stats["up"]["lost"]["cut"].as_u64() > Some(0), "{stats}");
    assert!(stats["down"]["lost"]["cut"].as_u64() > Some(0), "{stats}");
    line.close().await;
}

#[tokio::test]
async fn a_plan_and_a_preset_are_played_on_a_line_and_told() {
    let plan = tempfile::NamedTempFile::new().unwrap();
    let text =
        "[[faults]]\nat = \"0s\"\nfor = \"300ms\"\nfault = \"loss\"\nshare = \"50%\"\nname = \"rain\"\n";
    fs::write(plan.path(), text).unwrap();
    let file = word(plan.path());
    let (mut line, mut proxy) = proxied(&["--preset", "transcontinental", "--plan", &file]).await;
    let mut told = Vec::new();
    for _ in 0..2 {
        let text = proxy.lines.next_line().await.unwrap().unwrap();
        let event: Value = serde_json::from_str(&text).unwrap();
        told.push(event["happened"]["what"].as_str().unwrap().to_owned());
    }
    assert_eq!(told, ["began", "ended"]);
    for side in [AVELIA, BORENIA] {
        line.stage.start_desk(side).await.unwrap();
    }
    line.whole().await;
    let north = format!("{}/quic", line.relay_name(AVELIA));
    eventually("the round trip is that of the preset", PATIENCE, async || {
        let leg = line.status(AVELIA).await.legs[&north].clone();
        leg.round_trip_ms.filter(|trip| *trip >= 80.0)
    })
    .await;
    line.close().await;
}

#[tokio::test]
async fn what_cannot_be_applied_is_refused_with_a_caret_and_an_exit_code() {
    let (line, proxy) = proxied(&[]).await;
    let refused = proxy
        .ask(&line, "add", &["r", "reset_peer"])
        .await
        .ended(2)
        .object();
    assert!(refused["error"]["what"].as_str().unwrap().contains("use cut"));
    let refused = proxy
        .ask(&line, "add", &["l", "loss", "share=30"])
        .await
        .ended(2)
        .object();
    assert!(
        refused["error"]["what"].as_str().unwrap().ends_with('^'),
        "{refused}"
    );
    let refused = proxy
        .ask(&line, "add", &["c", "cut", "--link", "quic"])
        .await
        .ended(2)
        .object();
    assert!(
        refused["error"]["what"].as_str().unwrap().contains("is only udp"),
        "{refused}"
    );
    assert_eq!(
        proxy.ask(&line, "list", &[]).await.ended(0).object()["links"][0]["faults"],
        serde_json::json!([])
    );
    for (words, code) in [
        (
            ["--listen", "udp:nowhere", "--to", "127.0.0.1:1", "--seed", "1"],
            2,
        ),
        (
            [
                "--listen",
                "udp:127.0.0.1:0",
                "--to",
                "tcp:127.0.0.1:1",
                "--seed",
                "1",
            ],
            2,
        ),
        (
            [
                "--listen",
                "udp:127.0.0.1:0",
                "--to",
                "127.0.0.1:1",
                "--preset",
                "moon",
            ],
            2,
        ),
        (
            [
                "--listen",
                "udp:127.0.0.1:0",
                "--to",
                "127.0.0.1:1",
                "--name",
                "../x",
            ],
            2,
        ),
        (
            [
                "--listen",
                "udp:127.0.0.1:0",
                "--to",
                "127.0.0.1:1",
                "--plan",
                "/dev/null",
            ],
            3,
        ),
    ] {
        let mut all = vec!["fault", "run"];
        all.extend(words);
        let said = line.run(&all).await.ended(code);
        assert!(said.err.contains("error [HL-FAULT-"), "{}", said.err);
    }
    let none = line
        .run(&["fault", "list", "--on", "nobody-is-called-so"])
        .await
        .ended(1);
    assert!(none.err.contains("nobody-is-called-so"), "{}", none.err);
}

#[tokio::test]
async fn processes_are_paused_killed_and_restarted_by_their_settings_and_strangers_are_left_alone() {
    let mut line = Line::prepared(PROGRAM);
    let config = word(&line.stage.sides[AVELIA].relay.config);
    let none = line
        .run(&["fault", "process", "kill", "--config", &config])
        .await
        .ended(1);
    assert!(none.err.contains("does not run"), "{}", none.err);
    let mut relay = Command::new(PROGRAM)
        .args(["relay", "run", "--config", &config])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(relay.stdout.take().unwrap()).lines();
    lines.next_line().await.unwrap().unwrap();
    let pid = relay.id().unwrap();
    let state = || {
        fs::read_to_string(format!("/proc/{pid}/stat"))
            .unwrap()
            .contains(") T ")
    };
    for (deed, stopped) in [("pause", true), ("resume", false)] {
        let said = line
            .run(&["fault", "process", deed, "--json", &pid.to_string()])
            .await
            .ended(0);
        assert_eq!(said.object()["process"], pid);
        eventually(deed, PATIENCE, async || (state() == stopped).then_some(())).await;
    }
    let mut restart = Command::new(PROGRAM);
    restart.args(["fault", "process", "restart", "--json", "--config", &config]);
    // The killed relay is our child: it is gone once we have taken its end.
    let (said, ended) = tokio::join!(restart.output(), relay.wait());
    assert!(!ended.unwrap().success());
    let said = said.unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let said: Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_ne!(said["pid"], pid);
    let me = std::process::id().to_string();
    let stranger = line.run(&["fault", "process", "kill", &me]).await.ended(2);
    assert!(stranger.err.contains("holds no ledger"), "{}", stranger.err);
    drop(
        line.run(&["fault", "process", "kill", "--config", &config])
            .await
            .ended(0),
    );
    drop(
        line.run(&["fault", "process", "pause", "--config", &config])
            .await
            .ended(1),
    );
    let name = line.relay_name(AVELIA);
    line.stage.start_relay(&name).await.unwrap();
    let kept = line
        .run(&["fault", "process", "restart", "--config", &config])
        .await
        .ended(2);
    assert!(kept.err.contains("started to end with another"), "{}", kept.err);
    line.close().await;
}

#[tokio::test]
async fn a_clock_set_wrong_is_an_alarm_and_stops_no_message_and_an_operation_refuses_it() {
    let mut line = Line::open(PROGRAM).await;
    let desk = line.stage.sides[AVELIA].desk.clone();
    let relay = word(&line.stage.sides[BORENIA].relay.config);
    let file = word(&desk);
    let mut sender = Sender::at(&line, AVELIA).await;
    let before = sender.send("Before.").await;
    // Later, and back in two steps: earlier than now nobody's key is valid yet.
    for offset in ["2h", "1h", "0s"] {
        for config in [file.as_str(), relay.as_str()] {
            let words = ["fault", "clock", "--json", "--config", config, "--offset", offset];
            drop(line.run(&words).await.ended(0));
        }
        let after = sender.send(&format!("With {offset}.")).await;
        line.until(AVELIA, &after.sha256, Rung::Delivered).await;
    }
    line.until(AVELIA, &before.sha256, Rung::Delivered).await;
    let status = line.status(AVELIA).await;
    assert_eq!(status.alarms.get("CLOCK"), Some(&3));
    assert_eq!(status.legs_up(), 4, "no leg went down");
    assert!(status.gaps.is_empty());
    let came = line.incoming(BORENIA).await;
    assert_eq!(came.len(), 4, "in the order they were sent");
    assert!(came.iter().map(|view| view.name.clone()).is_sorted());
    drop(
        line.run(&["fault", "clock", "--config", &file, "--offset", "20000h"])
            .await
            .ended(0),
    );
    drop(
        line.run(&["fault", "clock", "--config", &file, "--offset", "0s"])
            .await
            .ended(0),
    );
    drop(
        line.run(&["fault", "clock", "--config", &file, "--offset", "5"])
            .await
            .ended(2),
    );
    let text = fs::read_to_string(&desk).unwrap().replace("//exercise.", "//");
    let operation = desk.with_file_name("operation.toml");
    fs::write(&operation, text).unwrap();
    let words = ["fault", "clock", "--config", &word(&operation), "--offset", "1s"];
    let refused = line.run(&words).await.ended(2);
    assert!(refused.err.contains("EXERCISE"), "{}", refused.err);
    line.close().await;
}
