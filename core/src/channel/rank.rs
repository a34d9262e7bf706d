//! Which cause stands first: the newest and most severe one that is still true.
//!
//! An order about all that is asked for explains everything, and so does a cut. What an officer said of one message
//! (DECLINED), and an order about some channels only, explain what was silent before, and nothing that fell silent since:
//! an old refusal must not stand before a FLASH that nobody acknowledges now. Of what is left the empty watch comes
//! first, then messages, the most urgent first, and a path that is cut while another carries last.

use std::cmp::Reverse;
use std::time::Duration;

use super::cause::{Cause, CauseKind, Silence, Stage, Waiting};
use crate::id::Place;
use crate::precedence::Precedence;
use crate::time::WallTime;

/// A cause, and the message that it is about.
pub(super) type Found<'a> = (Cause, Option<&'a Waiting>);

/// Where a cause stands; the least is first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Block {
    /// Orders about everything, and cuts.
    Line,
    /// Silent, and no word explains it.
    New,
    /// What officers said of one message or of some channels.
    Word,
    /// Silent before that was said.
    Old,
}

/// A word that explains what was silent before.
#[derive(Debug, Clone, Copy)]
enum Word {
    /// A message was declined: in the remote desk's chain, at this place.
    Declined(Option<Place>, Precedence),
    /// An order about some channels.
    Order,
}

type Rank = (
    Block,
    u8,
    Reverse<Option<WallTime>>,
    Reverse<Option<Precedence>>,
    CauseKind,
    Reverse<Duration>,
);

/// Puts causes in their order.
pub(super) fn sort(found: &mut [Found<'_>], silence: &Silence<'_>) {
    let words: Vec<(Word, Option<WallTime>)> = found
        .iter()
        .filter_map(|of| Some((word(of, silence)?, newest(&of.0))))
        .collect();
    found.sort_by_cached_key(|of| rank(of, &words, silence));
}

fn rank(of: &Found<'_>, words: &[(Word, Option<WallTime>)], silence: &Silence<'_>) -> Rank {
    let (cause, waiting) = of;
    let block = if word(of, silence).is_some() {
        Block::Word
    } else if cause.kind <= CauseKind::RemoteDeskUnreachable {
        Block::Line
    } else if words.iter().any(|word| explains(word, of, silence)) {
        Block::Old
    } else {
        Block::New
    };
    let said = (block == Block::Word).then(|| newest(cause)).flatten();
    let place = match cause.kind {
        CauseKind::WatchUnmanned => 0,
        CauseKind::OnePathCut => 2,
        _ => 1,
    };
    let precedence = waiting.map(|waiting| waiting.precedence);
    let waited = waiting.map_or(Duration::ZERO, |waiting| waiting.waited);
    (
        block,
        place,
        Reverse(said),
        Reverse(precedence),
        cause.kind,
        Reverse(waited),
    )
}

fn word((cause, waiting): &Found<'_>, silence: &Silence<'_>) -> Option<Word> {
    match (cause.kind, waiting) {
        (CauseKind::Severed | CauseKind::Suspended, _) if silence.partial => Some(Word::Order),
        (CauseKind::Declined, Some(declined)) => Some(Word::Declined(declined.place, declined.precedence)),
        _ => None,
    }
}

/// Whether a word explains this silence: it came later, and is about nothing less.
fn explains(
    (word, said): &(Word, Option<WallTime>),
    (cause, waiting): &Found<'_>,
    silence: &Silence<'_>,
) -> bool {
    match (word, waiting) {
        (Word::Declined(at, precedence), Some(waiting)) => {
            let before = waiting.place.zip(*at).is_some_and(|(waits, at)| waits < at);
            before && waiting.precedence <= *precedence
        }
        (Word::Order, Some(waiting)) => covered(waiting, silence),
        (_, None) => newest(cause) <= *said,
    }
}

fn covered(waiting: &Waiting, silence: &Silence<'_>) -> bool {
    let channel = waiting.channel.as_str();
    !matches!(waiting.stage, Stage::Declined { .. })
        && silence.orders.iter().any(|order| order.covers(channel))
}

/// When this desk learned the newest fact behind a cause.
fn newest(cause: &Cause) -> Option<WallTime> {
    cause.evidence.iter().map(|fact| fact.received).max()
}
