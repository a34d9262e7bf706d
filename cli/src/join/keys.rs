//! Keys that are made here and stay here: control is told their public halves.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use hotline_client::seal::key_file;
use hotline_core::identity::Identity;
use hotline_exercise::join::keys::{
    DeskRequest, KeyRequest, OFFICERS_MAX, OfficerRequest, Point, ProvenKey, SealPoint,
};
use hotline_transport::Seams;
use rcgen::{KeyPair, PublicKeyData as _};
use zeroize::Zeroizing;

use crate::{
    exit::{self, Failure},
    pki::{
        PkiError, certificate,
        files::{self, Audience},
        keys, layout,
    },
};

/// Keys that were made and are not on disk yet: each with the name of its file below the seat's folder.
pub(crate) struct Made {
    secrets: Vec<(PathBuf, Zeroizing<String>)>,
}

/// Makes keys in one session.
pub(crate) struct Maker<'a> {
    seams: &'a Seams,
    session: [u8; 32],
    made: Made,
}

impl<'a> Maker<'a> {
    pub(crate) fn new(seams: &'a Seams, session: &[u8; 32]) -> Self {
        Self {
            seams,
            session: *session,
            made: Made { secrets: Vec::new() },
        }
    }

    fn tls(&mut self, file: PathBuf) -> Result<Point, Failure> {
        let key: KeyPair = certificate::new_key().map_err(|error| failed(&error))?;
        self.made
            .secrets
            .push((file, Zeroizing::new(key.serialize_pem())));
        Ok(Point::of(key.der_bytes()))
    }

    fn signing(&mut self, file: PathBuf, whom: &str, what: &str) -> ProvenKey {
        let mut entropy = |bytes: &mut [u8]| self.seams.entropy.fill(bytes);
        let (key, text) = keys::new_signing_key(&mut entropy);
        let proven = ProvenKey::new(&key, &self.session, whom, what);
        self.made.secrets.push((file, text));
        proven
    }

    fn sealing(&mut self, file: PathBuf) -> Result<SealPoint, Failure> {
        let mut seed = Zeroizing::new([0; 32]);
        self.seams.entropy.fill(seed.as_mut_slice());
        let made = key_file(&seed).map_err(|why| super::refused(&why));
        let (text, public) = made?;
        self.made.secrets.push((file, text));
        Ok(SealPoint::of(&public))
    }

    /// For the control plane alone, of an observer.
    pub(crate) fn plane(&mut self, below: &Path) -> Result<KeyRequest, Failure> {
        Ok(KeyRequest {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            plane: self.tls(below.join(layout::TLS_KEY))?,
            name: String::new(),
            control: None,
            desk: None,
            officers: BTreeMap::new(),
        })
    }

    /// For what a controller signs.
    pub(crate) fn control(&mut self, file: PathBuf, identity: &str) -> ProvenKey {
        self.signing(file, identity, "control")
    }

    /// For a desk and its officers, as files of the domain's folder.
    pub(crate) fn seat(
        &mut self,
        desk: &Identity,
        officers: &[Identity],
    ) -> Result<(DeskRequest, BTreeMap<String, OfficerRequest>), Failure> {
        if officers.len() > OFFICERS_MAX || officers.iter().any(|officer| officer.domain() != desk.domain()) {
            return Err(super::refused("control offers a seat that no scenario has"));
        }
        let domain = PathBuf::from(desk.domain().as_str());
        let place = domain.join("desk").join(desk.name());
        let tls = self.tls(place.join(layout::TLS_KEY))?;
        let whom = desk.to_string();
        let statement = self.signing(place.join(layout::STATEMENT_KEY), &whom, "statement");
        let log = self.signing(place.join(layout::LOG_KEY), &whom, "log");
        let seal = Some(self.sealing(place.join(layout::SEAL_KEY))?);
        let mut requests = BTreeMap::new();
        for officer in officers {
            let place = domain.join("officer").join(officer.name());
            let tls = self.tls(place.join(layout::TLS_KEY))?;
            let whom = officer.to_string();
            let proven = self.signing(place.join(layout::OFFICER_KEY), &whom, "officer");
            requests.insert(officer.name().to_owned(), OfficerRequest { tls, officer: proven });
        }
        let desk = DeskRequest {
            tls,
            statement,
            log,
            seal,
        };
        Ok((desk, requests))
    }

    pub(crate) fn done(self) -> Made {
        self.made
    }
}

impl Made {
    /// Writes them below a folder, each for its owner only.
    pub(crate) fn write(&self, root: &Path) -> Result<(), Failure> {
        for (file, text) in &self.secrets {
            let path = root.join(file);
            let write = || {
                if let Some(folder) = path.parent() {
                    files::make_folder(folder)?;
                }
                files::write_new(&path, text.as_bytes(), Audience::Owner)
            };
            write().map_err(|error| failed(&error))?;
        }
        Ok(())
    }
}

fn failed(error: &PkiError) -> Failure {
    Failure::new(error.code(), error.exit_code(), exit::chain(error), error.help())
}
