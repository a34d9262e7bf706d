//! The folder of an exercise, as control uses it: the socket, the controllers' keys, and what each has seen.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use hotline_core::text::inert_line;
use hotline_exercise::{
    live::door::{SOCKET, Visit},
    order::Standing,
};
use hotline_transport::Seams;
use serde::{Deserialize, Serialize};

use crate::{
    exit::{self, Failure},
    join::place::{Control, PlanePlace},
    pki::{
        excon::{CONDUCTOR, DOMAIN, Excon},
        layout,
    },
};

/// The stage in an exercise's folder.
pub(crate) const STAGE: &str = "stage";
/// The file with the exercise's identifier, in the stage.
pub(crate) const IDENTIFIER: &str = "exercise";
/// There once ENDEX was seen, in the stage.
const ENDED: &str = "ended";
/// What a controller has seen, beside its key.
const SEEN: &str = "seen.json";

/// What a controller has seen: the newest record about each thing, as of so many records.
#[derive(Debug, Deserialize, Serialize)]
struct Seen {
    records: u64,
    heads: BTreeMap<String, String>,
}

/// An exercise's folder.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) dir: PathBuf,
    pub(super) stage: PathBuf,
}

impl Place {
    pub(super) fn find(dir: &Path) -> Result<Self, Failure> {
        let stage = dir.join(STAGE);
        match stage.join(DOMAIN).is_dir() {
            true => Ok(Self {
                dir: dir.to_owned(),
                stage,
            }),
            false => Err(Failure::new(
                "HL-EX-174",
                exit::CONFIG,
                format!("no exercise was played in {}", dir.display()),
                "--dir DIR, the --out of hotline exercise run --controlled",
            )),
        }
    }

    /// A way to the conductor: over the control plane from where somebody joined, else over the socket of this machine.
    /// None where nobody conducts here.
    pub(super) async fn visit(&self) -> Result<Option<Visit>, Failure> {
        if let Some(plane) = PlanePlace::find(&self.stage)? {
            let called = plane.call(&Seams::system()).await;
            let (reader, writer) = called.map_err(|failure| self.over(&plane.control, failure))?;
            return Ok(Some(Visit::over(reader.into_inner(), writer.into_inner())));
        }
        let socket = self.socket();
        let visit = Visit::open(&socket).await;
        visit.map_err(|error| Failure::io(&socket.display().to_string(), &error))
    }

    /// Control does not answer: because the exercise has ended, as far as one knows here.
    fn over(&self, control: &Control, failure: Failure) -> Failure {
        if failure.exit != exit::UNREACHABLE {
            return failure;
        }
        let exercise = inert_line(&control.exercise).text;
        let what = match self.stage.join(ENDED).exists() {
            true => format!("exercise {exercise} has ended, and nobody conducts it any more"),
            false => format!(
                "{}: exercise {exercise} has ended, or control's program or network is gone",
                failure.what
            ),
        };
        let folder = match control.folder.as_str() {
            "" => "the folder of the exercise".to_owned(),
            name => format!("folder {name}"),
        };
        let help = format!(
            "on control's machine the report lies in {folder}, as report.html; note, rate, improve and sign-off are \
             ordered there, with that folder behind --dir"
        );
        Failure::new(&failure.code, failure.exit, what, help)
    }

    fn socket(&self) -> PathBuf {
        self.stage.join(SOCKET)
    }

    /// The exercise's identifier.
    pub(super) fn exercise(&self) -> Result<String, Failure> {
        let file = self.stage.join(IDENTIFIER);
        fs::read_to_string(&file)
            .map(|text| text.trim().to_owned())
            .map_err(|error| Failure::io(&file.display().to_string(), &error))
    }

    /// Who orders: the one that is named, or the only one there is.
    pub(super) fn controller(&self, named: Option<&str>) -> Result<String, Failure> {
        let names = self.controllers()?;
        let unknown = |what: String| {
            let help = format!("--controller one of: {}", names.join(", "));
            Failure::new("HL-EX-173", exit::IDENTITY, what, help)
        };
        match (named, names.as_slice()) {
            (Some(name), names) if names.iter().any(|known| known == name) => Ok(name.to_owned()),
            (Some(name), _) => Err(unknown(format!("there is no key of a controller {name} here"))),
            (None, [only]) => Ok(only.clone()),
            (None, []) => Err(Failure::new(
                "HL-EX-173",
                exit::IDENTITY,
                "no controller's key is here: who observes orders nothing",
                "hotline control join CODE, with a code for control",
            )),
            (None, _) => Err(unknown("several controllers have keys here".into())),
        }
    }

    fn controllers(&self) -> Result<Vec<String>, Failure> {
        let folder = self.stage.join(DOMAIN).join(layout::CONTROL);
        let read = || -> io::Result<Vec<String>> {
            let mut names = Vec::new();
            for entry in fs::read_dir(&folder)? {
                names.push(entry?.file_name().to_string_lossy().into_owned());
            }
            names.retain(|name| name != CONDUCTOR);
            names.sort();
            Ok(names)
        };
        read().map_err(|error| Failure::io(&folder.display().to_string(), &error))
    }

    /// What a controller has seen by its last look or order; none before the first.
    pub(super) fn seen(&self, controller: &str) -> Option<BTreeMap<String, String>> {
        self.eyes(controller).map(|seen| seen.heads)
    }

    fn eyes(&self, controller: &str) -> Option<Seen> {
        let text = fs::read(self.seen_file(controller)).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// A controller has looked. Somebody who only looks, and names nobody, is no controller's eyes.
    pub(super) fn saw(&self, named: Option<&str>, standing: &Standing) -> Result<(), Failure> {
        if standing.state == "ENDED" {
            self.ended()?;
        }
        let Ok(controller) = self.controller(named) else {
            return match named {
                Some(_) => self.controller(named).map(drop),
                None => Ok(()),
            };
        };
        // A slow window knows less than a quick one: what was seen is not unseen.
        let known = self.eyes(&controller).map_or(0, |seen| seen.records);
        if known > standing.records {
            return Ok(());
        }
        let file = self.seen_file(&controller);
        let seen = Seen {
            records: standing.records,
            heads: standing.heads.clone(),
        };
        let text = serde_json::to_vec(&seen).unwrap_or_default();
        // A controller may have several windows open.
        let aside = file.with_extension(format!("{}.new", std::process::id()));
        fs::write(&aside, text)
            .and_then(|()| fs::rename(&aside, &file))
            .map_err(|error| Failure::io(&file.display().to_string(), &error))
    }

    /// ENDEX was seen: whoever does not answer any more has a reason for it.
    pub(super) fn ended(&self) -> Result<(), Failure> {
        let file = self.stage.join(ENDED);
        fs::write(&file, "").map_err(|error| Failure::io(&file.display().to_string(), &error))
    }

    fn seen_file(&self, controller: &str) -> PathBuf {
        let folder = self.stage.join(DOMAIN).join(layout::CONTROL);
        folder.join(controller).join(SEEN)
    }

    pub(super) fn excon(&self) -> Result<Excon, Failure> {
        crate::pki::excon::open(&self.stage, &self.exercise()?)
    }
}
