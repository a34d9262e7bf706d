//! Events, incidents, injects, and what is sent.

use hotline_faults::{live::Direction, spec};

use super::{
    super::{
        lists::Approve,
        moment::Span,
        msel::{Deed, Event, FaultDeed, Inject, Institution, Sending, Until, When},
    },
    keys::{Keys, quoted, tongues, words},
};

pub(super) fn event(event: &Event, out: &mut String) {
    let mut keys = Keys::default();
    keys.text("serial", &event.serial.to_string());
    keys.put("title", tongues(&event.title));
    keys.table("[[event]]", out);
    for incident in &event.incidents {
        let (first, second) = incident.serial;
        let mut keys = Keys::default();
        keys.text("serial", &format!("{first}.{second}"));
        keys.put("title", tongues(&incident.title));
        keys.table("[[event.incident]]", out);
        for each in &incident.injects {
            inject(each).table("[[event.incident.inject]]", out);
        }
    }
}

fn inject(inject: &Inject) -> Keys {
    let mut keys = Keys::default();
    keys.text("serial", &inject.serial.to_string());
    keys.put("title", tongues(&inject.title));
    keys.text("kind", inject.kind.name());
    keys.text("method", inject.deed.method().name());
    when(&inject.when, &mut keys);
    keys.names("to", &inject.to);
    keys.maybe("from", inject.from.as_deref().map(quoted));
    keys.maybe("controller", inject.controller.as_deref().map(quoted));
    keys.name("objective", inject.objective.as_ref());
    keys.maybe(
        "category",
        inject.category.map(|category| quoted(category.name())),
    );
    if inject.approve != Approve::Auto {
        keys.text("approve", inject.approve.name());
    }
    deed(&inject.deed, &mut keys);
    keys.tongues("expected", &inject.expected);
    keys.maybe("note", inject.note.as_deref().map(quoted));
    keys.list("only", inject.only.iter().map(String::as_str));
    keys
}

fn when(when: &When, keys: &mut Keys) {
    match when {
        When::At(at) => keys.span("at", Span::Story(*at)),
        When::After { mark, by } => {
            keys.text("after", &mark.to_string());
            keys.span("wait", *by);
        }
        When::Unless { expect, within } => {
            keys.text("unless", expect);
            keys.span("within", *within);
        }
    }
}

fn deed(deed: &Deed, keys: &mut Keys) {
    match deed {
        Deed::News { text, source } => {
            keys.put("text", tongues(text));
            keys.maybe("source", source.as_deref().map(quoted));
        }
        Deed::Order { text, role } => {
            keys.text("role", role.name());
            keys.put("text", tongues(text));
        }
        Deed::Message { desk, sending: sent } => {
            keys.text("desk", desk);
            sending(sent, keys);
        }
        Deed::Fault(fault) => a_fault(fault, keys),
        Deed::Process { deed, who } => {
            keys.text("deed", deed.name());
            keys.text("who", who);
        }
        Deed::Clock { who, back, by } => {
            keys.text("who", who);
            let sign = if *back { '-' } else { '+' };
            keys.text(
                "offset",
                &format!("{sign}{}", hotline_faults::value::show_duration(*by)),
            );
        }
        Deed::Institution(act) => {
            keys.text("verb", act.verb.name());
            institution(act, keys);
        }
        Deed::Attack(attack) => keys.text("use", attack),
        Deed::Phrase(officer) => keys.text("officer", officer),
        Deed::HandIn(hand_in) => {
            keys.text("how", hand_in.how.name());
            keys.text("who", &hand_in.who);
            keys.text("of", &hand_in.of.to_string());
        }
        Deed::Hand => {}
    }
}

fn a_fault(fault: &FaultDeed, keys: &mut Keys) {
    keys.text("fault", fault.fault.kind());
    for (key, value) in spec::parameters(&fault.fault) {
        // An inject's own `after` says when it comes; a fault that has one is of no file.
        if key != "after" {
            keys.text(key, &value);
        }
    }
    keys.text("link", &fault.link.to_string());
    match fault.direction {
        Direction::Up => keys.text("direction", "up"),
        Direction::Down => keys.text("direction", "down"),
        Direction::Both => {}
    }
    match &fault.until {
        Until::For(lasts) => keys.span("for", *lasts),
        Until::Mark(mark) => keys.text("until", &mark.to_string()),
    }
}

pub(super) fn sending(sent: &Sending, keys: &mut Keys) {
    keys.names("by", &sent.by);
    if let Some(coding) = &sent.code {
        keys.text("code", &coding.code);
        let mut fields = Keys::default();
        for (field, value) in &coding.fields {
            fields.text(field, value);
        }
        if !coding.fields.is_empty() {
            keys.put("fields", fields.inline());
        }
    }
    keys.tongues("text", &sent.text);
    keys.flag("same", sent.same);
    keys.maybe("class", sent.class.map(|class| quoted(class.name())));
    keys.flag("safety_of_life", sent.safety_of_life);
    keys.maybe("precedence", sent.precedence.map(|level| quoted(level.name())));
    keys.maybe("answer", sent.answer.map(|answer| quoted(answer.name())));
    keys.maybe("asks", sent.asks.map(|asks| quoted(asks.name())));
    if let Some(within) = sent.respond_by {
        keys.span("respond_by", Span::Story(within));
    }
    keys.maybe("channel", sent.channel.as_deref().map(quoted));
    keys.maybe("as", sent.alias.as_ref().map(|alias| quoted(&alias.to_string())));
    if sent.repeat > 1 {
        keys.put("repeat", sent.repeat.to_string());
    }
}

/// An act of an institution, without its verb.
pub(super) fn institution(act: &Institution, keys: &mut Keys) {
    keys.text("side", act.side.name());
    keys.put("by", words(act.by.iter().map(|officer| officer.value.as_str())));
    keys.name("identity", act.identity.as_ref());
    keys.maybe("channel", act.channel.as_deref().map(quoted));
    keys.list("scope", act.scope.iter().map(String::as_str));
    keys.maybe("reason", act.reason.as_deref().map(quoted));
    let spans = [
        ("since", act.since),
        ("effective", act.effective),
        ("review_by", act.review_by),
    ];
    for (key, span) in spans {
        if let Some(span) = span {
            keys.span(key, span);
        }
    }
}
