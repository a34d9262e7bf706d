//! What officers do beyond handing in: draft and release by two, acknowledge, answer.

use std::{path::PathBuf, sync::Arc, time::Duration};

use hotline_cli::desk::{
    keyring,
    seat::{Seat, reference},
};
use hotline_client::{
    compose::{self, Officer, Sheet, Wording},
    request::{Answer, Request},
    view::MessageView,
};
use hotline_core::{
    precedence::Precedence,
    release::Capacity,
    words::{Answer as Word, Function, OfficerRole, ResponseAttribute, Rung},
};

use super::{Shared, desk::Desk, people::hand_in};
use crate::{Line, traffic::wording};

/// Time between two things that an officer does. 100 ms: a quarter of the plain traffic.
const EVERY: Duration = Duration::from_millis(100);
/// Messages acknowledged after one look.
const ACTS: usize = 2;

/// The officers of a side.
pub(super) struct Officers {
    seat: Seat,
    drafter: Officer,
    releaser: Officer,
    watch: Officer,
}

impl Officers {
    /// Takes up the keys at a side's desk.
    pub(super) async fn at(line: &Line, side: usize) -> Self {
        let (seat, common) = (line.seat(side).await, line.common(side));
        let with =
            |roles: &[OfficerRole], other: Option<&str>| keyring::officer(&seat, &common, None, roles, other);
        let drafter = with(&[OfficerRole::Drafter, OfficerRole::Releaser], None).unwrap();
        let releaser = with(&[OfficerRole::Releaser], Some(&drafter.identity)).unwrap();
        let watch = with(&[OfficerRole::WatchOfficer, OfficerRole::DutyOfficer], None).unwrap();
        Self {
            drafter,
            releaser,
            watch,
            seat,
        }
    }

    fn write(&self, wording: &Wording, by: &Officer, capacity: Capacity) -> Sheet {
        let (clock, entropy) = (self.seat.seams.clock.as_ref(), self.seat.seams.entropy.as_ref());
        let desk = (&self.seat.config, &self.seat.sealing());
        compose::write(desk, wording, by, capacity, clock, entropy).unwrap()
    }
}

/// Drafts, and releases what the desk lists as another officer. A draft that was answered to be kept must be listed.
pub(super) async fn draft(shared: Arc<Shared>, officers: Officers, socket: PathBuf) {
    let mut desk = Desk::at(socket);
    for number in 0usize.. {
        tokio::time::sleep(EVERY).await;
        if shared.stopped() {
            return;
        }
        let text = format!("Draft {number}: two ships, one course.");
        let mut words = wording(&officers.seat, &text);
        words.precedence = Precedence::Flash;
        let sheet = officers.write(&words, &officers.drafter, Capacity::Drafter);
        let Some(Answer::Drafts { drafts }) = desk.ask(&Request::Draft { sheet }).await else {
            continue;
        };
        for kept in drafts {
            let Some(mut sheet) = listed(&shared, &mut desk, &kept.id).await else {
                continue;
            };
            let clock = officers.seat.seams.clock.as_ref();
            sheet
                .approve(&officers.releaser, Capacity::Releaser, clock)
                .unwrap();
            hand_in(&shared, &mut desk, sheet, &words).await;
        }
    }
}

/// The draft as the desk lists it, asked until it answers; none when it lists no such draft, or the run ends.
async fn listed(shared: &Shared, desk: &mut Desk, id: &str) -> Option<Sheet> {
    loop {
        if let Some(Answer::Drafts { drafts }) = desk.ask(&Request::Drafts).await {
            let found = drafts.into_iter().find(|draft| draft.id == id);
            if found.is_none() {
                shared.seen(|seen| seen.drafts_lost.push(id.to_owned()));
            }
            return found.map(|draft| draft.sheet);
        }
        if shared.stopped() {
            return None;
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Acknowledges what was on the screen, and answers some of it.
pub(super) async fn answer(shared: Arc<Shared>, officers: Officers, socket: PathBuf) {
    let mut desk = Desk::at(socket);
    for look in 1usize.. {
        tokio::time::sleep(EVERY).await;
        if shared.stopped() {
            return;
        }
        let incoming = desk.list(look, true).await;
        let waiting = incoming
            .iter()
            .rev()
            .filter(|view| view.shown == "signed" && !view.reached(Rung::Acknowledged));
        for (place, view) in waiting.take(ACTS).enumerate() {
            acknowledge(&officers, &mut desk, view).await;
            if place == 0 {
                roger(&shared, &officers, &mut desk, view).await;
            }
        }
    }
}

async fn acknowledge(officers: &Officers, desk: &mut Desk, view: &MessageView) {
    let (about, _) = reference(view).unwrap();
    let clock = officers.seat.seams.clock.as_ref();
    let config = &officers.seat.config;
    let act = compose::act(config, &officers.watch, Rung::Acknowledged, about, "", clock).unwrap();
    // Whether it was kept is asked at the next look.
    let _ = desk.ask(&Request::Act { act }).await;
}

async fn roger(shared: &Shared, officers: &Officers, desk: &mut Desk, view: &MessageView) {
    let text = format!("ROGER {}", view.name);
    let words = Wording {
        precedence: Precedence::Priority,
        function: Function::Reply,
        response: ResponseAttribute::None,
        refers_to: Some(reference(view).unwrap()),
        answer: Some(Word::Roger),
        ..wording(&officers.seat, &text)
    };
    let sheet = officers.write(&words, &officers.releaser, Capacity::Releaser);
    hand_in(shared, desk, sheet, &words).await;
}
