//! What releasers order about channels.

use hotline_audit::Hash;
use hotline_core::duty::OrderVerb;

use crate::{scenario::expect::By, timeline::What};

use super::{
    by::{Occurrence, Until},
    case::{Case, Finding},
};

impl Case<'_> {
    /// A releaser at a desk signs an order; about this channel, if one is named. One about all of the line is about each.
    /// `agrees`: it names an order of the same kind that a releaser of the other side has signed.
    pub(super) fn ordered(
        &self,
        (verb, channel, agrees): (OrderVerb, Option<&str>, bool),
        at: &str,
        by: &By,
    ) -> Finding {
        let entries = self.timeline.entries.iter().enumerate();
        let orders = entries.filter_map(|(no, entry)| match &entry.what {
            What::Order {
                verb: signed,
                stands: true,
                channel: of,
                consents_to,
                ..
            } if *signed == verb
                && (!agrees
                    || consents_to
                        .is_some_and(|first| self.is_order_of_the_other(first, (verb, of), at)))
                && self.timeline.name_of(&entry.who) == at
                && (of.is_empty() || channel.is_none_or(|channel| of == channel)) =>
            {
                Some(Occurrence {
                    from: Some(entry.at),
                    until: Until::Point,
                    entry: no,
                    what: format!("{} by {at}", said(verb, Some(of))),
                    late: false,
                })
            }
            _ => None,
        });
        let orders: Vec<Occurrence> = orders.collect();
        let which = if agrees {
            " that agrees to the other side\u{2019}s"
        } else {
            ""
        };
        self.by(
            &orders,
            by,
            &format!("{} by {at}{which}", said(verb, channel)),
            None,
        )
    }

    /// Whether this statement is the same order of a releaser of the other side, about the same channel.
    fn is_order_of_the_other(&self, sha256: Hash, (verb, channel): (OrderVerb, &str), at: &str) -> bool {
        let desks = &self.timeline.startex.desks;
        let side = desks.get(at).map(|desk| &desk.side);
        self.timeline.entries.iter().any(|entry| {
            let orders = matches!(
                &entry.what,
                &What::Order { verb: signed, stands: true, channel: ref of, .. }
                    if signed == verb && of == channel
            );
            let theirs = self.timeline.desk_of(&entry.who).map(|(_, desk)| &desk.side);
            orders && entry.sha256 == sha256 && theirs.is_some() && theirs != side
        })
    }
}

/// `SUSPEND of MARITIME`; of no channel, of whatever there is.
pub(super) fn said(verb: OrderVerb, channel: Option<&str>) -> String {
    match channel {
        Some("") => format!("{verb} of all channels"),
        Some(channel) => format!("{verb} of {channel}"),
        None => verb.to_string(),
    }
}
