//! Forms as text.

use hotline_core::duty::ServiceKind;

use crate::scenario::{
    expect::{By, Is, Reached},
    lists::Jump,
    msel::Link,
    place::Placed,
};

pub(super) fn rung_word(reached: &Reached) -> String {
    let rung = reached.rung;
    let mut word = match (reached.grade, reached.answer) {
        (Some(grade), _) => format!("{rung} {}", grade.name()),
        (None, Some(answer)) => format!("{rung} {answer}"),
        (None, None) => rung.to_string(),
    };
    if let Some(text) = &reached.text {
        word.push_str(&format!(" \"{text}\""));
    }
    if let Some(link) = &reached.over {
        word.push_str(&format!(" over {}", link_name(link)));
    }
    word
}

pub(super) fn link_name(link: &Link) -> String {
    match link {
        Link::Path(path) => format!("path {path}"),
        Link::Leg { desk, relay, door } => format!("{desk} {relay}/{door}"),
    }
}

/// `CLOCK_STEP BACK`.
pub(super) fn said_word(said: ServiceKind, jump: Option<Jump>) -> String {
    jump.map_or_else(|| said.to_string(), |jump| format!("{said} {jump}"))
}

/// A form as one line.
pub(in crate::expect) fn line(is: &Is) -> String {
    let at = |at: &Placed<String>| format!(" at {}", at.value);
    let what = match is {
        Is::Rung(reached, _) => {
            let at = reached.at.as_ref().map_or_else(String::new, at);
            format!("{} of {}{at}", rung_word(reached), reached.of.value)
        }
        Is::Label(label, desk, _) => format!("{}{}", label.name(), at(desk)),
        Is::Cause(cause, desk, _) => format!("cause {cause}{}", at(desk)),
        Is::Axis(axis, state, desk, _) => format!("{axis} {state}{}", at(desk)),
        Is::Leg(link, state, desk, _) => format!("{} {state}{}", link_name(link), at(desk)),
        Is::Alarm(code, desk, count, says, _) => {
            let with = says
                .as_ref()
                .map_or_else(String::new, |says| format!(" with \"{says}\""));
            format!("alarm {code}{}{with} {count}", at(desk))
        }
        Is::Refused {
            reason,
            by,
            count,
            shown,
            says,
        } => {
            let whose = by.as_ref().map_or_else(String::new, |by| format!(" by {by}"));
            let with = says
                .as_ref()
                .map_or_else(String::new, |says| format!(" with \"{says}\""));
            format!("refused {reason}{whose}{with} {count}, shown == {shown}")
        }
        Is::Ordered(verb, desk, channel, agrees, _) => {
            let agrees = if *agrees {
                ", which agrees to the other side\u{2019}s"
            } else {
                ""
            };
            format!(
                "{} by {}{agrees}",
                super::super::orders::said(*verb, channel.as_deref()),
                desk.value
            )
        }
        Is::Third(name, of) => {
            let of = of.as_ref().map_or_else(String::new, |of| {
                format!(", every line of {} with whose it is", of.value)
            });
            format!("what is said of {name} marked THIRD({name}){of}")
        }
        Is::Said(said, desk, of, jump, _) => {
            let of = of
                .as_ref()
                .map_or_else(String::new, |of| format!(" about {}", of.value));
            format!("{}{of}{}", said_word(*said, *jump), at(desk))
        }
        Is::Step(step, of, desk, _) => {
            let at = desk.as_ref().map_or_else(String::new, at);
            format!("{step} about {}{at}", of.value)
        }
        Is::Duress(officer, _) => format!("second passphrase of {} told", officer.value),
        Is::Alike(one, other) => format!("{} looks like {}", one.value, other.value),
        Is::Interval { from, to, within } => {
            format!("from {} to {} within {within}", from.value, to.value)
        }
        Is::Verdict {
            word,
            of,
            against,
            insufficient,
        } => {
            let against = against.map_or_else(String::new, |side| format!(" against {side}"));
            let found = match insufficient {
                Some(true) => ", acknowledged and later found insufficient",
                Some(false) => ", never found insufficient",
                None => "",
            };
            format!("auditor says {word}{against} of {}{found}", of.value)
        }
        Is::Standing(counting, of) => format!("{counting} of {} by the relays\u{2019} logs", of.value),
        Is::Witnessed {
            relay,
            within,
            entries,
        } => format!(
            "what is said over relay {} cosigned within {within}, and at most {entries} statements that are not",
            relay.value
        ),
        Is::Figure(figure, compare) => format!("{} {compare}", figure.name()),
        Is::TextIdentical(desks, of) => {
            let desks: Vec<&str> = desks.iter().map(|desk| desk.value.as_str()).collect();
            format!("text of {} identical at {}", of.value, desks.join(" and "))
        }
        Is::Stated { what, by, is } => format!("{} states {what}: {is}", by.value),
    };
    match is.by() {
        None => what,
        Some(By::Recorded) => format!("{what}, at any time"),
        Some(By::Within(span, mark)) => format!("{what} within {span} of {}", mark.value),
        Some(By::Never(None)) => format!("never {what}"),
        Some(By::Never(Some((from, to)))) => {
            format!("never {what} between {} and {}", from.value, to.value)
        }
    }
}
