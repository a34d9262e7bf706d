//! What a relay sends on a lane, taken up at once and kept until the lane comes to it.

use std::collections::VecDeque;

use futures_util::{Stream, StreamExt as _};
use hotline_proto::{
    FRAME_BYTES_MAX,
    v1::{self, session_response::Frame},
};
use tonic::Status;

use super::LaneEnd;

/// Bytes of frames that were taken up and wait. As many as the largest frame may have: then the transport's window holds
/// the relay up. What is taken up beyond it is one frame.
const KEPT_BYTES_MAX: usize = FRAME_BYTES_MAX;
/// What a frame weighs beside its bytes on the wire: its place in the queue and its many small parts.
const FRAME_BYTES: usize = 1024;

/// A frame that is to be dealt with; or the stream's end, after everything that came before it.
pub(super) type Taken = Result<Frame, LaneEnd>;

/// The way in of one lane.
pub(super) struct Inbound<S> {
    stream: S,
    over: bool,
    kept: VecDeque<Taken>,
    kept_bytes: usize,
}

impl<S: Stream<Item = Result<v1::SessionResponse, Status>> + Unpin> Inbound<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            over: false,
            kept: VecDeque::new(),
            kept_bytes: 0,
        }
    }

    /// The next from the wire, past what is kept; nothing comes after the end. Nothing is lost if this is dropped.
    pub(super) async fn arrives(&mut self) -> Taken {
        while !self.over {
            match self.stream.next().await {
                Some(Ok(v1::SessionResponse { frame: Some(frame) })) => return Ok(frame),
                // A frame of a later version: lenient.
                Some(Ok(v1::SessionResponse { frame: None })) => {}
                Some(Err(status)) => {
                    self.over = true;
                    return Err(LaneEnd::Transport(status.to_string()));
                }
                None => {
                    self.over = true;
                    return Err(LaneEnd::Transport("the relay ended the session".into()));
                }
            }
        }
        std::future::pending().await
    }

    /// Whether more may be kept. Otherwise answers may lie unread, and nobody can say that they are missing.
    pub(super) fn has_room(&self) -> bool {
        self.kept_bytes < KEPT_BYTES_MAX
    }

    /// Keeps this for later.
    pub(super) fn keep(&mut self, taken: Taken) {
        self.kept_bytes += weight(&taken);
        self.kept.push_back(taken);
    }

    /// The oldest that is kept.
    pub(super) fn kept(&mut self) -> Option<Taken> {
        let taken = self.kept.pop_front()?;
        self.kept_bytes -= weight(&taken);
        Some(taken)
    }
}

fn weight(taken: &Taken) -> usize {
    FRAME_BYTES + taken.as_ref().map_or(0, Frame::encoded_len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_frame_brings_beside_statements_is_weighed_too() {
        let bytes = |count| bytes::Bytes::from(vec![0; count]);
        let heartbeat = v1::Heartbeat {
            checkpoint: Some(v1::CheckpointUpdate {
                leaves: bytes(1 << 20),
                consistency: vec![bytes(1 << 20)],
                ..Default::default()
            }),
            ..Default::default()
        };
        assert!(weight(&Ok(Frame::Heartbeat(heartbeat))) > 2 << 20);
        let delivery = v1::Delivery {
            checkpoint: None,
            items: vec![v1::DeliveryItem {
                inclusion: vec![bytes(1 << 20)],
                ..Default::default()
            }],
        };
        assert!(weight(&Ok(Frame::Delivery(delivery))) > 1 << 20);
    }
}
