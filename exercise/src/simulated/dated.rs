//! A relay's services with a date that stands. hyper would put the machine's own on every answer, whose length varies with
//! the digits in it, and a packet's length is part of a replay.

use hotline_proto::v1::{self, log_service_server::LogService, relay_service_server::RelayService};
use hotline_server::service::Service;
use tonic::{
    Request, Response, Status, Streaming,
    metadata::{Ascii, MetadataValue},
};

/// Puts the fixed date on an answer.
///
/// # Errors
/// The answer's own refusal, dated likewise.
pub fn dated<T>(answer: Result<Response<T>, Status>) -> Result<Response<T>, Status> {
    let date: MetadataValue<Ascii> = MetadataValue::from_static("Sun, 01 Mar 2026 12:00:00 GMT");
    match answer {
        Ok(mut response) => {
            response.metadata_mut().insert("date", date);
            Ok(response)
        }
        Err(mut status) => {
            status.metadata_mut().insert("date", date);
            Err(status)
        }
    }
}

/// The services of an honest relay.
#[derive(Clone)]
pub struct Dated(pub Service);

#[tonic::async_trait]
impl RelayService for Dated {
    async fn submit(
        &self,
        request: Request<v1::SubmitRequest>,
    ) -> Result<Response<v1::SubmitResponse>, Status> {
        dated(self.0.submit(request).await)
    }

    type SessionStream = <Service as RelayService>::SessionStream;

    async fn session(
        &self,
        request: Request<Streaming<v1::SessionRequest>>,
    ) -> Result<Response<Self::SessionStream>, Status> {
        dated(self.0.session(request).await)
    }
}

#[tonic::async_trait]
impl LogService for Dated {
    async fn checkpoint(
        &self,
        request: Request<v1::CheckpointRequest>,
    ) -> Result<Response<v1::CheckpointResponse>, Status> {
        dated(self.0.checkpoint(request).await)
    }

    async fn entries(
        &self,
        request: Request<v1::EntriesRequest>,
    ) -> Result<Response<v1::EntriesResponse>, Status> {
        dated(self.0.entries(request).await)
    }

    async fn proof(&self, request: Request<v1::ProofRequest>) -> Result<Response<v1::ProofResponse>, Status> {
        dated(self.0.proof(request).await)
    }

    async fn chain(&self, request: Request<v1::ChainRequest>) -> Result<Response<v1::ChainResponse>, Status> {
        dated(self.0.chain(request).await)
    }
}
