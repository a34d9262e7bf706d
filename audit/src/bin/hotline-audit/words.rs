//! The words of a command line, sorted.

use std::path::PathBuf;

use crate::{Failure, usage};

/// How results are written.
pub(crate) enum Form {
    Text,
    Json,
}

/// Whether gaps in chains count as a failure.
pub(crate) enum Gaps {
    Allowed,
    Refused,
}

/// What stood behind the verb.
pub(crate) struct Words {
    pub(crate) places: Vec<PathBuf>,
    pub(crate) trust: Vec<PathBuf>,
    pub(crate) policy: Option<PathBuf>,
    pub(crate) message: Option<String>,
    pub(crate) form: Form,
    pub(crate) gaps: Gaps,
}

/// Sorts the words behind the verb.
pub(crate) fn sort(args: &[String]) -> Result<Words, Failure> {
    let mut words = Words {
        places: Vec::new(),
        trust: Vec::new(),
        policy: None,
        message: None,
        form: Form::Text,
        gaps: Gaps::Allowed,
    };
    let mut rest = args.iter();
    let value = |flag: &str, rest: &mut std::slice::Iter<'_, String>| {
        rest.next()
            .cloned()
            .ok_or_else(|| usage(&format!("{flag} needs a word behind it")))
    };
    while let Some(word) = rest.next() {
        match word.as_str() {
            "--json" => words.form = Form::Json,
            "--gapless" => words.gaps = Gaps::Refused,
            "--trust" => words.trust.push(value("--trust", &mut rest)?.into()),
            "--policy" => words.policy = Some(value("--policy", &mut rest)?.into()),
            "--message" => words.message = Some(value("--message", &mut rest)?),
            flag if flag.starts_with('-') && flag != "-h" => {
                return Err(usage(&format!("there is no flag {flag}")));
            }
            place => words.places.push(place.into()),
        }
    }
    Ok(words)
}
