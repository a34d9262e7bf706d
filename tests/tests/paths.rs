//! Promise 5 with real processes: a desk whose four legs pass a proxy that the test rules.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{collections::BTreeMap, fs, net::SocketAddr, time::Duration};

use hotline_client::{
    request::{Answer, News, Request},
    socket::Connection,
};
use hotline_faults::live::{Direction, Fault, Listen, Proxy};
use hotline_tests::{
    AVELIA, BORENIA, Line,
    verb::word,
    wait::{PATIENCE, eventually},
};
use serde_json::Value;
use tokio::{sync::mpsc, time::Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_hotline-under-test");
const LEGS: [&str; 4] = ["north/quic", "north/tcp", "south/quic", "south/tcp"];
/// What a machine that does other work beside may add to a promised time.
const BUSY: Duration = Duration::from_millis(300);

/// A line whose desk of Avelia reaches both relays through proxies.
struct Ruled {
    line: Line,
    proxies: BTreeMap<&'static str, Proxy>,
    news: mpsc::UnboundedReceiver<(Instant, News)>,
}

impl Ruled {
    async fn open() -> Self {
        let mut line = Line::with_relays(PROGRAM).await;
        let proxies = proxies(&line).await;
        for side in [AVELIA, BORENIA] {
            line.stage.start_desk(side).await.unwrap();
        }
        line.whole().await;
        let news = watch(&line).await;
        let ruled = Self { line, proxies, news };
        ruled.all_up().await;
        ruled
    }

    async fn all_up(&self) {
        eventually("all legs have proved themselves", PATIENCE, async || {
            let legs = self.line.status(AVELIA).await.legs;
            legs.values().all(|leg| leg.state == "UP").then_some(())
        })
        .await;
    }

    async fn down(&self, doors: &[&str]) {
        eventually("these legs are down", PATIENCE, async || {
            let legs = self.line.status(AVELIA).await.legs;
            doors.iter().all(|leg| legs[*leg].state == "DOWN").then_some(())
        })
        .await;
    }

    fn add(&self, leg: &str, fault: Fault, direction: Direction) {
        self.proxies[leg].add("test", fault, direction).unwrap();
    }

    fn heal(&self, leg: &str) {
        self.proxies[leg].clear();
    }

    /// Waits for a piece of news; how long after `began` it came.
    async fn hears(&mut self, began: Instant, is: impl Fn(&News) -> bool) -> Duration {
        let look = async {
            loop {
                let (at, news) = self.news.recv().await.unwrap();
                if at >= began && is(&news) {
                    return at - began;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(10), look).await.unwrap()
    }

    async fn stands(&mut self, began: Instant, leg: &str, state: &str) -> Duration {
        self.hears(began, |news| {
            matches!(news, News::Leg { leg: named, state: stood, .. } if named == leg && stood == state)
        })
        .await
    }

    async fn alarm(&mut self, began: Instant, code: &str) -> Duration {
        self.hears(
            began,
            |news| matches!(news, News::Alarm { code: named, .. } if named == code),
        )
        .await
    }

    fn drain(&mut self) {
        while self.news.try_recv().is_ok() {}
    }

    async fn path(&self, words: &[&str]) -> hotline_tests::verb::Said {
        let config = word(&self.line.stage.sides[AVELIA].desk);
        let mut all = vec!["path"];
        all.extend(words);
        all.extend(["--config", &config]);
        self.line.run(&all).await
    }

    async fn a_message_passes(&self) {
        let sent = self
            .line
            .desk(AVELIA, "send", &["--wait", "delivered", "all quiet"])
            .await;
        assert_eq!(sent.code, 0, "{sent:?}");
    }
}

/// A proxy before each door of each relay, and Avelia's desk is told their addresses.
async fn proxies(line: &Line) -> BTreeMap<&'static str, Proxy> {
    let mut proxies = BTreeMap::new();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let trust = line.desk_config(AVELIA).trust;
    for (place, side) in [AVELIA, BORENIA].into_iter().enumerate() {
        let relay = line.stage.sides[side].relay.clone();
        let quic = Proxy::start(Listen::Udp(any), relay.quic, 1).await.unwrap();
        let tcp = Proxy::start(Listen::Tcp(any), relay.tcp, 2).await.unwrap();
        for folder in fs::read_dir(&trust).unwrap().flatten() {
            let file = folder.path().join("side.toml");
            let Ok(text) = fs::read_to_string(&file) else {
                continue;
            };
            let text = text
                .replace(
                    &format!("quic = \"{}\"", relay.quic),
                    &format!("quic = \"{}\"", quic.local_addr()),
                )
                .replace(
                    &format!("tcp = \"{}\"", relay.tcp),
                    &format!("tcp = \"{}\"", tcp.local_addr()),
                );
            fs::write(&file, text).unwrap();
        }
        proxies.insert(LEGS[place * 2], quic);
        proxies.insert(LEGS[place * 2 + 1], tcp);
    }
    proxies
}

async fn watch(line: &Line) -> mpsc::UnboundedReceiver<(Instant, News)> {
    let socket = line.desk_config(AVELIA).socket;
    let mut connection = Connection::open(&socket).await.unwrap().unwrap();
    connection.ask(&Request::Watch).await.unwrap();
    let (told, news) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok(Some(answer)) = connection.next().await {
            if let Answer::News(news) = answer {
                let _ = told.send((Instant::now(), news));
            }
        }
    });
    news
}

#[tokio::test(flavor = "current_thread")]
async fn a_leg_that_is_cut_either_way_is_suspected_then_down_in_time_and_comes_back() {
    let mut ruled = Ruled::open().await;
    let (mut suspect, mut down, mut back) = (Vec::new(), Vec::new(), Vec::new());
    for direction in [Direction::Up, Direction::Down, Direction::Both] {
        for leg in LEGS {
            ruled.drain();
            let began = Instant::now();
            ruled.add(leg, Fault::Cut, direction);
            suspect.push(ruled.stands(began, leg, "SUSPECT").await);
            down.push(ruled.stands(began, leg, "DOWN").await);
            ruled.a_message_passes().await;
            let healed = Instant::now();
            ruled.heal(leg);
            back.push(ruled.stands(healed, leg, "UP").await);
            ruled.all_up().await;
        }
    }
    println!("SUSPECT {suspect:?}\nDOWN {down:?}\nUP again {back:?}");
    let most = |all: &[Duration]| all.iter().copied().max().unwrap();
    assert!(most(&suspect) <= Duration::from_millis(600) + BUSY, "{suspect:?}");
    assert!(most(&down) <= Duration::from_millis(1500) + BUSY, "{down:?}");
    assert!(most(&back) <= Duration::from_millis(2000) + BUSY, "{back:?}");
}

#[tokio::test(flavor = "current_thread")]
async fn losing_a_relay_is_an_alarm_while_messages_pass_and_its_return_is_told() {
    let mut ruled = Ruled::open().await;
    ruled.drain();
    let began = Instant::now();
    for leg in ["south/quic", "south/tcp"] {
        ruled.add(leg, Fault::Cut, Direction::Both);
    }
    let lost = ruled.alarm(began, "REDUNDANCY_LOST").await;
    assert!(lost <= Duration::from_millis(1500) + BUSY, "{lost:?}");
    ruled.a_message_passes().await;
    // Half of the legs answer: the verbs say so.
    let said = ruled.path(&["ping", "--count", "2", "--json"]).await.ended(11);
    let sum: Value = serde_json::from_str(said.text().lines().last().unwrap()).unwrap();
    assert_eq!(sum["sum"]["north/quic"]["answered"], 2);
    assert!(sum["sum"]["north/tcp"]["least_ms"].as_f64().unwrap() > 0.0);
    assert_eq!(sum["sum"]["south/tcp"]["answered"], 0);
    assert_ne!(sum["sum"]["south/tcp"]["why"], "");
    let _ = ruled
        .path(&["watch", "--once", "--paths-min", "4"])
        .await
        .ended(11);
    let table = ruled
        .path(&["watch", "--once", "--paths-min", "2"])
        .await
        .ended(0)
        .text();
    for part in [
        "redundancy LOST",
        "north/quic",
        "DOWN",
        "south/tcp: lost: no probe was answered",
    ] {
        let shown = table.contains(part) || part.starts_with("south/tcp");
        assert!(shown, "{table} lacks {part}");
    }
    let said = ruled.path(&["watch", "--once", "--json"]).await.ended(0);
    let seen: Value = serde_json::from_str(&said.text()).unwrap();
    assert_eq!(seen["legs"]["south/quic"]["state"], "DOWN");
    assert!(
        seen["legs"]["south/quic"]["transitions"]
            .as_array()
            .unwrap()
            .len()
            >= 4
    );
    let healed = Instant::now();
    for leg in ["south/quic", "south/tcp"] {
        ruled.heal(leg);
    }
    let restored = ruled.alarm(healed, "REDUNDANCY_RESTORED").await;
    assert!(restored <= Duration::from_millis(2000) + BUSY, "{restored:?}");
    ruled.all_up().await;
    let _ = ruled.path(&["ping", "--leg", "south/quic"]).await.ended(0);
    let no_such = ruled.path(&["ping", "--leg", "east/quic"]).await.ended(2);
    assert!(no_such.err.contains("north/quic"), "{no_such:?}");
}

#[tokio::test(flavor = "current_thread")]
async fn the_two_doors_fail_independently() {
    let ruled = Ruled::open().await;
    let quic = ["north/quic", "south/quic"];
    let tcp = ["north/tcp", "south/tcp"];
    for (doors, others, fault) in [
        (quic, tcp, Fault::Cut),
        (quic, tcp, Fault::Mtu { bytes: 1227 }),
        (tcp, quic, Fault::Down),
        (tcp, quic, Fault::Cut),
    ] {
        let before = ruled.line.status(AVELIA).await.legs;
        for leg in doors {
            ruled.add(leg, fault.clone(), Direction::Both);
        }
        if let Fault::Mtu { .. } = fault {
            // A narrower path fails what is large: a new handshake always is.
            for leg in doors {
                ruled.proxies[leg]
                    .add("cut", Fault::Cut, Direction::Both)
                    .unwrap();
            }
            ruled.down(&doors).await;
            for leg in doors {
                ruled.proxies[leg].remove("cut").unwrap();
            }
            tokio::time::sleep(Duration::from_secs(2)).await;
        } else {
            ruled.down(&doors).await;
        }
        ruled.a_message_passes().await;
        let legs = ruled.line.status(AVELIA).await.legs;
        for leg in doors {
            assert_eq!(legs[leg].state, "DOWN", "{fault:?}: {leg} {}", legs[leg].why);
            assert_ne!(legs[leg].why, "");
        }
        for leg in others {
            assert_eq!(
                legs[leg].came_up, before[leg].came_up,
                "{fault:?}: {leg} is not touched"
            );
        }
        for leg in doors {
            ruled.heal(leg);
        }
        ruled.all_up().await;
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_profile_that_does_not_exist_is_refused_by_name_and_a_known_one_is_shown() {
    let mut line = Line::with_relays(PROGRAM).await;
    let file = line.stage.sides[AVELIA].desk.clone();
    let good = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("profile = \"moon\"\n{good}")).unwrap();
    let words = ["path", "watch", "--once", "--config", &word(&file)];
    let refused = line.run(&words).await.ended(3);
    for part in ["profile", "moon", "lan, wan or satellite", "profile = \"lan\""] {
        assert!(refused.err.contains(part), "{} lacks {part}", refused.err);
    }
    // A desk that asks for more patience than the relay has is told which setting to change.
    fs::write(&file, format!("profiles.south = \"wan\"\n{good}")).unwrap();
    line.stage.start_desk(AVELIA).await.unwrap();
    let why = eventually("south refuses the profile", PATIENCE, async || {
        let leg = line.status(AVELIA).await.legs["south/quic"].clone();
        (leg.why.contains("PROFILE")).then_some(leg)
    })
    .await;
    assert_eq!(why.profile, "wan");
    assert!(why.why.contains("relay.toml"), "{}", why.why);
    assert!(line.status(AVELIA).await.legs["north/quic"].up);
}
