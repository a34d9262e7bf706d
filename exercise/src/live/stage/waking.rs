//! A line that slept for months is put in order and opened: by the program's own verbs, in the sides' own folders, as people
//! do it.

mod look;

use std::{fs, io, path::Path};

use hotline_audit::Hash;
use hotline_client::{config::DeskConfig, side_file::SideFile};
use hotline_core::causes;

use super::{
    Stage, StageError,
    ends::{at, folder, read_aloud, text},
    linked,
};
use crate::{
    live::{
        links::Links,
        site::{DeskPlace, SidePlace},
    },
    scenario::{
        cast::OfficerCard,
        lists::InstitutionVerb,
        msel::{ALL_CHANNELS, Institution},
    },
};

/// What a side's names and addresses are called in its trust folder.
const SIDE: &str = "side.toml";

/// What people need to know beside their act.
#[derive(Clone, Debug)]
pub struct With {
    /// The officer whom it is about.
    pub officer: Option<OfficerCard>,
    /// The codebook of this exercise.
    pub codebook: Hash,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readied {
    /// In words.
    pub said: String,
    /// What fails, by relay and desk, if a doctor has looked.
    pub found: Option<String>,
    /// What was refused, as it should be: code and sentence.
    pub refused: Vec<String>,
}

impl Readied {
    fn of(said: String) -> Self {
        Self {
            said,
            ..Self::default()
        }
    }
}

impl Stage {
    /// Whether nothing of the line runs yet but what people have started in order.
    #[must_use]
    pub const fn is_asleep(&self) -> bool {
        self.asleep.is_some()
    }

    /// Officers of a side put something of the line in order, or look at it.
    ///
    /// # Errors
    /// What the verbs say.
    pub async fn put_in_order(&mut self, act: &Institution, with: &With) -> Result<Readied, StageError> {
        let side = self.side(act.side)?;
        let said = match act.verb {
            InstitutionVerb::Inspect => return self.inspect(&side).await,
            InstitutionVerb::TryOld => return self.try_old(&side, officer(with)?).await,
            InstitutionVerb::Renew => self.renew(&side).await?,
            InstitutionVerb::Retire => self.retire(act, &side, officer(with)?).await?,
            InstitutionVerb::Enrol => self.enrol(&side, officer(with)?).await?,
            InstitutionVerb::AgreeCodebook => self.agree(act, &side, with.codebook).await?,
            InstitutionVerb::RePin => self.pin(&side).await?,
            other => return Err(StageError::Nobody(format!("line that {other} puts in order"))),
        };
        Ok(Readied::of(said))
    }

    /// Links stand before every leg from now on, so desks may be started.
    ///
    /// # Errors
    /// If the line is awake, or a port refuses.
    pub async fn link(&mut self) -> Result<(), StageError> {
        let Some(seed) = self.asleep else {
            return Err(StageError::Nobody("line that sleeps".into()));
        };
        // Not before the sides have pinned each other: a trust file that is taken over brings the relays' own addresses.
        self.links = Links::start(&linked(&self.site), seed).await?;
        self.asleep = None;
        Ok(())
    }

    /// Scripted people sit down at their desks.
    ///
    /// # Errors
    /// If a player does not start.
    pub async fn seat_all(&mut self) -> Result<Vec<String>, StageError> {
        let plans = self.plans.clone();
        for plan in &plans {
            self.start_player(plan).await?;
        }
        Ok(plans.into_iter().map(|plan| plan.seat).collect())
    }

    /// Everybody of a side who is still there gets a new certificate.
    async fn renew(&self, side: &SidePlace) -> Result<String, StageError> {
        let own = folder(side);
        let file = side.trust.join(&side.domain).join(SIDE);
        let known = SideFile::parse(&fs::read_to_string(&file).map_err(|source| at(&file, source))?)
            .map_err(|why| at(&file, io::Error::other(why)))?;
        let relays = known.relay.iter().map(|relay| &relay.identity);
        let desks = known.desk.iter().map(|desk| &desk.identity);
        let officers = known.officer.iter().map(|officer| &officer.identity);
        let ours = format!("spiffe://{}/", side.domain);
        let holders: Vec<&str> = relays
            .chain(desks)
            .chain(officers)
            .filter_map(|identity| identity.strip_prefix(ours.as_str()))
            .collect();
        for holder in &holders {
            self.verb(&["pki", "renew", &text(&own.join(holder))]).await?;
        }
        Ok(format!("new certificates: {}", holders.join(", ")))
    }

    /// Two officers say that another has left.
    async fn retire(
        &self,
        act: &Institution,
        side: &SidePlace,
        left: &OfficerCard,
    ) -> Result<String, StageError> {
        let dir = text(&folder(side));
        let holder = holder(left);
        let reason = act.reason.clone().unwrap_or_else(|| "has left".into());
        let mut words = vec!["pki", "revoke", "--dir", &dir, &holder, "--reason", &reason];
        for officer in &act.by {
            words.extend(["--officer", officer.as_str()]);
        }
        self.verb(&words).await?;
        let by: Vec<&str> = act.by.iter().map(|name| name.value.as_str()).collect();
        Ok(format!("{holder} is revoked, by {}", by.join(" and ")))
    }

    /// Somebody new gets keys and a line in the roster.
    async fn enrol(&self, side: &SidePlace, new: &OfficerCard) -> Result<String, StageError> {
        let (dir, desk) = (text(&folder(side)), new.desk.to_lowercase());
        let mut words = vec![
            "pki", "issue", "officer", "--dir", &dir, &new.name, "--desk", &desk,
        ];
        for role in &new.roles {
            words.extend(["--role", role.name()]);
        }
        self.verb(&words).await?;
        Ok(format!("{} is enrolled", holder(new)))
    }

    /// A releaser consents to the charter, with the codebook that both sides are to hold.
    async fn agree(&self, act: &Institution, side: &SidePlace, codebook: Hash) -> Result<String, StageError> {
        let dir = text(&folder(side));
        let channel = match act.channel.as_deref().filter(|channel| *channel != ALL_CHANNELS) {
            Some(named) => named.to_owned(),
            None => desk_settings(first_desk(side)?)?.channel,
        };
        let codebook = codebook.to_string();
        let mut by = Vec::new();
        for officer in &act.by {
            let holder = format!("officer/{}", **officer);
            let words = [
                "pki",
                "consent",
                "--dir",
                &dir,
                &holder,
                "--channel",
                &channel,
                "--codebook",
                &codebook,
            ];
            self.verb(&words).await?;
            by.push(holder);
        }
        Ok(format!("{} consents to codebook {codebook}", by.join(" and ")))
    }

    /// The other side exports its trust file anew and reads the words aloud; this side takes it over.
    async fn pin(&self, side: &SidePlace) -> Result<String, StageError> {
        if !self.is_asleep() {
            return Err(StageError::Nobody("line that sleeps".into()));
        }
        let others = self.site.sides.iter().filter(|other| other.side != side.side);
        let dir = text(&folder(side));
        let mut said = Vec::new();
        for other in others {
            let file = self.site.root.join(format!("{}-woken.trust", other.side));
            put_away(&file)?;
            let (theirs, out) = (text(&folder(other)), text(&file));
            let exported = self
                .verb(&["pki", "export", "--dir", &theirs, "--out", &out])
                .await?;
            let words = read_aloud(&exported);
            self.verb(&["pki", "trust", "--dir", &dir, &out, "--words", words])
                .await?;
            said.push(format!(
                "{} is pinned anew; read aloud and the same: {words}",
                other.domain
            ));
        }
        Ok(said.join("; "))
    }
}

fn officer(with: &With) -> Result<&OfficerCard, StageError> {
    let nobody = || StageError::Nobody("officer of that name".into());
    with.officer.as_ref().ok_or_else(nobody)
}

/// `officer/moreau`, as verbs call one.
fn holder(officer: &OfficerCard) -> String {
    format!("officer/{}", *officer.name)
}

fn first_desk(side: &SidePlace) -> Result<&DeskPlace, StageError> {
    let nobody = || StageError::Nobody(format!("desk of side {}", side.side));
    side.desks.first().ok_or_else(nobody)
}

fn desk_settings(desk: &DeskPlace) -> Result<DeskConfig, StageError> {
    DeskConfig::load(&desk.config).map_err(|error| at(&desk.config, io::Error::other(causes::chain(&error))))
}

/// Removes a file that an earlier act has left.
fn put_away(file: &Path) -> Result<(), StageError> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(file, error)),
        _ => Ok(()),
    }
}
