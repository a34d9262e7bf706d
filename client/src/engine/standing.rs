//! How the line and its channels stand: the rules of `core::channel`, asked with what this desk knows.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use hotline_core::{
    channel::{
        Axis, Carrier, Evidence, Identified, Label, Order, Paths, Political, Restoring, Standing, Waiting,
        Watched,
        cause::{Silence, causes},
        label, label_of_line,
    },
    id::Hash32,
    identity::Identity,
};

use super::Engine;
use crate::{
    channels::CharterState,
    standing::{
        AxesView, AxisView, CauseView, ChannelView, CharterView, FactView, RestoringView, StandingView,
        StatementView, plain,
    },
};

/// What is the same for every channel.
struct LineFacts {
    paths: Paths,
    carrier: Axis<Carrier>,
    watch: Axis<Watched>,
    identity: Axis<Identified>,
    /// How long nothing that the remote desk signed has come, and how long that may be.
    unheard: (Option<Duration>, Duration),
    dormant: bool,
    /// Messages that wait.
    waiting: Vec<Waiting>,
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

    /// Every channel that a charter, a proposal or the settings name. What is ordered about any other stops nothing here, and
    /// a hostile releaser can order about very many.
    pub(super) fn channel_names(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::from([self.config.channel.clone()]);
        names.extend(
            self.trust
                .directory()
                .charters()
                .map(|charter| charter.channel.clone()),
        );
        names.extend(
            self.channels
                .charters
                .all()
                .map(|state| state.terms.channel.clone()),
        );
        names
    }

    fn line_facts(&self) -> LineFacts {
        let paths = self.paths();
        let unheard = self.channels.unheard(&self.config.peer, self.wall(), self.line());
        let may_be = self.channels.may_be_unheard(&self.config.peer);
        let mut carrier = paths.carrier();
        carrier.facts.extend(self.proofs_of_carrier());
        let mut identity = Axis::identity(self.identity_facts());
        if identity.state == Identified::Good {
            identity.facts.extend(self.proofs_of_identity());
        }
        LineFacts {
            carrier,
            paths,
            watch: self
                .channels
                .attendance(&self.config.peer)
                .axis((unheard, may_be)),
            identity,
            unheard: (unheard, may_be),
            dormant: self.dormant(),
            waiting: self.waiting_for_people(),
        }
    }

    fn channel_facts(&self, line: &LineFacts, name: &str) -> ChannelFacts {
        let shown = &self.channels.shown;
        let mut political = self.channels.political_axis(name, self.wall());
        political.facts =
            self.political_facts(political.state, name, &self.channels.standing(name, self.wall()));
        let restoring = self.channels.orders.restoring(name, shown) != Restoring::No;
        let chartered = self.has_charter(name, &self.trust.directory());
        let label = label(&Standing {
            carrier: line.carrier.state,
            watch: line.watch.state,
            political: political.state,
            identity: line.identity.state,
            chartered,
            heard: line.unheard.0.is_some(),
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
        let orders = self.channels.standing(&of.name, self.wall());
        let causes = CauseView::all(&causes(&Silence {
            political: of.political.state,
            orders: &orders,
            partial: false,
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
            let standing = self.channels.standing(&of.name, self.wall());
            orders.extend(standing.into_iter().map(|order| (order.hash, order)));
        }
        let orders: Vec<&Order> = orders.into_values().collect();
        let political = Axis::new(strongest, self.facts_of(strongest, &under, &orders));
        let restoring = under.iter().any(|of| of.label == Label::Restoring);
        let some = scope.len() < chartered.len();
        let on = Standing {
            carrier: line.carrier.state,
            watch: line.watch.state,
            political: strongest,
            identity: line.identity.state,
            chartered: !chartered.is_empty(),
            heard: line.unheard.0.is_some(),
            restoring,
            overdue: line.waiting.iter().any(Waiting::overdue),
            dormant: line.dormant,
        };
        let label = label_of_line(&on, some);
        let causes = CauseView::all(&causes(&Silence {
            political: strongest,
            orders: &orders,
            partial: some,
            paths: &line.paths,
            watch: &line.watch,
            waiting: &line.waiting,
        }));
        StandingView {
            label: label.name().to_owned(),
            plain: plain(label, if some { &scope } else { &[] }),
            cause: causes.first().cloned().unwrap_or_default(),
            causes,
            axes: AxesView {
                carrier: AxisView::of(&line.carrier, |state| state.name()),
                watch: self.watch_view(&self.config.peer, line.unheard),
                political: AxisView::political(&political, scope),
                identity: AxisView::of(&line.identity, |state| state.name()),
            },
            own_watch: self.watch_view(&self.me, (Some(Duration::ZERO), Duration::MAX)),
            channels,
            rekeys: self.rekey_views(),
        }
    }

    /// What the political axis of the line rests on: of the channels under the strongest order.
    fn facts_of(&self, state: Political, under: &[&&ChannelFacts], orders: &[&Order]) -> Vec<Evidence> {
        if state != Political::Open {
            return self.political_facts(state, "", orders);
        }
        let mut facts: Vec<Evidence> = Vec::new();
        for fact in under.iter().flat_map(|of| &of.political.facts) {
            if !facts.contains(fact) {
                facts.push(fact.clone());
            }
        }
        facts
    }

    /// The watch of a desk, also of what nothing is known.
    fn watch_view(&self, desk: &Identity, unheard: (Option<Duration>, Duration)) -> AxisView {
        let attendance = self.channels.attendance(desk);
        let mut view = AxisView::watch(&attendance, unheard);
        let state = attendance.axis(unheard).state;
        let proofs = self.proofs_of_watch(desk, state, attendance.held().by.is_some());
        view.facts.extend(proofs.iter().map(FactView::of));
        view
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
        let overtaken = restoring.overtaken(&self.channels.ordered(channel));
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
            overtaken,
        })
    }

    pub(super) fn statement_view(&self, order: &Order) -> StatementView {
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
            .filter(move |waiting| waiting.channel.is_empty() || waiting.channel == channel)
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
