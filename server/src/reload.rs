//! Trust, certificate and key, read anew while the relay serves.
//!
//! All of it is read and checked before any of it is put in force; what does not hold together whole leaves everything as
//! it was. Then, in one stretch without a pause: anchors, revocation lists and deny-lists, rosters, our own certificate,
//! and last the live connections, of which those are closed that would not be let in any more. Statements that come
//! after that are judged by the new rosters; what is stored stays.
//!
//! Nothing here runs by itself. A process keeps it fresh ([`Reload::keep_fresh`]); a simulated world does not.

use std::sync::Arc;

use hotline_audit::trust;
use hotline_core::causes;
use hotline_transport::{ClientTls, Connections, FileWatch, PeerInfo, REFUSED_AGAIN_AFTER, Seams, ServerTls};
use tokio::signal::unix::Signal;

use crate::{
    anchor::Anchorage,
    config::RelayConfig,
    relay::Relay,
    remembered::Remembered,
    run::{self, Believed, StartError, own_certificate},
};

/// What a relay needs to read its trust anew.
#[derive(Clone)]
pub struct Reload {
    config: RelayConfig,
    seams: Seams,
    tls: ServerTls,
    dials: ClientTls,
    connections: Connections,
    anchorage: Option<Anchorage>,
    relay: Arc<Relay>,
    memory: Remembered,
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

impl Reload {
    pub(crate) fn new(
        config: &RelayConfig,
        seams: &Seams,
        (tls, dials): (&ServerTls, &ClientTls),
        (connections, anchorage): (&Connections, Option<Anchorage>),
        (relay, memory): (&Arc<Relay>, Remembered),
    ) -> Self {
        Self {
            config: config.clone(),
            seams: seams.clone(),
            tls: tls.clone(),
            dials: dials.clone(),
            connections: connections.clone(),
            anchorage,
            relay: Arc::clone(relay),
            memory,
        }
    }

    /// Reads everything anew and puts it in force; returns the connections that this has closed.
    ///
    /// # Errors
    /// [`StartError`] says what does not hold; then everything is as it was.
    pub fn now(&self) -> Result<Vec<PeerInfo>, StartError> {
        let own = own_certificate(&self.config, &self.seams)?;
        let now_ms = self.seams.clock.wall().unix_ms();
        let believed = Believed::read(&self.config, &|list, roster| {
            self.memory.unproven(list, roster, now_ms)
        })?;
        let trust = self.tls.trust();
        let cas = trust.check_not_older(&believed.anchors)?;
        believed
            .rosters
            .check_not_older(&self.relay.rosters())
            .map_err(StartError::Older)?;
        self.memory.check(&self.config.trust, &believed.rosters, &cas)?;
        let pen = run::pen_of(&self.config, &believed.rosters)?;
        let cosigners = run::whom(&self.config, &believed.rosters, &self.seams)?;
        let denied = believed.denied();
        trust.replace_with_denied(believed.anchors, denied)?;
        self.memory.take(&believed.rosters, &cas, now_ms);
        self.relay.replace_rosters(believed.rosters);
        self.relay.presence.take_pen(pen);
        self.dials.rotate(own.clone());
        self.tls.rotate(own);
        if let Some(anchorage) = &self.anchorage {
            anchorage.know(cosigners);
            anchorage.trust_changed();
        }
        Ok(self.connections.recheck())
    }

    /// Where a folder was refused: takes deny-lists that are longer and hold by themselves, under the rosters in force.
    /// Returns the connections that this has closed; none if there is no such list.
    fn deny_all_the_same(&self) -> Option<Vec<PeerInfo>> {
        let now_ms = self.seams.clock.wall().unix_ms();
        let rosters = trust::denied_anew(&self.config.trust, &self.relay.rosters(), &|list, roster| {
            self.memory.unproven(list, roster, now_ms)
        })?;
        let store = self.tls.trust();
        store.deny(run::denied(&rosters));
        self.memory.take(&rosters, &store.standing(), now_ms);
        let cosigners = run::whom(&self.config, &rosters, &self.seams);
        self.relay.replace_rosters(rosters);
        if let Some(anchorage) = &self.anchorage {
            // Where others are may be what was refused; whom the order ends is not trusted all the same.
            if let Ok(cosigners) = cosigners {
                anchorage.know(cosigners);
            }
            anchorage.trust_changed();
        }
        Some(self.connections.recheck())
    }

    /// The same, with what came of it in the log and in the counters; returns why it was refused, if it was. What is
    /// refused for the reason `before` is told no second time.
    pub fn and_tell(&self, before: Option<&str>) -> Option<String> {
        match self.now() {
            Ok(closed) => {
                self.taken(closed.len(), "trust and certificate were read anew");
                None
            }
            Err(error) => {
                if let Some(closed) = self.deny_all_the_same() {
                    self.taken(
                        closed.len(),
                        "a deny-list was taken, although the rest was refused",
                    );
                }
                let why = causes::chain(&error);
                if before != Some(why.as_str()) {
                    self.relay.metrics.trust_refused();
                    tracing::error!(
                        event = "security",
                        kind = "TRUST_REFUSED",
                        why,
                        "changed trust was refused whole; the old one stays in force, and it is tried again"
                    );
                }
                Some(why)
            }
        }
    }

    fn taken(&self, closed: usize, what: &str) {
        self.relay.metrics.trust_taken(closed);
        let certificate = self.tls.credentials().summary().serial.clone();
        tracing::warn!(
            event = "security",
            kind = "TRUST_TAKEN",
            closed,
            certificate,
            "{what}"
        );
    }

    /// Reads anew whenever the files have changed, whenever somebody asks by SIGHUP ([`hotline_transport::asking`]), and
    /// again and again while what stands there is refused. Never returns.
    pub async fn keep_fresh(&self, mut watch: FileWatch, mut asked: Option<Signal>) {
        let mut refused: Option<String> = None;
        // What was believed at the start may not be on disk or in the log either.
        let mut kept = false;
        loop {
            let mut again = false;
            tokio::select! {
                biased;
                () = hotline_transport::asked(&mut asked) => watch.mark_known(),
                () = watch.changed() => {}
                () = tokio::time::sleep(REFUSED_AGAIN_AFTER), if refused.is_some() || !kept => again = true,
            }
            if !again || refused.is_some() {
                let before = refused.take().filter(|_| again);
                refused = self.and_tell(before.as_deref());
            }
            let remembered = self.memory.keep(&self.relay.ledger).await;
            kept = self.relay.keep_roll().await && remembered;
        }
    }

    /// Who is connected now, oldest first.
    #[must_use]
    pub fn connected(&self) -> Vec<PeerInfo> {
        self.connections.list()
    }
}
