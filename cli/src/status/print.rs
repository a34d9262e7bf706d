//! How a standing looks in a terminal: plain words first, the formal name beside, then what proves it.

use hotline_client::{
    standing::{AxisView, CauseView, ChannelView, FactView, RekeyView},
    status::LineStatus,
    story::{StoryState, StoryStatus},
};
use hotline_core::{story::Rate, text::inert_line, time::WallTime};

/// The line as a whole, its axes and its channels.
#[must_use]
pub fn standing(status: &LineStatus) -> String {
    let standing = &status.standing;
    let mut text = status.story.as_ref().map_or_else(String::new, story);
    text.push_str(&format!("{} [{}]\n", capital(&standing.plain), standing.label));
    text.push_str(&causes(&standing.causes, "  "));
    for (name, plain, axis) in [
        ("carrier", "what passes from desk to desk", &standing.axes.carrier),
        ("watch", "who attends the remote desk", &standing.axes.watch),
        ("political", "what officers ordered", &standing.axes.political),
        (
            "identity",
            "whether the other side is who it says",
            &standing.axes.identity,
        ),
        ("own watch", "who attends this desk", &standing.own_watch),
    ] {
        text.push_str(&one_axis(name, plain, axis));
    }
    for view in &standing.channels {
        text.push_str(&channel(view));
    }
    for view in &standing.rekeys {
        text.push_str(&rekey(view));
    }
    text
}

/// How the story stands that human deadlines run on: above everything else, for nobody may take a pause for peace.
#[must_use]
pub fn story(story: &StoryStatus) -> String {
    let at = story.story();
    let stands = "human deadlines stand, the line goes on";
    match story.state {
        StoryState::Running => match Rate::from_thousandths(story.rate) {
            Some(rate) => format!("EXERCISE {at}, running {rate}\n"),
            None => format!("EXERCISE {at}, running\n"),
        },
        StoryState::Paused => format!("EXERCISE PAUSED at {at}: {stands}\n"),
        StoryState::NotStarted => format!("EXERCISE NOT STARTED: {stands}\n"),
        StoryState::Ended => format!("EXERCISE ENDED at {at}: {stands}\n"),
    }
}

/// One channel.
#[must_use]
pub fn channel(view: &ChannelView) -> String {
    let mut text = format!(
        "channel {}: {} [{}]\n",
        inert_line(&view.name).text,
        view.plain,
        view.label
    );
    if view.cause.code != "NONE" {
        text.push_str(&causes(&view.causes, "    "));
    }
    if let Some(charter) = &view.charter {
        let names: Vec<String> = charter.signed_by.iter().map(|by| inert_line(by).text).collect();
        text.push_str(&format!("    charter signed by {}\n", names.join(" and ")));
        if !charter.signed {
            text.push_str(&format!(
                "    waits for a releaser of {}: hotline channel open {}\n",
                charter.lacking.join(" and "),
                inert_line(&view.name).text
            ));
        }
    }
    if let Some(restoring) = &view.restoring {
        text.push_str(&format!("    restored by {}", inert_line(&restoring.by).text));
        if let Some(by) = &restoring.agreed_by {
            text.push_str(&format!(" and {}", inert_line(by).text));
        }
        if restoring.lacking.is_empty() {
            text.push('\n');
        } else {
            text.push_str(&format!("; lacking: {}\n", restoring.lacking.join(", ")));
        }
        if restoring.overtaken {
            text.push_str("    an order was signed behind it, which it does not lift: hotline channel restore signs anew\n");
        }
    }
    text
}

/// A change of a desk's key.
#[must_use]
pub fn rekey(view: &RekeyView) -> String {
    let whose = if view.subject.is_empty() {
        format!("key {}, which no roster here holds", view.key)
    } else {
        format!("new key of {}", inert_line(&view.subject).text)
    };
    let time = |ms| WallTime::from_unix_ms(ms).dtg().to_string();
    let mut text = format!("{whose}: {} [{}]\n", view.plain, view.phase);
    text.push_str(&format!("    announced by {}", inert_line(&view.by).text));
    if let Some(by) = &view.agreed_by {
        text.push_str(&format!(", agreed by {}", inert_line(by).text));
    }
    text.push_str(&format!(
        "; it counts from {}, the one before it until {}\n",
        time(view.from_ms),
        time(view.until_ms)
    ));
    if view.open {
        text.push_str("    hotline channel rekey --agree agrees to it\n");
    }
    text
}

fn causes(causes: &[CauseView], margin: &str) -> String {
    let mut text = String::new();
    for cause in causes {
        text.push_str(&format!(
            "{margin}why: {} [{}]\n",
            inert_line(&cause.plain).text,
            cause.code
        ));
    }
    text
}

fn one_axis(name: &str, plain: &str, axis: &AxisView) -> String {
    let scope = if axis.scope.is_empty() {
        String::new()
    } else {
        format!(" ({})", inert_line(&axis.scope.join(", ")).text)
    };
    let mut text = format!("  {name:<10} {}{scope}  {plain}\n", axis.state);
    for fact in &axis.facts {
        text.push_str(&one_fact(fact));
    }
    if axis.state == "UNKNOWN" && axis.facts.is_empty() {
        text.push_str("      no officer has signed that the watch is taken\n");
    }
    text
}

fn one_fact(fact: &FactView) -> String {
    let proof = match (&fact.sha256, fact.proof.as_str()) {
        (Some(hash), _) => format!("signed, {}…", hash.get(..16).unwrap_or(hash)),
        (None, "OWN_OBSERVATION") => "seen here".into(),
        (None, _) => "signed".into(),
    };
    format!(
        "      {}  ({}, {proof})\n",
        inert_line(&fact.what).text,
        WallTime::from_unix_ms(fact.received_ms).rfc3339()
    )
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paused_exercise_says_so_above_everything_else() {
        let mut status = LineStatus::default();
        let first = |status: &LineStatus| standing(status).lines().next().unwrap_or_default().to_owned();
        assert!(!first(&status).contains("EXERCISE"), "no story, no line");
        let mut shown = |state, rate| {
            let story_ms = 2_232_000;
            status.story = Some(StoryStatus {
                turn: 3,
                state,
                rate,
                story_ms,
                next_ms: None,
            });
            first(&status)
        };
        assert_eq!(
            shown(StoryState::Paused, 60_000),
            "EXERCISE PAUSED at T+00:37:12: human deadlines stand, the line goes on"
        );
        assert_eq!(
            shown(StoryState::Running, 500),
            "EXERCISE T+00:37:12, running ×0.5"
        );
        assert!(shown(StoryState::NotStarted, 0).starts_with("EXERCISE NOT STARTED: "));
        assert!(shown(StoryState::Ended, 0).starts_with("EXERCISE ENDED at T+00:37:12"));
    }
}
