//! How the line and its channels stand: the rules of `core::channel`, asked with what this desk knows.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use hotline_core::{
    channel::{
        Axis, Carrier, Evidence, Identified, Label, LegFact, Order, Paths, Political, PresenceFact, Proof,
        Restoring, Standing, Waiting, Watched,
        cause::{DORMANT_AFTER, Silence, causes},
        label,
    },
    duty::PresenceState,
    id::Hash32,
    time::WallTime,
};

use super::Engine;
use crate::{
    channels::CharterState,
    standing::{
        AxesView, AxisView, CauseView, ChannelView, CharterView, RestoringView, StandingView, StatementView,
        plain,
    },
};

/// Contradictions that are shown. 16: one is enough.
const CONTRADICTIONS_SHOWN: usize = 16;

/// What is the same for every channel.
struct LineFacts {
    paths: Paths,
    carrier: Axis<Carrier>,
    watch: Axis<Watched>,
    identity: Axis<Identified>,
    /// How long nothing that the remote desk signed has come.
    unheard: Option<Duration>,
    dormant: bool,
    /// Messages that wait, with their channels.
    waiting: Vec<(String, Waiting)>,
}

/// How one channel stands.
struct ChannelFacts {
    name: String,
    chartered: bool,
    political: Axis<Political>,
    label: Label,
}

impl Engine {
    /// How the line and each channel stand.
    pub(super) fn standing(&self) -> StandingView {
        let line = self.line_facts();
        let names = self.channel_names();
        let facts: Vec<ChannelFacts> = names.iter().map(|name| self.channel_facts(&line, name)).collect();
        let channels = facts.iter().map(|of| self.channel_view(&line, of)).collect();
        self.whole(&line, &facts, channels)
    }

    /// Every channel that a charter, a proposal, an order or the settings name.
    fn channel_names(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::from([self.config.channel.clone()]);
        names.extend(self.directory.charters().map(|charter| charter.channel.clone()));
        names.extend(
            self.channels
                .charters
                .all()
                .map(|state| state.terms.channel.clone()),
        );
        names.extend(
            self.channels
                .orders
                .all()
                .filter_map(|order| order.channel.clone()),
        );
        names
    }

    fn line_facts(&self) -> LineFacts {
        let paths = self.paths();
        let unheard = self.channels.unheard(&self.config.peer, self.wall(), self.line());
        LineFacts {
            carrier: paths.carrier(),
            paths,
            watch: self.channels.attendance(&self.config.peer).axis(unheard),
            identity: Axis::identity(self.identity_facts()),
            unheard,
            dormant: self.dormant(),
            waiting: self.waiting_for_people(),
        }
    }

    fn paths(&self) -> Paths {
        let legs = self.leg_status.iter().map(|(leg, status)| LegFact {
            leg: leg.clone(),
            up: status.up,
            why: status.why.clone(),
            at: WallTime::from_unix_ms(status.last_proven_ms.unwrap_or(0)),
        });
        Paths {
            me: self.me.to_string(),
            legs: legs.collect(),
            presence: self.presence_facts(),
        }
    }

    /// What relays signed about the remote desk.
    fn presence_facts(&self) -> Vec<PresenceFact> {
        let peer = self.config.peer.to_string();
        let told = self.relays.iter().filter_map(|(name, relay)| {
            let said = relay.presence.get(&peer)?;
            let state: PresenceState = said.state.parse().ok()?;
            let since = WallTime::from_unix_ms(said.since_ms).rfc3339();
            let hash: Option<hotline_audit::Hash> = said.sha256.parse().ok();
            let evidence = Evidence {
                what: format!("relay {name}: the remote desk is {state} since {since}"),
                by: relay.shared.place.identity.to_string(),
                received: WallTime::from_unix_ms(said.heard_ms),
                claimed: Some(WallTime::from_unix_ms(said.claimed_ms)),
                statement: hash.map(|hash| Hash32(hash.0)),
                proof: Proof::Presence,
            };
            Some(PresenceFact {
                relay: name.clone(),
                state,
                evidence,
            })
        });
        told.collect()
    }

    /// What speaks against the remote desk's identity: its keys were revoked, or it signed two histories.
    fn identity_facts(&self) -> Vec<(Identified, Evidence)> {
        let peer = self.config.peer.to_string();
        let mut found = self.contradictions(&peer);
        let keys: Vec<_> = self
            .rosters
            .rosters()
            .flat_map(|roster| roster.keys_of(&peer, hotline_audit::key::Purpose::Statement))
            .collect();
        if keys.iter().any(|entry| entry.revoked.is_none()) {
            return found;
        }
        let revoked = keys.iter().filter_map(|entry| entry.revoked.as_ref());
        found.extend(revoked.map(|revoked| {
            let claimed = WallTime::from_unix_ms(revoked.claimed_time_ms);
            let fact = Evidence {
                what: format!("its key was revoked: {}", revoked.reason),
                by: self.config.peer.domain().to_string(),
                received: claimed,
                claimed: Some(claimed),
                statement: Some(Hash32(revoked.hash.0)),
                proof: Proof::Statement,
            };
            (Identified::Revoked, fact)
        }));
        found
    }

    /// Two statements under one key of a desk, for one id or place: somebody else may sign with it.
    fn contradictions(&self, peer: &str) -> Vec<(Identified, Evidence)> {
        let kept = self
            .ledger
            .conflicts(CONTRADICTIONS_SHOWN)
            .map(|conflicts| conflicts.kept);
        let of_peer = kept
            .unwrap_or_default()
            .into_iter()
            .filter(|kept| kept.sender == peer);
        of_peer
            .map(|kept| {
                let fact = Evidence {
                    what: format!(
                        "it signed two statements for one id or place; one is leaf {} here",
                        kept.stored_index
                    ),
                    by: peer.to_owned(),
                    received: self.wall(),
                    claimed: None,
                    statement: Some(Hash32(kept.hash.0)),
                    proof: Proof::Statement,
                };
                (Identified::Suspect, fact)
            })
            .collect()
    }

    /// Whether no person acknowledged a comm check for 30 days, counted from the first charter if nobody ever did.
    fn dormant(&self) -> bool {
        let opened = || self.channels.charters.all().map(|state| state.stored).min();
        let since = self.channels.human_check().or_else(opened);
        since.is_some_and(|since| {
            self.wall().unix_ms().saturating_sub(since.unix_ms()) > millis(DORMANT_AFTER)
        })
    }

    fn channel_facts(&self, line: &LineFacts, name: &str) -> ChannelFacts {
        let shown = &self.channels.shown;
        let political = self.channels.political_axis(name);
        let restoring = self.channels.orders.restoring(name, shown) != Restoring::No;
        let chartered = self.has_charter(name);
        let label = label(&Standing {
            carrier: line.carrier.state,
            watch: line.watch.state,
            political: political.state,
            identity: line.identity.state,
            chartered,
            heard: line.unheard.is_some(),
            restoring,
            overdue: line.of_channel(name).any(Waiting::overdue),
            dormant: line.dormant,
        });
        ChannelFacts {
            name: name.to_owned(),
            chartered,
            political,
            label,
        }
    }

    fn channel_view(&self, line: &LineFacts, of: &ChannelFacts) -> ChannelView {
        let waiting: Vec<Waiting> = line.of_channel(&of.name).cloned().collect();
        let orders = self.channels.standing(&of.name);
        let causes = CauseView::all(&causes(&Silence {
            political: of.political.state,
            orders: &orders,
            paths: &line.paths,
            watch: &line.watch,
            waiting: &waiting,
        }));
        ChannelView {
            name: of.name.clone(),
            label: of.label.name().to_owned(),
            plain: plain(of.label, &[]),
            cause: causes.first().cloned().unwrap_or_default(),
            causes,
            political: AxisView::political(&of.political, vec![of.name.clone()]),
            charter: self.charter_view(&of.name),
            restoring: self.restoring_view(&of.name),
        }
    }

    /// The line as a whole: what any channel of it says that is not only proposed.
    fn whole(&self, line: &LineFacts, facts: &[ChannelFacts], channels: Vec<ChannelView>) -> StandingView {
        let chartered: Vec<&ChannelFacts> = facts.iter().filter(|of| of.chartered).collect();
        let strongest = chartered.iter().map(|of| of.political.state).max();
        let strongest = strongest.unwrap_or(Political::Open);
        let under: Vec<&&ChannelFacts> = chartered
            .iter()
            .filter(|of| of.political.state == strongest)
            .collect();
        let scope: Vec<String> = under.iter().map(|of| of.name.clone()).collect();
        let mut orders: BTreeMap<Hash32, &Order> = BTreeMap::new();
        for of in &under {
            let standing = self.channels.standing(&of.name);
            orders.extend(standing.into_iter().map(|order| (order.hash, order)));
        }
        let orders: Vec<&Order> = orders.into_values().collect();
        let political = Axis::new(strongest, orders.iter().map(|order| order.evidence()).collect());
        let restoring = under.iter().any(|of| of.label == Label::Restoring);
        let waiting: Vec<Waiting> = line.waiting.iter().map(|(_, waiting)| waiting.clone()).collect();
        let label = label(&Standing {
            carrier: line.carrier.state,
            watch: line.watch.state,
            political: strongest,
            identity: line.identity.state,
            chartered: !chartered.is_empty(),
            heard: line.unheard.is_some(),
            restoring,
            overdue: waiting.iter().any(Waiting::overdue),
            dormant: line.dormant,
        });
        let causes = CauseView::all(&causes(&Silence {
            political: strongest,
            orders: &orders,
            paths: &line.paths,
            watch: &line.watch,
            waiting: &waiting,
        }));
        let some = scope.len() < chartered.len();
        StandingView {
            label: label.name().to_owned(),
            plain: plain(label, if some { &scope } else { &[] }),
            cause: causes.first().cloned().unwrap_or_default(),
            causes,
            axes: AxesView {
                carrier: AxisView::of(&line.carrier, |state| state.name()),
                watch: AxisView::watch(&self.channels.attendance(&self.config.peer), line.unheard),
                political: AxisView::political(&political, scope),
                identity: AxisView::of(&line.identity, |state| state.name()),
            },
            own_watch: AxisView::watch(&self.channels.attendance(&self.me), Some(Duration::ZERO)),
            channels,
        }
    }

    fn charter_view(&self, channel: &str) -> Option<CharterView> {
        let charters = &self.channels.charters;
        let state = charters
            .signed(channel)
            .or_else(|| charters.proposed(channel).first().copied())?;
        Some(charter_view(state))
    }

    fn restoring_view(&self, channel: &str) -> Option<RestoringView> {
        let restoring = self.channels.orders.restoring(channel, &self.channels.shown);
        let (first, agreed_by, lacking) = match restoring {
            Restoring::No => return None,
            Restoring::Proposed(first) => {
                let other = [&self.me, &self.config.peer]
                    .into_iter()
                    .find(|desk| **desk != first.desk)
                    .unwrap_or(&self.config.peer);
                let lacking = vec![format!("the signature of a releaser of {}", other.domain())];
                (first, None, lacking)
            }
            Restoring::Agreed { agreed, lacking } => {
                let by = agreed.second.officer.to_string();
                (agreed.first, Some(by), lacking)
            }
        };
        Some(RestoringView {
            by: first.officer.to_string(),
            first: self.statement_view(first),
            agreed_by,
            lacking,
        })
    }

    fn statement_view(&self, order: &Order) -> StatementView {
        let hash = hotline_audit::Hash(order.hash.0);
        let id = self.ledger.by_hash(&hash).ok().flatten().map(|stored| stored.id);
        StatementView {
            sender: order.desk.to_string(),
            id: id.map_or_else(String::new, |id| hotline_core::id::StatementId(id).to_string()),
            sha256: hash.to_string(),
        }
    }
}

impl LineFacts {
    /// Messages that wait on a channel, and those that name none.
    fn of_channel<'a>(&'a self, channel: &'a str) -> impl Iterator<Item = &'a Waiting> {
        self.waiting
            .iter()
            .filter(move |(of, _)| of.is_empty() || of == channel)
            .map(|(_, waiting)| waiting)
    }
}

fn charter_view(state: &CharterState) -> CharterView {
    let terms = &state.terms;
    let lacking = terms
        .sides
        .iter()
        .filter(|side| !state.consents.contains_key(*side));
    CharterView {
        signed: state.signed(),
        signed_by: state
            .consents
            .values()
            .map(|(officer, _)| officer.clone())
            .collect(),
        lacking: lacking.cloned().collect(),
        level: terms.level.clone(),
        scope: terms.scope.clone(),
        hours: terms.hours.clone(),
        receipt_policy: terms.receipt_policy.clone(),
        terms: data_encoding::BASE64.encode(&state.bytes),
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
