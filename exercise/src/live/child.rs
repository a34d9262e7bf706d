//! A process of the stage: started, spoken to, heard, killed and reaped.
//!
//! Each is this program again with other words. It asks the system to end with us, so that nothing is left behind
//! however we end; what it says on standard error goes to a file, so that a failure can be told in its words.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{self, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{ChildStdin, ChildStdout, Command},
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

/// How long a process may take to say that it is ready. 20 s: a hundred times what it takes on a quiet machine.
const READY_WITHIN: Duration = Duration::from_secs(20);
/// How long a process whose own parent was killed may take to die. 10 s: a busy machine, a hundred times over.
const DIES_WITHIN: Duration = Duration::from_secs(10);
/// How often that is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Bytes of its last words that an error repeats.
const LAST_WORDS: usize = 600;

/// Waits until nobody holds a ledger. Relays and desks end with whoever had started them, and that is a little later: who
/// goes on in its place would find them in the way. One that is still held then says so itself to whoever opens it.
pub async fn until_free(ledger: &Path) {
    let until = Instant::now() + DIES_WITHIN;
    while hotline_ledger::in_use(ledger) && Instant::now() < until {
        sleep(LOOK_EVERY).await;
    }
}

/// A process that did not do what it was told.
#[derive(Debug, thiserror::Error)]
#[error("{who} {what}")]
pub struct ChildError {
    /// Which.
    pub who: String,
    /// What happened to it.
    pub what: String,
}

/// Whether a process is spoken to on its standard input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// It has none.
    None,
    /// Lines, by [`Child::tell`].
    Lines,
}

/// Where the lines go that a process prints once it is ready.
#[derive(Debug)]
pub enum Listener {
    /// Nobody listens.
    Nobody,
    /// Each line is handed on.
    Channel(mpsc::Sender<String>),
}

/// How to start a process.
#[derive(Debug)]
pub struct Program<'a> {
    /// What errors call it.
    pub name: &'a str,
    /// The program file.
    pub exe: &'a Path,
    /// Its words.
    pub words: Vec<String>,
    /// The event it prints when it is ready.
    pub ready: &'static str,
    /// Where its standard error goes.
    pub folder: &'a Path,
    /// Whether it is spoken to.
    pub input: Input,
}

/// A process that is ready.
#[derive(Debug)]
pub struct Child {
    name: String,
    words_file: PathBuf,
    process: tokio::process::Child,
    reader: JoinHandle<()>,
    input: Option<ChildStdin>,
    /// The line it printed when it was ready.
    pub said: Value,
}

impl Child {
    /// Starts a process and waits until it is ready. Call it from a thread that lives as long as the process shall.
    ///
    /// # Errors
    /// If it does not start, or ends or says nothing within 20 s.
    pub async fn start(program: Program<'_>, listener: Listener) -> Result<Self, ChildError> {
        let Program {
            name,
            exe,
            words,
            ready,
            folder,
            input,
        } = program;
        let words_file = folder.join(format!("{name}.err"));
        let errors = File::options()
            .create(true)
            .append(true)
            .open(&words_file)
            .map_err(|error| failed(name, format!("has no file for its errors: {error}")))?;
        let mut process = Command::new(exe)
            .args(words)
            .arg("--die-with-parent")
            .arg(process::id().to_string())
            // What a quiet night looks like; each line more would be measured too.
            .env(
                "RUST_LOG",
                std::env::var("RUST_LOG").unwrap_or_else(|_| "warn".into()),
            )
            .stdin(match input {
                Input::None => Stdio::null(),
                Input::Lines => Stdio::piped(),
            })
            .stdout(Stdio::piped())
            .stderr(errors)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| failed(name, format!("did not start: {error}")))?;
        let stdout = process
            .stdout
            .take()
            .ok_or_else(|| failed(name, "has no standard output"))?;
        let input = process.stdin.take();
        let mut lines = BufReader::new(stdout).lines();
        let said = match timeout(READY_WITHIN, first(&mut lines, ready)).await {
            Ok(Some(said)) => said,
            Ok(None) => {
                return Err(failed(
                    name,
                    format!("ended before it was ready: {}", last_words(&words_file)),
                ));
            }
            Err(_) => {
                let told = last_words(&words_file);
                return Err(failed(
                    name,
                    format!("was not ready within {} s: {told}", READY_WITHIN.as_secs()),
                ));
            }
        };
        let reader = tokio::spawn(hand_on(lines, listener));
        Ok(Self {
            name: name.to_owned(),
            words_file,
            process,
            reader,
            input,
            said,
        })
    }

    /// Its number, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.id()
    }

    /// Says a line to it.
    ///
    /// # Errors
    /// If it is not spoken to, or does not listen any more.
    pub async fn tell(&mut self, line: &str) -> Result<(), ChildError> {
        let Some(input) = &mut self.input else {
            return Err(failed(&self.name, "is not spoken to"));
        };
        let mut said = line.as_bytes().to_vec();
        said.push(b'\n');
        let told = match input.write_all(&said).await {
            Ok(()) => input.flush().await,
            Err(error) => Err(error),
        };
        told.map_err(|error| failed(&self.name, format!("does not listen: {error}")))
    }

    /// Asks it to end in good order (SIGTERM; its input ends), and waits for it.
    ///
    /// # Errors
    /// If it has not ended in that time: then it is killed.
    pub async fn end(mut self, within: Duration) -> Result<(), ChildError> {
        drop(self.input.take());
        self.signal(Signal::CONT)?;
        self.signal(Signal::TERM)?;
        match timeout(within, self.process.wait()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(failed(&self.name, format!("was not reaped: {error}"))),
            Err(_) => {
                let name = self.name.clone();
                self.kill().await?;
                Err(failed(
                    &name,
                    format!("did not end within {} s and was killed", within.as_secs()),
                ))
            }
        }
    }

    /// Stops it (SIGSTOP).
    ///
    /// # Errors
    /// If it has ended.
    pub fn pause(&self) -> Result<(), ChildError> {
        self.signal(Signal::STOP)
    }

    /// Lets it go on (SIGCONT).
    ///
    /// # Errors
    /// If it has ended.
    pub fn resume(&self) -> Result<(), ChildError> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> Result<(), ChildError> {
        // It is ours and not reaped, so its number is nobody else's.
        let pid = self
            .pid()
            .and_then(|pid| i32::try_from(pid).ok())
            .and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| failed(&self.name, "has ended"))?;
        kill_process(pid, signal).map_err(|error| failed(&self.name, format!("took no signal: {error}")))
    }

    /// Kills it (SIGKILL) and reaps it.
    ///
    /// # Errors
    /// If it had ended by itself before.
    pub async fn kill(mut self) -> Result<(), ChildError> {
        let before = self.process.try_wait();
        let killed = self.process.kill().await;
        self.reader.abort();
        match (before, killed) {
            (Ok(None), Ok(())) => Ok(()),
            (Ok(Some(status)), _) => {
                let told = last_words(&self.words_file);
                Err(failed(
                    &self.name,
                    format!("had ended by itself ({status}): {told}"),
                ))
            }
            (Err(error), _) | (Ok(None), Err(error)) => {
                Err(failed(&self.name, format!("was not killed: {error}")))
            }
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// The line that says the event; none if the output ends before.
async fn first(lines: &mut Lines<BufReader<ChildStdout>>, ready: &str) -> Option<Value> {
    while let Ok(Some(line)) = lines.next_line().await {
        if let Ok(said) = serde_json::from_str::<Value>(&line)
            && said["event"] == ready
        {
            return Some(said);
        }
    }
    None
}

/// Reads on, whoever listens: a process whose output nobody reads stands still, and one whose output is closed ends.
async fn hand_on(mut lines: Lines<BufReader<ChildStdout>>, listener: Listener) {
    if let Listener::Channel(listener) = listener {
        while let Ok(Some(line)) = lines.next_line().await {
            if listener.send(line).await.is_err() {
                break;
            }
        }
    }
    let mut rest = lines.into_inner();
    let _ = tokio::io::copy(&mut rest, &mut tokio::io::sink()).await;
}

fn failed(who: &str, what: impl Into<String>) -> ChildError {
    ChildError {
        who: who.to_owned(),
        what: what.into(),
    }
}

fn last_words(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let text = text.trim();
    let start = text.len().saturating_sub(LAST_WORDS);
    let start = (start..=text.len())
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(text.len());
    match &text[start..] {
        "" => "it said nothing".into(),
        words => words.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn program<'a>(script: &str, folder: &'a Path) -> Program<'a> {
        let words = vec!["-c".to_owned(), script.to_owned()];
        Program {
            name: "north",
            exe: Path::new("/bin/sh"),
            words,
            ready: "listening",
            folder,
            input: Input::None,
        }
    }

    #[tokio::test]
    async fn a_ledger_that_a_dying_process_still_holds_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("desk.ledger");
        until_free(&ledger).await;
        // As the operating system holds it for a process, until that is dead.
        let held = File::create(folder.path().join("desk.ledger-lock")).unwrap();
        held.try_lock().unwrap();
        assert!(hotline_ledger::in_use(&ledger));
        let dies = tokio::spawn(async move {
            sleep(Duration::from_millis(200)).await;
            drop(held);
        });
        until_free(&ledger).await;
        assert!(!hotline_ledger::in_use(&ledger));
        dies.await.unwrap();
    }

    #[tokio::test]
    async fn a_process_that_is_ready_is_heard_killed_and_reaped() {
        let folder = tempfile::tempdir().unwrap();
        let script = r#"echo noise; echo '{"event":"listening","quic":"here"}'; echo more; sleep 60"#;
        let (say, mut heard) = mpsc::channel(4);
        let child = Child::start(program(script, folder.path()), Listener::Channel(say))
            .await
            .unwrap();
        assert_eq!(child.said["quic"], "here");
        assert_eq!(heard.recv().await.as_deref(), Some("more"));
        let pid = child.pid().unwrap();
        child.kill().await.unwrap();
        assert!(!Path::new(&format!("/proc/{pid}")).exists());
    }

    #[tokio::test]
    async fn a_process_speaks_on_when_its_listener_has_gone() {
        let folder = tempfile::tempdir().unwrap();
        let script = r#"echo '{"event":"listening"}'; trap 'exit 9' PIPE; sleep 0.2; echo one; sleep 0.2; echo two; sleep 60"#;
        let (say, heard) = mpsc::channel(4);
        drop(heard);
        let child = Child::start(program(script, folder.path()), Listener::Channel(say))
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(900)).await;
        child.kill().await.unwrap();
    }

    #[tokio::test]
    async fn a_process_that_had_ended_is_told_with_its_last_words() {
        let folder = tempfile::tempdir().unwrap();
        let script = r#"echo '{"event":"listening"}'; echo 'no disk' >&2; exit 3"#;
        let child = Child::start(program(script, folder.path()), Listener::Nobody)
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        let error = child.kill().await.unwrap_err();
        assert!(error.to_string().contains("no disk"), "{error}");
    }

    #[tokio::test]
    async fn a_process_that_ends_early_is_told_in_its_own_words() {
        let folder = tempfile::tempdir().unwrap();
        let script = "echo 'the key file is missing' >&2; exit 3";
        let error = Child::start(program(script, folder.path()), Listener::Nobody)
            .await
            .unwrap_err();
        assert!(error.to_string().contains("the key file is missing"), "{error}");
    }

    #[tokio::test]
    async fn a_process_is_spoken_to_and_ends_when_it_is_asked_to() {
        let folder = tempfile::tempdir().unwrap();
        let script = r#"echo '{"event":"listening"}'; while read line; do echo "heard $line"; done; exit 0"#;
        let spoken = Program {
            input: Input::Lines,
            ..program(script, folder.path())
        };
        let (say, mut heard) = mpsc::channel(4);
        let mut child = Child::start(spoken, Listener::Channel(say)).await.unwrap();
        child.tell("this").await.unwrap();
        assert_eq!(heard.recv().await.as_deref(), Some("heard this"));
        child.end(Duration::from_secs(5)).await.unwrap();
    }

    #[tokio::test]
    async fn a_kill_that_comes_too_late_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let script = r#"echo '{"event":"listening"}'"#;
        let mut child = Child::start(program(script, folder.path()), Listener::Nobody)
            .await
            .unwrap();
        child.process.wait().await.unwrap();
        assert!(child.kill().await.unwrap_err().to_string().contains("by itself"));
    }
}
