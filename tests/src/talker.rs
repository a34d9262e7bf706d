//! A process that people talk with: lines go in, lines or objects come out.

use std::{fs, path::Path, process::Stdio, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

/// How long a stage may take to open, a scenario to be played at ×60, and whatever else a talker is waited for. 120 s: four
/// times what it takes.
pub const STAGE: Duration = Duration::from_secs(120);

/// A process with a person, or a program, at its pipes. Ended when it is dropped.
pub struct Talker {
    /// The process.
    pub child: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    /// Every line that was read.
    pub heard: Vec<String>,
}

impl Talker {
    /// Starts the program with these words in a folder, where what it says on standard error is added to the file `err`.
    #[must_use]
    pub fn start(program: &str, dir: &Path, words: &[&str]) -> Self {
        let errors = fs::File::options()
            .create(true)
            .append(true)
            .open(dir.join("err"))
            .unwrap();
        let mut child = Command::new(program)
            .args(words)
            .current_dir(dir)
            .env_remove("RUST_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self {
            input: child.stdin.take().unwrap(),
            lines: BufReader::new(child.stdout.take().unwrap()).lines(),
            child,
            heard: Vec::new(),
        }
    }

    /// Types a line.
    pub async fn say(&mut self, line: &str) {
        self.input
            .write_all(format!("{line}\n").as_bytes())
            .await
            .unwrap();
    }

    /// The next line with these words in it; others are passed over.
    pub async fn reads(&mut self, words: &str) -> String {
        self.next(words, |line| line.contains(words).then(|| line.to_owned()))
            .await
    }

    /// The next object with this event; other lines are passed over.
    pub async fn event(&mut self, name: &str) -> Value {
        let event = |line: &str| {
            let said: Value = serde_json::from_str(line).ok()?;
            (said["event"] == name).then_some(said)
        };
        self.next(name, event).await
    }

    async fn next<T>(&mut self, what: &str, is: impl Fn(&str) -> Option<T>) -> T {
        let found = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                let found = is(&line);
                self.heard.push(line);
                if let Some(found) = found {
                    return found;
                }
            }
            panic!("it ended before \"{what}\": {:#?}", self.heard);
        };
        let found = timeout(STAGE, found).await;
        found.unwrap_or_else(|_| panic!("no \"{what}\": {:#?}", self.heard))
    }

    /// Everything that it still says; its exit code.
    pub async fn ended(&mut self) -> i32 {
        let ended = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                self.heard.push(line);
            }
            self.child.wait().await.unwrap().code().unwrap_or(-1)
        };
        timeout(STAGE, ended).await.unwrap()
    }
}
