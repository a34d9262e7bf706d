//! The floor: the least work that keeps a message on disk before it is handed on.
//!
//! A bare quinn server with mutual TLS ([`server`]) appends each message to a file, syncs it ([`disk`]), hands it to B,
//! and hands B's answer back to A. No signature, no log, no second copy, no record of the answer; one QUIC stream for
//! each end, a length before each message. Certificates are those of the measured line, checked by rustls's own rules.
//! The server is a process of its own; A and B share this one, as A shares it with the line's desk A. Both run on tokio's
//! default runtime of several threads, as any such server would, and not on the one thread of our own nodes: the floor is
//! to be the same from one version of the line to the next.
//!
//! Nobody could use this: it exists to say what the machine, the disk and the handshake cost on this day.

mod disk;
mod end;
mod frame;
mod server;
mod tls;

use std::{
    future::Future,
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use hotline_core::time::LineTime;
use hotline_exercise::live::child::{Child, Input, Listener, Program};
use hotline_transport::Seams;
use tokio::{
    runtime::Runtime,
    task::{JoinError, JoinHandle},
    time::timeout,
};

use super::{error::BenchError, line::sides::Sides, measure::sender::RECEIPTED_WITHIN};
use crate::exit::{self, Failure};
use end::{End, Stream};
use frame::message;

/// Name of the server's file, in the measurement's folder.
const FILE: &str = "floor.data";

/// Words of the floor's server.
#[derive(Debug, Args)]
pub struct ServerArgs {
    /// The server's certificate chain.
    #[arg(long)]
    certificate: PathBuf,
    /// The key of that certificate.
    #[arg(long)]
    key: PathBuf,
    /// CAs of those who may connect.
    #[arg(long, required = true)]
    authority: Vec<PathBuf>,
    /// The file to append to; made anew.
    #[arg(long)]
    file: PathBuf,
    /// End when the process that started this one ends.
    #[arg(long, value_name = "PID")]
    die_with_parent: Option<i32>,
}

/// Why the floor could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum FloorError {
    /// A file or a port.
    #[error("{what}: {source}")]
    Place {
        /// What was being set up.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A certificate or key.
    #[error("{}: {why}", .file.display())]
    Certificate {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// TLS or QUIC could not be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
    /// The other end is gone, or said something else than expected.
    #[error("the connection ended: {0}")]
    Ended(String),
    /// No answer in time.
    #[error("no answer within {} s", .0.as_secs())]
    Silent(Duration),
}

impl FloorError {
    fn ended(error: impl std::fmt::Display) -> Self {
        Self::Ended(error.to_string())
    }

    fn place(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Place { what, source }
    }
}

/// Runs the floor's server until its ends are gone. One line on standard output tells where it listens.
///
/// # Errors
/// If it cannot listen.
pub fn serve(args: &ServerArgs) -> Result<(), Failure> {
    exit::die_with_parent(args.die_with_parent)?;
    let runtime = Runtime::new().map_err(|error| Failure::io("the floor's runtime", &error))?;
    runtime.block_on(listen_and_serve(args))
}

async fn listen_and_serve(args: &ServerArgs) -> Result<(), Failure> {
    let failed = |error: FloorError| BenchError::from(error).failure();
    let pair = tls::Pair {
        certificate: args.certificate.clone(),
        key: args.key.clone(),
    };
    let config = tls::server(&pair, &args.authority).map_err(failed)?;
    let file = disk::make(&args.file).map_err(|error| Failure::io("the floor's file", &error))?;
    let endpoint = server::listen(config).map_err(failed)?;
    let address = endpoint
        .local_addr()
        .map_err(|error| Failure::io("the floor's port", &error))?;
    crate::say!(
        "{}",
        serde_json::json!({ "event": "listening", "quic": address.to_string() })
    );
    server::run(&endpoint, file).await.map_err(failed)
}

/// The floor, ready to be measured.
pub struct Floor {
    stream: Stream,
    a: End,
    b: End,
    answering: JoinHandle<()>,
    server: Option<Child>,
    seams: Seams,
    number: u64,
    // Held: its threads drive both connections.
    workers: Workers,
}

/// The floor's own runtime. It ends without waiting, so that it may be dropped inside another.
struct Workers(Option<Runtime>);

impl Workers {
    fn new() -> Result<Self, FloorError> {
        let runtime = Runtime::new().map_err(FloorError::place("the floor's runtime"))?;
        Ok(Self(Some(runtime)))
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, FloorError>> + Send + 'static,
    ) -> Result<T, FloorError> {
        match &self.0 {
            Some(runtime) => runtime
                .spawn(work)
                .await
                .map_err(|error: JoinError| FloorError::ended(error))?,
            None => Err(FloorError::Ended("its runtime is gone".into())),
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// What passed in a window of time.
#[derive(Clone, Copy, Debug)]
pub struct Passed {
    /// Messages whose answer came.
    pub messages: u64,
    /// How long the window was.
    pub time: Duration,
}

impl Floor {
    /// Starts the server and connects both ends.
    ///
    /// # Errors
    /// If any of it fails.
    pub async fn open(exe: &Path, folder: &Path, sides: &Sides, seams: &Seams) -> Result<Self, BenchError> {
        let pair = tls::Pair::of(&sides.avelia.relay_folder());
        let mut words = vec!["bench".to_owned(), "floor-server".to_owned()];
        for (name, path) in [
            ("--certificate", pair.certificate),
            ("--key", pair.key),
            ("--authority", sides.avelia.authority()),
            ("--authority", sides.borenia.authority()),
            ("--file", folder.join(FILE)),
        ] {
            words.extend([name.to_owned(), path.display().to_string()]);
        }
        let program = Program {
            name: "floor",
            exe,
            words,
            ready: "listening",
            folder,
            input: Input::None,
        };
        let server = Child::start(program, Listener::Nobody).await?;
        let address = server.said["quic"].as_str().and_then(|text| text.parse().ok());
        let address =
            address.ok_or_else(|| FloorError::Ended("its server does not say where it listens".into()))?;
        let mut floor = Self::connect(address, sides, seams).await?;
        floor.server = Some(server);
        Ok(floor)
    }

    /// Connects both ends to a server that listens there.
    async fn connect(server: SocketAddr, sides: &Sides, seams: &Seams) -> Result<Self, FloorError> {
        let workers = Workers::new()?;
        let sides = sides.clone();
        let ends = async move {
            let authority = sides.avelia.authority();
            let (a, stream) = End::connect(server, &sides.avelia, &authority, frame::HELLO_A).await?;
            let (b, answers) = End::connect(server, &sides.borenia, &authority, frame::HELLO_B).await?;
            let answering = tokio::spawn(async move {
                // Ends with its connection; A then waits in vain, and says so.
                let _ = end::answer(answers).await;
            });
            Ok((a, stream, b, answering))
        };
        let (a, stream, b, answering) = workers.run(ends).await?;
        Ok(Self {
            stream,
            a,
            b,
            answering,
            server: None,
            seams: seams.clone(),
            number: 0,
            workers,
        })
    }

    /// One message: from A's first byte to B's answer at A.
    ///
    /// # Errors
    /// If there is none within 30 s.
    pub async fn one(&mut self) -> Result<Duration, FloorError> {
        let (now, number) = (self.now(), self.next_number());
        let answered = async {
            self.stream
                .send
                .write_all(&message(number))
                .await
                .map_err(FloorError::ended)?;
            self.stream.frames.next(1).await
        };
        let batch = timeout(RECEIPTED_WITHIN, answered)
            .await
            .map_err(|_| FloorError::Silent(RECEIPTED_WITHIN))??;
        if batch.bodies().next().and_then(frame::number_of) != Some(number) {
            return Err(FloorError::Ended("B answered another message".into()));
        }
        Ok(self.now().since(now))
    }

    /// So many in flight at any time: after `ramp`, what passes within `time`.
    ///
    /// # Errors
    /// If answers stop coming for 30 s.
    pub async fn window(
        &mut self,
        in_flight: u32,
        ramp: Duration,
        time: Duration,
    ) -> Result<Passed, FloorError> {
        let begun = self.now();
        self.send(in_flight.into()).await?;
        let mut outstanding = u64::from(in_flight);
        let mut from: Option<LineTime> = None;
        let mut messages = 0_u64;
        let passed = loop {
            let answers = self.answers().await?;
            outstanding = outstanding.saturating_sub(answers);
            let now = self.now();
            match from {
                None if now.since(begun) >= ramp => from = Some(now),
                None => {}
                Some(from) => {
                    messages = messages.saturating_add(answers);
                    if now.since(from) >= time {
                        break Passed {
                            messages,
                            time: now.since(from),
                        };
                    }
                }
            }
            self.send(answers).await?;
            outstanding = outstanding.saturating_add(answers);
        };
        while outstanding > 0 {
            outstanding = outstanding.saturating_sub(self.answers().await?);
        }
        Ok(passed)
    }

    async fn send(&mut self, messages: u64) -> Result<(), FloorError> {
        let mut bytes = Vec::new();
        for _ in 0..messages {
            bytes.extend(message(self.next_number()));
        }
        self.stream
            .send
            .write_all(&bytes)
            .await
            .map_err(FloorError::ended)
    }

    async fn answers(&mut self) -> Result<u64, FloorError> {
        let next = timeout(RECEIPTED_WITHIN, self.stream.frames.next(usize::MAX)).await;
        let batch = next.map_err(|_| FloorError::Silent(RECEIPTED_WITHIN))??;
        Ok(u64::try_from(batch.frames).unwrap_or(u64::MAX))
    }

    /// Ends the server and both connections.
    ///
    /// # Errors
    /// If the server had ended before.
    pub async fn close(self) -> Result<(), BenchError> {
        let Self {
            a,
            b,
            answering,
            server,
            workers,
            ..
        } = self;
        let ended = match server {
            Some(server) => server.kill().await,
            None => Ok(()),
        };
        answering.abort();
        for end in [a, b] {
            end.close().await;
        }
        drop(workers);
        Ok(ended?)
    }

    fn now(&self) -> LineTime {
        self.seams.clock.line()
    }

    fn next_number(&mut self) -> u64 {
        self.number = self.number.wrapping_add(1);
        self.number
    }
}

#[cfg(test)]
mod tests;
