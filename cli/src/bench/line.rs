//! The measured line: two relays and desk B as processes, desk A in this one, all in a folder of their own.

pub mod child;
pub mod people;
pub mod sides;
pub mod usage;

use std::{
    future::Future,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use hotline_client::{
    compose::Officer,
    config::DeskConfig,
    request::{Answer, Request},
    sealed::load_officer_key,
    side::Directory,
    socket::Connection,
    station::Station,
    status::LineStatus,
};
use hotline_core::identity::{Identity, Role};
use hotline_ledger::Restored;
use hotline_transport::Seams;
use tempfile::TempDir;

use self::{
    child::{Child, Listener, Program},
    sides::{Side, Sides},
    usage::Usage,
};
use super::{error::BenchError, measure::sender::Sender};
use crate::pki::layout;

/// How long the line may take to come up, or to come back after a kill. 30 s: ten times what it takes.
pub const WHOLE_WITHIN: Duration = Duration::from_secs(30);
/// How often desks are asked how the line stands while somebody waits for it.
const ASK_EVERY: Duration = Duration::from_millis(50);
/// Legs of a desk: two relays through two doors.
const LEGS: usize = 4;
/// How long desk A may take to close.
const CLOSE_WITHIN: Duration = Duration::from_secs(3);

/// One of the two relays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Avelia's.
    North,
    /// Borenia's.
    South,
}

impl Which {
    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::North => Self::South,
            Self::South => Self::North,
        }
    }
}

/// The processes of a line, in the order in which their usage is told.
pub const PROCESSES: [&str; 4] = ["north", "south", "desk_a", "desk_b"];

/// The line.
pub struct Line {
    exe: PathBuf,
    sides: Sides,
    sender: Arc<Sender>,
    north: Option<Child>,
    south: Option<Child>,
    desk_b: Child,
    asking_b: Connection,
    // Last, so that nothing uses it any more when it is removed.
    folder: TempDir,
}

impl Line {
    /// Makes identities, starts all processes with the program `exe`, opens desk A, and waits until all legs are up.
    ///
    /// # Errors
    /// If any of it fails; nothing is left behind.
    pub async fn open(exe: &Path, dir: Option<&Path>, heard: Listener) -> Result<Self, BenchError> {
        let seams = Seams::system();
        let mut builder = tempfile::Builder::new();
        builder.prefix("hotline-bench-");
        let folder = match dir {
            Some(dir) => builder.tempdir_in(dir),
            None => builder.tempdir(),
        }
        .map_err(BenchError::place("the measurement's folder"))?;
        let sides = Sides::make(folder.path(), &seams)?;
        let north = relay(exe, folder.path(), &sides.avelia).await?;
        let south = relay(exe, folder.path(), &sides.borenia).await?;
        let settings = sides.borenia.desk_settings();
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
            folder: folder.path(),
        };
        let desk_b = Child::start(program, heard).await?;
        let asking_b = ask(&sides.borenia).await?;
        let config = DeskConfig::load(&sides.avelia.desk_settings())?;
        let station = Station::open(config, &seams, Restored::ReadOnly)?;
        let sender = Arc::new(Sender::new(station, &sides.avelia)?);
        let exe = exe.to_owned();
        let mut line = Self {
            exe,
            sides,
            sender,
            north: Some(north),
            south: Some(south),
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

    /// Waits until all legs of both desks are up, and both together owe the relays no more than so many statements: none
    /// when nothing is sent, under traffic what is always under way.
    ///
    /// # Errors
    /// If that takes more than 30 s, or a desk is gone.
    pub async fn wait_until_whole(&mut self, owed_at_most: u64) -> Result<(), BenchError> {
        let start = self.sender.now();
        loop {
            let Some(lacking) = self.lacking(owed_at_most).await? else {
                return Ok(());
            };
            if self.sender.now().since(start) > WHOLE_WITHIN {
                return Err(BenchError::NotWhole {
                    within: WHOLE_WITHIN,
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
            self.lacking(0).await?;
            tokio::time::sleep(ASK_EVERY).await;
        }
        Ok(())
    }

    /// What the line lacks, if anything.
    async fn lacking(&mut self, owed_at_most: u64) -> Result<Option<String>, BenchError> {
        let ours = status(self.sender.station().serve(Request::Status).await)?;
        let theirs = self.asking_b.ask(&Request::Status).await;
        let theirs = status(theirs.map_err(BenchError::place("desk B's socket"))?)?;
        let down = [&ours, &theirs]
            .into_iter()
            .find(|desk| desk.legs.len() != LEGS || desk.legs_up() != LEGS);
        if let Some(desk) = down {
            let legs: Vec<String> = desk
                .legs
                .iter()
                .filter(|(_, leg)| !leg.up)
                .map(|(name, leg)| format!("{name} ({})", leg.why))
                .collect();
            return Ok(Some(format!("{} lacks {}", desk.desk, legs.join(", "))));
        }
        let owed: u64 = [&ours, &theirs]
            .into_iter()
            .flat_map(|desk| desk.relays.values())
            .map(|relay| relay.pending)
            .sum();
        Ok((owed > owed_at_most).then(|| format!("relays have not accepted {owed} statements")))
    }

    /// Kills a relay (SIGKILL).
    ///
    /// # Errors
    /// If it does not run.
    pub async fn kill(&mut self, which: Which) -> Result<(), BenchError> {
        match self.place(which).take() {
            Some(child) => child.kill().await,
            None => Err(BenchError::Ended(
                "a relay that does not run cannot be killed".into(),
            )),
        }
    }

    /// Starts a killed relay again, on its own files and ports.
    ///
    /// # Errors
    /// If it does not start.
    pub async fn restart(&mut self, which: Which) -> Result<(), BenchError> {
        let side = match which {
            Which::North => &self.sides.avelia,
            Which::South => &self.sides.borenia,
        };
        let child = relay(&self.exe, self.folder.path(), side).await?;
        *self.place(which) = Some(child);
        Ok(())
    }

    fn place(&mut self, which: Which) -> &mut Option<Child> {
        match which {
            Which::North => &mut self.north,
            Which::South => &mut self.south,
        }
    }

    /// What each of [`PROCESSES`] used so far. Desk A is this process: its releaser, and the measurement itself.
    ///
    /// # Errors
    /// If one of them is gone.
    pub fn usage(&self) -> Result<[Usage; 4], BenchError> {
        let pid_of = |child: Option<&Child>| child.and_then(Child::pid);
        let pids = [
            pid_of(self.north.as_ref()),
            pid_of(self.south.as_ref()),
            Some(std::process::id()),
            pid_of(Some(&self.desk_b)),
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
            north,
            south,
            desk_b,
            folder,
            asking_b,
            ..
        } = self;
        drop(asking_b);
        sender.station().close(CLOSE_WITHIN).await;
        let mut closed = Ok(());
        for child in [north, south, Some(desk_b)].into_iter().flatten() {
            closed = closed.and(child.kill().await);
        }
        let removed = folder
            .close()
            .map_err(BenchError::place("removing the measurement's folder"));
        let measured = measured?;
        closed.and(removed)?;
        Ok(measured)
    }
}

fn relay<'a>(
    exe: &'a Path,
    folder: &'a Path,
    side: &'a Side,
) -> impl Future<Output = Result<Child, BenchError>> + 'a {
    let settings = side.relay_settings();
    let words = ["relay", "run", "--config"].map(str::to_owned);
    let words = words
        .into_iter()
        .chain([settings.display().to_string()])
        .collect();
    Child::start(
        Program {
            name: &side.relay,
            exe,
            words,
            ready: "listening",
            folder,
        },
        Listener::Nobody,
    )
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
    let wrong = |what: String| BenchError::Releaser(what);
    let identity = Identity::new(config.identity.domain().clone(), Role::Officer, name)
        .map_err(|error| wrong(error.to_string()))?;
    let key = load_officer_key(&config.officers.join(name).join(layout::OFFICER_KEY), None)
        .map_err(|error| wrong(error.to_string()))?;
    let key_statement = directory
        .officer_key_statement(&identity.to_string(), &key.public())
        .ok_or_else(|| wrong(format!("the roster has no usable key of {identity}")))?;
    Ok(Officer {
        identity: identity.to_string(),
        key_statement,
        key,
    })
}

fn status(answer: Answer) -> Result<LineStatus, BenchError> {
    match answer {
        Answer::Status(status) => Ok(*status),
        Answer::Refused(refusal) => Err(BenchError::Refused(refusal)),
        Answer::Message(_)
        | Answer::Messages { .. }
        | Answer::Drafts { .. }
        | Answer::Done { .. }
        | Answer::News(_) => Err(BenchError::Ended("a desk answered something else".into())),
    }
}
