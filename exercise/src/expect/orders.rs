//! What releasers order about channels.

use hotline_core::duty::OrderVerb;

use crate::{scenario::expect::By, timeline::What};

use super::{
    by::{Occurrence, Until},
    case::{Case, Finding},
};

impl Case<'_> {
    /// A releaser at a desk signs an order; about this channel, if one is named. One about all of the line is about each.
    pub(super) fn ordered(&self, verb: OrderVerb, at: &str, channel: Option<&str>, by: &By) -> Finding {
        let entries = self.timeline.entries.iter().enumerate();
        let orders = entries.filter_map(|(no, entry)| match &entry.what {
            What::Order {
                verb: signed,
                stands: true,
                channel: of,
                ..
            } if *signed == verb
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
        self.by(&orders, by, &format!("{} by {at}", said(verb, channel)), None)
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
