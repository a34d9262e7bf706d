//! Who joined a live exercise, and where control listens: on disk before STARTEX, so that whoever joined is known again if
//! control stops and goes on.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
};

use data_encoding::BASE64;
use hotline_exercise::live::door::May;
use serde::{Deserialize, Serialize};

use super::lobby::LiveArgs;

/// Who joined.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Roll {
    /// Where the control plane listens, with the port that it had.
    pub(super) at: SocketAddr,
    /// Seats that were taken, and by whom.
    pub(super) seats: BTreeMap<String, Listed>,
    /// Who joined control, and what they may do.
    pub(super) control: Vec<(Listed, May)>,
    /// What control writes down about them behind STARTEX.
    pub(super) notes: Vec<String>,
}

/// Somebody who joined, as control's CA has certified them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listed {
    /// Their identity.
    pub(super) identity: String,
    /// The certificate that they show: another one of the same name is of somebody who was there before. DER, base64.
    certificate: String,
}

impl Listed {
    pub(super) fn of(identity: &str, certificate: &[u8]) -> Self {
        Self {
            identity: identity.to_owned(),
            certificate: BASE64.encode(certificate),
        }
    }

    /// The certificate; none that anybody could show, where there is no sense in it.
    pub(super) fn certificate(&self) -> Vec<u8> {
        BASE64.decode(self.certificate.as_bytes()).unwrap_or_default()
    }
}

impl Roll {
    /// The seats that were taken.
    pub(super) fn seats(&self) -> BTreeSet<String> {
        self.seats.keys().cloned().collect()
    }

    /// Where people come back to.
    pub(super) fn args(&self) -> LiveArgs {
        LiveArgs {
            listen: self.at,
            ..LiveArgs::default()
        }
    }
}
