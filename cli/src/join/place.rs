//! What lies on the disk of who has joined: certificate and key of the control plane, control's CA, and where control is.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use hotline_core::identity::Identity;
use hotline_exercise::{
    join::words::{Offer, PartWord},
    live::plane::{LineReader, LineWriter, lines},
};
use hotline_transport::{Seams, plane};
use serde::{Deserialize, Serialize};

use super::{
    enter::{Entered, connect},
    unreachable,
};
use crate::{
    exit::{self, Failure},
    pki::{
        excon::plane::caller,
        files::{self, Audience},
        layout,
    },
};

/// The folder of the control plane in a seat's or a controller's folder.
pub(crate) const PLANE: &str = "plane";
/// Where control is, in it.
const FILE: &str = "control.json";

/// Where control is.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Control {
    /// `host:port`.
    pub(crate) at: String,
    /// Who listens there.
    pub(crate) conductor: String,
    /// The exercise's identifier.
    pub(crate) exercise: String,
    /// As what somebody joined.
    pub(crate) part: PartWord,
    /// What the exercise's folder is called there; empty where that was not told.
    #[serde(default)]
    pub(crate) folder: String,
}

/// The control plane, as somebody who has joined finds it.
#[derive(Clone, Debug)]
pub(crate) struct PlanePlace {
    folder: PathBuf,
    pub(crate) control: Control,
}

impl PlanePlace {
    /// Writes what was given; the key lies there already.
    pub(crate) fn write(root: &Path, at: &str, entered: &Entered) -> Result<Self, Failure> {
        let Offer {
            exercise,
            conductor,
            ca,
            part,
            ..
        } = &entered.offer;
        let control = Control {
            at: at.to_owned(),
            conductor: conductor.clone(),
            exercise: exercise.clone(),
            part: part.clone(),
            folder: entered.folder.clone(),
        };
        let folder = root.join(PLANE);
        let text = serde_json::to_string(&control).unwrap_or_default();
        for (name, text) in [
            (layout::TLS_CERTIFICATE, &entered.certificate),
            (layout::CA_CERTIFICATE, ca),
            (FILE, &text),
        ] {
            files::write_new(&folder.join(name), text.as_bytes(), Audience::Anybody).map_err(|error| {
                Failure::new(error.code(), error.exit_code(), exit::chain(&error), error.help())
            })?;
        }
        Ok(Self { folder, control })
    }

    /// Finds it in a folder; none if nobody has joined from there.
    pub(crate) fn find(root: &Path) -> Result<Option<Self>, Failure> {
        let folder = root.join(PLANE);
        let file = folder.join(FILE);
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::io(&file.display().to_string(), &error)),
        };
        let control = serde_json::from_str(&text)
            .map_err(|error| Failure::io(&file.display().to_string(), &error.into()))?;
        Ok(Some(Self { folder, control }))
    }

    /// Calls control.
    ///
    /// # Errors
    /// If it cannot be reached, or another answers.
    pub(crate) async fn call(&self, seams: &Seams) -> Result<(LineReader, LineWriter), Failure> {
        let tls = caller(&self.folder, seams)?;
        let conductor: Identity = self.control.conductor.parse().map_err(|error| {
            let what = format!("{}: {error}", self.folder.join(FILE).display());
            Failure::new("HL-EX-194", exit::CONFIG, what, "join again with a new code")
        })?;
        let gone = |error: io::Error| unreachable(&self.control.at, &error);
        let stream = connect(&self.control.at).await.map_err(gone)?;
        let stream = plane::call(&tls, &conductor, Box::new(stream))
            .await
            .map_err(gone)?;
        Ok(lines(stream.stream))
    }
}
