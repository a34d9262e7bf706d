//! Sessions that come and end in every way, and what the relay then signs.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{sync::Mutex, time::Duration};

use hotline_audit::{
    SigningKey, check,
    key::{Enrolment, Purpose, RosterBuilder, RosterSet},
    statement,
};

use super::*;

const NOW_MS: u64 = 1_795_000_000_000;

/// A clock that is set by hand.
#[derive(Debug, Default)]
struct Hand(Mutex<Duration>);

impl Hand {
    fn passes(&self, time: Duration) {
        *self.0.lock().unwrap() += time;
    }
}

impl Clock for Hand {
    fn wall(&self) -> WallTime {
        let passed = u64::try_from(self.0.lock().unwrap().as_millis()).unwrap();
        WallTime::from_unix_ms(NOW_MS + passed)
    }

    fn line(&self) -> LineTime {
        LineTime::from_start(*self.0.lock().unwrap())
    }
}

fn silent_after(profile: Profile) -> Duration {
    profile.numbers().silent_after
}

struct Stage {
    clock: Arc<Hand>,
    register: Arc<Register>,
    rosters: RosterSet,
    reader: Identity,
    desk: Identity,
    told: Told,
}

impl Stage {
    fn new() -> Self {
        Self::of(Profile::Lan)
    }

    /// A relay that serves lines of that kind.
    fn of(profile: Profile) -> Self {
        let relay: Identity = "spiffe://exercise.avelia.example/relay/north".parse().unwrap();
        let mut rosters = RosterSet::new();
        let root = SigningKey::from_seed(&[1; 32]);
        let mut builder = RosterBuilder::new("exercise.avelia.example", root).unwrap();
        let enrolment = Enrolment {
            purpose: Purpose::Log,
            subject: relay.to_string(),
            roles: Vec::new(),
            public_key: SigningKey::from_seed(&[2; 32]).public(),
            not_before_ms: NOW_MS - 1_000_000,
            not_after_ms: NOW_MS + 100_000_000,
        };
        builder.enrol(enrolment).unwrap();
        rosters.update(builder.finish()).unwrap();
        let (reader, desk) = (
            "spiffe://exercise.avelia.example/desk/ops".parse().unwrap(),
            "spiffe://exercise.borenia.example/desk/ops".parse().unwrap(),
        );
        let clock = Arc::new(Hand::default());
        let known = BTreeSet::from([Identity::clone(&reader), Identity::clone(&desk)]);
        let pen = Pen::new(&relay, SigningKey::from_seed(&[2; 32]), &rosters);
        let seam: Arc<dyn Clock> = clock.clone();
        Self {
            register: Register::new(pen, seam, known, profile),
            clock,
            rosters,
            reader,
            desk,
            told: Told::default(),
        }
    }

    fn enters(&self, boot: u64, door: Door) -> Presence {
        self.enters_by(Profile::Lan, boot, door)
    }

    fn enters_by(&self, profile: Profile, boot: u64, door: Door) -> Presence {
        self.register
            .enter(
                &self.desk,
                Life {
                    ledger: [7; 16],
                    boot,
                },
                door,
                profile,
            )
            .unwrap()
    }

    /// What the reader is told with the next heartbeat.
    fn news(&mut self) -> Vec<statement::Presence> {
        self.register
            .news(&self.reader, &mut self.told)
            .iter()
            .map(|bytes| check::verify_presence(bytes, &self.rosters, NOW_MS).unwrap())
            .collect()
    }

    fn state(&mut self) -> Option<PresenceState> {
        self.news()
            .pop()
            .and_then(|said| PresenceState::from_wire(said.state))
    }
}

#[test]
fn a_desk_that_says_goodbye_is_closed_and_comes_back_only_with_another_life() {
    let mut stage = Stage::new();
    let (quic, tcp) = (stage.enters(1, Door::Quic), stage.enters(1, Door::Tcp));
    let said = stage.news().pop().unwrap();
    assert_eq!(
        (said.state, said.doors),
        (1, vec!["quic".to_owned(), "tcp".to_owned()])
    );
    assert!(stage.news().is_empty(), "nothing changed");
    quic.ended(End::Goodbye);
    // Its other sessions break off behind it.
    tcp.ended(End::Broken);
    assert_eq!(stage.state(), Some(PresenceState::Closed));
    let late = stage.enters(1, Door::Tcp);
    assert_eq!(stage.state(), None, "a lane that was under way is no return");
    drop(late);
    let _again = stage.enters(2, Door::Tcp);
    assert_eq!(stage.state(), Some(PresenceState::Present));
}

#[test]
fn a_process_that_dies_is_reset_once_its_quic_sessions_are_silent_too() {
    let mut stage = Stage::new();
    let (quic, tcp) = (stage.enters(1, Door::Quic), stage.enters(1, Door::Tcp));
    stage.news();
    tcp.ended(End::Broken);
    let said = stage.news().pop().unwrap();
    assert_eq!((said.state, said.doors), (1, vec!["quic".to_owned()]));
    stage.clock.passes(silent_after(Profile::Lan));
    let said = stage.news().pop().unwrap();
    assert_eq!(
        (said.state, said.since_ms),
        (3, NOW_MS),
        "since its machine ended the connection"
    );
    drop(quic);
    assert!(stage.news().is_empty());
}

#[test]
fn a_desk_that_is_paused_or_cut_off_is_silent_since_its_last_frame() {
    let mut stage = Stage::new();
    let tcp = stage.enters(1, Door::Tcp);
    stage.news();
    stage.clock.passes(Duration::from_secs(60));
    tcp.heard();
    assert!(stage.news().is_empty());
    stage.clock.passes(silent_after(Profile::Lan));
    let said = stage.news().pop().unwrap();
    assert_eq!((said.state, said.since_ms), (4, NOW_MS + 60_000));
    tcp.heard();
    assert_eq!(stage.state(), Some(PresenceState::Present), "it goes on");
    tcp.ended(End::Other);
    assert_eq!(
        stage.state(),
        Some(PresenceState::Silent),
        "a leg given up is no death"
    );
}

#[test]
fn a_desk_far_away_is_silent_only_after_what_its_kind_of_line_can_keep_back() {
    for profile in Profile::ALL {
        let mut stage = Stage::of(Profile::Satellite);
        let _session = stage.enters_by(profile, 1, Door::Quic);
        stage.news();
        stage.clock.passes(profile.numbers().down_after);
        assert!(
            stage.news().is_empty(),
            "{profile}: the desk itself has only just given up"
        );
        let rest = silent_after(profile) - profile.numbers().down_after;
        stage.clock.passes(rest - Duration::from_millis(1));
        assert!(stage.news().is_empty(), "{profile}");
        stage.clock.passes(Duration::from_millis(1));
        assert_eq!(stage.state(), Some(PresenceState::Silent), "{profile}");
    }
}

#[test]
fn a_relay_of_far_lines_says_nothing_about_a_desk_that_had_no_time_to_find_it() {
    let mut stage = Stage::of(Profile::Satellite);
    stage.clock.passes(silent_after(Profile::Lan));
    assert_eq!(stage.state(), None);
    stage.clock.passes(silent_after(Profile::Satellite));
    assert_eq!(stage.state(), Some(PresenceState::Silent));
}

#[test]
fn a_desk_whose_frames_come_on_after_a_broken_connection_is_silent_and_not_reset_when_it_is_cut_off() {
    let mut stage = Stage::new();
    let (quic, tcp) = (stage.enters(1, Door::Quic), stage.enters(1, Door::Tcp));
    stage.news();
    tcp.ended(End::Broken);
    // What was on its way when the process died proves nothing.
    stage.clock.passes(Duration::from_millis(500));
    quic.heard();
    stage.clock.passes(silent_after(Profile::Lan));
    assert_eq!(stage.state(), Some(PresenceState::Reset));
    quic.heard();
    assert_eq!(stage.state(), Some(PresenceState::Present));
    stage.clock.passes(silent_after(Profile::Lan));
    let said = stage.news().pop().unwrap();
    assert_eq!(
        (said.state, said.since_ms),
        (4, NOW_MS + 5_500),
        "SILENT since its last frame"
    );
}

#[test]
fn a_quic_session_that_breaks_off_says_nothing_about_the_process() {
    let mut stage = Stage::new();
    stage.enters(1, Door::Quic).ended(End::Broken);
    assert_eq!(stage.state(), Some(PresenceState::Silent));
}

#[test]
fn a_relay_that_has_just_started_says_nothing_about_a_desk_that_may_be_on_its_way() {
    let mut stage = Stage::new();
    assert_eq!(stage.state(), None);
    stage.clock.passes(silent_after(Profile::Lan));
    assert_eq!(stage.state(), Some(PresenceState::Silent));
}

#[test]
fn every_session_is_told_once_and_nobody_about_a_desk_of_the_own_side() {
    let mut stage = Stage::new();
    let _session = stage.enters(1, Door::Tcp);
    assert_eq!(stage.news().len(), 1);
    let mut other = Told::default();
    assert_eq!(stage.register.news(&stage.reader, &mut other).len(), 1);
    let own = stage.register.news(&stage.desk, &mut Told::default());
    assert!(
        own.is_empty(),
        "the reader never came, and the relay has just started"
    );
}

#[test]
fn two_ledgers_of_one_desk_are_not_let_in_at_once() {
    let stage = Stage::new();
    let _first = stage.enters(1, Door::Tcp);
    let copy = Life {
        ledger: [8; 16],
        boot: 1,
    };
    assert_eq!(
        stage
            .register
            .enter(&stage.desk, copy, Door::Quic, Profile::Lan)
            .err(),
        Some([7; 16])
    );
}

#[test]
fn a_desk_that_trust_brings_while_the_relay_runs_is_told_of_and_one_that_it_takes_is_not() {
    let mut stage = Stage::new();
    let _session = stage.enters(1, Door::Tcp);
    let both = BTreeSet::from([stage.reader.clone(), stage.desk.clone()]);
    stage.register.know(BTreeSet::from([stage.reader.clone()]));
    assert!(stage.news().is_empty(), "nobody knows the desk");
    stage.register.know(both);
    assert_eq!(stage.state(), Some(PresenceState::Present));
}
