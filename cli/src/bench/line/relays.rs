//! The two relays as processes: started, killed, stopped and let go on.

use std::path::{Path, PathBuf};

use hotline_exercise::live::child::{Child, Input, Listener, Program};

use super::sides::{Side, Sides};
use crate::bench::error::BenchError;

/// One of the two relays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Which {
    /// Avelia's.
    North,
    /// Borenia's.
    South,
}

impl Which {
    /// Both.
    pub const ALL: [Self; 2] = [Self::North, Self::South];

    /// Its name, as legs have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::North => "north",
            Self::South => "south",
        }
    }

    fn of(self, sides: &Sides) -> &Side {
        match self {
            Self::North => &sides.avelia,
            Self::South => &sides.borenia,
        }
    }
}

/// Both.
pub struct Relays {
    exe: PathBuf,
    folder: PathBuf,
    north: Option<Child>,
    south: Option<Child>,
}

impl Relays {
    /// Starts both, and waits until they listen.
    ///
    /// # Errors
    /// If one of them does not.
    pub async fn start(exe: &Path, folder: &Path, sides: &Sides) -> Result<Self, BenchError> {
        let mut relays = Self {
            exe: exe.to_owned(),
            folder: folder.to_owned(),
            north: None,
            south: None,
        };
        for which in Which::ALL {
            relays.restart(which, sides).await?;
        }
        Ok(relays)
    }

    /// Kills one (SIGKILL).
    ///
    /// # Errors
    /// If it does not run.
    pub async fn kill(&mut self, which: Which) -> Result<(), BenchError> {
        match self.place(which).take() {
            Some(child) => Ok(child.kill().await?),
            None => Err(gone(which)),
        }
    }

    /// Starts one again, on its own files and ports.
    ///
    /// # Errors
    /// If it does not start.
    pub async fn restart(&mut self, which: Which, sides: &Sides) -> Result<(), BenchError> {
        let child = start(&self.exe, &self.folder, which.of(sides)).await?;
        *self.place(which) = Some(child);
        Ok(())
    }

    /// Stops one (SIGSTOP): its sockets stay, and it does nothing.
    ///
    /// # Errors
    /// If it does not run.
    pub fn pause(&mut self, which: Which) -> Result<(), BenchError> {
        Ok(self.place(which).as_ref().ok_or_else(|| gone(which))?.pause()?)
    }

    /// Lets a stopped one go on (SIGCONT).
    ///
    /// # Errors
    /// If it does not run.
    pub fn resume(&mut self, which: Which) -> Result<(), BenchError> {
        Ok(self.place(which).as_ref().ok_or_else(|| gone(which))?.resume()?)
    }

    /// The process of one, while it runs.
    pub fn pid(&self, which: Which) -> Option<u32> {
        match which {
            Which::North => &self.north,
            Which::South => &self.south,
        }
        .as_ref()
        .and_then(Child::pid)
    }

    /// Ends both.
    ///
    /// # Errors
    /// If one had ended by itself.
    pub async fn close(self) -> Result<(), BenchError> {
        let mut closed = Ok(());
        for child in [self.north, self.south].into_iter().flatten() {
            closed = closed.and(child.kill().await.map_err(BenchError::from));
        }
        closed
    }

    fn place(&mut self, which: Which) -> &mut Option<Child> {
        match which {
            Which::North => &mut self.north,
            Which::South => &mut self.south,
        }
    }
}

fn gone(which: Which) -> BenchError {
    BenchError::Process {
        who: which.name().into(),
        what: "does not run".into(),
    }
}

async fn start(exe: &Path, folder: &Path, side: &Side) -> Result<Child, BenchError> {
    let settings = side.relay_settings();
    let words = ["relay", "run", "--config"].map(str::to_owned);
    let words = words
        .into_iter()
        .chain([settings.display().to_string()])
        .collect();
    let program = Program {
        name: &side.relay,
        exe,
        words,
        ready: "listening",
        folder,
        input: Input::None,
    };
    Ok(Child::start(program, Listener::Nobody).await?)
}
