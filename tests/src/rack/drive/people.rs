//! What people at a driven line's desks do all the time: hand in, look at what has come in, look at what was delivered.

use std::{path::PathBuf, sync::Arc};

use hotline_audit::Hash;
use hotline_client::{
    compose::{Sheet, Wording},
    request::{Answer, Request},
    view::MessageView,
};
use hotline_core::{precedence::Precedence, words::Rung};

use super::{EVERY, Shared, desk::Desk};
use crate::{
    checker::{Delivered, Sent, Shown},
    traffic::{Sender, wording},
};

/// The kinds of message, in turn.
const PRECEDENCES: [Precedence; 3] = [Precedence::Routine, Precedence::Immediate, Precedence::Deferred];

/// Hands in a plain message every so often.
pub(super) async fn send(shared: Arc<Shared>, sender: Sender, socket: PathBuf) {
    let mut desk = Desk::at(socket);
    for number in 0usize.. {
        tokio::time::sleep(EVERY).await;
        if shared.stopped() {
            return;
        }
        if !desk.reached().await {
            continue;
        }
        let text = format!("Search report {number}: no sighting in this square.");
        let mut words = wording(&sender.seat, &text);
        words.precedence = PRECEDENCES[number % PRECEDENCES.len()];
        hand_in(&shared, &mut desk, sender.sheet(&words), &words).await;
    }
}

/// Hands in what is signed, and writes down what became of it.
pub(super) async fn hand_in(shared: &Shared, desk: &mut Desk, sheet: Sheet, words: &Wording) {
    let id = data_encoding::HEXLOWER.encode(&sheet.message().unwrap().header.id);
    let line = |kept| Sent {
        id: id.clone(),
        class: words.precedence.name().to_owned(),
        sha256: Hash::of(words.text.as_bytes()).to_string(),
        kept,
        t_ms: shared.now(),
    };
    shared.files.sent(&line(false)).unwrap();
    if let Some(Answer::Message(_)) = desk.ask(&Request::Release { sheet }).await {
        shared.files.sent(&line(true)).unwrap();
        shared.seen(|seen| seen.kept.insert(id));
    }
}

/// Writes down what a desk shows as delivered of what it sent.
pub(super) async fn watch_receipts(shared: Arc<Shared>, socket: PathBuf) {
    let mut desk = Desk::at(socket);
    for look in 0.. {
        tokio::time::sleep(2 * EVERY).await;
        for view in desk.list(look, false).await {
            let delivered = view.direction == "out" && view.reached(Rung::Delivered);
            if delivered && shared.seen(|seen| seen.delivered.insert(view.id.clone())) {
                let t_ms = shared.now();
                shared.files.delivered(&Delivered { id: view.id, t_ms }).unwrap();
            }
        }
    }
}

/// Shows what has come in, as a seat does: marked as about to be drawn, drawn, and signed as displayed.
pub(super) async fn show(shared: Arc<Shared>, socket: PathBuf) {
    let mut desk = Desk::at(socket);
    for look in 0.. {
        tokio::time::sleep(EVERY).await;
        let incoming = desk.list(look, true).await;
        let (again, fresh): (Vec<MessageView>, Vec<MessageView>) = incoming
            .into_iter()
            .filter(|view| view.shown != "signed")
            .partition(|view| view.shown == "before");
        draw(&shared, &mut desk, &again, true).await;
        let showing = Request::Showing {
            messages: hashes(&fresh),
        };
        // Only what the desk has marked may be drawn as new; after a crash it says so.
        if !fresh.is_empty() && matches!(desk.ask(&showing).await, Some(Answer::Done { .. })) {
            draw(&shared, &mut desk, &fresh, false).await;
        }
    }
}

async fn draw(shared: &Shared, desk: &mut Desk, views: &[MessageView], again: bool) {
    for view in views {
        let line = Shown {
            id: view.id.clone(),
            sha256: Hash::of(view.text.as_bytes()).to_string(),
            again,
            t_ms: shared.now(),
        };
        shared.files.shown(&line).unwrap();
        shared.seen(|seen| seen.shown.insert(view.id.clone()));
    }
    if !views.is_empty() {
        let messages = hashes(views);
        desk.ask(&Request::Displayed { messages }).await;
    }
}

fn hashes(views: &[MessageView]) -> Vec<String> {
    views.iter().map(|view| view.sha256.clone()).collect()
}
