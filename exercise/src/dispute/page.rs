//! The ruling on one page: what a neutral evaluator reads in five minutes, without any other paper.
//!
//! Its first lines say the verdict in English and in the languages of both sides; then what shows it, what is proved of the
//! message, what is only claimed, and what nobody can prove.

use std::fmt::Write as _;

use hotline_core::{text::inert_line, time::WallTime, words::Rung};

use super::{Fact, HandedLog, Ruling};
use crate::{
    scenario::lists::{Side, Word},
    tongue::Tongue,
};

/// Most characters of the message that the page quotes.
const SAYS_MAX: usize = 300;
/// Most copies that one fact names.
const COPIES_MAX: usize = 4;

impl Ruling {
    /// The verdict as a sentence, in a language.
    #[must_use]
    pub fn sentence(&self, tongue: Tongue) -> String {
        let verdict = verdict(self.word, tongue);
        // Whatever was done to a log, the question was about the message.
        let also = if self.word.convicts() {
            format!(" {}", verdict_of_message(self.of_message, tongue))
        } else {
            String::new()
        };
        let found = self.insufficient().map_or_else(String::new, |_| {
            format!(
                " {}",
                match tongue {
                    Tongue::En =>
                        "It was acknowledged, and its recipient found later that it says too little.",
                    Tongue::Qav => "Tialeeler serin, van riara ral.",
                    Tongue::Qbo => "Gakokod drokoo, gad kokroom guk.",
                }
            )
        });
        format!("{verdict}{also}{found}")
    }

    /// Everything that the page says, part by part.
    #[must_use]
    pub fn parts(&self) -> Parts {
        let against = self
            .against()
            .map_or_else(String::new, |side| format!(", against {}", side_name(side)));
        let wrong = self.findings.iter();
        let wrong = wrong.map(|finding| format!("{}: {}", finding.word, line(&finding.proof)));
        let mut proved: Vec<String> = self.life.iter().map(fact_line).collect();
        if proved.is_empty() {
            proved.push("nothing: no copy that holds has it".to_owned());
        }
        if let Some(message) = &self.message {
            let says = self.says.as_deref().map_or_else(String::new, |says| {
                let says: String = line(says).chars().take(SAYS_MAX).collect();
                format!(" and says \"{says}\"")
            });
            proved.insert(
                0,
                format!("{} is the statement with SHA-256 {message}{says}", self.name),
            );
        }
        let handed = Side::ALL.iter();
        let handed = handed.map(|side| format!("{}: {}", side_name(*side), self.handed_by(*side)));
        Parts {
            title: format!("Ruling about {} in exercise {}", self.name, self.exercise),
            verdict: format!("{}{against}", self.spoken()),
            sentences: Tongue::ALL
                .iter()
                .map(|tongue| (*tongue, self.sentence(*tongue)))
                .collect(),
            wrong: wrong.collect(),
            proved,
            handed: handed.collect(),
            claimed: words(&CLAIMED),
            unprovable: words(&UNPROVABLE),
        }
    }

    /// The page.
    #[must_use]
    pub fn page(&self) -> String {
        let mut out = String::new();
        // Writing to a String does not fail.
        let _ = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let parts = self.parts();
        writeln!(out, "{}\n", parts.title)?;
        writeln!(out, "{} (exit code {})", parts.verdict, self.word.exit())?;
        for (tongue, sentence) in &parts.sentences {
            writeln!(out, "  {:<4} {sentence}", tongue.name())?;
        }
        for (heading, lines) in parts.lists() {
            writeln!(out, "\n{heading}")?;
            for line in lines {
                writeln!(out, "  - {line}")?;
            }
        }
        writeln!(out, "\n{CHECK}\n  {COMMAND}")
    }

    fn handed_by(&self, side: Side) -> String {
        let logs = self.handed.iter().filter(|log| log.by == side);
        let words: Vec<String> = logs.map(handed_words).collect();
        words.join("; ")
    }
}

/// What the page says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Its heading.
    pub title: String,
    /// The verdict, and against whom.
    pub verdict: String,
    /// The same as a sentence, in each language.
    pub sentences: Vec<(Tongue, String)>,
    /// What does not hold.
    pub wrong: Vec<String>,
    /// What is proved of the message.
    pub proved: Vec<String>,
    /// What each side handed in.
    pub handed: Vec<String>,
    /// What is only claimed.
    pub claimed: Vec<String>,
    /// What nobody can prove.
    pub unprovable: Vec<String>,
}

impl Parts {
    /// The lists with their headings, without those that are empty.
    #[must_use]
    pub fn lists(&self) -> Vec<(&'static str, &[String])> {
        let all: [(&'static str, &[String]); 5] = [
            ("What does not hold", &self.wrong),
            (PROVED, &self.proved),
            ("What was handed in", &self.handed),
            ("What is only claimed", &self.claimed),
            ("What nobody can prove", &self.unprovable),
        ];
        all.into_iter().filter(|(_, lines)| !lines.is_empty()).collect()
    }
}

/// What stands on every page about claims.
const CLAIMED: [&str; 2] = [
    "every time above is its signer's clock",
    "DISPLAYED is a desk's word that it showed the text",
];
/// What stands on every page about what lies beyond proof.
const UNPROVABLE: [&str; 2] = [
    "that a person read it, or that something was never sent: a log shows what is in it",
    "that nothing was cut off at the very end: only what others have seen of a log bounds that",
];
/// Over what is proved.
pub const PROVED: &str = "What signatures prove [which copy holds them, and at which entry]";
/// How anybody checks it.
pub const CHECK: &str = "Check it yourself, with trust of your own:";
/// With what.
pub const COMMAND: &str = "hotline-audit compare evidence/handed-in/A/relay-south evidence/handed-in/B/relay-south --trust YOUR-OWN";

fn words(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

fn handed_words(log: &HandedLog) -> String {
    let whose = if log.owner == log.by { "" } else { "a copy of " };
    match (log.entries, &log.fault) {
        (None, _) => format!("NOT {}", log.log),
        (Some(entries), None) => format!("{whose}{} ({entries} entries, verifies)", log.log),
        (Some(entries), Some(_)) => format!("{whose}{} ({entries} entries, does NOT verify)", log.log),
    }
}

fn fact_line(fact: &Fact) -> String {
    let who = match (&fact.officer, fact.rung) {
        (Some(officer), _) => format!("officer {} at desk {}", short(officer), fact.who),
        (None, Rung::Accepted) => format!("{} holds it", fact.who),
        (None, _) => format!("desk {}", fact.who),
    };
    let what = match (fact.rung, fact.answer) {
        (_, Some(answer)) => format!("ANSWERED {answer}"),
        (rung, None) => rung.to_string(),
    };
    let said = match fact.text.as_str() {
        "" => String::new(),
        text => format!(", \"{}\"", line(text)),
    };
    let claimed = fact.claimed_ms.map_or_else(String::new, |at| {
        format!(", claims {}", WallTime::from_unix_ms(at).rfc3339())
    });
    let places = fact.places.iter().take(COPIES_MAX);
    let places: Vec<String> = places.map(|(log, leaf)| format!("{log} #{leaf}")).collect();
    format!("{what}: {who}{said}{claimed} [{}]", places.join(", "))
}

fn short(identity: &str) -> &str {
    identity.rsplit('/').next().unwrap_or(identity)
}

fn line(words: &str) -> String {
    inert_line(words).text
}

const fn side_name(side: Side) -> &'static str {
    match side {
        Side::A => "A (Avelia)",
        Side::B => "B (Borenia)",
    }
}

/// The verdict about what was handed in.
const fn verdict(word: Word, tongue: Tongue) -> &'static str {
    match (word, tongue) {
        (Word::Truncated, Tongue::En) => "One side handed in a log whose end is missing.",
        (Word::Truncated, Tongue::Qav) => "Aler siamer.",
        (Word::Truncated, Tongue::Qbo) => "Burn kraralg.",
        (Word::Altered, Tongue::En) => "One side handed in words that nobody signed.",
        (Word::Altered, Tongue::Qav) => "Elese serin ral raalal.",
        (Word::Altered, Tongue::Qbo) => "Raham drokoo hulg bobroom.",
        (Word::Fork, Tongue::En) => "One side's relay has signed two histories.",
        (Word::Fork, Tongue::Qav) => "Na riian riele leaten, ral na.",
        (Word::Fork, Tongue::Qbo) => "Stoom brobroom roohak drukod, hulg stoom.",
        (Word::Equivocation, Tongue::En) => "One sender has signed two statements for one place.",
        (Word::Equivocation, Tongue::Qav) => "Na riian riele leaten serin, ral na.",
        (Word::Equivocation, Tongue::Qbo) => "Stoom brobroom roohak drukod drokoo, hulg stoom.",
        (word, tongue) => verdict_of_message(word, tongue),
    }
}

/// The verdict about the message.
const fn verdict_of_message(word: Word, tongue: Tongue) -> &'static str {
    match (word, tongue) {
        (Word::Match, Tongue::En) => "Both sides hold the message.",
        (Word::Match, Tongue::Qav) => "Eliavian leaten tialeeler serin.",
        (Word::Match, Tongue::Qbo) => "Goodruk drukod gakokod drokoo.",
        (Word::SentNoReceipt, Tongue::En) => {
            "Its sender signed the message, and nothing proves that it arrived."
        }
        (Word::SentNoReceipt, Tongue::Qav) => "Serin raalal, ral tialeeler.",
        (Word::SentNoReceipt, Tongue::Qbo) => "Drokoo bobroom, hulg gakokod.",
        (Word::ReceiptProvesDelivery, Tongue::En) => {
            "The message arrived: its recipient signed for it, whatever it says now."
        }
        (Word::ReceiptProvesDelivery, Tongue::Qav) => "Niasian riian tialeeler serin.",
        (Word::ReceiptProvesDelivery, Tongue::Qbo) => "Dodrook brobroom gakokod drokoo.",
        (_, Tongue::En) => "What was handed in does not tell.",
        (_, Tongue::Qav) => "Veaviar.",
        (_, Tongue::Qbo) => "Kubolg.",
    }
}
