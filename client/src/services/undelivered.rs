//! What senders said of messages of theirs that did not arrive in time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use hotline_audit::{
    Hash,
    statement::{Header, Service},
};
use hotline_core::{identity::Identity, nondelivery::Said, text::inert_line, time::WallTime};

use crate::book::Provenance;

/// Messages of which it is remembered. 4,096: as many as wait for a delivery at once.
const MESSAGES_MAX: usize = hotline_core::nondelivery::WAITING_MAX;
/// Statements about one message. 64: as many as it can name recipients.
const EACH_MAX: usize = 64;

/// A sender's signed word that it held no DELIVERED of a desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NonDelivery {
    /// Of which desk.
    pub desk: Identity,
    /// Formal name of the cause of silence, as the sender saw it then.
    pub cause: String,
    /// The same in plain words, inert; may be empty.
    pub plain: String,
    /// The sender's legs that were down, and since when, milliseconds since 1970; 0 for not known.
    pub down: Vec<(String, u64)>,
    /// When it was stored here.
    pub stored: WallTime,
    /// When its signer says it was.
    pub claimed: WallTime,
    /// SHA-256 of the exact signed bytes.
    pub hash: Hash,
}

/// A message as its sender names it: sender, id, hash. What names one of somebody else so is about no message that there is.
type Named = (String, [u8; 16], Hash);

/// What was said, by message, and in which order messages were first spoken of.
#[derive(Clone, Debug, Default)]
struct Remembered {
    by_message: BTreeMap<Named, Vec<NonDelivery>>,
    order: VecDeque<Named>,
}

/// What this desk said, and what others did: however much others say, it takes the place of nothing of ours, which is not
/// to be signed again.
#[derive(Clone, Debug, Default)]
pub(super) struct Undelivered {
    mine: Remembered,
    theirs: Remembered,
    /// Messages that came and did not open, and at which desks.
    not_opened: Unopened,
}

/// The same of what did not open.
#[derive(Clone, Debug, Default)]
struct Unopened {
    by_message: BTreeMap<Named, BTreeSet<String>>,
    order: VecDeque<Named>,
}

impl Undelivered {
    /// Takes a NON_DELIVERY that is on disk. Only a message's own sender can say it; anything else proves nothing and is
    /// found in the log alone. So is a second one of the same desk.
    pub(super) fn note(&mut self, at: &Provenance, service: &Service, is_mine: bool) {
        let header = &service.header;
        let Some(message) = &service.refers_to else { return };
        let Ok(said) = service.text.parse::<Said>() else {
            return;
        };
        if message.sender != header.sender {
            return;
        }
        let down = service.legs.iter();
        let said = NonDelivery {
            desk: said.desk,
            cause: said.cause,
            plain: inert_line(&said.plain).text,
            down: down.map(|leg| (inert_line(&leg.leg).text, leg.ms)).collect(),
            stored: at.stored,
            claimed: WallTime::from_unix_ms(header.claimed_time_ms),
            hash: at.hash,
        };
        let named = (message.sender.clone(), message.id, message.sha256);
        match is_mine {
            true => self.mine.note(named, said),
            false => self.theirs.note(named, said),
        }
    }

    /// Takes a NOT_OPENED that is on disk: the message came, whatever it was.
    pub(super) fn note_not_opened(&mut self, service: &Service) {
        let Some(message) = &service.refers_to else { return };
        let named = (message.sender.clone(), message.id, message.sha256);
        let Unopened { by_message, order } = &mut self.not_opened;
        if !by_message.contains_key(&named) {
            if by_message.len() >= MESSAGES_MAX
                && let Some(oldest) = order.pop_front()
            {
                by_message.remove(&oldest);
            }
            order.push_back(named.clone());
        }
        let at = by_message.entry(named).or_default();
        if at.len() < EACH_MAX {
            at.insert(service.header.sender.clone());
        }
    }

    pub(super) fn not_opened(&self, header: &Header, message: &Hash, desk: &Identity) -> bool {
        let named = (header.sender.clone(), header.id, *message);
        let at = self.not_opened.by_message.get(&named);
        at.is_some_and(|at| at.contains(&desk.to_string()))
    }

    /// What its sender said of the message with this header and hash, of desks that it names.
    pub(super) fn of(&self, header: &Header, message: &Hash) -> Vec<&NonDelivery> {
        let named = (header.sender.clone(), header.id, *message);
        let all = [&self.mine, &self.theirs].into_iter();
        let said = all
            .filter_map(|remembered| remembered.by_message.get(&named))
            .flatten();
        let to = |desk: &Identity| {
            let desk = desk.to_string();
            header.recipients.iter().any(|to| to.identity == desk)
        };
        said.filter(|said| to(&said.desk)).collect()
    }
}

impl Remembered {
    /// Beyond the bound the message is forgotten that was spoken of first.
    fn note(&mut self, named: Named, said: NonDelivery) {
        if !self.by_message.contains_key(&named) {
            if self.by_message.len() >= MESSAGES_MAX
                && let Some(oldest) = self.order.pop_front()
            {
                self.by_message.remove(&oldest);
            }
            self.order.push_back(named.clone());
        }
        let of = self.by_message.entry(named).or_default();
        if of.len() < EACH_MAX && of.iter().all(|known| known.desk != said.desk) {
            of.push(said);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use hotline_audit::statement::{Recipient, Reference};
    use hotline_core::duty::ServiceKind;

    use super::*;

    const AVELIA: &str = "spiffe://exercise.avelia.example/desk/ops";
    const BORENIA: &str = "spiffe://exercise.borenia.example/desk/ops";
    const OTHER: &str = "spiffe://exercise.borenia.example/desk/other";

    fn at(number: u64) -> Provenance {
        Provenance {
            hash: Hash::of(&number.to_be_bytes()),
            index: number,
            stored: WallTime::from_unix_ms(number),
            leg: None,
        }
    }

    fn header(sender: &str, id: u8, to: &str) -> Header {
        Header {
            id: [id; 16],
            trust_domain: String::new(),
            exercise: "E".into(),
            conversation: [id; 16],
            sender: sender.into(),
            key_statement: Hash::ZERO,
            recipients: vec![Recipient {
                identity: to.into(),
                kind: 1,
            }],
            claimed_time_ms: 1,
            epoch: 1,
            sequence: 1,
            previous: Hash::ZERO,
            seen: Vec::new(),
        }
    }

    /// `signer` says that `of` did not get the message with this id and hash, which it takes for one of `sender`.
    fn said(signer: &str, (sender, id, sha256): (&str, u8, Hash), of: &str) -> Service {
        Service {
            header: header(signer, 99, BORENIA),
            kind: ServiceKind::NonDelivery.to_wire(),
            refers_to: Some(Reference {
                sender: sender.into(),
                id: [id; 16],
                sha256,
            }),
            legs: Vec::new(),
            step: 0,
            clock_before_ms: 0,
            clock_after_ms: 0,
            text: format!("{of} NO_RECEIPT"),
        }
    }

    #[test]
    fn who_names_another_desks_message_as_its_own_has_said_nothing_of_it() {
        let (ours, hash) = (header(AVELIA, 1, BORENIA), Hash([7; 32]));
        let mut all = Undelivered::default();
        all.note(&at(1), &said(BORENIA, (BORENIA, 1, hash), BORENIA), false);
        all.note(&at(2), &said(BORENIA, (AVELIA, 1, hash), BORENIA), false);
        all.note(&at(3), &said(AVELIA, (AVELIA, 2, hash), BORENIA), true);
        assert!(all.of(&ours, &hash).is_empty(), "another signer, and another id");
        all.note(&at(4), &said(AVELIA, (AVELIA, 1, hash), OTHER), true);
        assert!(all.of(&ours, &hash).is_empty(), "a desk that it does not name");
        all.note(&at(5), &said(AVELIA, (AVELIA, 1, hash), BORENIA), true);
        all.note(&at(6), &said(AVELIA, (AVELIA, 1, hash), BORENIA), true);
        let found = all.of(&ours, &hash);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].hash, at(5).hash, "the first one counts");
    }

    #[test]
    fn a_message_that_came_and_did_not_open_is_not_called_undelivered_at_that_desk() {
        let (ours, hash) = (header(AVELIA, 1, BORENIA), Hash([7; 32]));
        let mut all = Undelivered::default();
        let desk = |name: &str| name.parse::<Identity>().unwrap();
        assert!(!all.not_opened(&ours, &hash, &desk(BORENIA)));
        all.note_not_opened(&said(BORENIA, (AVELIA, 1, hash), BORENIA));
        assert!(all.not_opened(&ours, &hash, &desk(BORENIA)));
        assert!(!all.not_opened(&ours, &hash, &desk(OTHER)));
        assert!(!all.not_opened(&ours, &Hash([8; 32]), &desk(BORENIA)));
    }

    #[test]
    fn however_many_messages_others_speak_of_ours_are_not_forgotten() {
        let (ours, hash) = (header(AVELIA, 1, BORENIA), Hash([7; 32]));
        let mut all = Undelivered::default();
        all.note(&at(1), &said(AVELIA, (AVELIA, 1, hash), BORENIA), true);
        for number in 2..MESSAGES_MAX as u64 + 10 {
            let invented = at(number).hash;
            all.note(&at(number), &said(BORENIA, (BORENIA, 1, invented), AVELIA), false);
        }
        assert_eq!(all.of(&ours, &hash).len(), 1);
        let theirs = |number| all.of(&header(BORENIA, 1, AVELIA), &at(number).hash).len();
        assert_eq!(
            (theirs(2), theirs(MESSAGES_MAX as u64)),
            (0, 1),
            "the oldest goes first"
        );
        assert_eq!(all.theirs.by_message.len(), all.theirs.order.len());
    }
}
