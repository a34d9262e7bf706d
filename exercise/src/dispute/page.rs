//! The ruling on one page: what a neutral evaluator reads in five minutes, without any other paper.
//!
//! Its first lines say the verdict in English and in the languages of both sides; then what shows it, what is proved of the
//! message, what is only claimed, and what nobody can prove.

use std::fmt::Write as _;

use hotline_core::{text::inert_line, time::WallTime};

use super::{BUNDLES, Fact, HandedLog, POLICY, Ruling, Standing, bundle_name};
use crate::{
    scenario::lists::{Side, Word},
    tongue::Tongue,
};

/// Most characters of the message that the page quotes.
const SAYS_MAX: usize = 300;
/// Most logs that one fact names.
const COPIES_MAX: usize = 4;
/// Most facts of one list; the program prints all of them.
const FACTS_MAX: usize = 14;
/// Most words of officers that a fact quotes, in characters.
const SAID_MAX: usize = 120;

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
        let found = match tongue {
            _ if !self.insufficient => "",
            Tongue::En => " It was acknowledged, and its recipient found later that it says too little.",
            Tongue::Qav => " Tialeeler serin, van riara ral.",
            Tongue::Qbo => " Gakokod drokoo, gad kokroom guk.",
        };
        format!("{verdict}{also}{found}")
    }

    /// Everything that the page says, part by part.
    #[must_use]
    pub fn parts(&self) -> Parts {
        let against = self
            .against()
            .map_or_else(String::new, |side| format!(", against {}", side_name(side)));
        let wrong = self.findings.iter();
        let wrong =
            wrong.map(|finding| format!("{} ({}): {}", finding.word, finding.rule, line(&finding.proof)));
        let mut proved = self.facts(&[Standing::Proved, Standing::Review]);
        if proved.is_empty() {
            proved.push("nothing: no log that was handed in has it".to_owned());
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
            verdict: format!("{}{against}", self.spoken),
            // What does not hold is told line by line.
            sentence: if self.findings.is_empty() {
                line(&self.sentence)
            } else {
                String::new()
            },
            sentences: Tongue::ALL
                .iter()
                .map(|tongue| (*tongue, self.sentence(*tongue)))
                .collect(),
            wrong: wrong.collect(),
            proved,
            handed: handed.collect(),
            claimed: [self.facts(&[Standing::Claimed]), words(&CLAIMED)].concat(),
            unprovable: words(&UNPROVABLE),
            command: command(&self.name),
        }
    }

    /// The facts of these standings; of many the first.
    fn facts(&self, of: &[Standing]) -> Vec<String> {
        let facts: Vec<&Fact> = self
            .life
            .iter()
            .filter(|fact| of.contains(&fact.standing))
            .collect();
        let mut lines: Vec<String> = facts.iter().take(FACTS_MAX).map(|fact| fact_line(fact)).collect();
        match facts.len().saturating_sub(FACTS_MAX) {
            0 => {}
            more => lines.push(format!("{more} more, which the program prints")),
        }
        lines
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
        if !parts.sentence.is_empty() {
            writeln!(out, "  {}", parts.sentence)?;
        }
        for (heading, lines) in parts.lists() {
            writeln!(out, "\n{heading}")?;
            for line in lines {
                writeln!(out, "  - {line}")?;
            }
        }
        writeln!(out, "\n{CHECK}\n  {}", parts.command)
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
    /// The sentence of the program that decides; empty where its findings are listed.
    pub sentence: String,
    /// The verdict as a sentence, in each language.
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
    /// How anybody decides it again, from the folder in which the page lies.
    pub command: String,
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
pub const PROVED: &str = "What signatures prove [which log holds them, and at which entry]";
/// How anybody checks it.
pub const CHECK: &str = "Decide it yourself, with a policy of your own (here is control's):";

/// With what: the very files of this ruling, beside the page.
#[must_use]
pub fn command(message: &str) -> String {
    let [a, b] = [Side::A, Side::B].map(bundle_name);
    format!(
        "hotline-audit dispute {BUNDLES}/{a} {BUNDLES}/{b} --policy {BUNDLES}/{POLICY} --message {message}"
    )
}

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
    let said: String = line(&fact.text).chars().take(SAID_MAX).collect();
    let said = match said.as_str() {
        "" => String::new(),
        said => format!(" ({said})"),
    };
    let claimed = fact.claimed_ms.map_or_else(String::new, |at| {
        let by = match fact.rung.as_str() {
            "PEER_HELD" | "COSIGNED" => "at",
            _ => "claims",
        };
        format!(", {by} {}", WallTime::from_unix_ms(at).rfc3339())
    });
    let before = fact.before.as_ref().map_or_else(String::new, |(at_s, by)| {
        let at = WallTime::from_unix_ms(at_s.saturating_mul(1_000)).rfc3339();
        format!(", before {at} by {by}")
    });
    let doubt = match fact.standing {
        Standing::Review => ", in doubt: its key has ended since",
        _ => "",
    };
    let places = fact.places.iter().take(COPIES_MAX);
    let places: Vec<String> = places.map(|(log, leaf)| format!("{log} #{leaf}")).collect();
    let places = match places.as_slice() {
        [] => String::new(),
        places => format!(" [{}]", places.join(", ")),
    };
    format!(
        "{}: {}{said}{claimed}{before}{doubt}{places}",
        fact.rung, fact.who
    )
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
        (Word::Failed, Tongue::En) => "Something in what was handed in must not be.",
        (Word::Failed, Tongue::Qav) => "Elese serin ral raalal.",
        (Word::Failed, Tongue::Qbo) => "Raham drokoo hulg bobroom.",
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
