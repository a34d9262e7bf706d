//! Somebody else's CA issues Avelia's name, and knocks at both doors.

use std::{path::Path, sync::Arc};

use hotline_core::{identity::Identity, leg::Door};
use hotline_transport::{ClientTls, Credentials, Dialer, Refusal, Seams, TrustStore, anchors_in};

use super::stage::{Stage, exercise_of, made};
use crate::{
    exit::{self, Failure},
    pki,
};

/// Knocks at one door of Avelia's relay with a certificate of a foreign CA; gives back who refused whom, or nothing if
/// it was let in.
///
/// # Errors
/// If the certificate cannot be made.
pub async fn knock(stage: &Stage, seams: &Seams, door: Door) -> Result<Option<Box<Refusal>>, Failure> {
    let dir = stage.dir.join(format!("intruder-{door}"));
    let desk = forge(&dir, seams)?;
    let other =
        |error: &dyn std::error::Error| Failure::new("HL-DEMO-009", exit::OTHER, exit::chain(error), "");
    let forged = Credentials::load(&desk.join("tls.crt"), &desk.join("tls.key"), seams)
        .map_err(|error| other(&error))?;
    let anchors = anchors_in(&stage.trust(0)).map_err(|error| other(&error))?;
    let trust = TrustStore::new(seams, anchors).map_err(|error| other(&error))?;
    let dialer = Dialer::new(seams, &ClientTls::new(seams, forged, Arc::new(trust)));
    let relay = &stage.sides[0].relay;
    let expected: Identity = relay_identity(stage)?;
    let address = match door {
        Door::Quic => relay.quic,
        Door::Tcp => relay.tcp,
    };
    Ok(dialer.preflight(door, address, &expected).await.err())
}

fn relay_identity(stage: &Stage) -> Result<Identity, Failure> {
    let settings = hotline_server::config::RelayConfig::load(&stage.sides[0].relay.config)
        .map_err(|error| Failure::new("HL-DEMO-009", exit::CONFIG, error.to_string(), ""))?;
    Ok(settings.identity)
}

/// A whole side with Avelia's names, under keys of its own.
fn forge(dir: &Path, seams: &Seams) -> Result<std::path::PathBuf, Failure> {
    let (declared, domain) = exercise_of(pki::example::AVELIA)?;
    let mut entropy = |buffer: &mut [u8]| seams.entropy.fill(buffer);
    pki::init(&declared, dir, seams.clock.wall(), &mut entropy).map_err(|error| made(&error))?;
    let desk = declared
        .desks
        .first()
        .map(|desk| desk.name.clone())
        .unwrap_or_default();
    Ok(dir.join(domain.as_str()).join("desk").join(desk))
}
