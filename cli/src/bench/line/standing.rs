//! How both desks say that the line stands.

use hotline_client::{
    request::{Answer, Request},
    status::{LegStatus, LineStatus},
};

use crate::bench::error::BenchError;

/// Legs of a desk: two relays through two doors.
const LEGS: usize = 4;

/// What both desks say.
pub struct Standing {
    /// Desk A and desk B.
    pub desks: [LineStatus; 2],
}

impl Standing {
    /// Asks both.
    ///
    /// # Errors
    /// If a desk is gone.
    pub async fn ask(line: &mut super::Line) -> Result<Self, BenchError> {
        let ours = status(line.sender.station().serve(Request::Status).await)?;
        let theirs = line.asking_b.ask(&Request::Status).await;
        let theirs = status(theirs.map_err(BenchError::place("desk B's socket"))?)?;
        Ok(Self {
            desks: [ours, theirs],
        })
    }

    /// What the line lacks, if anything: a leg that is not up, or statements beyond so many that relays have not
    /// accepted.
    pub fn lacking(&self, owed_at_most: u64) -> Option<String> {
        let down = self
            .desks
            .iter()
            .find(|desk| desk.legs.len() != LEGS || !desk.legs.values().all(is_up));
        if let Some(desk) = down {
            let legs: Vec<String> = desk
                .legs
                .iter()
                .filter(|(_, leg)| !is_up(leg))
                .map(|(name, leg)| format!("{name} ({}: {})", leg.state, leg.why))
                .collect();
            return Some(format!("{} lacks {}", desk.desk, legs.join(", ")));
        }
        let relays = self.desks.iter().flat_map(|desk| desk.relays.values());
        let owed: u64 = relays.map(|relay| relay.pending).sum();
        (owed > owed_at_most).then(|| format!("relays have not accepted {owed} statements"))
    }
}

/// A session alone is not enough: a leg that is being proved is no second way yet.
fn is_up(leg: &LegStatus) -> bool {
    leg.up && leg.state == "UP"
}

fn status(answer: Answer) -> Result<LineStatus, BenchError> {
    match answer {
        Answer::Status(status) => Ok(*status),
        Answer::Refused(refusal) => Err(BenchError::Refused(refusal)),
        Answer::Message(_)
        | Answer::Messages { .. }
        | Answer::Drafts { .. }
        | Answer::Pings { .. }
        | Answer::Done { .. }
        | Answer::News(_) => Err(BenchError::Ended("a desk answered something else".into())),
    }
}
