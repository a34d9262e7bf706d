//! Verbs as people and scripts type them: a process, what it said and how it ended.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use hotline_client::view::MessageView;
use serde_json::Value;
use tokio::{io::AsyncWriteExt as _, process::Command};

/// Longest a verb may run before it counts as hanging.
const VERB_WITHIN: Duration = Duration::from_secs(90);

/// What a verb said, and how it ended.
#[derive(Clone, Debug)]
pub struct Said {
    /// What was typed, for whoever reads a failure.
    pub typed: String,
    /// The exit code; -1 after a signal.
    pub code: i32,
    /// Standard output, exactly.
    pub out: Vec<u8>,
    /// Standard error.
    pub err: String,
}

/// Types a verb, with `input` on standard input, and waits for its end.
pub async fn typed(program: &Path, words: &[&str], input: &[u8]) -> Said {
    let mut child = Command::new(program)
        .args(words)
        .env_remove("RUST_LOG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A verb that reads nothing may have ended by now.
    let _ = stdin.write_all(input).await;
    drop(stdin);
    let typed = words.join(" ");
    let Ok(ended) = tokio::time::timeout(VERB_WITHIN, child.wait_with_output()).await else {
        panic!("hotline {typed}: still running after {VERB_WITHIN:?}");
    };
    let ended = ended.unwrap();
    Said {
        typed,
        code: ended.status.code().unwrap_or(-1),
        out: ended.stdout,
        err: String::from_utf8_lossy(&ended.stderr).into_owned(),
    }
}

impl Said {
    /// Asserts how it ended.
    #[track_caller]
    #[must_use]
    pub fn ended(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            code,
            "hotline {}\nstdout: {}\nstderr: {}",
            self.typed,
            self.text(),
            self.err
        );
        self
    }

    /// Standard output as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.out).into_owned()
    }

    /// Standard output and error together.
    #[must_use]
    pub fn all(&self) -> String {
        format!("{}\n{}", self.text(), self.err)
    }

    /// The objects on standard output, one a line.
    #[track_caller]
    #[must_use]
    pub fn objects(&self) -> Vec<Value> {
        self.text()
            .lines()
            .map(|line| {
                serde_json::from_str(line)
                    .unwrap_or_else(|error| panic!("hotline {}: {error} in: {line}", self.typed))
            })
            .collect()
    }

    /// The last object.
    #[track_caller]
    #[must_use]
    pub fn object(&self) -> Value {
        self.objects()
            .pop()
            .unwrap_or_else(|| panic!("hotline {} printed nothing; stderr: {}", self.typed, self.err))
    }

    /// The objects as messages.
    #[track_caller]
    #[must_use]
    pub fn messages(&self) -> Vec<MessageView> {
        self.objects()
            .into_iter()
            .map(|object| serde_json::from_value(object).unwrap())
            .collect()
    }

    /// The last object as a message.
    #[track_caller]
    #[must_use]
    pub fn message(&self) -> MessageView {
        serde_json::from_value(self.object()).unwrap()
    }
}

/// The verbs that a text tells people to run: the lower-case words behind each "hotline ".
#[must_use]
pub fn advised(text: &str) -> BTreeSet<Vec<String>> {
    let is_verb = |word: &&str| word.bytes().all(|byte| byte.is_ascii_lowercase());
    let verbs = text.split("hotline ").skip(1).map(|behind| {
        let words = behind.split_ascii_whitespace().take(2);
        words.take_while(is_verb).map(str::to_owned).collect()
    });
    verbs.collect()
}

/// A path as a word to type.
#[must_use]
pub fn word(path: &Path) -> String {
    path.to_str()
        .map(str::to_owned)
        .unwrap_or_else(|| panic!("{}", PathBuf::from(path).display()))
}
