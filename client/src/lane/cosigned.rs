//! What a heartbeat says others have cosigned of the relay's log: believed by the desk's own trust, and linked to what the
//! desk knows of that log, before the station hears of it.

use bytes::Bytes;
use hotline_audit::Hash;

use super::{LaneEnd, LaneSession};
use crate::{
    cosigned,
    input::Input,
    logview::{Observed, Update},
};

/// Cosigned checkpoints of one heartbeat.
const COSIGNED_MAX: usize = 4;

impl LaneSession<'_> {
    pub(super) async fn heard_cosigned(&mut self, notes: Vec<Bytes>) -> Result<(), LaneEnd> {
        if notes.len() > COSIGNED_MAX {
            return Err(LaneEnd::Protocol(format!(
                "sent {} cosigned checkpoints at once",
                notes.len()
            )));
        }
        for note in notes {
            let hash = Hash::of(&note);
            if self.context.relay.knows_cosigned(&hash) {
                continue;
            }
            let log = &self.context.relay.place.identity;
            let now_ms = self.context.seams.clock.wall().unix_ms();
            // One that nobody whom we believe has cosigned is no news.
            let Some(read) = cosigned::read(&note, log, &self.context.trust.rosters(), Some(now_ms)) else {
                continue;
            };
            let update = Update {
                size: read.size,
                note: Some(read.note.clone()),
                old_size: read.size,
                consistency: Vec::new(),
                leaves: (0, Vec::new()),
                edge: Vec::new(),
            };
            let linked = match self.context.relay.observe(&update)? {
                Observed::Linked(seen) => Some(seen),
                Observed::Waits | Observed::Overtaken => self.ask_proof(&update).await?,
            };
            if linked.is_none_or(|seen| seen.root != read.root) {
                continue;
            }
            self.context.relay.note_cosigned(hash);
            let leg = self.leg.clone();
            self.pulse.tell(Input::Cosigned { leg, cosigned: read }).await?;
        }
        Ok(())
    }
}
