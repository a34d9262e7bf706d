//! One leg's life: dialled, its three lanes served, and dialled again.
//!
//! All legs are kept warm all the time; there is no failover, only a copy that comes first. A leg ends as a whole: when
//! one lane ends, the other two are closed and the leg is dialled anew ([`dial`]), with jittered back-off. A refusal is
//! classed permanent or not by transport, and a permanent one is not hammered. When trust changes, a leg looks whether its
//! relay is still let in and whether it still shows our newest certificate; one that waits for its redial tries at once.

mod dial;

use std::{sync::Arc, time::Duration};

use hotline_audit::{Hash, check::Verified as Statement};
use hotline_core::{
    health::Profile,
    leg::{Door, Lane, Leg},
};
use hotline_ledger::Watcher;
use hotline_proto::{SESSION_VERSION, lane as wire_lane, v1};
use hotline_transport::{Dialer, Ended, LaneChannel, Permanence, QuicLeg, Redial, Refusal, Seams};
use tokio::sync::{mpsc, watch};

use crate::{
    input::Input,
    lane::{self, GOODBYE_WITHIN, LaneEnd, Order},
    logview::LogFault,
    relay::{RelayShared, Verified},
    share::Shares,
    trust::TrustNow,
};

/// What every leg to one relay needs.
#[derive(Clone)]
pub struct LegContext {
    /// Clock, entropy, tasks, network.
    pub seams: Seams,
    /// Dials with this desk's certificate.
    pub dialer: Dialer,
    /// The relay.
    pub relay: Arc<RelayShared>,
    /// Whom this desk believes now.
    pub trust: Arc<TrustNow>,
    /// This leg's turn to show a new certificate, from 0.
    pub turn: u32,
    /// The kind of line to it.
    pub profile: Profile,
    /// Signatures already checked, on whichever leg.
    pub verified: Arc<Verified>,
    /// Where the station listens.
    pub station: mpsc::Sender<Input>,
    /// What each lane is to bring, and from which cursor on.
    pub shares: Arc<Shares>,
    /// This desk's ledger: made once with it.
    pub instance: [u8; 16],
    /// How often it was opened.
    pub boot: u64,
}

impl LegContext {
    /// The hello of one lane.
    pub(crate) fn hello(&self, lane: Lane, leg: &Leg) -> v1::ClientHello {
        v1::ClientHello {
            version_max: SESSION_VERSION,
            version_min: SESSION_VERSION,
            software: concat!("hotline ", env!("CARGO_PKG_VERSION")).into(),
            lane: wire_lane::to_wire(lane),
            ledger_instance: self.instance.to_vec().into(),
            boot: self.boot,
            checkpoint_size: self.relay.log_size(),
            subscribe: Some(self.shares.of(leg, lane)),
            profile: self.profile.to_wire(),
        }
    }

    /// Checks the signature of a statement, unless these exact bytes were checked before.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(crate) fn check(&self, bytes: &[u8], hash: Hash) -> Result<Option<Arc<Statement>>, String> {
        if self.verified.contains(&hash) {
            return Ok(None);
        }
        let now = self.seams.clock.wall().unix_ms();
        let statement = self
            .trust
            .verify(bytes, now)
            .map_err(|error| format!("{}: {error}", error.rule()))?;
        self.verified.insert(hash);
        Ok(Some(Arc::new(statement)))
    }
}

/// The station's end of a leg.
#[derive(Clone, Debug)]
pub struct LegHandle {
    /// Which leg.
    pub leg: Leg,
    /// None while the leg is down, as far as the station knows.
    session: Option<Orders>,
}

/// Where the orders for one session of a leg go. They end with it: what was ordered on a session that is over would leave
/// before everything else with the next one, and so before what was released earlier and has to be sent again.
#[derive(Clone, Debug)]
pub struct Orders([mpsc::Sender<Order>; 3]);

/// Time between two legs that are dialled anew to show a new certificate. 2 s: a leg takes tenths of a second to come up,
/// and a redial after a failure is in it too.
const RENEW_EVERY: Duration = Duration::from_secs(2);

/// Orders waiting per lane. 4,096: at the bound the outbox keeps the statement and sends it again.
const ORDERS_MAX: usize = 4096;

impl Orders {
    /// Those of a new session, and what its three lanes are ordered.
    fn of_a_session() -> (Self, [mpsc::Receiver<Order>; 3]) {
        let (control_in, control) = mpsc::channel(ORDERS_MAX);
        let (message_in, message) = mpsc::channel(ORDERS_MAX);
        let (bulk_in, bulk) = mpsc::channel(ORDERS_MAX);
        let orders = Self([control_in, message_in, bulk_in]);
        (orders, [control, message, bulk])
    }
}

impl LegHandle {
    /// A leg that has no session yet.
    fn new(leg: Leg) -> Self {
        Self { leg, session: None }
    }

    /// A session has begun; what is ordered from now on is for it.
    pub fn opened(&mut self, orders: Orders) {
        self.session = Some(orders);
    }

    /// Its session is over.
    pub fn ended(&mut self) {
        self.session = None;
    }

    /// Orders something on one lane of the session.
    ///
    /// # Errors
    /// The order, if the lane's queue is full or the session is over.
    pub fn order(&self, lane: Lane, order: Order) -> Result<(), Order> {
        let Some(Orders(lanes)) = &self.session else {
            return Err(order);
        };
        lanes[index(lane)].try_send(order).map_err(|error| match error {
            mpsc::error::TrySendError::Full(order) | mpsc::error::TrySendError::Closed(order) => order,
        })
    }
}

fn index(lane: Lane) -> usize {
    match lane {
        Lane::Control => 0,
        Lane::Message => 1,
        Lane::Bulk => 2,
    }
}

/// Starts a leg; it lives until the station's spawner closes.
pub fn start(context: LegContext, door: Door) -> LegHandle {
    let leg = Leg::new(context.relay.name.clone(), door);
    let handle = LegHandle::new(leg.clone());
    let spawner = context.seams.spawner.clone();
    spawner.spawn("leg", async move {
        let closing = context.seams.spawner.closing();
        let mut life = Life {
            changes: context.trust.watch(),
            context,
            leg,
        };
        let overdue = async {
            closing.cancelled().await;
            // Twice: one for the goodbye to leave, one for its answer.
            tokio::time::sleep(2 * GOODBYE_WITHIN).await;
        };
        tokio::select! {
            biased;
            () = overdue => {}
            () = life.live() => {}
        }
    });
    handle
}

struct Life {
    context: LegContext,
    /// Changes of trust that this leg has not looked at yet.
    changes: Watcher,
    leg: Leg,
}

/// What a dial gave: three lanes, and for QUIC the connection they share.
struct Dialled {
    /// Serial number of our certificate that was shown.
    certificate: String,
    lanes: [LaneChannel; 3],
    connection: Option<QuicLeg>,
}

/// The connections of a leg that has ended; dropping it closes them.
///
/// They are kept for [`RESETS_WITHIN`], so that the calls of this leg are reset before its connections close: that is how a
/// relay tells a desk that gives a leg up from one whose process died.
struct Links {
    channels: [LaneChannel; 3],
    connection: Option<QuicLeg>,
}

/// How long the resets of a leg's calls may take to leave. 20 ms: they wait for one turn of the connection's task.
const RESETS_WITHIN: Duration = Duration::from_millis(20);

impl Drop for Links {
    fn drop(&mut self) {
        for channel in &self.channels {
            channel.close("this leg ends");
        }
        if let Some(connection) = &self.connection {
            connection.close("this leg ends");
        }
    }
}

/// How a leg ended.
struct LegEnd {
    why: String,
    refusal: Option<Box<Refusal>>,
    fault: Option<LogFault>,
    permanence: Permanence,
    /// Whether it was a turn of our own.
    renewed: bool,
}

impl From<Box<Refusal>> for LegEnd {
    fn from(refusal: Box<Refusal>) -> Self {
        Self {
            why: refusal.to_string(),
            permanence: refusal.permanence(),
            refusal: Some(refusal),
            fault: None,
            renewed: false,
        }
    }
}

impl LegEnd {
    fn of_ended(ended: &Ended) -> Self {
        match ended {
            Ended::Refused(refusal) => Self::from(refusal.clone()),
            other => Self {
                why: other.to_string(),
                refusal: None,
                fault: None,
                permanence: Permanence::Temporary,
                renewed: false,
            },
        }
    }
}

impl Life {
    async fn live(&mut self) {
        let numbers = self.context.profile.numbers();
        let mut redial = Redial::new(Arc::clone(&self.context.seams.entropy), numbers);
        let closing = self.context.seams.spawner.closing();
        loop {
            let dialled = tokio::select! {
                biased;
                () = closing.cancelled() => return,
                dialled = self.dial(&redial) => dialled,
            };
            let (end, links) = match dialled {
                Ok(dialled) => self.serve(dialled, &mut redial).await,
                Err(end) => (end, None),
            };
            if closing.is_cancelled() {
                return;
            }
            let permanence = end.permanence;
            if !self.tell(end).await {
                return;
            }
            if let Some(links) = links {
                tokio::time::sleep(RESETS_WITHIN).await;
                drop(links);
            }
            tokio::select! {
                biased;
                () = closing.cancelled() => return,
                // Whatever stood in the way may have been mended: no reason to wait out a long pause.
                () = self.changes.changed() => redial.succeeded(),
                () = tokio::time::sleep(redial.after(permanence)) => {}
            }
        }
    }

    /// Tells the station; false if it is gone.
    async fn tell(&self, end: LegEnd) -> bool {
        let told = Input::LegDown {
            leg: self.leg.clone(),
            why: end.why,
            refusal: end.refusal,
            fault: end.fault,
            renewed: end.renewed,
        };
        self.context.station.send(told).await.is_ok()
    }

    /// Serves a leg to its end; what it stood on is closed when the second value is dropped.
    async fn serve(&mut self, dialled: Dialled, redial: &mut Redial) -> (LegEnd, Option<Links>) {
        let Dialled {
            lanes: [control, message, bulk],
            connection,
            certificate,
        } = dialled;
        let channels = [control.clone(), message.clone(), bulk.clone()];
        let (proved, mut proofs) = watch::channel(false);
        let (orders, [mut control_in, mut message_in, mut bulk_in]) = Orders::of_a_session();
        let (context, leg, changes) = (&self.context, &self.leg, &mut self.changes);
        let run = |lane, channel, orders, up| lane::run(context, leg.clone(), lane, channel, orders, up);
        let (quiet, _) = watch::channel(false);
        let end = {
            // Once the lanes are answered only the station holds where their orders go: with it they end.
            let control = run(Lane::Control, control, (orders.clone(), &mut control_in), &proved);
            let message = run(Lane::Message, message, (orders.clone(), &mut message_in), &quiet);
            let bulk = run(Lane::Bulk, bulk, (orders, &mut bulk_in), &quiet);
            let lanes = async {
                tokio::select! {
                    biased;
                    end = control => end,
                    end = message => end,
                    end = bulk => end,
                }
            };
            let proved_itself = async {
                if proofs.changed().await.is_ok() {
                    redial.succeeded();
                }
                std::future::pending::<LaneEnd>().await
            };
            tokio::select! {
                biased;
                end = no_longer_ours(context, &channels, &certificate, changes) => end,
                end = lanes => end,
                end = proved_itself => end,
            }
        };
        let refusal = match &end {
            LaneEnd::NotTrusted(refusal) => Some(refusal.clone()),
            _ => channels
                .iter()
                .find_map(LaneChannel::refusal)
                .or_else(|| connection.as_ref().and_then(QuicLeg::refusal))
                .map(Box::new),
        };
        let mut links = Some(Links { channels, connection });
        if matches!(end, LaneEnd::NotTrusted(_)) {
            // Nothing is owed to whom we no longer believe.
            links = None;
        }
        (describe(end, refusal), links)
    }
}

/// Ends when the relay is no longer trusted; or when our certificate is another one by now and it is this leg's turn to
/// show it. The legs take turns, so that the others carry meanwhile.
async fn no_longer_ours(
    context: &LegContext,
    channels: &[LaneChannel; 3],
    certificate: &str,
    changes: &mut Watcher,
) -> LaneEnd {
    changes.changed().await;
    loop {
        for channel in channels {
            if let Err(refusal) = channel.still_trusted() {
                return LaneEnd::NotTrusted(refusal);
            }
        }
        if context.trust.own_serial() == certificate {
            changes.changed().await;
            continue;
        }
        let turn = RENEW_EVERY * context.turn;
        if tokio::time::timeout(turn, changes.changed()).await.is_err() {
            return LaneEnd::Renewed;
        }
    }
}

fn describe(end: LaneEnd, refusal: Option<Box<Refusal>>) -> LegEnd {
    let permanence = match (&refusal, &end) {
        (Some(refusal), _) => refusal.permanence(),
        (None, LaneEnd::Log(_) | LaneEnd::Protocol(_)) => Permanence::Permanent,
        (
            None,
            LaneEnd::Transport(_)
            | LaneEnd::Silent(_)
            | LaneEnd::Closing(_)
            | LaneEnd::Ours
            | LaneEnd::Renewed
            | LaneEnd::NotTrusted(_),
        ) => Permanence::Temporary,
    };
    let why = refusal
        .as_ref()
        .map_or_else(|| end.to_string(), ToString::to_string);
    let renewed = refusal.is_none() && matches!(end, LaneEnd::Renewed);
    let fault = match end {
        LaneEnd::Log(fault) => Some(fault),
        LaneEnd::Transport(_)
        | LaneEnd::Silent(_)
        | LaneEnd::Protocol(_)
        | LaneEnd::Closing(_)
        | LaneEnd::Ours
        | LaneEnd::Renewed
        | LaneEnd::NotTrusted(_) => None,
    };
    LegEnd {
        why,
        refusal,
        fault,
        permanence,
        renewed,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn an_order_on_a_session_that_is_over_leaves_with_no_later_one() {
        let mut leg = LegHandle::new("north/quic".parse().unwrap());
        assert!(leg.order(Lane::Message, Order::Probe).is_err(), "no session yet");
        let (orders, [_, mut first, _]) = Orders::of_a_session();
        leg.opened(orders);
        assert!(leg.order(Lane::Message, Order::Probe).is_ok());
        assert!(first.try_recv().is_ok());
        // It is over, and the station does not know yet.
        drop(first);
        let (orders, [_, mut second, _]) = Orders::of_a_session();
        assert!(leg.order(Lane::Message, Order::Probe).is_err());
        leg.ended();
        assert!(leg.order(Lane::Message, Order::Probe).is_err());
        assert!(second.try_recv().is_err(), "nothing of it leaves with the next");
        leg.opened(orders);
        assert!(leg.order(Lane::Message, Order::Probe).is_ok());
        assert!(second.try_recv().is_ok());
    }
}
