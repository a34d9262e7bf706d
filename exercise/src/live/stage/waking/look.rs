//! Looking at a line that slept: what a doctor finds, and whether what was good before is refused.

use std::path::Path;

use serde::Deserialize;

use super::{
    super::{
        Stage, StageError,
        ends::{failed, folder, text},
    },
    Readied, first_desk,
};
use crate::{live::site::SidePlace, scenario::cast::OfficerCard};

/// What a doctor finds where nothing fails.
const NOTHING: &str = "nothing";
/// How a doctor calls what does not work.
const FAIL: &str = "FAIL";
/// What somebody writes who may not any more.
const OLD_HAND: &str = "An old hand writes.";

/// What `hotline doctor --json` prints, as far as it is read here.
#[derive(Deserialize)]
struct Examined {
    lines: Vec<Line>,
}

/// One thing that it looked at.
#[derive(Deserialize)]
struct Line {
    level: String,
    what: String,
    fact: String,
    run: String,
}

impl Stage {
    /// A doctor looks at every relay and desk of a side.
    pub(super) async fn inspect(&self, side: &SidePlace) -> Result<Readied, StageError> {
        let relays = side
            .relays
            .iter()
            .map(|relay| (format!("relay {}", relay.name), &relay.config));
        let desks = side
            .desks
            .iter()
            .map(|desk| (format!("desk {}", desk.name), &desk.config));
        let (mut named, mut told) = (Vec::new(), Vec::new());
        for (who, config) in relays.chain(desks) {
            let lines = self.examined(config).await?;
            let failing: Vec<&Line> = lines.iter().filter(|line| line.level == FAIL).collect();
            if failing.is_empty() {
                continue;
            }
            let whats: Vec<&str> = failing.iter().map(|line| line.what.as_str()).collect();
            named.push(format!("{who}: {}", whats.join(", ")));
            let each = failing.iter();
            told.extend(each.map(|line| format!("{who}: {}: {} [run: {}]", line.what, line.fact, line.run)));
        }
        let or_nothing = |lines: Vec<String>| match lines.is_empty() {
            true => NOTHING.to_owned(),
            false => lines.join("; "),
        };
        Ok(Readied {
            said: self.without_place(&or_nothing(told)),
            found: Some(or_nothing(named)),
            refused: Vec::new(),
        })
    }

    async fn examined(&self, config: &Path) -> Result<Vec<Line>, StageError> {
        let config = text(config);
        let words = ["doctor", "--json", "--config", &config];
        // Its exit code says how bad it is, and the lines say that too.
        let done = self.typed(&words).await?;
        let examined: Examined = serde_json::from_slice(&done.stdout).map_err(|error| {
            let said = String::from_utf8_lossy(&done.stderr);
            failed(
                &words,
                format!("not what a doctor says: {error}; {}", said.trim()),
            )
        })?;
        Ok(examined.lines)
    }

    /// The other side's trust file of before is taken over, and an officer who is there no more releases a message: both are
    /// to be refused.
    pub(super) async fn try_old(&self, side: &SidePlace, old: &OfficerCard) -> Result<Readied, StageError> {
        let dir = text(&folder(side));
        let mut tried = Vec::new();
        for other in self.site.sides.iter().filter(|other| other.side != side.side) {
            let file = text(&self.site.root.join(format!("{}.trust", other.side)));
            tried.push(self.refusal_of(&["pki", "trust", "--dir", &dir, &file]).await?);
        }
        let config = text(&first_desk(side)?.config);
        let words = [
            "desk",
            "send",
            "--config",
            &config,
            "--officer",
            &old.name,
            OLD_HAND,
        ];
        tried.push(self.refusal_of(&words).await?);
        let said: Vec<&str> = tried
            .iter()
            .map(|tried| match tried {
                Ok(refused) => refused.as_str(),
                Err(taken) => taken.as_str(),
            })
            .collect();
        Ok(Readied {
            said: said.join("; "),
            found: None,
            refused: tried.iter().filter_map(|tried| tried.clone().ok()).collect(),
        })
    }

    /// How a verb was refused, code and sentence; or else that it was taken.
    async fn refusal_of(&self, words: &[&str]) -> Result<Result<String, String>, StageError> {
        let done = self.typed(words).await?;
        if done.status.success() {
            return Ok(Err(self.without_place(&format!("TAKEN: {}", words.join(" ")))));
        }
        let said = String::from_utf8_lossy(&done.stderr);
        let first = said.lines().next().unwrap_or_default();
        let named = first
            .strip_prefix("error [")
            .and_then(|rest| rest.split_once("]: "));
        let (code, sentence) = named.ok_or_else(|| failed(words, said.trim().to_owned()))?;
        Ok(Ok(self.without_place(&format!("{code}: {sentence}"))))
    }

    /// Without the path of this exercise's folder, which differs from play to play.
    fn without_place(&self, said: &str) -> String {
        said.replace(&format!("{}/", self.site.root.display()), "")
    }
}
