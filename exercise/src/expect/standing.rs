//! What a message is worth whose key has ended: judged by where it lies in the relays' logs, and by nothing that control or
//! a desk says.

use hotline_audit::{
    Hash,
    verify::{Counted, Standing},
};

use crate::{
    counted::{Worth, worth_of},
    scenario::{lists::Counting, mark::Alias},
};

use super::{
    Met,
    case::{Case, Finding},
};

impl Case<'_> {
    /// The worth of every message of a name, with the proof. What logs do not prove is undecided.
    pub(super) fn standing(&self, asked: Counting, of: &Alias) -> Finding {
        let messages = self.messages(of);
        if messages.is_empty() {
            return Finding::new(Met::No, format!("no message {of} was released"));
        }
        let findings = messages.iter().map(|message| self.stands(asked, message));
        let worst = findings.max_by_key(|finding| match finding.met {
            Met::Yes | Met::NotAsked => 0,
            Met::Undecided => 1,
            Met::No => 2,
        });
        worst.unwrap_or_else(|| Finding::new(Met::No, "nothing"))
    }

    fn stands(&self, asked: Counting, message: &Hash) -> Finding {
        let name = self.spoken(message);
        let at = self
            .timeline
            .entries
            .iter()
            .position(|entry| entry.sha256 == *message);
        // A message bears the keys of its desk and of its officers: the least of them decides.
        let signatures = self.timeline.counted.iter();
        let signatures = signatures.filter(|counted| counted.sha256 == *message);
        let Some(least) = signatures.max_by_key(|counted| (counted.standing, counted.shown.is_none())) else {
            let met = match at {
                Some(_) => Met::No,
                None => Met::Undecided,
            };
            let why = "no relay's log holds it with a key that has ended";
            return Finding::new(met, format!("{name}: {why}")).seen_in(at);
        };
        let met = met(asked, least);
        let told = worth_of(self.timeline, least);
        Finding::new(met, format!("{name}: {told}")).seen_in(at)
    }
}

fn met(asked: Counting, found: &Counted) -> Met {
    let as_asked = match (asked, found.standing) {
        (_, _) if Worth::of(found) == Worth::CannotTell => return Met::Undecided,
        (Counting::Counts, standing) => standing == Standing::Counts,
        (Counting::Review, standing) => standing == Standing::Review,
        (Counting::RevokedKey, standing) => standing == Standing::RevokedKey,
        (Counting::NotCounted, standing) => standing != Standing::Counts,
    };
    if as_asked { Met::Yes } else { Met::No }
}
