//! The measured line: two relays and desk B as processes, desk A in this one, all in a folder of their own.

pub mod links;
pub mod people;
pub mod relays;
pub mod sides;
pub mod standing;
pub mod usage;

use std::{path::Path, sync::Arc, time::Duration};

use hotline_client::{
    compose::Officer, config::DeskConfig, keyring, side::Directory, socket::Connection, station::Station,
};
use hotline_core::{health::Profile, precedence::Precedence};
use hotline_exercise::live::child::{Child, Input, Listener, Program};
use hotline_ledger::Restored;
use hotline_transport::Seams;
use tempfile::TempDir;

use self::{
    links::Links,
    relays::{Relays, Which},
    sides::{Side, Sides},
    standing::Standing,
    usage::Usage,
};
use super::{error::BenchError, measure::sender::Sender};
use crate::exit;

/// How long the line may take to come up, or to come back after a kill. 30 s: ten times what it takes.
pub const WHOLE_WITHIN: Duration = Duration::from_secs(30);
/// How often desks are asked how the line stands while somebody waits for it.
const ASK_EVERY: Duration = Duration::from_millis(50);
/// How long desk A may take to close.
const CLOSE_WITHIN: Duration = Duration::from_secs(3);

/// The processes of a line, in the order in which their usage is told.
pub const PROCESSES: [&str; 4] = ["north", "south", "desk_a", "desk_b"];

/// How desks reach relays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wiring {
    /// At the relays' own doors.
    Direct,
    /// Each leg through a link that can be broken; the seed decides its dice.
    Links {
        /// The seed.
        seed: u64,
    },
}

/// What a line is made of.
#[derive(Clone, Copy, Debug)]
pub struct Setup<'a> {
    /// The program of its processes.
    pub exe: &'a Path,
    /// Where its folder is made; the system's temporary folder if none.
    pub dir: Option<&'a Path>,
    /// By whose numbers legs are judged.
    pub profile: Profile,
    /// With which precedence desk A sends.
    pub precedence: Precedence,
}

/// The line.
pub struct Line {
    sides: Sides,
    sender: Arc<Sender>,
    relays: Relays,
    links: Option<Links>,
    desk_b: Child,
    asking_b: Connection,
    // Last, so that nothing uses it any more when it is removed.
    folder: TempDir,
}

impl Line {
    /// Makes identities, starts all processes, opens desk A, and waits until all legs are up.
    ///
    /// # Errors
    /// If any of it fails; nothing is left behind.
    pub async fn open(setup: Setup<'_>, wiring: Wiring, heard: Listener) -> Result<Self, BenchError> {
        let Setup {
            exe,
            dir,
            profile,
            precedence,
        } = setup;
        let seams = Seams::system();
        let mut builder = tempfile::Builder::new();
        builder.prefix("hotline-bench-");
        let folder = match dir {
            Some(dir) => builder.tempdir_in(dir),
            None => builder.tempdir(),
        }
        .map_err(BenchError::place("the measurement's folder"))?;
        let sides = Sides::make(folder.path(), &seams)?;
        sides.judge_by(profile)?;
        let links = match wiring {
            Wiring::Direct => None,
            Wiring::Links { seed } => Some(Links::start(&sides, seed).await?),
        };
        let relays = Relays::start(exe, folder.path(), &sides).await?;
        let desk_b = desk_b(exe, folder.path(), &sides.borenia, heard).await?;
        let asking_b = ask(&sides.borenia).await?;
        let config = DeskConfig::load(&sides.avelia.desk_settings())?;
        let station = Station::open(config, &seams, Restored::ReadOnly)?;
        let sender = Arc::new(Sender::new(station, &sides.avelia, precedence)?);
        let mut line = Self {
            sides,
            sender,
            relays,
            links,
            desk_b,
            asking_b,
            folder,
        };
        line.wait_until_whole(0).await?;
        Ok(line)
    }

    /// Desk A's releaser.
    pub fn sender(&self) -> &Arc<Sender> {
        &self.sender
    }

    /// Where everything lies.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Both sides' files.
    pub fn sides(&self) -> &Sides {
        &self.sides
    }

    /// How desks reach relays, in words.
    pub fn wired(&self) -> &'static str {
        match self.links {
            None => "direct",
            Some(_) => "live links",
        }
    }

    /// The links of a line that was opened with them.
    ///
    /// # Errors
    /// If it was not.
    pub fn links(&self) -> Result<&Links, BenchError> {
        let none = || BenchError::Ended("this line has no links that can be broken".into());
        self.links.as_ref().ok_or_else(none)
    }

    /// Waits until all legs of both desks are up, and both together owe the relays no more than so many statements: none
    /// when nothing is sent, under traffic what is always under way.
    ///
    /// # Errors
    /// If that takes more than 30 s, or a desk is gone.
    pub async fn wait_until_whole(&mut self, owed_at_most: u64) -> Result<(), BenchError> {
        self.wait_until_whole_within(WHOLE_WITHIN, owed_at_most).await
    }

    /// The same, for a line that has more to make good.
    ///
    /// # Errors
    /// If that takes longer, or a desk is gone.
    pub async fn wait_until_whole_within(
        &mut self,
        within: Duration,
        owed_at_most: u64,
    ) -> Result<(), BenchError> {
        let start = self.sender.now();
        loop {
            let standing = Standing::ask(self).await?;
            let Some(lacking) = standing.lacking(owed_at_most) else {
                return Ok(());
            };
            if self.sender.now().since(start) > within {
                return Err(BenchError::NotWhole {
                    within,
                    state: lacking,
                });
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    /// Lets that time pass, asking as often as [`wait_until_whole`](Self::wait_until_whole) does: what is compared must
    /// have been watched alike.
    ///
    /// # Errors
    /// If a desk is gone.
    pub async fn watch_for(&mut self, time: Duration) -> Result<(), BenchError> {
        let start = self.sender.now();
        while self.sender.now().since(start) < time {
            Standing::ask(self).await?;
            tokio::time::sleep(ASK_EVERY).await;
        }
        Ok(())
    }

    /// The relays, to break them.
    pub fn relays(&mut self) -> &mut Relays {
        &mut self.relays
    }

    /// Starts a killed relay again, on its own files and ports.
    ///
    /// # Errors
    /// If it does not start.
    pub async fn restart(&mut self, which: Which) -> Result<(), BenchError> {
        self.relays.restart(which, &self.sides).await
    }

    /// What each of [`PROCESSES`] used so far. Desk A is this process: its releaser, and the measurement itself.
    ///
    /// # Errors
    /// If one of them is gone.
    pub fn usage(&self) -> Result<[Usage; 4], BenchError> {
        let pids = [
            self.relays.pid(Which::North),
            self.relays.pid(Which::South),
            Some(std::process::id()),
            self.desk_b.pid(),
        ];
        let mut usage = [Usage::default(); 4];
        for ((used, pid), name) in usage.iter_mut().zip(pids).zip(PROCESSES) {
            let pid = pid.ok_or_else(|| BenchError::Process {
                who: name.into(),
                what: "has ended".into(),
            })?;
            *used = Usage::of(pid).map_err(BenchError::place("what a process used"))?;
        }
        Ok(usage)
    }

    /// Measures, and closes the line however that ended.
    ///
    /// # Errors
    /// What the measurement ended with, or what could not be closed.
    pub async fn closing<T>(self, measured: Result<T, BenchError>) -> Result<T, BenchError> {
        let Self {
            sender,
            relays,
            links,
            desk_b,
            folder,
            asking_b,
            ..
        } = self;
        drop(asking_b);
        sender.station().close(CLOSE_WITHIN).await;
        let closed = relays.close().await;
        let closed = closed.and(desk_b.kill().await.map_err(BenchError::from));
        drop(links);
        let removed = folder
            .close()
            .map_err(BenchError::place("removing the measurement's folder"));
        let measured = measured?;
        closed.and(removed)?;
        Ok(measured)
    }
}

async fn desk_b(exe: &Path, folder: &Path, side: &Side, heard: Listener) -> Result<Child, BenchError> {
    let settings = side.desk_settings();
    let words = ["desk", "run", "--unattended", "--json", "--config"].map(str::to_owned);
    let words = words
        .into_iter()
        .chain([settings.display().to_string()])
        .collect();
    let program = Program {
        name: "desk-b",
        exe,
        words,
        ready: "open",
        folder,
        input: Input::None,
    };
    Ok(Child::start(program, heard).await?)
}

/// A connection to that side's desk, which runs.
async fn ask(side: &Side) -> Result<Connection, BenchError> {
    let socket = DeskConfig::load(&side.desk_settings())?.socket;
    let connection = Connection::open(&socket)
        .await
        .map_err(BenchError::place("desk B's socket"))?;
    connection.ok_or_else(|| BenchError::Process {
        who: "desk-b".into(),
        what: "does not answer on its socket".into(),
    })
}

/// An officer of a desk, with the key at hand.
///
/// # Errors
/// If the key cannot be read, or is not in the roster.
pub fn officer(config: &DeskConfig, directory: &Directory, name: &str) -> Result<Officer, BenchError> {
    keyring::officer(config, directory, name, None).map_err(|error| BenchError::Releaser(exit::chain(&error)))
}
