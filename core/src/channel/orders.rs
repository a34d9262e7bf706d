//! What releasers ordered about channels, and what stands of it.
//!
//! SUSPEND and SEVER take effect by one side's signature. They end by RESTORE of both sides, the second naming the first,
//! once the line is shown to work ([`super::restore`]). A pair of restorations lifts what each side ordered before its
//! own RESTORE in its own chain, so both sides find the same whatever came first where.
//!
//! Whatever a hostile releaser signs, an answer costs one look at what is remembered, and of each desk and kind so much
//! is: no flood of one kind takes the place of another, and of what stops traffic the newest of each kind and channel that
//! counts stays ([`super::memory`]).

use std::collections::{BTreeMap, BTreeSet};

use super::memory::OfDesk;
use super::rekey::agrees;
use super::{Axis, Evidence, Political, Proof};
use crate::duty::OrderVerb;
use crate::id::{Hash32, Place};
use crate::identity::Identity;
use crate::time::WallTime;

/// Restorations of one channel that are remembered. 16: one counts, and each of the others followed a later order.
const AGREED_MAX: usize = 16;

/// REKEY orders of one desk that are looked at. 64: a change of keys each week for a year.
const REKEYS_MAX: usize = 64;

/// Changes of keys that both sides signed and that are remembered. 256: one each week for five years.
const REKEYED_MAX: usize = 256;

/// Keys that desks have signed with. 1,024: a new one each week for ten years, of both sides. Of a later one nobody is told
/// that it was used, so that the keys before it go on counting.
const KEYS_MAX: usize = 1024;

/// One order, placed by the officer's desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The desk that placed it.
    pub desk: Identity,
    /// Its place in that desk's chain.
    pub place: Place,
    /// SHA-256 of the desk's statement.
    pub hash: Hash32,
    /// Who ordered.
    pub officer: Identity,
    /// What.
    pub verb: OrderVerb,
    /// About which channel; none for all of the line.
    pub channel: Option<String>,
    /// What of it, in words; may be empty.
    pub scope: String,
    /// Why, in words.
    pub reason: String,
    /// From when on it counts; none for at once.
    pub effective: Option<WallTime>,
    /// When it is to be looked at again.
    pub review_by: Option<WallTime>,
    /// SHA-256 of the key statement that a REKEY is about.
    pub subject: Option<Hash32>,
    /// SHA-256 of the statement of the other side that this one agrees to.
    pub consents_to: Option<Hash32>,
    /// When the officer says that it was.
    pub claimed: WallTime,
    /// When it was stored here.
    pub received: WallTime,
    /// Leaf in this desk's own log: what came before what.
    pub leaf: u64,
    /// Sizes of relays' logs that its desk had seen, by origin.
    pub seen: BTreeMap<String, u64>,
}

impl Order {
    /// Whether it is about this channel.
    #[must_use]
    pub fn covers(&self, channel: &str) -> bool {
        self.channel.as_deref().is_none_or(|named| named == channel)
    }

    /// Whether it counts already, by the clock of whoever looks.
    #[must_use]
    pub fn counts(&self, now: WallTime) -> bool {
        self.effective.is_none_or(|from| from <= now)
    }

    /// When people are to be told that nobody has looked at it again, if it is to be looked at: not before it counts.
    #[must_use]
    pub fn review_due(&self) -> Option<WallTime> {
        let review_by = self.review_by?;
        Some(self.effective.map_or(review_by, |from| review_by.max(from)))
    }

    /// Whether it stops formal traffic.
    #[must_use]
    pub const fn stops(&self) -> bool {
        matches!(self.verb, OrderVerb::Suspend | OrderVerb::Sever)
    }

    /// The political state that it makes while it stands.
    #[must_use]
    pub const fn state(&self) -> Political {
        match self.verb {
            OrderVerb::Suspend => Political::Suspended,
            OrderVerb::Sever => Political::Severed,
            OrderVerb::Restore | OrderVerb::Rekey | OrderVerb::AmendConfig => Political::Open,
        }
    }

    /// In plain words, with who, what, why and until when.
    #[must_use]
    pub fn plain(&self) -> String {
        let about = self.channel.as_deref().unwrap_or("all channels");
        let scope = match self.scope.as_str() {
            "" => String::new(),
            scope => format!(" ({scope})"),
        };
        let from = self
            .effective
            .map(|time| format!(", from {} on", time.dtg()))
            .unwrap_or_default();
        let review = self
            .review_by
            .map(|time| format!(", to be reviewed by {}", time.dtg()))
            .unwrap_or_default();
        format!(
            "{} of {} {} {about}{scope}{from}: {}{review}",
            self.officer.name(),
            self.officer.domain(),
            past(self.verb),
            self.reason
        )
    }

    /// As a fact behind an axis.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        Evidence {
            what: self.plain(),
            by: self.officer.to_string(),
            received: self.received,
            claimed: Some(self.claimed),
            statement: Some(self.hash),
            proof: Proof::Statement,
        }
    }
}

const fn past(verb: OrderVerb) -> &'static str {
    match verb {
        OrderVerb::Suspend => "suspended",
        OrderVerb::Sever => "severed",
        OrderVerb::Restore => "restores",
        OrderVerb::Rekey => "changes a key of",
        OrderVerb::AmendConfig => "amends the configuration of",
    }
}

/// All orders of both sides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Orders {
    by_desk: BTreeMap<Identity, OfDesk>,
    /// Where each stands.
    places: BTreeMap<Hash32, (Identity, Place)>,
    /// By the channel that both name (none for all): first and second RESTORE, the oldest first.
    agreed: BTreeMap<Option<String>, Vec<(Hash32, Hash32)>>,
    /// Changes of keys that both sides signed, by the announcement: it and the first agreement to it. Whatever else a side
    /// announces, these are not forgotten.
    rekeyed: BTreeMap<Hash32, (Order, Order)>,
    /// Key statements of which some statement was signed.
    keys: BTreeSet<Hash32>,
}

/// A restoration that both sides signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreed<'a> {
    /// The first RESTORE.
    pub first: &'a Order,
    /// The other side's, which agrees to it.
    pub second: &'a Order,
}

impl Agreed<'_> {
    /// Whether both restore this channel.
    #[must_use]
    pub fn covers(&self, channel: &str) -> bool {
        self.first.covers(channel) && self.second.covers(channel)
    }

    /// Whether it is behind an order of either side: in that side's own chain.
    #[must_use]
    pub fn lifts(&self, order: &Order) -> bool {
        [self.first, self.second]
            .into_iter()
            .any(|restore| restore.desk == order.desk && restore.place > order.place)
    }
}

impl Orders {
    /// Takes in an order; the same place twice changes nothing. `chartered` says whether a channel has a charter: what is
    /// ordered about one that has none is forgotten first.
    pub fn note(&mut self, order: Order, chartered: &dyn Fn(&str) -> bool) {
        let (desk, place, hash) = (order.desk.clone(), order.place, order.hash);
        let restores = order.verb == OrderVerb::Restore;
        if order.verb == OrderVerb::Rekey {
            self.note_rekey(&order);
        }
        let of_desk = self.by_desk.entry(desk.clone()).or_default();
        let forgotten = of_desk.note(order, chartered);
        self.places.insert(hash, (desk, place));
        let mut changed = restores;
        if let Some(order) = forgotten {
            changed |= order.verb == OrderVerb::Restore;
            if self
                .places
                .get(&order.hash)
                .is_some_and(|(_, at)| *at == order.place)
            {
                self.places.remove(&order.hash);
            }
        }
        if changed {
            self.agree();
        }
    }

    /// Takes in that a desk signed with the key of this statement.
    pub fn note_key(&mut self, statement: Hash32) {
        if self.keys.len() < KEYS_MAX {
            self.keys.insert(statement);
        }
    }

    /// Whether a desk has signed with that key.
    pub(super) fn signed_with(&self, statement: &Hash32) -> bool {
        self.keys.contains(statement)
    }

    /// Every order, by desk, kind and place in its chain.
    pub fn all(&self) -> impl Iterator<Item = &Order> {
        self.by_desk.values().flat_map(OfDesk::all)
    }

    /// SUSPEND and SEVER about this channel that nothing lifts. `complete` says whether a restoration that both signed
    /// is shown to work.
    pub fn standing<'a>(&'a self, channel: &str, complete: &impl Fn(&Agreed<'a>) -> bool) -> Vec<&'a Order> {
        let mut lifted: BTreeMap<&Identity, Place> = BTreeMap::new();
        for agreed in self.agreed(channel).into_iter().filter(|agreed| complete(agreed)) {
            for restore in [agreed.first, agreed.second] {
                let up_to = lifted.entry(&restore.desk).or_insert(restore.place);
                *up_to = restore.place.max(*up_to);
            }
        }
        let stops = self.by_desk.values().flat_map(OfDesk::stops);
        stops
            .filter(|order| order.covers(channel))
            .filter(|order| lifted.get(&order.desk).is_none_or(|up_to| *up_to <= order.place))
            .collect()
    }

    /// Restorations of this channel that a releaser of both sides signed: the newest of them.
    #[must_use]
    pub fn agreed(&self, channel: &str) -> Vec<Agreed<'_>> {
        [None, Some(channel.to_owned())]
            .iter()
            .filter_map(|named| self.agreed.get(named))
            .flatten()
            .filter_map(|(first, second)| {
                let (first, second) = (self.by_hash(*first)?, self.by_hash(*second)?);
                Some(Agreed { first, second })
            })
            .collect()
    }

    /// Whether both sides signed any restoration.
    #[must_use]
    pub fn any_agreed(&self) -> bool {
        !self.agreed.is_empty()
    }

    /// Keeps a REKEY and what agrees to it, if both are here.
    fn note_rekey(&mut self, order: &Order) {
        let pair = match order.consents_to {
            Some(to) => self.by_hash(to).cloned().map(|first| (first, order.clone())),
            None => {
                let all = self.by_desk.values().flat_map(OfDesk::rekeys);
                let agreeing = all.filter(|other| agrees(other, order));
                let first = agreeing.min_by_key(|other| other.leaf).cloned();
                first.map(|second| (order.clone(), second))
            }
        };
        let Some((first, second)) = pair.filter(|(first, second)| agrees(second, first)) else {
            return;
        };
        let held = self.rekeyed.get(&first.hash);
        if held.is_some_and(|(_, held)| held.leaf <= second.leaf) {
            return;
        }
        self.rekeyed.insert(first.hash, (first, second));
        if self.rekeyed.len() > REKEYED_MAX {
            let oldest = self.rekeyed.values().min_by_key(|(first, _)| first.leaf);
            if let Some(oldest) = oldest.map(|(first, _)| first.hash) {
                self.rekeyed.remove(&oldest);
            }
        }
    }

    /// REKEY orders: those that both sides signed, and the newest of each desk.
    pub(super) fn rekey_orders(&self) -> impl Iterator<Item = &Order> {
        let agreed = self.rekeyed.values().flat_map(|(first, second)| [first, second]);
        let newest = self
            .by_desk
            .values()
            .flat_map(|of_desk| of_desk.rekeys().take(REKEYS_MAX));
        let others = newest.filter(|order| {
            let announced = order.consents_to.unwrap_or(order.hash);
            let held = self.rekeyed.get(&announced);
            held.is_none_or(|(first, second)| ![first.hash, second.hash].contains(&order.hash))
        });
        agreed.chain(others)
    }

    /// RESTORE orders about this channel.
    pub(super) fn restores(&self, channel: &str) -> impl Iterator<Item = &Order> {
        let restores = self.by_desk.values().flat_map(OfDesk::restores);
        restores.filter(move |order| order.covers(channel))
    }

    /// An order by the hash of the statement that places it.
    #[must_use]
    pub fn by_hash(&self, hash: Hash32) -> Option<&Order> {
        let (desk, place) = self.places.get(&hash)?;
        self.by_desk
            .get(desk)?
            .at(place)
            .filter(|order| order.hash == hash)
    }

    /// The political axis of a channel: the strongest of the orders that stand.
    pub fn axis<'a>(&'a self, channel: &str, complete: &impl Fn(&Agreed<'a>) -> bool) -> Axis<Political> {
        let standing = self.standing(channel, complete);
        let state = standing.iter().map(|order| order.state()).max();
        Axis::new(
            state.unwrap_or(Political::Open),
            standing.into_iter().map(Order::evidence).collect(),
        )
    }

    /// Finds anew which restorations both sides signed: the newest of each channel.
    fn agree(&mut self) {
        let mut found: BTreeMap<Option<String>, Vec<Agreed<'_>>> = BTreeMap::new();
        for second in self.by_desk.values().flat_map(OfDesk::restores) {
            if let Some(agreed) = self.agreed_by(second) {
                let channel = agreed.first.channel.as_ref().or(second.channel.as_ref());
                found.entry(channel.cloned()).or_default().push(agreed);
            }
        }
        let hashes = |mut of_channel: Vec<Agreed<'_>>| {
            of_channel.sort_by_key(|agreed| agreed.second.leaf);
            let old = of_channel.len().saturating_sub(AGREED_MAX);
            let newest = of_channel.iter().skip(old);
            newest
                .map(|agreed| (agreed.first.hash, agreed.second.hash))
                .collect()
        };
        let agreed = found
            .into_iter()
            .map(|(channel, of_channel)| (channel, hashes(of_channel)))
            .collect();
        self.agreed = agreed;
    }

    /// What a RESTORE agrees to: one of the other side about the same channel.
    fn agreed_by<'a>(&'a self, second: &'a Order) -> Option<Agreed<'a>> {
        let first = self.by_hash(second.consents_to?)?;
        let both = first.verb == OrderVerb::Restore && first.desk.domain() != second.desk.domain();
        let same = match (&first.channel, &second.channel) {
            (Some(first), Some(second)) => first == second,
            (None, _) | (_, None) => true,
        };
        (both && same).then_some(Agreed { first, second })
    }
}
