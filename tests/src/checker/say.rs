//! A judgement in words for people, and as one object for machines.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{
    judge::{Judgement, Verdict},
    lines::Run,
};

/// Messages named per verdict; the rest is only counted.
const NAMED_MAX: usize = 10;

/// The object that `--json` prints. Fields are only added.
#[must_use]
pub fn object(judgement: &Judgement, run: &Run) -> Value {
    let mut object = json!({
        "passed": judgement.passed(),
        "tried": judgement.tried,
        "kept": judgement.kept,
        "delivered": judgement.delivered,
        "shown": judgement.shown,
        "shown_again": judgement.shown_again,
        "not_receipted": judgement.not_receipted,
        "longest_silence_ms": judgement.longest_silence_ms,
        "torn": run.torn.iter().map(|(file, _)| file.as_str()).collect::<Vec<_>>(),
    });
    let mut named = serde_json::Map::new();
    for verdict in Verdict::ALL {
        object[verdict.name()] = judgement.count(verdict).into();
        if let Some(ids) = judgement.found.get(&verdict) {
            let ids: Vec<&str> = ids.iter().take(NAMED_MAX).map(String::as_str).collect();
            named.insert(verdict.name().to_owned(), ids.into());
        }
    }
    object["messages"] = named.into();
    object
}

/// The same for people, in lines.
#[must_use]
pub fn text(judgement: &Judgement, run: &Run) -> String {
    let mut text = format!(
        "tried {}, kept {}, delivered {}, shown {}, shown again {}, not receipted {}\n",
        judgement.tried,
        judgement.kept,
        judgement.delivered,
        judgement.shown,
        judgement.shown_again,
        judgement.not_receipted
    );
    for verdict in Verdict::ALL {
        let ids = judgement.found.get(&verdict).map_or(&[][..], Vec::as_slice);
        let named: Vec<String> = ids.iter().take(NAMED_MAX).map(|id| inert(id)).collect();
        let counts = if judgement.counts(verdict) {
            ""
        } else {
            " (no promise)"
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{:<18} {}{counts}  {}",
            verdict.name(),
            ids.len(),
            named.join(" ")
        );
    }
    let _ = writeln!(
        text,
        "longest silence    {} ms{}",
        judgement.longest_silence_ms,
        if judgement.too_silent() {
            ", longer than allowed"
        } else {
            ""
        }
    );
    for (file, bytes) in &run.torn {
        let _ = writeln!(text, "torn: the last line of {file} ({bytes} bytes) was left out");
    }
    text.push_str(if judgement.passed() {
        "No promise was broken.\n"
    } else {
        "A PROMISE WAS BROKEN.\n"
    });
    text
}

/// An id without anything that a terminal would act on.
fn inert(id: &str) -> String {
    id.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}
