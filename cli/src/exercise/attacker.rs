//! `hotline exercise attacker`: somebody who should not be on the line. `exercise run` starts it for each prepared attack;
//! it speaks with the conductor as a player does, over standard input and output, and attacks when it is told to.
//!
//! It has what a thief or an insider would have, and no more: files of a desk, or keys of a CA that nobody trusts. It goes
//! through the same links and doors as everybody, and says of each attempt what came of it.

mod forge;
mod session;

use std::{io::Write as _, path::PathBuf, sync::Arc, time::Duration};

use clap::Args;
use hotline_client::{config::DeskConfig, side::Directory};
use hotline_core::leg::Door;
use hotline_exercise::{
    live::words::{FromPlayer, ToPlayer},
    scenario::{
        Scenario,
        cast::Attack,
        lists::{AttackKind, InstitutionVerb},
        msel::Deed,
    },
};
use hotline_transport::{ClientTls, Credentials, Dialer, Seams, TrustStore, anchors_in};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use self::session::{Session, Told};
use super::{failed, scenario};
use crate::exit::{self, Failure, Outcome};

/// How long relays may take to close sessions once they have an order. 1 s: what is promised.
const CLOSED_WITHIN: Duration = Duration::from_secs(1);

/// What an attacker is started with.
#[derive(Debug, Args)]
pub struct AttackerArgs {
    /// The scenario's file.
    #[arg(long, value_name = "FILE")]
    scenario: String,
    /// The prepared attack.
    #[arg(long, value_name = "NAME")]
    attack: String,
    /// Settings of the desk in whose name it comes.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Settings of a desk of that name under another CA.
    #[arg(long, value_name = "FILE")]
    forged: Option<PathBuf>,
    /// End when the process that started this one ends.
    #[arg(long, hide = true, value_name = "PID")]
    pub(super) die_with_parent: Option<i32>,
}

struct Attacker {
    scenario: Arc<Scenario>,
    attack: Attack,
    config: DeskConfig,
    directory: Directory,
    dialer: Dialer,
    sessions: Arc<Vec<Session>>,
    /// Messages that it has forged.
    forged: u16,
    seams: Seams,
}

/// Waits for orders until standard input is closed.
///
/// # Errors
/// A [`Failure`] if what it was given cannot be used.
pub async fn run(args: AttackerArgs) -> Outcome {
    let mut attacker = Attacker::ready(&args)?;
    if attacker.attack.session {
        attacker.sessions = Arc::new(attacker.open().await?);
    }
    say(&FromPlayer::Seated)?;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let broken = |error: &std::io::Error| Failure::io("the attacker's words", error);
    while let Some(line) = lines.next_line().await.map_err(|error| broken(&error))? {
        match serde_json::from_str::<ToPlayer>(&line) {
            Ok(ToPlayer::Inject { serial }) => {
                // An attack that could not be carried out is told, and is no reason to leave the stage.
                let struck = attacker.strike().await;
                let refused = struck.err().map(|failure| failure.what).unwrap_or_default();
                say(&FromPlayer::Sent { serial, refused })?;
            }
            Ok(ToPlayer::Mark { mark }) => attacker.heard(&mark),
            _ => {}
        }
    }
    Ok(exit::OK)
}

/// A line to control.
fn say(words: &FromPlayer) -> Result<(), Failure> {
    let line = serde_json::to_string(words).map_err(|error| failed(&error))?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(|error| Failure::io("the attacker's words", &error))
}

impl Attacker {
    fn ready(args: &AttackerArgs) -> Result<Self, Failure> {
        let seams = Seams::system();
        let scenario = scenario::load(&args.scenario)?;
        let attack = scenario.attacks.iter().find(|attack| *attack.id == *args.attack);
        let nobody = || failed(&format!("the scenario has no attack {}", args.attack));
        let attack = attack.cloned().ok_or_else(nobody)?;
        let load = |file: &PathBuf| DeskConfig::load(file).map_err(|error| failed(&exit::chain(&error)));
        let config = load(&args.config)?;
        let keys = args.forged.as_ref().map(load).transpose()?;
        let keys = keys.as_ref().unwrap_or(&config);
        let own = Credentials::load(&keys.certificate, &keys.tls_key, &seams)
            .map_err(|error| failed(&exit::chain(&error)))?;
        let anchors = anchors_in(&config.trust).map_err(|error| failed(&exit::chain(&error)))?;
        let trust = TrustStore::new(&seams, anchors).map_err(|error| failed(&exit::chain(&error)))?;
        let directory = Directory::load(&config).map_err(|error| failed(&exit::chain(&error)))?;
        Ok(Self {
            dialer: Dialer::new(&seams, &ClientTls::new(&seams, own, Arc::new(trust))),
            scenario,
            attack,
            config,
            directory,
            sessions: Arc::default(),
            forged: 0,
            seams,
        })
    }

    /// A session with each relay through each of its doors.
    async fn open(&self) -> Result<Vec<Session>, Failure> {
        let mut sessions = Vec::new();
        for relay in self.directory.relays() {
            for door in Door::ALL {
                let session = Session::open(&self.dialer, relay, door).await;
                sessions.push(session.map_err(|refusal| failed(&refusal))?);
            }
        }
        Ok(sessions)
    }

    async fn strike(&mut self) -> Result<(), Failure> {
        match self.attack.kind {
            AttackKind::UnknownCa => self.knock().await,
            AttackKind::NoReleaseRight => {
                self.sessions = Arc::new(self.open().await?);
                let officer = self.attack.of.as_ref().map(|of| of.to_string());
                self.hand_in_forged(officer.as_deref()).await
            }
            AttackKind::StolenKey => self.hand_in_forged(None).await,
            AttackKind::Replay => {
                self.sessions = Arc::new(self.open().await?);
                self.replay().await
            }
        }
    }

    /// Knocks at each door of each relay.
    async fn knock(&self) -> Result<(), Failure> {
        for relay in self.directory.relays() {
            for door in Door::ALL {
                let address = relay.address(door);
                let told = self.dialer.preflight(door, address, &relay.identity).await;
                let refused = told.err().map(|refusal| format!("{}: {refusal}", refusal.kind()));
                self.told(refused.unwrap_or_default())?;
            }
        }
        Ok(())
    }

    /// Signs a message as whoever it plays, and hands it in wherever a session is still open. Where none is, it knocks again.
    async fn hand_in_forged(&mut self, officer: Option<&str>) -> Result<(), Failure> {
        if !self.sessions.iter().any(Session::is_open) {
            return self.knock().await;
        }
        let forged = forge::message(self, officer)?;
        self.forged = self.forged.saturating_add(1);
        say(&FromPlayer::Named {
            alias: format!("{}#{}", *self.attack.id, self.forged),
            message: forged.hash.to_string(),
        })?;
        for session in self.sessions.iter() {
            match session.hand_in(&forged.bytes).await {
                Told::Held(_) => self.told(String::new())?,
                Told::Refused(why) => self.told(why)?,
                Told::Closed => {}
            }
        }
        Ok(())
    }

    /// Hands in what the desk signed before: the newest FLASH of its log, byte for byte.
    async fn replay(&self) -> Result<(), Failure> {
        let old = forge::newest_flash(self)?;
        for session in self.sessions.iter() {
            let size = session.log_size().await;
            match session.hand_in(&old).await {
                Told::Held(leaf) if leaf < size => {
                    let what = format!("DUPLICATE: {} holds it at #{leaf} already", session.relay());
                    self.told(what)?;
                }
                Told::Held(_) => self.told(String::new())?,
                Told::Refused(why) => self.told(why)?,
                Told::Closed => {}
            }
        }
        Ok(())
    }

    fn told(&self, refused: String) -> Result<(), Failure> {
        let rule = self.attack.id.to_string();
        say(&FromPlayer::Played { rule, refused })
    }

    /// An identity has ended: a second later it says which of its sessions it still has.
    fn heard(&self, mark: &str) {
        let mut injects = self.scenario.injects();
        let ends = injects.any(|inject| {
            matches!(&inject.deed, Deed::Institution(act) if act.verb == InstitutionVerb::Deny)
                && format!("inject {}", inject.serial) == mark
        });
        if !ends || self.sessions.is_empty() {
            return;
        }
        let (sessions, what) = (Arc::clone(&self.sessions), format!("sessions after {mark}"));
        tokio::spawn(async move {
            tokio::time::sleep(CLOSED_WITHIN).await;
            let is = session::stand(&sessions);
            // Control that has gone hears nothing.
            let _ = say(&FromPlayer::Stated { what, is });
        });
    }
}
