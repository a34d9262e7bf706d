//! The status listener: gRPC health and reflection, and metrics, without TLS and therefore on loopback only.
//!
//! Mutual TLS keeps probes out of the doors, so they get a door of their own that shows no statement and takes none.

use std::{io, net::SocketAddr, sync::Arc};

use axum::{Router, routing::get};
use hotline_transport::{Connections, RefusalLog};
use tokio::net::TcpListener;
use tonic_health::pb::health_server::{Health, HealthServer};

use crate::{
    relay::Relay,
    witness::{
        http::{self, Asking},
        own,
    },
};

/// Serves health, reflection and `/metrics` until the relay closes.
///
/// # Errors
/// If the address cannot be bound, or is not a loopback address.
pub async fn serve(
    relay: &Arc<Relay>,
    refusals: RefusalLog,
    health: HealthServer<impl Health>,
    address: SocketAddr,
) -> io::Result<SocketAddr> {
    if !address.ip().is_loopback() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the status listener is for loopback only",
        ));
    }
    let listener = TcpListener::bind(address).await?;
    let local = listener.local_addr()?;
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(hotline_proto::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()
        .map_err(io::Error::other)?;
    let metrics = {
        let relay = Arc::clone(relay);
        let tally = relay.witness.as_ref().map(|office| office.tally().clone());
        get(move || async move {
            let agreed = agreed_lines(&relay.connections);
            relay
                .metrics
                .render(&refusal_lines(&refusals), &agreed, tally.as_ref())
        })
    };
    let mut router: Router = tonic::service::Routes::new(health)
        .add_service(reflection)
        .prepare()
        .into_axum_router()
        .route("/metrics", metrics);
    if let Some(office) = &relay.witness {
        // On loopback and without TLS, as software of others calls it: a request proves itself.
        router = router.merge(http::routes(office, &own::known(relay), Asking::Anybody));
    }
    let closing = relay.seams.spawner.closing();
    relay.seams.spawner.spawn("status listener", async move {
        let served = axum::serve(listener, router)
            .with_graceful_shutdown(closing.cancelled_owned())
            .await;
        if let Err(error) = served {
            tracing::warn!(%error, "the status listener ended");
        }
    });
    Ok(local)
}

fn agreed_lines(connections: &Connections) -> Vec<(String, u64)> {
    let agreed = connections.agreed().into_iter();
    agreed
        .map(|((door, group), count)| (format!("door=\"{door}\",group=\"{group}\""), count))
        .collect()
}

fn refusal_lines(refusals: &RefusalLog) -> Vec<(String, u64)> {
    refusals
        .counts()
        .into_iter()
        .map(|count| {
            (
                format!(
                    "door=\"{}\",by=\"{}\",reason=\"{}\"",
                    count.door,
                    count.by.name(),
                    count.kind
                ),
                count.count,
            )
        })
        .collect()
}
