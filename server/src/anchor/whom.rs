//! Whom a relay asks: every relay of another side that has a witness's key in its side's roster, and the witnesses of no
//! side that its settings name.
//!
//! Where relays are stands in the trust folders' `side.toml`, as for desks; an entry `[[peer]]` of the settings goes before
//! it. A relay of the own side is not asked: what it says proves nothing against its own ministry.

use std::{collections::BTreeMap, fs, net::SocketAddr, path::Path};

use hotline_audit::{
    LogVerifier,
    cosign::{CosignVerifier, CosignerName},
    key::{Purpose, RosterSet},
};
use hotline_core::identity::Identity;
use hotline_transport::side_file::SideFile;

use crate::{
    config::{Anchoring, PeerPlace},
    relay::Relay,
};

/// Most cosigners of one relay. 32: as many as a policy must be able to name.
pub const COSIGNERS_MAX: usize = 32;

/// Most relays of one other side that are asked. 8: far more than a side has, and one that enrols more crowds out nobody.
pub const COSIGNERS_OF_A_SIDE: usize = 8;

/// One that is asked to cosign.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cosigner {
    /// How it is reached.
    pub via: Via,
    /// What verifies its cosignatures as a witness.
    pub witness: CosignVerifier,
    /// What verifies those as a mirror, if it is one.
    pub mirror: Option<CosignVerifier>,
}

/// How a cosigner is reached.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Via {
    /// At a relay's doors, with our certificate.
    Doors {
        /// Whom its certificate must name.
        relay: Identity,
        /// Its QUIC door.
        quic: SocketAddr,
        /// Its TCP door.
        tcp: SocketAddr,
    },
    /// By plain HTTP: its answers prove themselves.
    Http {
        /// Where.
        address: SocketAddr,
        /// What its paths begin with.
        prefix: String,
    },
}

/// A side file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {detail}; hotline pki trust writes it anew")]
pub struct WhomError {
    /// The file.
    pub file: String,
    /// What is wrong.
    pub detail: String,
}

impl Cosigner {
    /// What it is called: the name of its witness's key.
    #[must_use]
    pub fn name(&self) -> String {
        self.witness.name().to_string()
    }
}

/// Everybody whom the relay `own` asks, by the trust and the clock of now.
///
/// # Errors
/// [`WhomError`] names the side file that cannot be read.
pub fn whom(
    own: &Identity,
    config: &Anchoring,
    trust: &Path,
    rosters: &RosterSet,
    now_ms: u64,
) -> Result<Vec<Cosigner>, WhomError> {
    let mut places = places_in(trust)?;
    for peer in &config.peers {
        places.insert(peer.identity.clone(), peer.clone());
    }
    let peers = places
        .into_values()
        .filter(|place| place.identity.domain() != own.domain() && place.identity.world() == own.world())
        .filter(|place| rosters.denial(&place.identity.to_string()).is_none())
        .filter_map(|place| peer(place, rosters, now_ms));
    let neutral = config.neutral.iter().map(|found| Cosigner {
        via: Via::Http {
            address: found.address,
            prefix: found.prefix.clone(),
        },
        witness: found.key.clone(),
        mirror: None,
    });
    Ok(chosen(neutral, peers))
}

/// Those who are asked: whom the own settings name first, then those of other sides, of each side so many. Whoever is left
/// out is named.
fn chosen(neutral: impl Iterator<Item = Cosigner>, peers: impl Iterator<Item = Cosigner>) -> Vec<Cosigner> {
    let mut of_side: BTreeMap<String, usize> = BTreeMap::new();
    let (mut asked, mut left) = (Vec::new(), Vec::new());
    for cosigner in neutral.chain(peers) {
        let room = match &cosigner.via {
            Via::Http { .. } => true,
            Via::Doors { relay, .. } => {
                let count = of_side.entry(relay.domain().to_string()).or_default();
                *count += 1;
                *count <= COSIGNERS_OF_A_SIDE
            }
        };
        if room && asked.len() < COSIGNERS_MAX {
            asked.push(cosigner);
        } else {
            left.push(cosigner.name());
        }
    }
    if !left.is_empty() {
        tracing::warn!(
            event = "witness",
            kind = "NOT_ASKED",
            left = left.join(", "),
            "more cosigners are known than are asked: these are left out"
        );
    }
    asked
}

/// One without a witness's key in its side's roster witnesses nothing.
fn peer(place: PeerPlace, rosters: &RosterSet, now_ms: u64) -> Option<Cosigner> {
    let witness = verifier(&place.identity, Purpose::Witness, rosters, now_ms)?;
    let mirror = verifier(&place.identity, Purpose::Mirror, rosters, now_ms);
    Some(Cosigner {
        via: Via::Doors {
            relay: place.identity,
            quic: place.quic,
            tcp: place.tcp,
        },
        witness,
        mirror,
    })
}

fn verifier(relay: &Identity, purpose: Purpose, rosters: &RosterSet, now_ms: u64) -> Option<CosignVerifier> {
    let origin = relay.origin();
    let name = match purpose {
        Purpose::Mirror => CosignerName::mirror(&origin),
        _ => CosignerName::witness(&origin),
    };
    let roster = rosters.roster(relay.domain().as_str())?;
    let entry = roster.current_key(&relay.to_string(), purpose, now_ms)?;
    Some(CosignVerifier::new(name.ok()?, entry.key))
}

/// The relays that trust folders name. A folder without a side file names none.
fn places_in(trust: &Path) -> Result<BTreeMap<Identity, PeerPlace>, WhomError> {
    let mut places = BTreeMap::new();
    let Ok(folders) = fs::read_dir(trust) else {
        return Ok(places);
    };
    let mut files: Vec<_> = folders
        .filter_map(|entry| Some(entry.ok()?.path().join("side.toml")))
        .filter(|file| file.is_file())
        .collect();
    files.sort();
    for file in files {
        let wrong = |detail: String| WhomError {
            file: file.display().to_string(),
            detail,
        };
        let text = fs::read_to_string(&file).map_err(|error| wrong(error.to_string()))?;
        for relay in SideFile::parse(&text).map_err(wrong)?.relay {
            let identity: Identity = relay
                .identity
                .parse()
                .map_err(|error| wrong(format!("{}: {error}", relay.identity)))?;
            let place = PeerPlace {
                identity: identity.clone(),
                quic: relay.quic,
                tcp: relay.tcp,
            };
            places.insert(identity, place);
        }
    }
    Ok(places)
}

/// The keys of a relay's log that the rosters know, for what others show of it.
#[must_use]
pub fn own_keys(relay: &Relay) -> Vec<LogVerifier> {
    log_keys(&relay.identity, &relay.rosters())
}

/// The same of any relay.
#[must_use]
pub fn log_keys(relay: &Identity, rosters: &RosterSet) -> Vec<LogVerifier> {
    let origin = relay.origin();
    rosters
        .log_keys(&origin)
        .into_iter()
        .filter_map(|entry| LogVerifier::new(&origin, entry.key).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use hotline_audit::SigningKey;

    use super::*;

    fn cosigner(name: &str, via: Via) -> Cosigner {
        let key = SigningKey::from_seed(&[1; 32]).public();
        Cosigner {
            via,
            witness: CosignVerifier::new(name.parse().unwrap(), key),
            mirror: None,
        }
    }

    #[test]
    fn a_side_with_many_relays_crowds_out_neither_neutral_witnesses_nor_others() {
        let at: SocketAddr = "127.0.0.1:1".parse().unwrap();
        let peers = |side: &str, count: usize| -> Vec<Cosigner> {
            let relay = |n: usize| format!("spiffe://exercise.{side}.example/relay/r{n}");
            let of = |n: usize| {
                let via = Via::Doors {
                    relay: relay(n).parse().unwrap(),
                    quic: at,
                    tcp: at,
                };
                cosigner(&format!("{side}{n}"), via)
            };
            (0..count).map(of).collect()
        };
        let neutral = cosigner(
            "neutral",
            Via::Http {
                address: at,
                prefix: String::new(),
            },
        );
        let all = [peers("borenia", 60), peers("caldria", 2)].concat();
        let asked = chosen([neutral].into_iter(), all.into_iter());
        let names: Vec<String> = asked.iter().map(Cosigner::name).collect();
        assert_eq!(names.len(), 1 + COSIGNERS_OF_A_SIDE + 2, "{names:?}");
        assert_eq!(names[0], "neutral");
        assert!(names.contains(&"caldria1".to_owned()));
    }
}
