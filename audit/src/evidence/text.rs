//! The reports as a person reads them: the verdict in words first, a screen and a half at most, then the proofs verbatim.

use std::fmt::{self, Formatter};

mod words;

use super::names::short;
use super::{
    After, Before, BundleReport, CompareBundles, CopyReport, DisputeReport, Fact, Finding, Life, OnlyOne,
    Ruling, Standing,
};

use words::{all, relay, safe, shortened, time_ms, time_s, verbatim};

/// Most lines of one list; the rest is counted, and JSON has all of it.
const MAX_LINES: usize = 12;
/// Most messages in the table of a comparison.
const MAX_MESSAGES: usize = 20;

impl fmt::Display for BundleReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        head(f, &self.verdict, &self.sentence)?;
        writeln!(f, "\nevidence of {}", safe(&self.side))?;
        writeln!(
            f,
            "  {} statements, {} of them messages; {} checkpoints ({} kept as contradictions); {} openings that fit",
            self.statements, self.messages, self.notes, self.conflicts, self.openings
        )?;
        if self.certificates > 0 {
            writeln!(
                f,
                "  {} certificates, for people: not judged here, and nothing rests on them",
                self.certificates
            )?;
        }
        logs(f, &self.logs)?;
        findings(f, &self.findings)?;
        some(f, "for a person to look at", &self.remarks)?;
        if self.findings.is_empty() {
            writeln!(
                f,
                "\nA cut behind the newest checkpoint known here shows only against the other side: compare."
            )?;
        }
        proofs(f, &self.findings)
    }
}

impl fmt::Display for CompareBundles {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        head(f, &self.verdict, &self.sentence)?;
        let [a, b] = &self.sides;
        writeln!(f, "\nevidence of {} and of {}", safe(a), safe(b))?;
        logs(f, &self.logs)?;
        findings(f, &self.findings)?;
        writeln!(
            f,
            "\nstatements: {} in both, {} in one only",
            self.common,
            self.only_one.len()
        )?;
        let only: Vec<String> = self.only_one.iter().map(OnlyOne::line).collect();
        list(f, &only)?;
        writeln!(f, "\nmessages, in an order that nothing contradicts")?;
        let messages: Vec<String> = self.messages.iter().map(Life::row).collect();
        for line in messages.iter().take(MAX_MESSAGES) {
            writeln!(f, "  {line}")?;
        }
        beyond(f, messages.len(), MAX_MESSAGES)?;
        some(f, "for a person to look at", &self.remarks)?;
        proofs(f, &self.findings)
    }
}

impl fmt::Display for DisputeReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        head(f, &self.verdict, &self.sentence)?;
        let life = &self.life;
        writeln!(f, "\nmessage {} ({})", safe(&life.name), life.precedence)?;
        writeln!(f, "  from     {}", safe(&short(&life.sender)))?;
        for to in &life.recipients {
            writeln!(f, "  to       {}", safe(&short(to)))?;
        }
        writeln!(
            f,
            "  signed   {} by its sender's clock (a claim)",
            time_ms(life.claimed_ms)
        )?;
        writeln!(f, "  sha256   {}", life.sha256)?;
        let text = life.text.as_deref().map(shortened);
        let text = text.unwrap_or_else(|| "sealed; nobody has opened it here".to_owned());
        writeln!(f, "  text     {}{}", safe(&text), safe(&life.unread()))?;
        writeln!(f, "  held by  {}", all(&life.held_by))?;
        if !self.findings.is_empty() {
            writeln!(f, "  of it    {}, whatever else does not fit", self.of_message)?;
        }
        facts(f, "proved", life, Standing::Proved)?;
        facts(f, "only claimed", life, Standing::Claimed)?;
        facts(f, "for people to review", life, Standing::Review)?;
        facts(f, "signed by somebody who may not", life, Standing::Foreign)?;
        part(f, "not provable by anybody", &self.not_provable)?;
        findings(f, &self.findings)?;
        some(f, "for a person to look at", &self.remarks)?;
        writeln!(f, "\n---- {} proofs, verbatim ----", self.proofs.len())?;
        for (place, proof) in self.proofs.iter().enumerate() {
            writeln!(
                f,
                "\nproof {}: {}\n{}",
                place + 1,
                safe(&proof.title),
                verbatim(&proof.text)
            )?;
        }
        Ok(())
    }
}

impl Fact {
    /// The fact as a line.
    pub(super) fn line(&self) -> String {
        let times = self.times();
        let comma = if times.is_empty() { "" } else { ", " };
        format!("{} by {}{comma}{times}", self.rung, self.whose())
    }

    fn whose(&self) -> String {
        let mut text = short(&self.who);
        if !self.text.is_empty() {
            text.push_str(&format!(" ({})", shortened(&self.text)));
        }
        text
    }

    /// When, and who lacks it. A log's entry says nothing of its own time, a cosigner tells it by its own clock.
    fn times(&self) -> String {
        if self.is_of_logs() {
            let told = self.claimed_ms.filter(|_| self.rung != "ACCEPTED");
            return told.map_or_else(String::new, |ms| format!("at {} by its clock", time_s(ms / 1000)));
        }
        let mut times = between(self.claimed_ms, self.after.as_ref(), self.before.as_ref());
        if self.held_by.len() == 1 {
            times.push_str(&format!("; only {} holds it", all(&self.held_by)));
        }
        times
    }
}

/// Facts of one standing: what and who, and below it when.
fn facts(f: &mut Formatter<'_>, title: &str, life: &Life, standing: Standing) -> fmt::Result {
    let of: Vec<&Fact> = life
        .facts
        .iter()
        .filter(|fact| fact.standing == standing)
        .collect();
    if of.is_empty() && matches!(standing, Standing::Review | Standing::Foreign) {
        return Ok(());
    }
    writeln!(f, "\n{title}")?;
    if of.is_empty() {
        return writeln!(f, "  nothing");
    }
    for fact in of.iter().take(MAX_LINES) {
        writeln!(f, "  {:<12} {}", fact.rung, safe(&fact.whose()))?;
        let times = fact.times();
        if !times.is_empty() {
            writeln!(f, "               {}", safe(&times))?;
        }
    }
    beyond(f, of.len(), MAX_LINES)
}

impl OnlyOne {
    fn line(&self) -> String {
        let event = &self.event;
        let called = event.name.clone().unwrap_or_else(|| event.kind.to_owned());
        let arrived = match (event.kind, self.received) {
            _ if self.closing => " (the last word of its chain, when the desk closed)",
            ("message", true) => ": RECEIPT_PROVES_DELIVERY",
            ("message", false) => ": SENT_NO_RECEIPT",
            _ => "",
        };
        format!(
            "{called} of {} ({}.{}), {}; {} does not hold it{arrived}",
            short(&event.sender),
            event.epoch,
            event.sequence,
            between(
                Some(event.claimed_ms),
                event.after.as_ref(),
                event.before.as_ref()
            ),
            self.lacking
        )
    }
}

impl Life {
    /// What to think of the words where a desk that got them could not read them.
    fn unread(&self) -> String {
        if self.not_opened_at.is_empty() {
            return String::new();
        }
        let disclosed = match self.disclosed_by.as_slice() {
            [] => String::new(),
            sides => format!("disclosed by {}, ", sides.join(" and ")),
        };
        let desks: Vec<String> = self.not_opened_at.iter().map(|desk| short(desk)).collect();
        format!(" ({disclosed}never opened at {})", desks.join(" and "))
    }

    /// The message in one line.
    fn row(&self) -> String {
        let mut rungs: Vec<&str> = Vec::new();
        let counting = self.facts.iter().filter(|fact| fact.standing.counts());
        for fact in counting {
            if !rungs.contains(&fact.rung.as_str()) {
                rungs.push(&fact.rung);
            }
        }
        let later = if self.acknowledged_then_insufficient {
            " (acknowledged, and found insufficient later)"
        } else {
            ""
        };
        format!(
            "{} {} {}: {}{later}",
            self.name,
            self.precedence,
            time_ms(self.claimed_ms),
            rungs.join(" ")
        )
    }
}

/// What is claimed, and between which checkpoints it lies.
fn between(claimed_ms: Option<u64>, after: Option<&After>, before: Option<&Before>) -> String {
    let mut told = Vec::new();
    if let Some(claimed_ms) = claimed_ms {
        told.push(format!("claimed {}", time_ms(claimed_ms)));
    }
    if let Some(after) = after {
        let when = after
            .time_s
            .map_or_else(String::new, |time| format!(" ({})", time_s(time)));
        told.push(format!(
            "after entry #{} of {}{when}",
            after.size.saturating_sub(1),
            relay(&after.origin)
        ));
    }
    if let Some(before) = before {
        told.push(format!(
            "before {} cosigned by {}",
            time_s(before.time_s),
            short(&before.by)
        ));
    }
    told.join(", ")
}

fn head(f: &mut Formatter<'_>, verdict: &Ruling, sentence: &str) -> fmt::Result {
    writeln!(f, "{verdict}: {}", safe(sentence))
}

fn logs(f: &mut Formatter<'_>, logs: &[CopyReport]) -> fmt::Result {
    let lines: Vec<String> = logs.iter().map(CopyReport::line).collect();
    list(f, &lines)
}

impl CopyReport {
    fn line(&self) -> String {
        let what = match &self.mirror {
            None => format!("log {}", self.origin),
            Some(mirror) => format!("mirror {} of {}", relay(mirror), self.origin),
        };
        let mut line = format!("{what}: {}, {} entries", self.ruling, self.entries);
        if let Some(size) = self.cosigned_to {
            let by: Vec<String> = self
                .cosigned_by
                .iter()
                .map(|(name, time)| format!("{name} at {}", time_s(*time)))
                .collect();
            line.push_str(&format!("; {size} of them cosigned by {}", by.join(" and ")));
        }
        if !self.gaps.is_empty() {
            line.push_str(&format!("; {} gaps in senders' chains", self.gaps.len()));
        }
        if self.review > 0 {
            line.push_str(&format!("; {} for REVIEW", self.review));
        }
        line
    }
}

fn findings(f: &mut Formatter<'_>, findings: &[Finding]) -> fmt::Result {
    if findings.is_empty() {
        return Ok(());
    }
    writeln!(f, "\nwhat does not fit")?;
    let lines: Vec<String> = findings
        .iter()
        .map(|finding| format!("{} {}: {}", finding.ruling, finding.rule, finding.sentence()))
        .collect();
    list(f, &lines)
}

/// The proofs of findings, verbatim.
fn proofs(f: &mut Formatter<'_>, findings: &[Finding]) -> fmt::Result {
    let printed: Vec<_> = findings.iter().flat_map(Finding::printed).collect();
    if printed.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n---- {} proofs, verbatim ----", printed.len())?;
    for (place, proof) in printed.iter().enumerate() {
        writeln!(
            f,
            "\nproof {}: {}\n{}",
            place + 1,
            safe(&proof.title),
            verbatim(&proof.text)
        )?;
    }
    Ok(())
}

fn part(f: &mut Formatter<'_>, title: &str, lines: &[String]) -> fmt::Result {
    writeln!(f, "\n{title}")?;
    if lines.is_empty() {
        return writeln!(f, "  nothing");
    }
    list(f, lines)
}

fn some(f: &mut Formatter<'_>, title: &str, lines: &[String]) -> fmt::Result {
    if lines.is_empty() {
        return Ok(());
    }
    part(f, title, lines)
}

fn list(f: &mut Formatter<'_>, lines: &[String]) -> fmt::Result {
    for line in lines.iter().take(MAX_LINES) {
        writeln!(f, "  {}", safe(line))?;
    }
    beyond(f, lines.len(), MAX_LINES)
}

fn beyond(f: &mut Formatter<'_>, found: usize, shown: usize) -> fmt::Result {
    match found.checked_sub(shown) {
        None | Some(0) => Ok(()),
        Some(more) => writeln!(f, "  … and {more} more (--json has all)"),
    }
}
