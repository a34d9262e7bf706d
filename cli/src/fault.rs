//! `hotline fault`: breaking a line on purpose.
//!
//! `run` puts a proxy in front of a leg; `add`, `remove`, `list` and `clear` change what is wrong with it while it runs.
//! The proxy, its faults, presets and plans are the room `faults`; here they are typed and printed.

mod address;
mod ask;
mod run;

use std::{collections::BTreeMap, path::PathBuf};

use clap::{Args, Subcommand};
use hotline_faults::{
    caret::Marked,
    live::Fault,
    spec::{self, At},
};

use crate::exit::{self, Failure, Outcome};

/// `hotline fault`.
#[derive(Debug, Args)]
pub struct FaultArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Runs a proxy in front of a leg until it is told to end.
    Run(run::RunArgs),
    /// Puts a fault in force on a proxy that runs.
    Add(AddArgs),
    /// Takes a fault back.
    Remove(RemoveArgs),
    /// Shows what is in force, and what was counted.
    List(Which),
    /// Takes all faults back, those of a preset as well.
    Clear(Which),
}

/// Which proxy.
#[derive(Clone, Debug, Args)]
struct Which {
    /// The proxy's name. Not needed while only one runs.
    #[arg(long, value_name = "NAME", conflicts_with = "control")]
    on: Option<String>,
    /// The proxy's control socket, if it was given one of its own.
    #[arg(long, value_name = "SOCKET")]
    control: Option<PathBuf>,
    /// Print one object.
    #[arg(long)]
    json: bool,
}

/// `hotline fault add`.
#[derive(Debug, Args)]
#[command(after_help = kinds())]
struct AddArgs {
    /// What to call it.
    name: String,
    /// Its kind: latency, loss, cut …
    kind: String,
    /// Its values, with units: delay=100ms.
    #[arg(value_name = "KEY=VALUE")]
    values: Vec<String>,
    /// Which way: up is from whoever dials the proxy.
    #[arg(long, value_name = "up|down|both", default_value = "both")]
    direction: String,
    /// udp or tcp; every link that the fault can be applied to if left out.
    #[arg(long, value_name = "LINK")]
    link: Option<String>,
    #[command(flatten)]
    which: Which,
}

/// `hotline fault remove`.
#[derive(Debug, Args)]
struct RemoveArgs {
    /// What it is called.
    name: String,
    #[command(flatten)]
    which: Which,
}

/// Runs a verb.
///
/// # Errors
/// A [`Failure`] with one thing to do.
pub fn run(args: FaultArgs) -> Outcome {
    match args.verb {
        Verb::Run(args) => run::run(args),
        Verb::Add(args) => ask::add(args),
        Verb::Remove(RemoveArgs { name, which }) => ask::remove(name, &which),
        Verb::List(which) => ask::list(&which),
        Verb::Clear(which) => ask::clear(&which),
    }
}

fn kinds() -> String {
    let mut text = "Kinds and their values:\n".to_owned();
    for (kind, form) in spec::KINDS {
        text.push_str(&format!("  {kind:<12}{form}\n"));
    }
    text
}

/// Words that make no sense, with a caret under the one.
fn wrong(words: &[&str], word: usize, what: &str, json: bool) -> Failure {
    let text = words.join(" ");
    let start: usize = words.iter().take(word).map(|word| word.len() + 1).sum();
    let length = words.get(word).map_or(1, |word| word.len());
    let marked = Marked::new("command line", &text, start..start + length, "", what);
    let help = "hotline fault add --help lists the kinds and their values";
    Failure::new("HL-FAULT-002", exit::USAGE, marked.to_string(), help).as_json(json)
}

/// Reads a fault from words; the caret stands under the wrong one.
fn read_fault(
    kind: &str,
    values: &[String],
    json: bool,
) -> Result<(Fault, BTreeMap<String, String>), Failure> {
    let mut words = vec![kind];
    words.extend(values.iter().map(String::as_str));
    let mut parameters = BTreeMap::new();
    for (n, word) in words.iter().enumerate().skip(1) {
        let Some((key, value)) = word.split_once('=') else {
            return Err(wrong(&words, n, &format!("\"{word}\" is no KEY=VALUE"), json));
        };
        if parameters.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(wrong(&words, n, &format!("\"{key}\" is written twice"), json));
        }
    }
    let fault = spec::fault(kind, &parameters).map_err(|error| {
        let word = match &error.at {
            At::Kind => 0,
            At::Key(key) | At::Value(key) => {
                let of = |word: &&str| word.split('=').next() == Some(key);
                words.iter().skip(1).position(of).map_or(0, |n| n + 1)
            }
        };
        wrong(&words, word, &error.what, json)
    })?;
    Ok((fault, parameters))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn refused(kind: &str, values: &[&str]) -> String {
        let values: Vec<String> = values.iter().map(|word| (*word).to_owned()).collect();
        read_fault(kind, &values, false).unwrap_err().what
    }

    #[test]
    fn the_caret_stands_under_the_wrong_word() {
        let said = refused("loss", &["share=30"]);
        assert!(said.ends_with("| loss share=30\n    |      ^^^^^^^^"), "{said}");
        let said = refused("burst", &["begins=1%", "colour=red", "ends=1%"]);
        assert!(said.ends_with("|                 ^^^^^^^^^^"), "{said}");
        let said = refused("lateness", &[]);
        assert!(said.ends_with("| ^^^^^^^^"), "{said}");
        assert!(refused("loss", &["30%"]).contains("KEY=VALUE"));
        assert!(refused("loss", &["share=1%", "share=2%"]).contains("twice"));
    }
}
