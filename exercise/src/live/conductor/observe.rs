//! What control sees of desks: their label, causes, legs, alarms and clock. No statement holds that, so control signs that it
//! saw it; each record has what changed since the last one about that desk.

use std::{collections::BTreeMap, time::Duration};

use hotline_audit::statement::MAX_CONTROL_DETAIL;
use hotline_client::status::LineStatus;
use hotline_core::time::{LineTime, WallTime};
use serde::Serialize;

use super::{ConductError, Conductor};
use crate::{
    live::{scene::Scene, words::ToPlayer},
    plan::Sight,
    record::{Kind, Seen},
};

/// How often a desk's clock is written down when nothing else changes. Five seconds of line.
const CLOCK_EVERY: Duration = Duration::from_secs(5);
/// From so many milliseconds on a desk's clock was set, and did not just run. Half a second: far above what a look leaves open.
const CLOCK_JUMP_MS: u64 = 500;
/// How long after that it is written down again: once the setting surely holds, which the judge gives a second.
const CLOCK_HOLDS_BY: Duration = Duration::from_millis(1_250);
/// Most alarms and shown messages of one record; what is beyond waits for the next.
const AT_ONCE: usize = 64;
/// Most bytes of what a record says of a desk. What a record may hold, less 1 KiB: the desk's name, its clock and the frame.
const ROOM: usize = MAX_CONTROL_DETAIL - 1024;
/// Most that wait, of each. 4,096: what the last looks behind ENDEX still write down.
const WAITING_MAX: usize = 4_096;
/// Most messages that came in at a desk that joined. 10,000: as many as it is asked for behind a break.
const ARRIVED_MAX: usize = 10_000;
/// What is written down as an alarm where more came than could wait.
const MISSED: &str = "CONTROL_MISSED";

/// What control knows of a desk.
#[derive(Debug, Default)]
pub(super) struct Watched {
    /// What it showed when it was written down last.
    pub(super) told: Seen,
    /// When that was.
    at: Option<LineTime>,
    /// How far its clock was ahead of control's when it was asked last, in milliseconds.
    ahead_ms: Option<i64>,
    /// When its clock was set, until that is written down.
    jumped: Option<LineTime>,
    /// Alarms since then.
    alarms: Vec<(String, String)>,
    /// Messages that were looked at since then.
    shown: Vec<String>,
    /// Alarms and messages that came when there was no more room.
    missed: u64,
    /// How many messages came in there.
    arrived: usize,
    /// Statements that it owed the relays when it was asked last.
    owes: u64,
}

impl Watched {
    /// An alarm that is to be written down.
    pub(super) fn alarm(&mut self, code: String, what: String) {
        match self.alarms.len() < WAITING_MAX {
            true => self.alarms.push((code, what)),
            false => self.missed = self.missed.saturating_add(1),
        }
    }

    /// A message that was shown, and is to be written down.
    pub(super) fn show(&mut self, message: &str) {
        match self.shown.len() < WAITING_MAX {
            true => self.shown.push(message.to_owned()),
            false => self.missed = self.missed.saturating_add(1),
        }
    }

    /// Whether its clock is to be written down, though nothing else changed: now and then, and soon after it was set.
    fn clock_is_due(&mut self, wall_ms: u64, wall: WallTime, now: LineTime) -> bool {
        let of = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
        let ahead = (wall_ms > 0).then(|| of(wall_ms).saturating_sub(of(wall.unix_ms())));
        let before = std::mem::replace(&mut self.ahead_ms, ahead);
        if let (Some(before), Some(ahead)) = (before, ahead)
            && ahead.abs_diff(before) > CLOCK_JUMP_MS
        {
            self.jumped = Some(now);
        }
        let holds = self.jumped.is_some_and(|at| now.since(at) >= CLOCK_HOLDS_BY);
        if holds {
            self.jumped = None;
        }
        holds || self.at.is_none_or(|at| now.since(at) >= CLOCK_EVERY)
    }

    /// Whether one more message that came in there is kept in mind: as long as the desk is `here`, or has not told of more
    /// than any exercise has.
    pub(super) fn has_room(&mut self, here: bool) -> bool {
        let room = here || self.arrived < ARRIVED_MAX;
        match room {
            true => self.arrived = self.arrived.saturating_add(1),
            false => self.missed = self.missed.saturating_add(1),
        }
        room
    }

    /// What goes into the next record.
    fn take(&mut self) -> (Vec<(String, String)>, Vec<String>) {
        if self.missed > 0 && self.alarms.len() < WAITING_MAX {
            let what = format!(
                "{} alarms and shown messages of this desk came faster than control writes, and are in no record",
                std::mem::take(&mut self.missed)
            );
            self.alarms.push((MISSED.to_owned(), what));
        }
        let alarms = self.alarms.len().min(AT_ONCE);
        let shown = self.shown.len().min(AT_ONCE);
        (
            self.alarms.drain(..alarms).collect(),
            self.shown.drain(..shown).collect(),
        )
    }

    /// What has changed since it was written down last, so much of it as a record holds, and the rest waits; and what counts
    /// as written down then.
    fn news(&mut self, mut full: Seen) -> (Seen, Seen) {
        let mut news = changed(&self.told, &full);
        (news.alarms, news.shown) = self.take();
        let mut over = encoded(&news).saturating_sub(ROOM);
        let mut alarms = Vec::new();
        while over > 0
            && let Some(last) = news.alarms.pop()
        {
            over = over.saturating_sub(encoded(&last));
            alarms.push(last);
        }
        let mut shown = Vec::new();
        while over > 0
            && let Some(last) = news.shown.pop()
        {
            over = over.saturating_sub(encoded(&last));
            shown.push(last);
        }
        self.alarms.splice(..0, alarms.into_iter().rev());
        self.shown.splice(..0, shown.into_iter().rev());
        // A leg that finds no room stays as it was told last, and so differs at the next look.
        while over > 0
            && let Some((leg, state)) = news.legs.pop_last()
        {
            over = over.saturating_sub(encoded(&leg) + encoded(&state));
            news.legs_since_ms.remove(&leg);
            as_before(&self.told.legs, &mut full.legs, &leg);
            as_before(&self.told.legs_since_ms, &mut full.legs_since_ms, &leg);
        }
        (news, full)
    }

    /// Whether there is more to write down than one record held.
    pub(super) fn has_more(&self) -> bool {
        !self.alarms.is_empty() || !self.shown.is_empty()
    }

    /// Whether every relay had everything of it when it was asked last.
    pub(super) const fn owes_nothing(&self) -> bool {
        self.owes == 0
    }
}

impl<S: Scene> Conductor<S> {
    /// Looks at every desk that runs.
    pub(super) async fn look(&mut self) -> Result<(), ConductError> {
        self.looked = self.now();
        let desks: Vec<String> = self.stage.desks().map(str::to_owned).collect();
        for desk in desks {
            let before = self.now();
            // One that is stopped or dying is told by what it does not do.
            let Ok(status) = self.stage.status(&desk).await else {
                continue;
            };
            let now = self.now();
            if self.turns.is_due(&desk, now) || self.unheard.contains(&desk) {
                self.look_anew(&desk).await?;
            }
            self.saw(&desk, &status, before).await?;
        }
        self.attend()?;
        self.hear_relays()
    }

    /// What a desk showed that was asked at `asked`.
    async fn saw(&mut self, desk: &str, status: &LineStatus, asked: LineTime) -> Result<(), ConductError> {
        let (wall, now) = (self.seams.clock.wall(), self.now());
        let full = seen(status);
        let stamp = self.stamp();
        self.plan.see(&Sight::Desk { desk, stands: &full }, stamp);
        let watched = self.watched.entry(desk.to_owned()).or_default();
        let owed = status.relays.values().map(|relay| relay.pending);
        watched.owes = owed.fold(0, u64::saturating_add);
        let (mut news, full) = watched.news(full);
        let due = watched.clock_is_due(status.wall_ms, wall, now);
        if news == Seen::default() && !due {
            return Ok(());
        }
        let label = news.label.clone();
        watched.told = full;
        watched.at = Some(now);
        news.wall_ms = (status.wall_ms > 0).then_some((status.wall_ms, half_of(now.since(asked))));
        let seen = Box::new(news);
        let desk = desk.to_owned();
        if let Some(label) = label {
            let desk = desk.clone();
            self.stage.tell_all(&ToPlayer::Label { desk, label }).await;
        }
        self.note_at(Kind::Observed { desk, seen }, (wall, now)).map(drop)
    }
}

/// Half of the time from a question to the record of its answer, in whole milliseconds and no less than it was: both ends
/// of it are read in whole milliseconds. It counts until the record's own wall clock was read and not until the answer came:
/// in between a busy machine may let this process stand still, and the desk's clock was read before all of that.
fn half_of(asked_to_record: Duration) -> u32 {
    let ms = asked_to_record.as_millis().saturating_add(1);
    u32::try_from(ms.div_ceil(2)).unwrap_or(u32::MAX)
}

/// Bytes of a thing as a record holds it.
fn encoded(thing: &impl Serialize) -> usize {
    // What cannot be written is in no record.
    serde_json::to_vec(thing).map_or(0, |bytes| bytes.len())
}

/// A leg stands in `new` as it does in `old`.
fn as_before<T: Clone>(old: &BTreeMap<String, T>, new: &mut BTreeMap<String, T>, leg: &str) {
    match old.get(leg) {
        Some(before) => new.insert(leg.to_owned(), before.clone()),
        None => new.remove(leg),
    };
}

fn seen(status: &LineStatus) -> Seen {
    let standing = &status.standing;
    let axes = [
        ("carrier", &standing.axes.carrier),
        ("watch", &standing.axes.watch),
        ("political", &standing.axes.political),
        ("identity", &standing.axes.identity),
    ];
    Seen {
        wall_ms: None,
        label: Some(standing.label.clone()),
        causes: Some(each_once(standing.causes.iter().map(|cause| &cause.code))),
        axes: axes
            .map(|(axis, view)| (axis.to_owned(), view.state.clone()))
            .into(),
        legs: status
            .legs
            .iter()
            .map(|(leg, view)| (leg.clone(), view.state.clone()))
            .collect(),
        legs_since_ms: status
            .legs
            .iter()
            .filter_map(|(leg, view)| Some((leg.clone(), view.since_ms?)))
            .collect(),
        alarms: Vec::new(),
        shown: Vec::new(),
        coalesced: 0,
    }
}

/// Causes by their codes: the one that the desk tells first, and each once, however many messages it is about.
fn each_once<'a>(codes: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for code in codes {
        if !found.contains(code) {
            found.push(code.clone());
        }
    }
    found
}

/// What of `new` is not in `old`.
///
/// A leg that came back to the state that it had, between two looks, has changed all the same: it says since when.
fn changed(old: &Seen, new: &Seen) -> Seen {
    let turned = |leg: &String| {
        old.legs.get(leg) != new.legs.get(leg) || old.legs_since_ms.get(leg) != new.legs_since_ms.get(leg)
    };
    let of_turned = |(leg, state): (&String, &String)| turned(leg).then(|| (leg.clone(), state.clone()));
    let since_of_turned = |(leg, since): (&String, &u64)| turned(leg).then(|| (leg.clone(), *since));
    let differs = |old: &BTreeMap<String, String>, new: &BTreeMap<String, String>| {
        let differing = new.iter().filter(|(name, state)| old.get(*name) != Some(state));
        differing
            .map(|(name, state)| (name.clone(), state.clone()))
            .collect()
    };
    Seen {
        wall_ms: None,
        label: new
            .label
            .clone()
            .filter(|label| old.label.as_ref() != Some(label)),
        causes: new
            .causes
            .clone()
            .filter(|causes| old.causes.as_ref() != Some(causes)),
        axes: differs(&old.axes, &new.axes),
        legs: new.legs.iter().filter_map(of_turned).collect(),
        legs_since_ms: new.legs_since_ms.iter().filter_map(since_of_turned).collect(),
        alarms: Vec::new(),
        shown: Vec::new(),
        coalesced: 0,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use hotline_client::{
        request::{Answer, News},
        standing::CauseView,
        status::LegStatus,
    };
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::live::joined::{tame::tame, words::FromSeat};

    /// Words that become long where they are written: quotes, what is made inert, signs of four bytes.
    fn words() -> impl Strategy<Value = String> {
        vec(
            prop_oneof![Just('"'), Just('\\'), Just('\u{1}'), Just('\u{1f6a2}'), Just('x')],
            0..600,
        )
        .prop_map(|signs| signs.into_iter().collect())
    }

    fn alarm_of_a_seat(code: String, what: String) -> (String, String) {
        let news = Box::new(News::Alarm { code, what });
        match tame(FromSeat::News { news }) {
            FromSeat::News { news } => match *news {
                News::Alarm { code, what } => (code, what),
                _ => Default::default(),
            },
            _ => Default::default(),
        }
    }

    fn status_of_a_seat(words: &[String]) -> LineStatus {
        let mut status = LineStatus::default();
        status.standing.label = words.first().cloned().unwrap_or_default();
        for (number, word) in words.iter().enumerate() {
            status.standing.causes.push(CauseView {
                code: format!("{number}{word}"),
                ..CauseView::default()
            });
            let leg: String = "\"".repeat(60) + &number.to_string();
            let view = LegStatus {
                state: word.clone(),
                since_ms: Some(u64::MAX),
                ..LegStatus::default()
            };
            status.legs.insert(leg, view);
        }
        let answer = Box::new(Answer::Status(Box::new(status)));
        match tame(FromSeat::Answer { id: 1, answer }) {
            FromSeat::Answer { answer, .. } => match *answer {
                Answer::Status(status) => *status,
                _ => LineStatus::default(),
            },
            _ => LineStatus::default(),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn whatever_a_joined_desk_tells_fits_into_records_and_all_of_it_comes_into_one(
            alarms in vec((words(), words()), 0..150),
            shown in 0_usize..150,
            stands in vec(words(), 0..100),
        ) {
            let mut watched = Watched::default();
            let told: Vec<_> = alarms.into_iter().map(|(code, what)| alarm_of_a_seat(code, what)).collect();
            for (code, what) in told.clone() {
                watched.alarm(code, what);
            }
            for _ in 0..shown {
                watched.show(&"a".repeat(64));
            }
            let full = seen(&status_of_a_seat(&stands));
            let (mut written, mut looked_at, mut legs) = (Vec::new(), 0, BTreeMap::new());
            for _ in 0..64 {
                let (mut news, stands) = watched.news(full.clone());
                watched.told = stands;
                news.wall_ms = Some((u64::MAX, u32::MAX));
                written.extend(news.alarms.clone());
                looked_at += news.shown.len();
                legs.extend(news.legs.clone());
                let seen = Box::new(news);
                let desk = "B".repeat(64);
                let detail = Kind::Observed { desk, seen }.detail().unwrap();
                prop_assert!(detail.len() <= MAX_CONTROL_DETAIL, "{}", detail.len());
            }
            prop_assert_eq!((written, looked_at), (told, shown));
            prop_assert_eq!(legs, full.legs.clone());
            prop_assert!(!watched.has_more());
        }
    }

    #[test]
    fn legs_that_find_no_room_are_told_at_the_next_look() {
        let legs = (0..1_000).map(|number| (format!("{number:060}"), "\"".repeat(64)));
        let full = Seen {
            legs: legs.collect(),
            ..Seen::default()
        };
        let mut watched = Watched::default();
        let mut told = BTreeMap::new();
        for _ in 0..8 {
            let (news, stands) = watched.news(full.clone());
            watched.told = stands;
            assert!(encoded(&news) <= ROOM);
            told.extend(news.legs);
        }
        assert_eq!(told, full.legs);
    }

    #[test]
    fn a_desk_that_raises_more_alarms_than_can_be_written_down_costs_no_memory_and_that_is_written_down() {
        let mut watched = Watched::default();
        for number in 0..WAITING_MAX + 5 {
            watched.alarm("X".into(), number.to_string());
            watched.show("aa");
        }
        let (mut alarms, mut shown) = (Vec::new(), 0);
        while watched.has_more() {
            let (more, messages) = watched.take();
            assert!(more.len() <= AT_ONCE && messages.len() <= AT_ONCE);
            alarms.extend(more);
            shown += messages.len();
        }
        assert_eq!((alarms.len(), shown), (WAITING_MAX + 1, WAITING_MAX));
        let missed = alarms.iter().find(|(code, _)| code == MISSED);
        assert!(
            missed.is_some_and(|(_, what)| what.starts_with("10 alarms")),
            "{missed:?}"
        );
    }

    #[test]
    fn a_clock_that_was_set_is_written_down_again_once_the_setting_holds() {
        let mut watched = Watched::default();
        let mut due = |line_ms: u64, desk_ms: u64| {
            let wall = WallTime::from_unix_ms(100_000 + line_ms);
            let now = LineTime::from_start(Duration::from_millis(line_ms));
            let due = watched.clock_is_due(desk_ms + line_ms, wall, now);
            if due {
                watched.at = Some(now);
            }
            due
        };
        assert!(due(0, 100_000), "the first look");
        assert!(!due(250, 100_020), "it runs as it ran");
        assert!(
            !due(500, 104_000),
            "it was set, and something else writes that down"
        );
        assert!(!due(1_500, 104_000));
        assert!(due(1_750, 104_000), "now the setting surely holds");
        assert!(!due(2_000, 104_000) && !due(6_500, 104_000));
        assert!(due(6_750, 104_000), "and then now and then");
    }

    #[test]
    fn a_joined_desk_that_tells_of_more_messages_than_an_exercise_has_costs_no_memory_and_that_is_written_down()
     {
        let mut watched = Watched::default();
        let room = (0..ARRIVED_MAX + 3).filter(|_| watched.has_room(false)).count();
        assert_eq!(room, ARRIVED_MAX);
        let (alarms, _) = watched.take();
        assert!(
            alarms
                .iter()
                .any(|(code, what)| code == MISSED && what.starts_with("3 ")),
            "{alarms:?}"
        );
        assert!(watched.has_room(true), "one of this machine is believed");
    }

    #[test]
    fn a_record_of_a_desk_has_what_changed_and_nothing_else() {
        let leg = |state: &str| BTreeMap::from([("north/quic".to_owned(), state.to_owned())]);
        let since = |ms: u64| BTreeMap::from([("north/quic".to_owned(), ms)]);
        let one = Seen {
            label: Some("NORMAL".into()),
            legs: leg("UP"),
            legs_since_ms: since(1),
            ..Seen::default()
        };
        let two = Seen {
            legs: leg("DOWN"),
            legs_since_ms: since(2),
            ..one.clone()
        };
        assert_eq!(changed(&Seen::default(), &one), one);
        assert_eq!(changed(&one, &one), Seen::default());
        let news = changed(&one, &two);
        assert_eq!(
            (news.label, news.legs, news.legs_since_ms),
            (None, leg("DOWN"), since(2))
        );
        let again = Seen {
            legs_since_ms: since(3),
            ..one.clone()
        };
        assert_eq!(changed(&one, &again).legs, leg("UP"), "it was down in between");
    }
}
