//! Words of sealed statements: opened when they come, checked against what their sender committed to, and kept.
//!
//! A message that does not open to its commitment is kept as evidence and shown to nobody as genuine; so is one in the
//! clear where that is not taken. It gets no DELIVERED, which says that this desk holds what can be read and is believed; it
//! gets NOT_OPENED, signed as well, which ends its sender's wait and says why.

use hotline_audit::{
    Hash,
    statement::{Content, Message, Reference, Service},
};
use hotline_core::{duty::ServiceKind, outbox::Event};
use hotline_ledger::Record;

use super::Engine;
use crate::{
    compose::Sheet,
    memory,
    own::Saying,
    round::Round,
    seal::{self, Words},
    verdict::Verdict,
};

impl Engine {
    /// Opens a message of another desk, and keeps what it says. The words are those of the statement that is placed next.
    pub(super) fn open_message(&mut self, hash: Hash, message: &Message, round: &mut Round) -> Words {
        let words = self.opener.message(message, round.trust.rosters());
        self.escrows_of(hash, &message.content, round);
        keep(hash, message.content.is_sealed(), &words, round);
        let Err(why) = &words else { return words };
        // Said for good: no later start shows it, whatever keys and rosters there are then.
        self.alarm(
            why.alarm(),
            format!("{hash} is not shown as genuine: {why}"),
            round,
        );
        let header = &message.header;
        let saying = Saying {
            refers_to: Some(Reference {
                sender: header.sender.clone(),
                id: header.id,
                sha256: hash,
            }),
            text: why.to_string(),
            ..Saying::of(ServiceKind::NotOpened)
        };
        self.is_to_say(saying, round);
        words
    }

    /// What came and leaves out an escrow of this side is told.
    fn escrows_of(&mut self, hash: Hash, content: &Content, round: &mut Round) {
        let now_ms = self.wall().unix_ms();
        let lacking = self
            .opener
            .lacking_escrows(content, round.trust.rosters(), now_ms);
        for escrow in lacking {
            let what = format!(
                "{hash} is not sealed to {escrow}: what is opened here stays readable to this desk alone"
            );
            self.alarm("NO_ESCROW", what, round);
        }
    }

    /// Opens what this round places and nobody has opened yet: translations, and what is taken up of our own.
    pub(super) fn open_placed(&mut self, round: &mut Round) {
        let rosters = std::sync::Arc::clone(round.trust.rosters());
        let me = self.me.to_string();
        let (mut opened, mut came) = (Vec::new(), Vec::new());
        for placed in round.placed.iter_mut().filter(|placed| placed.words.is_none()) {
            placed.words = self.opener.payload(&placed.payload, &rosters);
            let sealed = hotline_audit::opening::content_of(&placed.payload)
                .is_some_and(hotline_audit::statement::Content::is_sealed);
            if let Some(words) = &placed.words {
                let ours = placed.payload.header().sender == me;
                let content = hotline_audit::opening::content_of(&placed.payload).filter(|_| !ours);
                came.extend(content.map(|content| (placed.hash, content.clone())));
                opened.push((placed.hash, sealed, ours, words.clone()));
            }
        }
        for (hash, content) in came {
            self.escrows_of(hash, &content, round);
        }
        for (hash, sealed, ours, words) in opened {
            match &words {
                // Ours, taken up after a loss: when the key is found again, it can be read again.
                Err(_) if ours => {}
                Err(why) => {
                    let what = format!("the translation {hash} is not shown: {why}");
                    self.alarm(why.alarm(), what, round);
                    keep(hash, sealed, &words, round);
                }
                Ok(_) => keep(hash, sealed, &words, round),
            }
        }
    }

    /// A draft as it was written, from what is kept of it.
    pub(super) fn draft_sheet(&self, id: &[u8], value: &[u8]) -> Option<Sheet> {
        let sheet: Sheet = serde_json::from_slice(value).ok()?;
        let beside = self.ledger.record(memory::DRAFT_OPENING, id).ok().flatten();
        let beside = beside.and_then(|value| serde_json::from_slice(&value).ok());
        Some(Sheet {
            opening: beside,
            ..sheet
        })
    }

    /// The other desk could not open a message of ours: nothing more is owed to it, and people are told.
    pub(super) fn told_not_opened(&mut self, service: &Service, round: &mut Round) {
        let Some(message) = &service.refers_to else { return };
        let sent = self
            .book
            .by_key(&message.sender, message.id)
            .filter(|sent| sent.hash == message.sha256 && message.sender == self.me.to_string());
        let Some(sent) = sent else { return };
        let (name, hash) = (self.view_of(sent).name, sent.hash);
        let id = message.id;
        let why = hotline_core::text::inert_line(&service.text).text;
        let what = format!(
            "{} could not open {name}, and its people do not see it: {why}",
            service.header.sender
        );
        self.alarm("NOT_OPENED", what, round);
        self.came_unopened(hash);
        let event = Event::Delivered {
            statement: self.outgoing.key(id),
            by: self.config.peer.clone(),
        };
        let now = self.line();
        let then = self.outgoing.handle(event, now, &mut round.records);
        round.then.extend(then);
    }
}

/// A draft as it is kept: the sheet, and beside it what it says if that is sealed.
pub(super) fn draft_records(id: [u8; 16], sheet: &Sheet) -> Result<Vec<Record>, serde_json::Error> {
    let without = Sheet {
        opening: None,
        ..sheet.clone()
    };
    let put = |space, value| Record::Put {
        space,
        key: id.to_vec(),
        value,
    };
    let mut records = vec![put(memory::DRAFT, serde_json::to_vec(&without)?)];
    if let Some(beside) = &sheet.opening {
        records.push(put(memory::DRAFT_OPENING, serde_json::to_vec(beside)?));
    }
    Ok(records)
}

/// What goes to disk with a statement: its opening, or that it is not believed, because a later start may judge otherwise.
pub(super) fn keep(hash: Hash, sealed: bool, words: &Words, round: &mut Round) {
    match words {
        Ok(opening) if sealed => round.keep_opening(&hash, opening),
        Ok(_) => {}
        Err(why) => round.records.push(Verdict::not_opened(why).record(&hash)),
    }
}

/// The words of a placed statement for its judge.
pub(super) fn words_of(placed: &crate::round::Placed) -> &Words {
    placed.words.as_ref().unwrap_or(&seal::NOTHING_OPENED)
}
