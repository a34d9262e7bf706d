//! The way out of a session: outcomes, mailbox, early receipts, heartbeats.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use hotline_core::{
    crash::{self, Point},
    duty::ServiceKind,
    health::{Change, Health},
    identity::Identity,
    leg::Lane,
    plant,
    precedence::Urgency,
};
use hotline_ledger::{Letter, ReadError};
use hotline_proto::{CLOSING, FRAME_ITEMS_MAX, FRAME_PAYLOAD_SOFT_BYTES, SESSION_VERSION, v1};
use tokio::sync::{broadcast, mpsc};
use tonic::Status;

use crate::{
    admit::Checked,
    frames,
    intake::Outcome,
    outlet::{Outlet, Stop},
    presence::Told,
    pulse::{Hears, Pulse},
    relay::Relay,
    session::{Greeted, News},
};

/// Why a writer ended.
pub(crate) enum WriterEnd {
    /// The desk or the relay closes.
    Over,
    /// The desk read nothing for too long.
    SlowReader,
    /// The desk answered no probe for too long.
    Down,
}

/// One session's way out.
pub(crate) struct Writer {
    relay: Arc<Relay>,
    desk: Identity,
    lane: Lane,
    share: v1::Share,
    cursor: u64,
    pulse: Arc<Pulse>,
    stored_size: u64,
    /// Size of the newest checkpoint whose note this session has carried.
    noted: u64,
    /// Whether heartbeats bring checkpoints: not where the greeting could not.
    shows: bool,
    /// What it was told about other desks.
    told: Told,
    /// The cosigned checkpoints that it was told.
    cosigned: Vec<Bytes>,
    early: broadcast::Receiver<Arc<Checked>>,
    outlet: Outlet,
}

use v1::session_response::Frame;

impl Writer {
    pub(crate) fn new(relay: &Arc<Relay>, desk: Identity, greeted: &Greeted, outlet: Outlet) -> Self {
        let forgotten = plant::active("mailbox-forgotten-on-restart") && relay.boot > 1;
        let cursor = if forgotten {
            relay.mailbox_head(&desk, greeted.lane).unwrap_or(0)
        } else {
            greeted.subscribe.cursor
        };
        Self {
            early: relay.early(),
            relay: Arc::clone(relay),
            desk,
            lane: greeted.lane,
            share: greeted.subscribe.share(),
            cursor,
            pulse: Arc::clone(&outlet.pulse),
            stored_size: greeted.stored_size,
            noted: 0,
            shows: false,
            told: Told::default(),
            cosigned: Vec::new(),
            outlet,
        }
    }

    /// Answers the hello.
    pub(crate) async fn greet(&mut self) -> Result<(), ReadError> {
        let relay = &self.relay;
        let desk = self.desk.to_string();
        let newest = relay.ledger.chain_head(&desk)?.map(|stored| v1::ChainPlace {
            epoch: stored.epoch,
            sequence: stored.sequence,
            sha256: Bytes::copy_from_slice(stored.hash.as_bytes()),
        });
        let reason = relay.read_only();
        // A relay that has learnt that its tail is lost says so, and shows no checkpoint of less than it has signed.
        let behind = relay.anchors.clearance.is_stopped() && self.stored_size > relay.ledger.head().size;
        let checkpoint = match relay.told.hello(&relay.ledger, &self.desk, self.stored_size) {
            Ok(_) if behind => None,
            Ok(checkpoint) => Some(checkpoint),
            // A damaged log may not lead from what the desk knows to what it holds. It is shown nothing, and told why.
            Err(error) if reason.is_some() => {
                tracing::warn!(%error, "a desk is greeted without a checkpoint");
                None
            }
            Err(error) => return Err(error),
        };
        self.noted = checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.size);
        self.shows = checkpoint.is_some();
        let hello = v1::ServerHello {
            version: SESSION_VERSION,
            software: concat!("hotline ", env!("CARGO_PKG_VERSION")).into(),
            identity: relay.identity.to_string(),
            ledger_instance: Bytes::copy_from_slice(&relay.instance),
            boot: relay.boot,
            checkpoint,
            mailbox_head: relay.mailbox_head(&self.desk, self.lane)?,
            accepting: reason.is_none(),
            reason: reason.unwrap_or_default(),
            newest,
        };
        // The channel is new and empty: there is room.
        self.outlet.last(Ok(Frame::Hello(hello)));
        Ok(())
    }

    /// Writes until the session is over.
    pub(crate) async fn run(mut self, mut news: mpsc::Receiver<News>) -> WriterEnd {
        match self.serve(&mut news).await {
            Stop::Gone => WriterEnd::Over,
            Stop::Slow(within) => {
                self.outlet.last(Err(Status::resource_exhausted(format!(
                    "SLOW_READER: nothing was read for {} s; the mailbox keeps everything from your cursor on",
                    within.as_secs()
                ))));
                WriterEnd::SlowReader
            }
            Stop::Down(why) => {
                self.outlet.last(Err(Status::unavailable(format!(
                    "DOWN: {why}; the mailbox keeps everything from your cursor on"
                ))));
                WriterEnd::Down
            }
            Stop::Ledger(error) => {
                tracing::error!(%error, "a session ends because the ledger cannot be read");
                self.outlet
                    .last(Err(Status::data_loss(format!("LEDGER: {error}"))));
                WriterEnd::Over
            }
        }
    }

    async fn serve(&mut self, news: &mut mpsc::Receiver<News>) -> Stop {
        let mailbox = self.relay.ledger.watch_mailbox(&self.desk.to_string(), self.lane);
        let mut letters = match mailbox {
            Ok(letters) => letters,
            Err(error) => return Stop::Ledger(error),
        };
        let closing = self.relay.seams.spawner.closing();
        let pulse = Arc::clone(&self.pulse);
        loop {
            if let Err(stop) = self.beat().await {
                return stop;
            }
            letters.mark_unchanged();
            let more = match self.pump().await {
                Ok(more) => more,
                Err(stop) => return stop,
            };
            let rest = self.pulse.rest();
            let done = tokio::select! {
                biased;
                () = closing.cancelled() => {
                    self.outlet.last(Ok(Frame::Notice(closing_notice())));
                    Err(Stop::Gone)
                }
                _ = self.outlet.over.changed() => Err(Stop::Gone),
                () = pulse.woken() => Ok(()),
                item = news.recv() => match item {
                    Some(item) => self.tell(item).await,
                    None => Err(Stop::Gone),
                },
                early = self.early.recv(), if self.lane == Lane::Control && pulse.room() > 0 => match early {
                    Ok(first) => self.hand_on(first).await,
                    Err(_) => Ok(()),
                },
                () = tokio::time::sleep(rest) => Ok(()),
                () = letters.changed(), if !more => Ok(()),
                () = std::future::ready(()), if more => Ok(()),
            };
            if let Err(stop) = done {
                return stop;
            }
        }
    }

    /// Sends one frame of the mailbox, if there is one; tells whether there may be more.
    async fn pump(&mut self) -> Result<bool, Stop> {
        if matches!(self.share, v1::Share::Nothing | v1::Share::Unspecified) {
            return Ok(false);
        }
        // What the desk has not read yet stands before a probe's answer: the line is given no more than it can carry.
        let room = self.pulse.room().min(FRAME_PAYLOAD_SOFT_BYTES);
        if room == 0 {
            return Ok(false);
        }
        // A heartbeat or an answer brings no letter.
        if self.cursor >= self.relay.mailbox_head(&self.desk, self.lane)? {
            return Ok(false);
        }
        let desk = self.desk.to_string();
        // The head first: every letter up to it is under a checkpoint that can be shown.
        let size = self.relay.ledger.head().size;
        let mut letters = self
            .relay
            .ledger
            .mailbox(&desk, self.lane, self.cursor, FRAME_ITEMS_MAX)?;
        letters.retain(|letter| letter.index < size);
        let mut bytes_total = 0;
        let mut picked = Vec::with_capacity(letters.len());
        // A letter above the head waits for the head to change. Looking again at once would be a busy loop, and an endless
        // one when the commit that wrote it has failed.
        let mut more = letters.len() == FRAME_ITEMS_MAX;
        for letter in letters {
            let statement = self.relay.statement(letter.index)?;
            let statement = statement.filter(|bytes| self.share != v1::Share::Urgent || urgent(bytes));
            let Some(statement) = statement else {
                self.cursor = letter.cursor;
                continue;
            };
            // The largest statement still passes, alone.
            if !picked.is_empty() && bytes_total + statement.len() > room {
                more = true;
                break;
            }
            self.cursor = letter.cursor;
            bytes_total += statement.len();
            picked.push((letter, statement));
        }
        if !picked.is_empty() {
            self.deliver(picked).await?;
        }
        Ok(more)
    }

    /// Delivers these under the newest checkpoint. An update of the checkpoint chain is only ever made for a frame that
    /// is sent: a link that stayed here would leave every other lane waiting for it.
    async fn deliver(&mut self, picked: Vec<(Letter, Bytes)>) -> Result<(), Stop> {
        let checkpoint = self.update()?;
        let items = picked
            .into_iter()
            .map(|(letter, statement)| {
                Ok(v1::DeliveryItem {
                    statement,
                    leaf_index: letter.index,
                    inclusion: frames::hashes(&self.relay.ledger.inclusion(letter.index, checkpoint.size)?),
                    cursor: if self.share == v1::Share::Urgent {
                        0
                    } else {
                        letter.cursor
                    },
                })
            })
            .collect::<Result<Vec<_>, ReadError>>()?;
        self.relay.metrics.handed_on(items.len());
        self.pulse.left(self.cursor);
        self.outlet
            .send(Frame::Delivery(v1::Delivery {
                checkpoint: Some(checkpoint),
                items,
            }))
            .await
            .inspect(|()| crash::at(Point::RelayForwarded))
    }

    async fn tell(&mut self, item: News) -> Result<(), Stop> {
        match item {
            News::Outcomes(outcomes) => self.answer(outcomes).await,
            News::Subscribe(subscribe) => {
                self.share = subscribe.share();
                if !plant::active("mailbox-forgotten-on-restart") {
                    self.cursor = subscribe.cursor;
                }
                Ok(())
            }
        }
    }

    async fn answer(&mut self, outcomes: Vec<Outcome>) -> Result<(), Stop> {
        let mut held = Vec::with_capacity(outcomes.len());
        for outcome in outcomes {
            match outcome {
                Outcome::Held { checked, index } => held.push((checked, index)),
                Outcome::Refused(refused) => self.outlet.send(Frame::Refused(refused.to_wire())).await?,
            }
        }
        if held.is_empty() {
            return Ok(());
        }
        let checkpoint = self.update()?;
        let accepted = frames::accepted(&self.relay.ledger, checkpoint, &held)?;
        self.outlet
            .send(Frame::Accepted(accepted))
            .await
            .inspect(|()| crash::at(Point::RelayAcked))
    }

    /// Hands on receipts before this relay's own commit: those that are there now, in one frame.
    async fn hand_on(&mut self, first: Arc<Checked>) -> Result<(), Stop> {
        let room = self.pulse.room();
        let mut next = Some(first);
        let (mut items, mut bytes_total) = (Vec::new(), 0);
        while let Some(checked) = next {
            let share = match self.share {
                v1::Share::All => true,
                v1::Share::Urgent => checked.urgent,
                v1::Share::Nothing | v1::Share::Unspecified => false,
            };
            let mine = self.lane == Lane::Control && share && checked.recipients.contains(&self.desk);
            if mine {
                bytes_total += checked.bytes.len();
                items.push(v1::DeliveryItem {
                    statement: checked.bytes.clone(),
                    ..Default::default()
                });
            }
            next = if items.len() < FRAME_ITEMS_MAX && bytes_total < room {
                self.early.try_recv().ok()
            } else {
                None
            };
        }
        if items.is_empty() {
            return Ok(());
        }
        self.outlet
            .send(Frame::Delivery(v1::Delivery {
                checkpoint: None,
                items,
            }))
            .await
            .inspect(|()| crash::at(Point::RelayForwarded))
    }

    /// An answer that is owed; and what time alone brings: a probe, or the end of a desk that answers none.
    async fn beat(&mut self) -> Result<(), Stop> {
        self.outlet.pay().await?;
        let Some(sequence) = self.pulse.beat()? else {
            return Ok(());
        };
        if sequence == 0 {
            self.pulse.owe(0);
            return self.outlet.pay().await;
        }
        let (presence, tells) = match self.lane {
            Lane::Control => (self.relay.presence.news(&self.desk, &mut self.told), true),
            // One leg's control lane tells enough; here it only keeps the session's own base at hand.
            Lane::Message | Lane::Bulk => {
                let size = self.relay.ledger.head().size;
                (
                    Vec::new(),
                    size.saturating_sub(self.noted) >= frames::LEAVES_MAX / 2,
                )
            }
        };
        let heartbeat = v1::Heartbeat {
            checkpoint: (self.shows && tells).then(|| self.update()).transpose()?,
            presence,
            cosigned: if self.lane == Lane::Control && self.shows {
                self.cosigned_anew()
            } else {
                Vec::new()
            },
            ..self.pulse.frame(sequence)
        };
        self.outlet.send(Frame::Heartbeat(heartbeat)).await
    }

    /// The newest cosigned checkpoints, if they are others than this session was told.
    fn cosigned_anew(&mut self) -> Vec<Bytes> {
        let newest = frames::cosigned(&self.relay);
        if newest == self.cosigned {
            return Vec::new();
        }
        self.cosigned.clone_from(&newest);
        newest
    }

    fn update(&mut self) -> Result<v1::CheckpointUpdate, ReadError> {
        let relay = Arc::clone(&self.relay);
        relay.told.update(&relay.ledger, &self.desk, &mut self.noted)
    }
}

/// What hears of a desk's lane when it stands differently.
pub(crate) fn hears(relay: &Arc<Relay>, desk: Identity, lane: Lane) -> Hears {
    let relay = Arc::clone(relay);
    Box::new(move |change: &Change| {
        let (peer, why): (_, &dyn fmt::Display) = (&desk, &change.why);
        match change.to {
            Health::Suspect | Health::Down => {
                relay.metrics.doubted(change.to, lane);
                tracing::info!(event = "lane_health", %peer, %lane, state = %change.to, %why, "a desk's lane");
            }
            Health::Up | Health::Proving => {
                tracing::debug!(event = "lane_health", %peer, %lane, state = %change.to, %why, "a desk's lane");
            }
        }
    })
}

/// Whether these bytes go by every leg: a FLASH or OVERRIDE message, or a comm check, which proves each. The ledger holds only statements that were read before.
fn urgent(statement: &Bytes) -> bool {
    use hotline_audit::{SignedStatement, statement::Payload};
    let payload = SignedStatement::parse(statement)
        .ok()
        .and_then(|signed| Payload::parse(&signed).ok());
    match payload {
        Some(Payload::Message(message)) => Urgency::of_wire(message.precedence) == Urgency::Urgent,
        Some(Payload::Service(service)) => service.kind == ServiceKind::Check.to_wire(),
        Some(
            Payload::Receipt(_)
            | Payload::Act(_)
            | Payload::Annex(_)
            | Payload::Charter(_)
            | Payload::Watch(_)
            | Payload::Lifecycle(_),
        )
        | None => false,
    }
}

fn closing_notice() -> v1::Notice {
    v1::Notice {
        code: CLOSING.into(),
        explanation: "this relay shuts down; your mailbox is kept and your other legs carry on".into(),
    }
}
