//! What releasers ordered about channels, and what stands of it.
//!
//! SUSPEND and SEVER take effect by one side's signature. They end by RESTORE of both sides, the second naming the first,
//! once the line is shown to work ([`super::restore`]). A pair of restorations lifts what each side ordered before its
//! own RESTORE in its own chain, so both sides find the same whatever came first where.

use std::collections::BTreeMap;

use super::{Axis, Evidence, Political, Proof};
use crate::duty::OrderVerb;
use crate::id::{Hash32, Place};
use crate::identity::Identity;
use crate::time::WallTime;

/// Orders that are remembered per desk. 1,024: a suspension and its end each day for more than a year.
const REMEMBERED: usize = 1024;

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
    pub(super) by_desk: BTreeMap<Identity, BTreeMap<Place, Order>>,
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
    /// Takes in an order; the same place twice changes nothing.
    pub fn note(&mut self, order: Order) {
        let of_desk = self.by_desk.entry(order.desk.clone()).or_default();
        of_desk.entry(order.place).or_insert(order);
        if of_desk.len() > REMEMBERED {
            of_desk.pop_first();
        }
    }

    /// Every order, by desk and in the order of its chain.
    pub fn all(&self) -> impl Iterator<Item = &Order> {
        self.by_desk.values().flat_map(BTreeMap::values)
    }

    /// SUSPEND and SEVER about this channel that nothing lifts. `complete` says whether a restoration that both signed
    /// is shown to work.
    pub fn standing<'a>(&'a self, channel: &str, complete: &impl Fn(&Agreed<'a>) -> bool) -> Vec<&'a Order> {
        let agreed: Vec<Agreed<'a>> = self
            .agreed(channel)
            .into_iter()
            .filter(|agreed| complete(agreed))
            .collect();
        self.all()
            .filter(|order| order.stops() && order.covers(channel))
            .filter(|order| !agreed.iter().any(|agreed| agreed.lifts(order)))
            .collect()
    }

    /// Restorations of this channel that a releaser of both sides signed.
    #[must_use]
    pub fn agreed(&self, channel: &str) -> Vec<Agreed<'_>> {
        self.all()
            .filter(|order| order.verb == OrderVerb::Restore)
            .filter_map(|second| {
                let first = self.by_hash(second.consents_to?)?;
                let agreed = Agreed { first, second };
                let both = first.verb == OrderVerb::Restore && first.desk.domain() != second.desk.domain();
                (both && agreed.covers(channel)).then_some(agreed)
            })
            .collect()
    }

    /// An order by the hash of the statement that places it.
    #[must_use]
    pub fn by_hash(&self, hash: Hash32) -> Option<&Order> {
        self.all().find(|order| order.hash == hash)
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
}
