//! Why the rest can be believed.

use super::{code, heading, items, paragraph};
use crate::report::{
    html::{Html, Links, Table, text},
    model::{Integrity, LogRow, Offset, Pair, TurnRow, Version},
    words::{length, signed, story},
};

pub fn content(integrity: &Integrity, links: &Links<'_>) -> Html {
    let mut out = verdict(integrity);
    out.push(&logs(&integrity.logs));
    if !integrity.pairs.is_empty() {
        out.push(&heading("Logs held against each other"));
        out.push(&pairs(&integrity.pairs));
    }
    out.push(&heading("What was done to the story clock"));
    out.push(&turns(&integrity.turns, links));
    out.push(&heading("Clocks against control\u{2019}s"));
    out.push(&offsets(&integrity.offsets, links));
    out.push(&heading("Versions, as recorded at STARTEX"));
    out.push(&versions(&integrity.versions));
    out.push(&heading("Cosignatures"));
    if integrity.cosignatures.is_empty() {
        out.push(&paragraph(
            "Not witnessed: no relay\u{2019}s log is in the evidence.",
        ));
    } else {
        out.push(&items(integrity.cosignatures.iter().map(|line| text(line))));
    }
    if !integrity.standings.is_empty() {
        out.push(&heading("Keys that have ended, and what they signed"));
        out.push(&items(integrity.standings.iter().map(|line| text(line))));
    }
    if !integrity.limits.is_empty() {
        out.push(&heading("Limits"));
        out.push(&items(integrity.limits.iter().map(|line| text(line))));
    }
    out
}

/// One sentence first: whether everything holds.
fn verdict(integrity: &Integrity) -> Html {
    let refused = integrity.logs.iter().filter(|log| log.refused.is_some()).count();
    let contradict = integrity.pairs.iter().filter(|pair| pair.contradict).count();
    let same = integrity
        .pairs
        .iter()
        .filter(|pair| pair.verdict == "MATCH")
        .count();
    let unproven = integrity
        .pairs
        .iter()
        .filter(|pair| pair.verdict == "SENT_NO_RECEIPT")
        .count();
    let (logs, pairs) = (integrity.logs.len(), integrity.pairs.len());
    let (class, words) = if refused == 0 && contradict == 0 {
        let rest = match (pairs - same, unproven) {
            (0, _) => String::new(),
            (others, unproven) if others == unproven => format!(
                " In {unproven} something stands in one log of which the other side has signed no receipt \
                 (SENT_NO_RECEIPT): nothing is forged or altered, and nothing proves that it arrived. The table says how \
                 many; what was signed last is often still on its way at ENDEX."
            ),
            (others, _) => format!(" In {others} a log lacks what the other has; the table says what."),
        };
        let words = format!(
            "All {logs} logs verify, and none contradicts another. In {same} of {pairs} comparisons both logs say the \
             same (MATCH).{rest} Every figure below was counted from these logs."
        );
        ("good", words)
    } else {
        let words = format!(
            "{refused} of {logs} logs do not verify, and {contradict} of {pairs} comparisons find a contradiction. Figures \
             that rest on those logs are not proved."
        );
        ("bad", words)
    };
    Html::ours(format!("<p class=\"verdict {class}\">{}</p>\n", text(&words)))
}

fn logs(logs: &[LogRow]) -> Html {
    let mut table = Table::new(
        "logs",
        &["log", "origin and signer", "entries", "root hash", "verified"],
    );
    for log in logs {
        let whose = Html::ours(format!("{}<br>{}", text(&log.origin), text(&log.signer)));
        let verified = match &log.refused {
            None => text("yes"),
            Some(why) => Html::ours(format!("<strong>no:</strong> {}", text(why))),
        };
        table.row(&[
            text(&log.name),
            whose,
            text(&log.size.to_string()),
            code(&log.root),
            verified,
        ]);
    }
    table.end()
}

fn pairs(pairs: &[Pair]) -> Html {
    let mut table = Table::new("pairs", &["one", "other", "verdict", "found"]);
    for pair in pairs {
        table.row(&[
            text(&pair.first),
            text(&pair.second),
            text(&pair.verdict),
            text(&pair.found),
        ]);
    }
    table.end()
}

fn turns(turns: &[TurnRow], links: &Links<'_>) -> Html {
    let mut table = Table::new("turns", &["turn", "how", "UTC", "line", "story", "entry"]);
    for turn in turns {
        table.row(&[
            text(turn.turn.word()),
            text(&turn.how),
            text(&turn.at.utc()),
            text(&length(turn.at.line_ms)),
            text(&story(turn.at.story_ms)),
            links.entry(&turn.leaf),
        ]);
    }
    table.end()
}

fn offsets(offsets: &[Offset], links: &Links<'_>) -> Html {
    if offsets.is_empty() {
        return paragraph("No clock was asked.");
    }
    let mut table = Table::new(
        "offsets",
        &[
            "clock",
            "asked at, UTC",
            "before control\u{2019}s",
            "uncertain by",
            "entry",
        ],
    );
    for offset in offsets {
        table.row(&[
            text(&offset.clock),
            text(&offset.at.utc()),
            text(&signed(offset.offset_ms)),
            text(&format!("\u{b1} {}", length(u64::from(offset.uncertain_ms)))),
            links.entry(&offset.leaf),
        ]);
    }
    table.end()
}

fn versions(versions: &[Version]) -> Html {
    let mut table = Table::new("versions", &["process", "version"]);
    for version in versions {
        table.row(&[text(&version.who), text(&version.version)]);
    }
    table.end()
}
