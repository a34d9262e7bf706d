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
/// What a frame weighs beside its statements, in bytes: its place in the queue, its checkpoint, a few proofs.
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
    let inside: usize = match taken {
        Ok(Frame::Delivery(delivery)) => delivery.items.iter().map(|item| item.statement.len()).sum(),
        Ok(Frame::Heartbeat(heartbeat)) => heartbeat.presence.iter().map(bytes::Bytes::len).sum(),
        Ok(Frame::Accepted(accepted)) => FRAME_BYTES * accepted.items.len(),
        Ok(Frame::Hello(_) | Frame::Refused(_) | Frame::Notice(_)) | Err(_) => 0,
    };
    FRAME_BYTES + inside
}
