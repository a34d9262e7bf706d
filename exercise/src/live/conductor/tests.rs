//! What control writes down on a machine that is busy: words come late, desks answer late, and control itself stands still
//! between two lines. None of that may stand in its records as something that the line did.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    iter,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use hotline_client::{
    request::{News, Request},
    status::LineStatus,
    view::{AnnouncedView, MessageView},
};
use hotline_core::time::{LineTime, WallTime};
use hotline_faults::rig::LinkView;
use hotline_ledger::{Engine, MemoryDisk};
use hotline_transport::{Seams, seams::Clock};
use tokio::time::Instant;

use super::*;
use crate::{
    codebook::shipped,
    live::{
        site::{DeskPlace, SidePlace, Site},
        stage::Happening,
    },
    record::Seen,
    scenario::{
        lists::{ProcessDeed, Side},
        msel::{FaultDeed, Link},
    },
    testing::{BEGAN, Play},
};

/// A clock that goes on when it is told to, and, on a machine that is busy, before each look at it.
#[derive(Clone, Debug, Default)]
struct Hand {
    now_ms: Arc<AtomicU64>,
    stands_still_ms: Arc<AtomicU64>,
}

impl Hand {
    fn goes_on(&self, ms: u64) {
        self.now_ms.fetch_add(ms, Ordering::Relaxed);
    }

    /// From now on so long before each look at the wall clock.
    fn stands_still(&self, ms: u64) {
        self.stands_still_ms.store(ms, Ordering::Relaxed);
    }

    fn ms(&self) -> u64 {
        self.now_ms.load(Ordering::Relaxed)
    }
}

impl Clock for Hand {
    fn wall(&self) -> WallTime {
        self.goes_on(self.stands_still_ms.load(Ordering::Relaxed));
        WallTime::from_unix_ms(BEGAN + self.ms())
    }

    fn line(&self) -> LineTime {
        LineTime::from_start(Duration::from_millis(self.ms()))
    }
}

/// A line of one desk, B, whose clock is control's and which answers when it comes to it.
struct Busy {
    site: Site,
    clock: Hand,
    messages: Vec<MessageView>,
    /// How long a list takes; none where the desk does not answer in time.
    list_ms: Option<u64>,
}

impl Scene for Busy {
    fn site(&self) -> &Site {
        &self.site
    }

    fn desks(&self) -> impl Iterator<Item = &str> {
        iter::once("B")
    }

    fn plays(&self, _seat: &str) -> bool {
        false
    }

    fn is_down(&self, _who: &str) -> bool {
        false
    }

    async fn next(&mut self, _until: Instant) -> Option<Happening> {
        None
    }

    fn unheard(&self) -> usize {
        0
    }

    fn heard_already(&mut self) -> Option<Happening> {
        None
    }

    async fn list(&mut self, desk: &str) -> Result<Vec<MessageView>, StageError> {
        let ms = self.list_ms.ok_or_else(|| StageError::Nobody(desk.to_owned()))?;
        self.clock.goes_on(ms);
        Ok(self.messages.clone())
    }

    async fn status(&mut self, _desk: &str) -> Result<LineStatus, StageError> {
        Ok(LineStatus {
            wall_ms: BEGAN + self.clock.ms(),
            ..LineStatus::default()
        })
    }

    async fn show(&mut self, desk: &str, _message: &str) -> Result<MessageView, StageError> {
        Err(StageError::Nobody(desk.to_owned()))
    }

    async fn ask(&mut self, _desk: &str, _request: &Request) -> Result<(), StageError> {
        Ok(())
    }

    async fn tell(&mut self, seat: &str, _words: &ToPlayer) -> Result<(), StageError> {
        Err(StageError::Nobody(seat.to_owned()))
    }

    async fn tell_all(&mut self, _words: &ToPlayer) {}

    fn fault(&self, name: &str, _deed: &FaultDeed) -> Result<Vec<String>, StageError> {
        Err(StageError::Nobody(name.to_owned()))
    }

    fn mend(&self, name: &str) -> Result<Vec<String>, StageError> {
        Err(StageError::Nobody(name.to_owned()))
    }

    fn links(&self) -> Vec<LinkView> {
        Vec::new()
    }

    fn links_of(&self, link: &Link) -> Result<Vec<String>, StageError> {
        Err(StageError::Nobody(link.to_string()))
    }

    async fn process(&mut self, _deed: ProcessDeed, who: &str) -> Result<(), StageError> {
        Err(StageError::Nobody(who.to_owned()))
    }
}

/// A line of two sides with a desk each, and no relays.
pub(super) fn site() -> Site {
    let sides =
        [(Side::A, "avelia", "a"), (Side::B, "borenia", "b")].map(|(side, country, desk)| SidePlace {
            side,
            domain: format!("exercise.{country}.example"),
            trust: "/".into(),
            relays: Vec::new(),
            desks: vec![DeskPlace {
                name: side.name().into(),
                config: "/".into(),
                ledger: "/".into(),
                identity: format!("spiffe://exercise.{country}.example/desk/{desk}"),
                backup: None,
            }],
        });
    Site {
        root: "/".into(),
        exe: "/".into(),
        exercise: "S1-1".into(),
        sides: sides.into(),
    }
}

/// Control on that line, with its records on this disk.
fn control(disk: &MemoryDisk, clock: &Hand) -> Conductor<Busy> {
    let play = Play::s1();
    let scenario = crate::scenario::parse("S1.toml", &play.scenario).unwrap();
    let stage = Busy {
        site: site(),
        clock: clock.clone(),
        messages: Vec::new(),
        list_ms: Some(0),
    };
    let log = ExconLog::open_on(Engine::Memory(disk.clone()), play.keys()).unwrap();
    let seams = Seams {
        clock: Arc::new(clock.clone()),
        ..Seams::system()
    };
    let codebook = shipped::starter().unwrap();
    Conductor::new(
        Plan::new(Arc::new(scenario), None),
        stage,
        log,
        codebook,
        seams,
        // Whatever plays on ends at its first step.
        Arc::new(AtomicBool::new(true)),
    )
}

/// The same behind STARTEX.
fn begun(disk: &MemoryDisk, clock: &Hand) -> Conductor<Busy> {
    let mut control = control(disk, clock);
    let startex = Play::s1().startex();
    control.note(Kind::Startex(Box::new(startex))).unwrap();
    control
}

/// A message that came in, as B tells of it: so often as new in this run of it.
fn told(run: &str, times: u32) -> MessageView {
    let announced = AnnouncedView {
        run: run.to_owned(),
        times,
    };
    MessageView {
        sha256: "ab".repeat(32),
        direction: "in".into(),
        announced: (times > 0).then_some(announced),
        ..MessageView::default()
    }
}

fn news(message: MessageView) -> Happening {
    let (what, message) = ("ADDED".to_owned(), Box::new(message));
    Happening::News {
        desk: "B".into(),
        news: Box::new(News::Message { what, message }),
    }
}

/// Everything that control saw of B.
fn seen(control: &Conductor<Busy>) -> Vec<(u64, Seen)> {
    let records = control.log.records().unwrap().into_iter();
    let seen = records.filter_map(|kept| match kept.record.kind {
        Kind::Observed { seen, .. } => Some((kept.record.stamp.wall.unix_ms(), *seen)),
        _ => None,
    });
    seen.collect()
}

/// How many showings stand in control's records.
async fn shown(control: &mut Conductor<Busy>) -> usize {
    control.look().await.unwrap();
    seen(control).iter().map(|(_, seen)| seen.shown.len()).sum()
}

#[tokio::test]
async fn a_message_whose_news_come_long_after_the_list_that_has_it_was_shown_once() {
    let (disk, clock) = (MemoryDisk::new(), Hand::default());
    let mut control = begun(&disk, &clock);
    control.stage.messages = vec![told("one", 1)];
    control.look_anew("B").await.unwrap();
    clock.goes_on(30_000);
    control.hear(news(told("one", 1))).await.unwrap();
    assert_eq!(shown(&mut control).await, 1);
    control.look_anew("B").await.unwrap();
    assert_eq!(shown(&mut control).await, 1);
    control.hear(news(told("one", 2))).await.unwrap();
    assert_eq!(shown(&mut control).await, 2, "now the desk has shown it again");
}

#[tokio::test]
async fn what_stood_in_the_records_and_what_came_while_control_was_away_were_shown_once_each() {
    let (disk, clock) = (MemoryDisk::new(), Hand::default());
    let mut before = begun(&disk, &clock);
    before.hear(news(told("one", 1))).await.unwrap();
    assert_eq!(shown(&mut before).await, 1);
    drop(before);
    // The desk was started again with control, has the first in its ledger, and a second one came as it opened.
    clock.goes_on(60_000);
    let second = MessageView {
        sha256: "cd".repeat(32),
        ..told("two", 1)
    };
    let mut again = control(&disk, &clock);
    again.stage.messages = vec![told("two", 0), second.clone()];
    // It is busy, and answers at a later look.
    again.stage.list_ms = None;
    let resumed = again.resume(&[]).await;
    assert!(
        matches!(resumed, Err(ConductError::Interrupted(_))),
        "{resumed:?}"
    );
    assert_eq!(shown(&mut again).await, 1);
    again.stage.list_ms = Some(0);
    assert_eq!(shown(&mut again).await, 2);
    clock.goes_on(30_000);
    again.hear(news(second)).await.unwrap();
    assert_eq!(shown(&mut again).await, 2);
    again.hear(news(told("two", 1))).await.unwrap();
    assert_eq!(shown(&mut again).await, 3, "it shows as new what it had shown");
}

/// Whether every look holds where the desk's clock was: control's own, on this line.
fn holds(control: &Conductor<Busy>) -> bool {
    let seen = seen(control).into_iter();
    let mut looks = seen.filter_map(|(at, seen)| Some((at, seen.wall_ms?)));
    looks.all(|(at, (desk_ms, half))| {
        let look = crate::timeline::Offset::seen(at, desk_ms, half);
        look.ahead_ms().unsigned_abs() <= look.uncertainty_ms
    })
}

#[tokio::test]
async fn a_look_holds_where_a_desks_clock_was_however_long_control_stands_still_before_it_writes() {
    let (disk, clock) = (MemoryDisk::new(), Hand::default());
    let mut control = begun(&disk, &clock);
    clock.stands_still(40);
    control.look().await.unwrap();
    assert!(holds(&control), "{:?}", seen(&control));
    clock.stands_still(0);
    clock.goes_on(6_000);
    // Between its answer and the record the desk tells of all its messages.
    control.stage.list_ms = Some(300);
    control.turns.look_at("B".into());
    control.look().await.unwrap();
    assert_eq!(seen(&control).len(), 2);
    assert!(holds(&control), "{:?}", seen(&control));
}
