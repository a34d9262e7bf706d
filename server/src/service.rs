//! The gRPC services, alike at both doors. Above the doors nobody knows which one carried a call.
//!
//! gRPC statuses are chosen here and in `session`, and carry no delivery logic: only a signed answer means delivered.

use std::sync::Arc;

use bytes::Bytes;
use hotline_audit::Hash;
use hotline_core::identity::{Identity, Role};
use hotline_ledger::{ReadError, Stored};
use hotline_proto::{
    FRAME_BYTES_MAX, FRAME_ITEMS_MAX, FRAME_PAYLOAD_SOFT_BYTES,
    v1::{
        self,
        log_service_server::{LogService, LogServiceServer},
        relay_service_server::{RelayService, RelayServiceServer},
    },
};
use hotline_transport::PeerInfo;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use crate::{
    frames,
    intake::{self, Outcome},
    relay::Relay,
    session,
};

/// Both services over one relay.
#[derive(Clone)]
pub struct Service(pub Arc<Relay>);

/// A relay service, with this project's frame limits.
pub(crate) fn relay<R: RelayService>(service: R) -> RelayServiceServer<R> {
    RelayServiceServer::new(service)
        .max_decoding_message_size(FRAME_BYTES_MAX)
        .max_encoding_message_size(FRAME_BYTES_MAX)
}

/// A log service, with this project's frame limits.
pub(crate) fn log<L: LogService>(service: L) -> LogServiceServer<L> {
    LogServiceServer::new(service)
        .max_decoding_message_size(FRAME_BYTES_MAX)
        .max_encoding_message_size(FRAME_BYTES_MAX)
}

/// Who is at the other end, if it is one that hands in and fetches. A relay of another side comes to witness, to mirror and
/// to ask of the log; it neither hands in nor subscribes.
fn no_relay<T>(request: &Request<T>) -> Result<PeerInfo, Status> {
    let peer = peer(request)?;
    if peer.identity.role() == Role::Relay {
        tracing::warn!(event = "security", kind = "RELAY_ASKS_ONLY", peer = %peer.identity, "a relay was refused what only desks may do");
        return Err(Status::permission_denied(format!(
            "RELAY_ASKS_ONLY: {} is a relay: it may witness, mirror and ask of the log, and neither hand in nor subscribe",
            peer.identity
        )));
    }
    Ok(peer)
}

/// Who is at the other end, as the door proved it.
fn peer<T>(request: &Request<T>) -> Result<PeerInfo, Status> {
    request
        .extensions()
        .get::<PeerInfo>()
        .cloned()
        .ok_or_else(|| Status::unauthenticated("IDENTITY: this connection proved no identity"))
}

fn unreadable(error: &ReadError) -> Status {
    Status::data_loss(format!("LEDGER: {error}"))
}

#[tonic::async_trait]
impl RelayService for Service {
    async fn submit(
        &self,
        request: Request<v1::SubmitRequest>,
    ) -> Result<Response<v1::SubmitResponse>, Status> {
        use v1::submit_response::Answer;
        let peer = no_relay(&request)?;
        let relay = &self.0;
        relay.anchors.clearance.ready().await;
        let statements = [request.into_inner().statement];
        let answer = match intake::take_in(relay, &peer.identity, &statements).await.pop() {
            Some(Outcome::Held { checked, index }) => {
                let checkpoint = frames::whole(&relay.ledger);
                let held = [(checked, index)];
                let accepted =
                    frames::accepted(&relay.ledger, checkpoint, &held).map_err(|error| unreadable(&error))?;
                Answer::Accepted(accepted)
            }
            Some(Outcome::Refused(refused)) => Answer::Refused(refused.to_wire()),
            None => return Err(Status::internal("a statement without an outcome")),
        };
        Ok(Response::new(v1::SubmitResponse { answer: Some(answer) }))
    }

    type SessionStream = ReceiverStream<Result<v1::SessionResponse, Status>>;

    async fn session(
        &self,
        request: Request<Streaming<v1::SessionRequest>>,
    ) -> Result<Response<Self::SessionStream>, Status> {
        let peer = no_relay(&request)?;
        self.0.anchors.clearance.ready().await;
        let frames = session::open(&self.0, &peer, request.into_inner()).await?;
        Ok(Response::new(ReceiverStream::new(frames)))
    }
}

#[tonic::async_trait]
impl LogService for Service {
    async fn checkpoint(
        &self,
        _request: Request<v1::CheckpointRequest>,
    ) -> Result<Response<v1::CheckpointResponse>, Status> {
        let (_, note) = self.0.ledger.size_and_note();
        Ok(Response::new(v1::CheckpointResponse {
            note: note.unwrap_or_default().into(),
            cosigned: frames::cosigned(&self.0),
        }))
    }

    async fn entries(
        &self,
        request: Request<v1::EntriesRequest>,
    ) -> Result<Response<v1::EntriesResponse>, Status> {
        let v1::EntriesRequest { start, count } = request.into_inner();
        let count = count.min(FRAME_ITEMS_MAX as u64);
        let stored = self
            .0
            .ledger
            .entries(start..start.saturating_add(count), FRAME_PAYLOAD_SOFT_BYTES)
            .map_err(|error| unreadable(&error))?;
        Ok(Response::new(v1::EntriesResponse {
            start,
            statements: bytes_of(stored, FRAME_PAYLOAD_SOFT_BYTES),
        }))
    }

    async fn proof(&self, request: Request<v1::ProofRequest>) -> Result<Response<v1::ProofResponse>, Status> {
        use v1::proof_request::Proof;
        let ledger = &self.0.ledger;
        let outside = |error: ReadError| {
            Status::out_of_range(format!("PROOF: {error} (log size {})", ledger.head().size))
        };
        let hashes: Vec<Hash> = match request.into_inner().proof {
            Some(Proof::Consistency(asked)) => ledger
                .consistency(asked.old_size, asked.new_size)
                .map_err(outside)?,
            Some(Proof::Inclusion(asked)) => {
                ledger.inclusion(asked.leaf_index, asked.size).map_err(outside)?
            }
            None => {
                return Err(Status::invalid_argument(
                    "PROOF: neither consistency nor inclusion was asked for",
                ));
            }
        };
        Ok(Response::new(v1::ProofResponse {
            hashes: frames::hashes(&hashes),
        }))
    }

    async fn chain(&self, request: Request<v1::ChainRequest>) -> Result<Response<v1::ChainResponse>, Status> {
        let peer = peer(&request)?;
        let v1::ChainRequest {
            sender,
            epoch,
            first,
            last,
        } = request.into_inner();
        let stored = self
            .0
            .ledger
            .chain(&sender, epoch, first..=last, FRAME_ITEMS_MAX)
            .map_err(|error| unreadable(&error))?;
        let mine = stored
            .into_iter()
            .filter(|stored| concerns(stored, &peer.identity))
            .collect();
        // It goes by a desk's lane, beside its probes: no more at once than they may wait for.
        let most = self.0.profile.numbers().unread_max;
        Ok(Response::new(v1::ChainResponse {
            statements: bytes_of(mine, most.min(FRAME_PAYLOAD_SOFT_BYTES)),
        }))
    }
}

/// A desk refetches its own statements and those addressed to it, nobody else's.
fn concerns(stored: &Stored, desk: &Identity) -> bool {
    use hotline_audit::{SignedStatement, statement::Payload};
    let desk = desk.to_string();
    stored.sender == desk
        || SignedStatement::parse(&stored.bytes)
            .ok()
            .and_then(|signed| Payload::parse(&signed).ok())
            .is_some_and(|payload| payload.header().recipients.iter().any(|to| to.identity == desk))
}

/// As many as fit in so many bytes; one always does.
fn bytes_of(stored: Vec<Stored>, most: usize) -> Vec<Bytes> {
    let mut total = 0;
    stored
        .into_iter()
        .map(|stored| Bytes::from(stored.bytes))
        .take_while(|bytes| {
            let fits = total == 0 || total + bytes.len() <= most;
            total += bytes.len();
            fits
        })
        .collect()
}
