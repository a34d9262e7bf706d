//! The desk's process at a seat that joined, and the connections to it.

use std::{
    io::{self, IsTerminal as _},
    path::PathBuf,
    process::Stdio,
    time::Duration,
};

use hotline_client::{
    config::DeskConfig,
    request::{Answer, News, Refusal, Request},
    socket::Connection,
};
use hotline_exercise::live::{child::until_free, joined::may_be_asked};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

use crate::exit::{self, Failure};

/// How long the desk may take to open. 20 s: a hundred times what it takes.
const OPENS_WITHIN: Duration = Duration::from_secs(20);
/// How often it is looked for meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long it may take to close.
const ENDS_WITHIN: Duration = Duration::from_secs(10);
/// How long it may take to answer control.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// A desk that runs here.
pub(super) struct Desk {
    config: DeskConfig,
    child: Child,
    asking: Connection,
    watching: Connection,
}

/// Who sits there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sits {
    /// Somebody who looks and types, if this is a terminal; else nobody.
    AsTheTerminalSays,
    /// Somebody looks.
    Looking,
    /// Somebody looks, and types on standard input.
    Typing,
}

/// What a desk does by itself.
pub(super) enum Told {
    /// It tells something.
    News(News),
    /// It has ended; whether somebody ended it.
    Ended { by_hand: bool },
}

impl Desk {
    /// Starts `hotline desk run`, on this terminal if there is one.
    pub(super) async fn start(settings: &PathBuf, sits: Sits) -> Result<Self, Failure> {
        let config = DeskConfig::load(settings)
            .map_err(|error| Failure::new("HL-DESK-020", exit::CONFIG, error.to_string(), "join again"))?;
        let terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
        let shown = terminal || sits != Sits::AsTheTerminalSays;
        let types = terminal || sits == Sits::Typing;
        let exe = std::env::current_exe().map_err(|error| Failure::io("this program's own file", &error))?;
        let failed = |error: io::Error| Failure::io("the desk", &error);
        // The desk of a seat whose program was killed may still be dying.
        until_free(&config.ledger).await;
        let child = Command::new(exe)
            .args(["desk", "run", "--config"])
            .arg(settings)
            .arg(match (shown, types) {
                (_, true) => "--typed",
                (true, false) => "--attended",
                (false, false) => "--unattended",
            })
            .arg("--die-with-parent")
            .arg(std::process::id().to_string())
            .stdin(if types { Stdio::inherit() } else { Stdio::null() })
            .stdout(if shown { Stdio::inherit() } else { Stdio::null() })
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let asking = open(&config).await.map_err(failed)?;
        let watching = watch(&config).await.map_err(failed)?;
        Ok(Self {
            config,
            child,
            asking,
            watching,
        })
    }

    /// What it does next. May be dropped and called again.
    pub(super) async fn next(&mut self) -> Told {
        tokio::select! {
            biased;
            ended = self.child.wait() => Told::Ended { by_hand: ended.is_ok_and(|status| status.success()) },
            told = self.watching.next() => match told {
                Ok(Some(Answer::News(news))) => Told::News(news),
                Ok(Some(_)) => std::future::pending().await,
                // It ends: that is told by its process.
                _ => Told::Ended { by_hand: self.child.wait().await.is_ok_and(|status| status.success()) },
            },
        }
    }

    /// Asks for control, what control may ask.
    pub(super) async fn ask(&mut self, request: &Request) -> Answer {
        if !may_be_asked(request) {
            return refused("that is for the people at this desk to do");
        }
        match timeout(ANSWERS_WITHIN, self.asking.ask(request)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => {
                // A late answer would be taken for that to the next question.
                if let Ok(asking) = open(&self.config).await {
                    self.asking = asking;
                }
                refused("the desk does not answer")
            }
        }
    }

    /// Asks it to close, and waits for it. Its ledger is closed then.
    pub(super) async fn end(mut self) -> PathBuf {
        let pid = self
            .child
            .id()
            .and_then(|pid| i32::try_from(pid).ok())
            .and_then(Pid::from_raw);
        if let Some(pid) = pid {
            let _ = kill_process(pid, Signal::TERM);
        }
        if timeout(ENDS_WITHIN, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
        self.config.ledger
    }
}

async fn open(config: &DeskConfig) -> io::Result<Connection> {
    let until = Instant::now() + OPENS_WITHIN;
    loop {
        if let Some(connection) = Connection::open(&config.socket).await? {
            return Ok(connection);
        }
        if Instant::now() > until {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "it did not open; its words are above",
            ));
        }
        sleep(LOOK_EVERY).await;
    }
}

async fn watch(config: &DeskConfig) -> io::Result<Connection> {
    let mut watching = open(config).await?;
    watching.ask(&Request::Watch).await?;
    Ok(watching)
}

fn refused(what: &str) -> Answer {
    Answer::Refused(Refusal {
        code: "HL-EX-196".into(),
        exit: exit::OTHER,
        what: what.into(),
        help: String::new(),
    })
}
