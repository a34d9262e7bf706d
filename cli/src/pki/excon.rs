//! Control's identities: a trust domain of its own beside those of the sides.
//!
//! ```text
//! exercise.excon.example/
//!   root.key root.pub roster            control's statement root, and the key statements it signed
//!   control/conductor/                  control.key log.key [excon.ledger]
//!   control/<controller>/               control.key
//!   trust/exercise.excon.example/       root.pub roster: what a verifier needs
//! ```
//!
//! People who join an exercise connect to control: [`plane`] adds a CA for that. No desk and no relay trusts this domain, and
//! its roster enrols control identities only, so that nothing here can sign what a desk or an officer signs.

pub mod plane;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hotline_audit::{Enrolment, Purpose, RosterBuilder, TrustPolicy};
use hotline_core::identity::{Identity, Role, TrustDomain};
use hotline_core::time::WallTime;
use hotline_exercise::log::{self, Keys};
use hotline_transport::Seams;

use super::certificate::Validity;
use super::error::PkiError;
use super::files::{Aside, Audience};
use super::{files, keys, layout};
use crate::exit::{self, Failure};

/// Control's trust domain.
pub const DOMAIN: &str = "exercise.excon.example";
/// Name of the control identity that runs the exercise and signs its records.
pub const CONDUCTOR: &str = "conductor";
/// Name of the controller of whom nothing else is known.
pub const CONTROLLER: &str = "controller";
/// How long control's keys are valid. A week: the exercise, and what is added to its records behind it.
const LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Control's identities of one exercise, on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excon {
    /// The domain's folder.
    pub folder: PathBuf,
    /// The exercise's identifier.
    pub exercise: String,
    /// Who runs it and signs the records.
    pub conductor: Identity,
    /// The conductor's folder: its keys, and its ledger when there is one.
    pub station: PathBuf,
    /// What a verifier needs, and nothing secret: for `--trust`.
    pub trust: PathBuf,
}

/// Makes control's identities below `root`: the conductor and one controller.
///
/// # Errors
/// They are there already, or the disk refuses; then nothing is left behind.
pub fn excon(root: &Path, exercise: &str, seams: &Seams) -> Result<Excon, Failure> {
    excon_with(root, exercise, &[CONTROLLER], seams)
}

/// The same, with these controllers.
///
/// # Errors
/// As [`excon`]; or a name cannot be part of an identity.
pub fn excon_with(
    root: &Path,
    exercise: &str,
    controllers: &[&str],
    seams: &Seams,
) -> Result<Excon, Failure> {
    let mut entropy = |buffer: &mut [u8]| seams.entropy.fill(buffer);
    make(root, controllers, seams.clock.wall(), &mut entropy).map_err(|error| refused(&error))?;
    open(root, exercise)
}

/// Control's identities that were made below `root`.
///
/// # Errors
/// They are not there.
pub fn open(root: &Path, exercise: &str) -> Result<Excon, Failure> {
    let domain = domain().map_err(|error| refused(&error))?;
    let folder = root.join(DOMAIN);
    if !folder.join(layout::ROOT_PUBLIC).exists() {
        let below = files::folders_below(root).map_err(|error| refused(&error))?;
        return Err(refused(&PkiError::NoDomain { path: folder, below }));
    }
    Ok(Excon {
        exercise: exercise.to_owned(),
        conductor: identity(&domain, CONDUCTOR).map_err(|error| refused(&error))?,
        station: folder.join(layout::CONTROL).join(CONDUCTOR),
        trust: folder.join(layout::TRUST),
        folder,
    })
}

impl Excon {
    /// With what the conductor's log is opened in [`Excon::station`].
    ///
    /// # Errors
    /// A key is missing or may be read by others, or the trust folder cannot be read.
    pub fn keys(&self, seams: &Seams) -> Result<Keys, Failure> {
        let key = |name: &str| keys::signing_key(&self.station.join(name)).map_err(|error| refused(&error));
        let policy = TrustPolicy::load(&[&self.trust])
            .map_err(|error| Failure::new("HL-LOG-003", exit::IDENTITY, exit::chain(&error), HELP))?;
        let entropy = Arc::clone(&seams.entropy);
        Ok(Keys {
            identity: self.conductor.clone(),
            exercise: self.exercise.clone(),
            statement: key(layout::CONTROL_KEY)?,
            log: key(layout::LOG_KEY)?,
            rosters: policy.rosters().clone(),
            entropy: Box::new(move |buffer| entropy.fill(buffer)),
        })
    }

    /// The conductor's ledger.
    #[must_use]
    pub fn ledger(&self) -> PathBuf {
        log::path(&self.station)
    }

    /// The file of a controller's key.
    #[must_use]
    pub fn controller_key(&self, name: &str) -> PathBuf {
        self.folder
            .join(layout::CONTROL)
            .join(name)
            .join(layout::CONTROL_KEY)
    }
}

fn make(
    root: &Path,
    controllers: &[&str],
    now: WallTime,
    entropy: &mut dyn FnMut(&mut [u8]),
) -> Result<(), PkiError> {
    let domain = domain()?;
    let place = root.join(DOMAIN);
    files::refuse_filled(&place)?;
    let mut tag = [0; 8];
    entropy(&mut tag);
    let aside = Aside::begin(root, &place, u64::from_be_bytes(tag))?;
    let (statement_root, root_text) = keys::new_signing_key(entropy);
    aside.write(layout::ROOT_KEY, root_text.as_bytes(), Audience::Owner)?;
    let root_public = keys::root_text(&domain, &statement_root.public());
    let roster = RosterBuilder::new(domain.as_str(), statement_root)
        .map_err(|error| PkiError::making("control's roster", error))?;
    let mut desk = Enrolling {
        domain: &domain,
        aside: &aside,
        roster,
        validity: Validity::starting(now, LIFETIME),
        entropy,
    };
    desk.enrol(CONDUCTOR, Purpose::Control, layout::CONTROL_KEY)?;
    desk.enrol(CONDUCTOR, Purpose::Log, layout::LOG_KEY)?;
    for controller in controllers {
        desk.enrol(controller, Purpose::Control, layout::CONTROL_KEY)?;
    }
    let roster = roster_text(&desk.roster);
    let own = format!("{}/{domain}", layout::TRUST);
    for (name, text) in [(layout::ROOT_PUBLIC, &root_public), (layout::ROSTER, &roster)] {
        aside.write(name, text.as_bytes(), Audience::Anybody)?;
        aside.write(&format!("{own}/{name}"), text.as_bytes(), Audience::Anybody)?;
    }
    aside.finish()
}

fn roster_text(roster: &RosterBuilder) -> String {
    format!(
        "# Who may sign for control. Nothing of the line: no desk, no relay, no officer.\n{}",
        roster.roster().to_text()
    )
}

/// Control's roster while it is made.
struct Enrolling<'a> {
    domain: &'a TrustDomain,
    aside: &'a Aside,
    roster: RosterBuilder,
    validity: Validity,
    entropy: &'a mut dyn FnMut(&mut [u8]),
}

impl Enrolling<'_> {
    /// A new key of one control identity, in its folder.
    fn enrol(&mut self, name: &str, purpose: Purpose, file: &str) -> Result<(), PkiError> {
        let identity = identity(self.domain, name)?;
        let (key, text) = keys::new_signing_key(self.entropy);
        self.aside.write(
            &format!("{}/{name}/{file}", layout::CONTROL),
            text.as_bytes(),
            Audience::Owner,
        )?;
        let enrolment = Enrolment {
            purpose,
            subject: identity.to_string(),
            roles: Vec::new(),
            public_key: key.public(),
            not_before_ms: self.validity.not_before_ms,
            not_after_ms: self.validity.not_after_ms,
        };
        match self.roster.enrol(enrolment) {
            Ok(_) => Ok(()),
            Err(error) => Err(PkiError::KeyRefused {
                identity: identity.to_string(),
                why: error.to_string(),
            }),
        }
    }
}

fn domain() -> Result<TrustDomain, PkiError> {
    TrustDomain::parse(DOMAIN).map_err(|error| PkiError::making("control's trust domain", error))
}

fn identity(domain: &TrustDomain, name: &str) -> Result<Identity, PkiError> {
    Identity::new(domain.clone(), Role::Control, name).map_err(|error| PkiError::Usage {
        why: error.to_string(),
    })
}

fn refused(error: &PkiError) -> Failure {
    Failure::new(error.code(), error.exit_code(), exit::chain(error), error.help())
}

const HELP: &str = "name the folder in which the exercise made control's identities";

#[cfg(test)]
mod tests;
