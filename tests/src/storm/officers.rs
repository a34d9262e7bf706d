//! Scripted officers: they release, look at the screen, acknowledge and answer. What they do follows from the schedule's
//! dice; they know nothing of faults.

use std::{sync::Arc, time::Duration};

use hotline_audit::{Hash, statement::Reference};
use hotline_client::{
    compose::{self, Sheet, Wording},
    request::{Answer, News, Request},
    station::{Event, Station},
    view::MessageView,
};
use hotline_core::{
    precedence::Precedence,
    words::{Answer as Word, Function, ResponseAttribute, Rung, TrafficClass},
};
use tokio::sync::broadcast::error::RecvError;

use super::{
    nodes::{Asked, ask},
    play::Play,
};

/// Messages a desk lists at once.
const LIST: usize = 10_000;

/// Writes a sheet as officers of a desk do.
fn sheet(play: &Play, desk: usize, wording: &Wording) -> Sheet {
    play.cast.desks[desk].sheet(wording, &play.clock(desk), &play.entropy())
}

/// Releases a message.
pub async fn release(play: Arc<Play>, desk: usize, precedence: Precedence, text: String) {
    let Some(station) = play.station(desk) else { return };
    let wording = play.cast.desks[desk].wording(precedence, text);
    hand_in(&play, &station, desk, &wording).await;
}

async fn hand_in(play: &Play, station: &Station, desk: usize, wording: &Wording) {
    let sheet = sheet(play, desk, wording);
    play.judge(|oracle| oracle.attempted(desk, wording.precedence, &wording.text));
    if let Asked::Answer(answer) = ask(station, Request::Release { sheet }).await
        && let Answer::Message(view) = *answer
    {
        play.judge(|oracle| oracle.released(&view));
    }
}

/// Watches one life of a desk, and does what an officer on watch does.
pub async fn watch(play: Arc<Play>, desk: usize, life: u64, station: Station) {
    let mut events = station.events();
    // What was there before this life.
    if let Asked::Answer(answer) = ask(
        &station,
        Request::List {
            limit: LIST,
            incoming: true,
        },
    )
    .await
        && let Answer::Messages { messages } = *answer
    {
        for view in messages {
            let again = view.shown != "signed" || !view.reached(Rung::Acknowledged);
            if again && view.rejected.is_none() && play.first_look(desk, life, &view.sha256) {
                tokio::spawn(attend(Arc::clone(&play), desk, life, station.clone(), view));
            }
        }
    }
    loop {
        match events.recv().await {
            Ok(Event::Added(message)) => {
                let Some(view) = show(&station, message).await else {
                    continue;
                };
                play.judge(|oracle| oracle.added(desk, &view));
                let incoming = view.direction == "in" && view.rejected.is_none();
                if incoming && play.first_look(desk, life, &view.sha256) {
                    tokio::spawn(attend(Arc::clone(&play), desk, life, station.clone(), view));
                }
            }
            Ok(Event::Receipted { message }) => play.judge(|oracle| oracle.receipted(desk, message)),
            Ok(Event::Climbed { message, rung }) => {
                play.judge(|oracle| oracle.climbed(desk, message, rung));
                if rung == Rung::Accepted
                    && let Some(view) = show(&station, message).await
                    && view.direction == "out"
                {
                    play.judge(|oracle| oracle.accepted(&view));
                }
            }
            Ok(Event::Line(News::Alarm { code, what })) => {
                play.judge(|oracle| oracle.alarm(desk, &code, &what));
            }
            Ok(Event::Line(_) | Event::Cosigned) => {}
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
        if !play.desk_lives(desk, life) {
            return;
        }
    }
}

async fn show(station: &Station, message: Hash) -> Option<MessageView> {
    let request = Request::Show {
        message: message.to_string(),
    };
    match ask(station, request).await {
        Asked::Answer(answer) => match *answer {
            Answer::Message(view) => Some(*view),
            _ => None,
        },
        Asked::Nobody => None,
    }
}

/// One message on the screen of one desk: drawn, signed as displayed, acknowledged, answered.
async fn attend(play: Arc<Play>, desk: usize, life: u64, station: Station, view: MessageView) {
    let messages = vec![view.sha256.clone()];
    tokio::time::sleep(play.pause(20, 150)).await;
    let Some(now) = show_text(&station, &view.sha256).await else {
        return;
    };
    if now.shown != "signed" {
        let Asked::Answer(answer) = ask(
            &station,
            Request::Showing {
                messages: messages.clone(),
            },
        )
        .await
        else {
            return;
        };
        if !matches!(*answer, Answer::Done { .. }) {
            return;
        }
        // From here on it is on the screen.
        play.judge(|oracle| oracle.drawn(desk, &now));
        tokio::time::sleep(play.pause(1, 10)).await;
        if !play.desk_lives(desk, life) {
            return;
        }
        let _ = ask(&station, Request::Displayed { messages }).await;
    }
    let (acknowledges, answers) = play.officers();
    if play.chance(acknowledges) && !now.reached(Rung::Acknowledged) {
        tokio::time::sleep(play.pause(50, 900)).await;
        if !play.desk_lives(desk, life) {
            return;
        }
        acknowledge(&play, desk, &station, &view).await;
    }
    if view.function == Function::Notify.name() && play.chance(answers) {
        tokio::time::sleep(play.pause(50, 900)).await;
        if play.desk_lives(desk, life) {
            answer(&play, desk, &station, &view).await;
        }
    }
}

async fn show_text(station: &Station, sha256: &str) -> Option<MessageView> {
    show(station, sha256.parse().ok()?).await
}

/// What names a message in an act or an answer, and its conversation.
pub fn reference(view: &MessageView) -> (Reference, [u8; 16]) {
    let sixteen = |text: &str| -> [u8; 16] {
        let bytes: Vec<u8> = (0..16)
            .map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
            .collect();
        bytes.try_into().unwrap()
    };
    let reference = Reference {
        sender: view.from.clone(),
        id: sixteen(&view.id),
        sha256: view.sha256.parse().unwrap(),
    };
    (reference, sixteen(&view.conversation))
}

/// The officer on watch acknowledges. Now and then somebody tries whose part it is not: that must be refused.
async fn acknowledge(play: &Play, desk: usize, station: &Station, view: &MessageView) {
    let people = &play.cast.desks[desk];
    let (about, _) = reference(view);
    let hash = about.sha256;
    if play.chance(0.15) {
        let clock = play.clock(desk);
        let stranger = &people.releasers[1];
        let act = compose::act(
            &people.config,
            stranger,
            Rung::Acknowledged,
            about.clone(),
            "",
            &clock,
        )
        .unwrap();
        if let Asked::Answer(answer) = ask(station, Request::Act { act }).await
            && !matches!(*answer, Answer::Refused(_))
        {
            play.judge(|oracle| {
                oracle.not_refused(format!("{} acknowledged {}", stranger.identity, view.name));
            });
        }
    }
    let act = compose::act(
        &people.config,
        &people.watch,
        Rung::Acknowledged,
        about,
        "",
        &play.clock(desk),
    )
    .unwrap();
    play.judge(|oracle| oracle.acts(hash, Rung::Acknowledged));
    let _ = ask(station, Request::Act { act }).await;
}

async fn answer(play: &Play, desk: usize, station: &Station, view: &MessageView) {
    let (about, conversation) = reference(view);
    let hash = about.sha256;
    let wording = Wording {
        precedence: Precedence::Priority,
        class: TrafficClass::Formal,
        function: Function::Reply,
        response: ResponseAttribute::None,
        channel: play.cast.desks[desk].config.channel.clone(),
        refers_to: Some((about, conversation)),
        answer: Some(Word::Roger),
        text: format!("ROGER {} {}", view.name, play.number()),
        expires_ms: 0,
        safety_of_life: false,
        respond_by_ms: 0,
        contact: None,
    };
    play.judge(|oracle| oracle.acts(hash, Rung::Answered));
    hand_in(play, station, desk, &wording).await;
}

/// How long nobody does anything.
pub const THINKING: Duration = Duration::from_millis(1_200);
