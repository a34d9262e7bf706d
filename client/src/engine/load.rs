//! Taking up a ledger: everything a desk knows is made anew from what is on disk.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use hotline_audit::{
    Checkpoint, Hash, LogVerifier, SignedStatement,
    key::RosterSet,
    opening::Opening,
    statement::{Message, Payload},
};
use hotline_core::{
    chain::{ChainView, Link, Missing},
    health::Health,
    id::{Hash32, Place},
    identity::Identity,
    inbox::Inbox,
    leg::{Lane, Leg, RelayName},
    outbox::{Event, GoesOn, Then},
    release::ReleaseRule,
    time::{LineTime, WallTime},
    words::TrafficClass,
};
use hotline_ledger::{Ledger, ReadError, Stored};

use super::{Engine, RelayState, presence::Word};
use crate::{
    book::{Book, Direction, Provenance, Shown},
    channels::{Channels, Taken},
    cosigned::{self, CosignedLog},
    logview::{LogFault, LogView, Seen},
    memory::{
        self, Acceptance, ArrivalNote,
        fault::{self, Fault},
    },
    outgoing::{Outgoing, RestoreError, for_each},
    own::Tip,
    past::Past,
    quarantine::Quarantined,
    relay::{RelayPlace, RelayShared},
    seal::{self, Opener},
    services::Services,
    story::KeptStory,
    verdict::{ENDED_CONSENT, Verdict},
};

/// Leaves read at once.
const PAGE: u64 = 512;
/// Bytes of leaves read at once.
const PAGE_BYTES: usize = 4 << 20;
/// Newest links of a sender's chain that are taken up.
const LINKS: usize = hotline_core::chain::WINDOW;

/// Why a ledger cannot be taken up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Outbox(#[from] RestoreError),
    #[error("leaf {index} of the ledger cannot be read: {detail}; hotline log verify names what is wrong")]
    Leaf { index: u64, detail: String },
    #[error("no log key of relay {0} is in the rosters; hotline pki trust brings its side's roster")]
    NoLogKey(Identity),
    #[error("two relays are called {0}; legs could not be told apart: rename one")]
    TwoOfAName(RelayName),
}

/// What a ledger says.
pub(crate) struct Loaded {
    pub(crate) tip: Tip,
    /// How far each epoch of this desk's chain is held.
    pub(crate) past: Past,
    /// The ledger that signs, and in which epoch.
    pub(crate) signs: Option<([u8; 16], u64)>,
    pub(crate) book: Book,
    /// Charters, orders and the watch.
    pub(crate) channels: Channels,
    pub(crate) inbox: Inbox,
    pub(crate) outgoing: Outgoing,
    /// Channels whose charter this desk has placed in its chain.
    pub(crate) charters: BTreeSet<String>,
    /// What stands beside the log, because its signer's key had ended when it came.
    pub(crate) quarantined: BTreeSet<Hash>,
    /// What desks said of themselves.
    pub(crate) services: Services,
    /// What this desk was told of a story.
    pub(crate) story: Option<KeptStory>,
}

impl Loaded {
    /// Reads everything.
    pub(crate) fn read(
        (me, rule, opener): (&Identity, ReleaseRule, &Opener),
        rosters: &Arc<RosterSet>,
        relays: &[RelayName],
        ledger: &Ledger,
        now: hotline_core::time::LineTime,
    ) -> Result<Self, LoadError> {
        let mut reader = Reader {
            me: me.to_string(),
            tip: Tip::START,
            past: Past::default(),
            book: Book::new(me.clone(), Arc::clone(rosters)).released_by(rule),
            channels: Channels::over(me, relays.iter().cloned()),
            rosters: Arc::clone(rosters),
            links: BTreeMap::new(),
            charters: BTreeSet::new(),
            quarantine: quarantine(ledger)?,
            verdicts: verdicts(ledger)?,
            opener,
            openings: openings(ledger)?,
            services: Services::default(),
        };
        reader.ended_keys(ledger)?;
        reader.leaves(ledger)?;
        let quarantined = reader.beside_log();
        reader.acceptances(rosters, ledger)?;
        let mut missing = missing(ledger)?;
        if hotline_core::plant::active("gap-forgotten-on-restart") {
            missing.clear();
        }
        let mut inbox = Inbox::new();
        for (sender, links) in reader.links {
            let gaps = missing.get(&sender).cloned().unwrap_or_default();
            inbox.resume(sender, ChainView::resume(links, gaps, now));
        }
        Ok(Self {
            tip: reader.tip,
            past: reader.past,
            signs: ledger
                .record(memory::SIGNS, &[])?
                .and_then(|value| memory::read_signs(&value)),
            book: reader.book,
            channels: reader.channels,
            inbox,
            charters: reader.charters,
            quarantined,
            services: reader.services,
            story: ledger
                .record(memory::STORY, &[])?
                .and_then(|value| KeptStory::read(&value)),
            outgoing: Outgoing::restore(me, relays.iter().cloned(), ledger)?,
        })
    }
}

impl Loaded {
    /// Where the chain goes on: in the epoch that this very ledger opened, also if nothing is signed in it yet.
    pub(crate) fn tip_of(&self, instance: &[u8; 16]) -> Tip {
        match self.signs {
            Some((signs, epoch)) if signs == *instance => self.tip.in_epoch(epoch),
            Some(_) | None => self.tip,
        }
    }
}

struct Reader<'o> {
    me: String,
    tip: Tip,
    past: Past,
    book: Book,
    channels: Channels,
    rosters: Arc<RosterSet>,
    links: BTreeMap<Identity, Vec<Link>>,
    charters: BTreeSet<String>,
    quarantine: BTreeMap<Hash, Quarantined>,
    /// What stood against messages and consents when they came.
    verdicts: BTreeMap<Hash, Verdict>,
    opener: &'o Opener,
    /// What sealed statements say.
    openings: BTreeMap<Hash, Opening>,
    services: Services,
}

impl Reader<'_> {
    /// What stands beside the log goes into the book, behind everything that stands in it.
    fn beside_log(&mut self) -> BTreeSet<Hash> {
        let mut beside = BTreeSet::new();
        for (hash, kept) in &self.quarantine {
            if kept.beside_log() {
                self.book.add_quarantined(*hash, kept);
                beside.insert(*hash);
            }
        }
        beside
    }

    /// What is kept of what ended keys signed inside, one by one and by key.
    fn ended_keys(&mut self, ledger: &Ledger) -> Result<(), LoadError> {
        let ended = &mut self.channels.ended;
        for (about, verdict) in &self.verdicts {
            if verdict.rule == ENDED_CONSENT {
                ended.note_consent(*about);
            }
        }
        for _ in self.quarantine.values().filter(|kept| !kept.beside_log()) {
            ended.note_inside();
        }
        for (key, value) in records(ledger, memory::ENDED)? {
            ended.recall_from(&key, &value);
        }
        Ok(())
    }

    /// Why a statement of another desk climbs nothing, if it came after an officer's key inside had ended.
    fn ended_inside(&self, at: &Provenance, payload: &Payload) -> Option<String> {
        if let Some(kept) = self.quarantine.get(&at.hash) {
            return Some(kept.why.clone());
        }
        let theirs = payload.header().sender != self.me;
        let ended = &self.channels.ended;
        theirs
            .then(|| ended.ended_inside(payload, at.index, &self.rosters))
            .flatten()
    }

    fn leaves(&mut self, ledger: &Ledger) -> Result<(), LoadError> {
        let size = ledger.head().size;
        let arrivals = arrivals(ledger)?;
        let mut next = 0;
        while next < size {
            let page = ledger.entries(next..size.min(next + PAGE), PAGE_BYTES)?;
            let Some(last) = page.last() else { break };
            next = last.index + 1;
            for stored in page {
                let (time, leg) = arrival_of(&arrivals, stored.index);
                self.leaf(&stored, time, leg)?;
            }
        }
        for (key, _) in records(ledger, memory::SHOWN)? {
            let letter = Hash::from_slice(&key).and_then(|hash| self.book.letter_mut(&hash));
            if let Some(letter) = letter
                && letter.shown == Shown::No
            {
                letter.shown = Shown::Before;
            }
        }
        Ok(())
    }

    fn leaf(&mut self, stored: &Stored, time: WallTime, leg: Option<Leg>) -> Result<(), LoadError> {
        let wrong = |detail: String| LoadError::Leaf {
            index: stored.index,
            detail,
        };
        let signed = SignedStatement::parse(&stored.bytes).map_err(|error| wrong(error.to_string()))?;
        let payload = Payload::parse(&signed).map_err(|error| wrong(error.to_string()))?;
        let header = payload.header();
        if header.sender == self.me {
            self.tip = self.tip.after(stored.hash, &payload);
            if hotline_core::plant::active("numbers-begin-again") {
                self.tip.number = 0;
            }
            self.past.note(header.epoch, header.sequence, stored.hash);
            if let Payload::Charter(charter) = &payload
                && !hotline_core::plant::active("charter-placed-at-every-start")
                && charter.consents.len() > 1
                && let Ok(terms) = hotline_audit::statement::CharterTerms::decode(&charter.terms)
            {
                self.charters.insert(terms.channel);
            }
        } else if let (Ok(place), Ok(sender)) = (
            Place::new(header.epoch, header.sequence),
            header.sender.parse::<Identity>(),
        ) {
            let links = self.links.entry(sender).or_default();
            links.push(Link {
                place,
                hash: Hash32(stored.hash.0),
                previous: Hash32(header.previous.0),
            });
            if links.len() > 2 * LINKS {
                links.drain(..LINKS);
            }
        }
        let at = Provenance {
            hash: stored.hash,
            index: stored.index,
            stored: time,
            leg,
        };
        let is_mine = header.sender == self.me;
        match &payload {
            Payload::Service(service) => self.services.note(&at, service, is_mine),
            Payload::Message(message) if is_mine && is_human_check(message) => {
                self.services
                    .note_check(WallTime::from_unix_ms(header.claimed_time_ms));
            }
            _ => {}
        }
        // What is foreign was told when it came.
        let changes = match self.ended_inside(&at, &payload) {
            Some(why) => self.book.recall_quarantined(&at, &payload, &why),
            None => {
                let kept = self.openings.remove(&stored.hash);
                let words = self.opener.recalled(&payload, &self.rosters, kept);
                let against = self.verdicts.get(&stored.hash);
                let changes = self.book.recall(&at, (&payload, words.as_ref()), against);
                let _ = self
                    .channels
                    .note(&at, &payload, &self.rosters, Taken::FromLedger);
                changes
            }
        };
        for change in &changes {
            super::settle::note_answered_check(&self.book, change, &at, &mut self.channels);
        }
        self.mark_under_order(&at);
        if let Payload::Receipt(receipt) = &payload
            && receipt.header.sender == self.me
            && receipt.rung == hotline_core::words::Rung::Displayed.to_wire()
        {
            for item in &receipt.items {
                if let Some(letter) = self.book.letter_mut(&item.sha256) {
                    letter.shown = Shown::Signed;
                }
            }
        }
        Ok(())
    }

    /// As when it came in: what stood against it.
    fn mark_under_order(&mut self, at: &Provenance) {
        if let Some(letter) = self.book.letter_mut(&at.hash)
            && letter.direction == Direction::In
        {
            super::settle::mark_under_order(letter, &self.channels);
        }
    }

    fn acceptances(&mut self, rosters: &RosterSet, ledger: &Ledger) -> Result<(), LoadError> {
        let relays = relay_identities(rosters);
        for (key, value) in records(ledger, memory::ACCEPTED)? {
            let Some(acceptance) = Acceptance::read(&key, &value) else {
                continue;
            };
            let Some(identity) = relays.get(&acceptance.relay) else {
                continue;
            };
            let stored = WallTime::from_unix_ms(acceptance.stored_ms);
            let _ = self
                .book
                .add_acceptance(acceptance.statement, identity, None, stored);
        }
        Ok(())
    }
}

/// Whether a message is a comm check of people, and not an answer to one.
pub(super) fn is_human_check(message: &Message) -> bool {
    message.traffic_class == TrafficClass::Test.to_wire() && message.answer == 0
}

fn relay_identities(rosters: &RosterSet) -> BTreeMap<RelayName, Identity> {
    rosters
        .rosters()
        .flat_map(hotline_audit::key::Roster::keys)
        .filter_map(|entry| entry.statement.subject.parse::<Identity>().ok())
        .filter(|identity| identity.role() == hotline_core::identity::Role::Relay)
        .filter_map(|identity| Some((RelayName::parse(identity.name()).ok()?, identity)))
        .collect()
}

/// Gaps that were recorded, by sender.
fn missing(ledger: &Ledger) -> Result<BTreeMap<Identity, Vec<Missing>>, LoadError> {
    let mut found: BTreeMap<Identity, Vec<Missing>> = BTreeMap::new();
    for (key, _) in records(ledger, memory::MISSING)? {
        if let Some((sender, missing)) = memory::read_missing_key(&key) {
            found.entry(sender).or_default().push(missing);
        }
    }
    Ok(found)
}

fn quarantine(ledger: &Ledger) -> Result<BTreeMap<Hash, Quarantined>, LoadError> {
    Ok(records(ledger, memory::QUARANTINE)?
        .iter()
        .filter_map(|(key, value)| Quarantined::read(key, value))
        .collect())
}

fn verdicts(ledger: &Ledger) -> Result<BTreeMap<Hash, Verdict>, LoadError> {
    Ok(records(ledger, memory::VERDICT)?
        .iter()
        .filter_map(|(key, value)| Verdict::read(key, value))
        .collect())
}

fn openings(ledger: &Ledger) -> Result<BTreeMap<Hash, Opening>, LoadError> {
    Ok(records(ledger, memory::OPENING)?
        .iter()
        .filter_map(|(key, value)| seal::read_opening(key, value))
        .collect())
}

type Records = Vec<(Vec<u8>, Vec<u8>)>;

fn records(ledger: &Ledger, space: &str) -> Result<Records, LoadError> {
    let mut all = Vec::new();
    for_each(ledger, space, |key, value| {
        all.push((key.to_vec(), value.to_vec()));
        Ok::<(), LoadError>(())
    })?;
    Ok(all)
}

fn arrivals(ledger: &Ledger) -> Result<BTreeMap<u64, ArrivalNote>, LoadError> {
    Ok(records(ledger, memory::ARRIVAL)?
        .iter()
        .filter_map(|(key, value)| {
            Some((
                u64::from_be_bytes(key.as_slice().try_into().ok()?),
                ArrivalNote::read(value)?,
            ))
        })
        .collect())
}

fn arrival_of(arrivals: &BTreeMap<u64, ArrivalNote>, index: u64) -> (WallTime, Option<Leg>) {
    let Some((first, note)) = arrivals.range(..=index).next_back() else {
        return (WallTime::from_unix_ms(0), None);
    };
    let place = usize::try_from(index - first).unwrap_or(usize::MAX);
    let leg = note.legs.get(place).and_then(|leg| leg.parse().ok());
    (WallTime::from_unix_ms(note.stored_ms), leg)
}

impl RelayState {
    /// A relay as the ledger remembers it.
    pub(crate) fn load(
        place: RelayPlace,
        peer: &Identity,
        rosters: &RosterSet,
        ledger: &Ledger,
    ) -> Result<Self, LoadError> {
        let unnamed = || LoadError::NoLogKey(place.identity.clone());
        let name = place.name().map_err(|_| unnamed())?;
        let verifier = log_verifier(rosters, &place.identity).ok_or_else(unnamed)?;
        let note = ledger.record(memory::CHECKPOINT, name.as_str().as_bytes())?;
        let stored = note.and_then(|note| {
            // A checkpoint of an earlier log key of that relay starts nothing: a new key is a new log.
            let checkpoint = Checkpoint::parse_and_verify(&note, &verifier).ok()?;
            Some(Seen {
                size: checkpoint.size,
                root: checkpoint.root,
                note,
            })
        });
        let stored_size = stored.as_ref().map_or(0, |seen| seen.size);
        let instance = stored_instance(ledger, &name)?;
        let cursors = stored_cursors(ledger, &name)?;
        let word = stored_word(ledger, &name, peer)?;
        let cosigned = stored_cosigned(ledger, &name, &place.identity, rosters)?;
        let fault = stored_fork(ledger, &name, &verifier)?.map(|fork| fork.to_string());
        Ok(Self {
            cosigned,
            shared: Arc::new(RelayShared::new(place, name, LogView::new(verifier, stored))),
            instance,
            named: None,
            told_lost: None,
            trouble: None,
            fault,
            heads: BTreeMap::new(),
            cursors_kept: cursors.clone(),
            cursors,
            stored_size,
            tried: BTreeSet::new(),
            word,
        })
    }

    pub(crate) fn shared(&self) -> &Arc<RelayShared> {
        &self.shared
    }

    /// Why its log was not believed before this start.
    pub(crate) fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }

    pub(crate) fn cursors(&self) -> &BTreeMap<Lane, u64> {
        &self.cursors
    }
}

/// A relay's ledger, as ours says.
fn stored_instance(ledger: &Ledger, name: &RelayName) -> Result<Option<[u8; 16]>, LoadError> {
    let value = ledger.record(memory::INSTANCE, name.as_str().as_bytes())?;
    Ok(value.and_then(|bytes| bytes.as_slice().try_into().ok()))
}

/// What others have cosigned of a relay's log, as the ledger says. Its notes were linked to that log when they came.
fn stored_cosigned(
    ledger: &Ledger,
    name: &RelayName,
    relay: &Identity,
    rosters: &RosterSet,
) -> Result<CosignedLog, LoadError> {
    let mut log = CosignedLog::default();
    let prefix = format!("{name}\n");
    for (_, note) in ledger.records(memory::COSIGNED, prefix.as_bytes(), cosigned::KEPT_MAX)? {
        if let Some(read) = cosigned::read(&note, relay, rosters, None) {
            log.add(read);
        }
    }
    Ok(log)
}

/// A fork of a relay's log that two notes in the ledger prove, both signed by the key that the log is signed with now: a new
/// key is a new log.
fn stored_fork(
    ledger: &Ledger,
    name: &RelayName,
    verifier: &LogVerifier,
) -> Result<Option<LogFault>, LoadError> {
    let kept = ledger.records(memory::FAULT, &fault::prefix(name), fault::FAULTS_MAX)?;
    let mut proofs = kept.iter().filter_map(|(key, value)| Fault::read(key, value));
    Ok(proofs.find_map(|proof| proof.fork(verifier)))
}

/// What a relay said last of the desk at the other end, as the ledger says.
fn stored_word(ledger: &Ledger, name: &RelayName, peer: &Identity) -> Result<Word, LoadError> {
    let peer = peer.to_string();
    let value = ledger.record(memory::PRESENCE, &memory::presence_key(name, &peer))?;
    let said = value.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    Ok(Word::remembered(peer, said))
}

/// How far each lane's mailbox at a relay was read, as the ledger says.
fn stored_cursors(ledger: &Ledger, name: &RelayName) -> Result<BTreeMap<Lane, u64>, LoadError> {
    let mut cursors = BTreeMap::new();
    for lane in Lane::ALL {
        let value = ledger.record(memory::CURSOR, &memory::cursor_key(name, lane))?;
        let cursor = value.and_then(|value| Some(u64::from_be_bytes(value.as_slice().try_into().ok()?)));
        cursors.extend(cursor.map(|cursor| (lane, cursor)));
    }
    Ok(cursors)
}

/// The key that a relay's log is signed with now.
fn log_verifier(rosters: &RosterSet, relay: &Identity) -> Option<LogVerifier> {
    let key = rosters
        .log_keys(&relay.origin())
        .into_iter()
        .find(|entry| entry.revoked.is_none())?
        .key;
    LogVerifier::new(&relay.origin(), key).ok()
}

impl Engine {
    /// Takes the ledger up anew after a round that could not be stored. Legs that are up are told to the new outbox; what
    /// is owed leaves by those that came up in that round.
    pub(super) fn take_up(&mut self, came_up: &[Leg]) -> Result<(), LoadError> {
        let names: Vec<RelayName> = self.relays.keys().cloned().collect();
        let loaded = Loaded::read(
            (&self.me, self.config.release, &self.opener),
            &self.trust.rosters(),
            &names,
            &self.ledger,
            self.line(),
        )?;
        // The epoch was chosen for good, whether or not the round that keeps it was stored.
        let number = loaded.tip.number.max(self.tip.number);
        self.signs_kept = loaded.signs == self.signs;
        let epoch = self.signs.map_or(loaded.tip.epoch, |(_, epoch)| epoch);
        self.tip = Tip { number, ..loaded.tip }.in_epoch(epoch);
        self.past = loaded.past;
        self.book = loaded.book;
        self.channels = loaded.channels;
        self.charters_placed = loaded.charters;
        self.quarantined = loaded.quarantined;
        self.services = loaded.services;
        let earlier = std::mem::replace(&mut self.inbox, loaded.inbox);
        self.inbox.as_old_as(&earlier);
        self.note_reachable();
        let outgoing = loaded.outgoing.paced(|relay| self.config.profile_of(relay));
        let before = std::mem::replace(&mut self.outgoing, outgoing);
        for (name, relay) in &mut self.relays {
            relay.stored_size = 0;
            relay.instance = stored_instance(&self.ledger, name)?;
            relay.cursors = stored_cursors(&self.ledger, name)?;
            relay.cursors_kept.clone_from(&relay.cursors);
        }
        let up: Vec<Leg> = self
            .leg_status
            .iter()
            .filter(|(_, status)| status.up)
            .map(|(leg, _)| leg.clone())
            .collect();
        let now = self.line();
        for leg in up {
            // Records follow with the next round.
            let mut records = Vec::new();
            let suspect = self.health_of(&leg) == Health::Suspect;
            let mut thens = self.outgoing.handle(Event::LegUp(leg.clone()), now, &mut records);
            if suspect {
                thens.extend(self.outgoing.handle(Event::LegSuspect(leg), now, &mut records));
            }
            for then in thens {
                self.send_again(then, (came_up, &before), now);
            }
        }
        Ok(())
    }

    /// A copy of an outbox that was taken up anew. By a leg that has just come up nothing left before. By any other it goes
    /// on as it was: else all that is owed would leave with each round that a full disk undoes, or be put off by it.
    fn send_again(&mut self, then: Then, (came_up, before): (&[Leg], &Outgoing), now: LineTime) {
        if let Then::Send { statement, leg, .. } = &then
            && !came_up.contains(leg)
            && self.outgoing.go_on(before, statement, &leg.relay, now) == GoesOn::Later
        {
            return;
        }
        self.carry_out(then, now);
    }
}
