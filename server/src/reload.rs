//! Trust, certificate and key, read anew while the relay serves.
//!
//! All of it is read and checked before any of it is put in force; what does not hold together whole leaves everything as
//! it was. Then, in one stretch without a pause: anchors, revocation lists and deny-lists, rosters, our own certificate,
//! and last the live connections, of which those are closed that would not be let in any more. Statements that come
//! after that are judged by the new rosters; what is stored stays.
//!
//! Nothing here runs by itself. A process keeps it fresh ([`Reload::keep_fresh`]); a simulated world does not.

use std::sync::Arc;

use hotline_transport::{Connections, FileWatch, PeerInfo, Seams, ServerTls};
use tokio::signal::unix::Signal;

use crate::{
    config::RelayConfig,
    relay::Relay,
    run::{Believed, StartError, own_certificate},
};

/// What a relay needs to read its trust anew.
#[derive(Clone)]
pub struct Reload {
    config: RelayConfig,
    seams: Seams,
    tls: ServerTls,
    connections: Connections,
    relay: Arc<Relay>,
}

/// The files that a running relay looks at: its trust folders, certificate and key.
#[must_use]
pub fn watch_of(config: &RelayConfig) -> FileWatch {
    FileWatch::new([
        config.trust.clone(),
        config.certificate.clone(),
        config.tls_key.clone(),
    ])
}

/// An error with what lies behind it.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        words.push_str(": ");
        words.push_str(&deeper.to_string());
        cause = deeper.source();
    }
    words
}

impl Reload {
    pub(crate) fn new(
        config: &RelayConfig,
        seams: &Seams,
        tls: &ServerTls,
        connections: &Connections,
        relay: &Arc<Relay>,
    ) -> Self {
        Self {
            config: config.clone(),
            seams: seams.clone(),
            tls: tls.clone(),
            connections: connections.clone(),
            relay: Arc::clone(relay),
        }
    }

    /// Reads everything anew and puts it in force; returns the connections that this has closed.
    ///
    /// # Errors
    /// [`StartError`] says what does not hold; then everything is as it was.
    pub fn now(&self) -> Result<Vec<PeerInfo>, StartError> {
        let own = own_certificate(&self.config, &self.seams)?;
        let believed = Believed::read(&self.config.trust)?;
        let trust = self.tls.trust();
        trust.check_not_older(&believed.anchors)?;
        believed
            .rosters
            .check_not_older(&self.relay.rosters())
            .map_err(StartError::Older)?;
        let denied = believed.denied();
        trust.replace_with_denied(believed.anchors, denied)?;
        self.relay.replace_rosters(believed.rosters);
        self.tls.rotate(own);
        Ok(self.connections.recheck())
    }

    /// The same, with what came of it in the log and in the counters.
    pub fn and_tell(&self) {
        match self.now() {
            Ok(closed) => {
                self.relay.metrics.trust_taken(closed.len());
                let certificate = self.tls.credentials().summary().serial.clone();
                tracing::warn!(
                    event = "security",
                    kind = "TRUST_TAKEN",
                    closed = closed.len(),
                    certificate,
                    "trust and certificate were read anew"
                );
            }
            Err(error) => {
                self.relay.metrics.trust_refused();
                let why = with_causes(&error);
                tracing::error!(
                    event = "security",
                    kind = "TRUST_REFUSED",
                    why,
                    "changed trust was refused whole; the old one stays in force"
                );
            }
        }
    }

    /// Reads anew whenever the files have changed, and whenever somebody asks by SIGHUP ([`hotline_transport::asking`]). Never returns.
    pub async fn keep_fresh(&self, mut watch: FileWatch, mut asked: Option<Signal>) {
        loop {
            tokio::select! {
                biased;
                () = hotline_transport::asked(&mut asked) => watch.mark_known(),
                () = watch.changed() => {}
            }
            self.and_tell();
        }
    }

    /// Who is connected now, oldest first.
    #[must_use]
    pub fn connected(&self) -> Vec<PeerInfo> {
        self.connections.list()
    }
}
