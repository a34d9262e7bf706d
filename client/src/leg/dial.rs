//! Dialling one leg: while one dial hangs, further ones begin beside it.
//!
//! A dial into a black hole says nothing for its whole handshake, and its own repeats come ever more slowly: a way that
//! has healed would wait for the next of them. A fresh dial every half second (profile `lan`) finds it at once. How many
//! hang is bounded, so is how often one begins; the first that succeeds is the leg, the others are dropped.

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use hotline_core::leg::{Door, Lane};
use hotline_transport::{LaneChannel, Permanence, Redial};
use tokio::time::Instant;

use super::{Dialled, LegEnd, Life};

impl Life {
    /// Dials until one dial succeeds, or all that began have failed. A failure beside which others still hang is told.
    pub(super) async fn dial(&self, redial: &Redial) -> Result<Dialled, LegEnd> {
        let most = self.context.profile.numbers().overlap_max;
        let mut hanging = FuturesUnordered::new();
        hanging.push(self.one_dial());
        let mut next = Instant::now() + redial.beside();
        loop {
            tokio::select! {
                biased;
                Some(done) = hanging.next(), if !hanging.is_empty() => match done {
                    Ok(dialled) => return Ok(dialled),
                    Err(end) if hanging.is_empty() || end.permanence == Permanence::Permanent => return Err(end),
                    Err(end) => {
                        self.tell(end).await;
                    }
                },
                () = tokio::time::sleep_until(next), if hanging.len() < most => {
                    hanging.push(self.one_dial());
                    next = Instant::now() + redial.beside();
                }
            }
        }
    }

    async fn one_dial(&self) -> Result<Dialled, LegEnd> {
        match self.leg.door {
            Door::Tcp => self.dial_tcp().await,
            Door::Quic => self.dial_quic().await,
        }
    }

    async fn dial_tcp(&self) -> Result<Dialled, LegEnd> {
        let place = &self.context.relay.place;
        let (to, expected) = (place.address(self.leg.door), &place.identity);
        let dialer = &self.context.dialer;
        let (control, message, bulk) = tokio::try_join!(
            dialer.tcp(to, expected, Lane::Control),
            dialer.tcp(to, expected, Lane::Message),
            dialer.tcp(to, expected, Lane::Bulk),
        )?;
        Ok(Dialled {
            lanes: [control, message, bulk],
            connection: None,
        })
    }

    async fn dial_quic(&self) -> Result<Dialled, LegEnd> {
        let place = &self.context.relay.place;
        let (to, expected) = (place.address(self.leg.door), &place.identity);
        let connection = self.context.dialer.quic(to, expected).await?;
        let mut lanes = Vec::with_capacity(Lane::ALL.len());
        for lane in Lane::ALL {
            match connection.lane(lane).await {
                Ok(channel) => lanes.push(channel),
                Err(ended) => return Err(LegEnd::of_ended(&ended)),
            }
        }
        match <[LaneChannel; 3]>::try_from(lanes) {
            Ok(lanes) => Ok(Dialled {
                lanes,
                connection: Some(connection),
            }),
            Err(_) => unreachable!("three lanes were opened"),
        }
    }
}
