//! Expectations.

use super::{
    super::{
        expect::{By, Expect, Filter, Is, Reached},
        mark::Alias,
        place::Placed,
    },
    keys::{Keys, quoted, tongues, words},
};

pub(super) fn expect(expect: &Expect, out: &mut String) {
    let mut keys = Keys::default();
    keys.text("id", &expect.id);
    keys.put("title", tongues(&expect.title));
    keys.name("objective", expect.objective.as_ref());
    keys.flag("must", expect.must);
    if expect.score > 0 {
        keys.put("score", expect.score.to_string());
    }
    keys.list("stages", expect.stages.iter().map(|stage| stage.name()));
    keys.list("only", expect.only.iter().map(String::as_str));
    keys.tongues("text", &expect.text);
    keys.maybe("of", expect.of.as_ref().map(|of| filter(of).inline()));
    keys.put("is", is(&expect.is).inline());
    keys.table("[[expect]]", out);
}

fn filter(filter: &Filter) -> Keys {
    let mut keys = Keys::default();
    keys.name("code", filter.code.as_ref());
    keys.maybe("from", filter.from.map(|side| quoted(side.name())));
    keys.maybe("precedence", filter.precedence.map(|level| quoted(level.name())));
    keys.maybe(
        "refers_to",
        filter.refers_to.as_ref().map(|of| quoted(&of.to_string())),
    );
    keys.text("as", &filter.alias.to_string());
    keys
}

fn is(is: &Is) -> Keys {
    let mut keys = Keys::default();
    let of = |keys: &mut Keys, of: &Placed<Alias>| keys.text("of", &of.to_string());
    match is {
        Is::Rung(reached, _) => rung(reached, &mut keys),
        Is::Label(label, at, _) => {
            keys.text("label", label.name());
            keys.text("at", at);
        }
        Is::Cause(cause, at, _) => {
            keys.text("cause", cause);
            keys.text("at", at);
        }
        Is::Axis(axis, state, at, _) => {
            keys.text("axis", axis);
            keys.text("state", state);
            keys.text("at", at);
        }
        Is::Leg(leg, state, at, _) => {
            keys.text("leg", &leg.to_string());
            keys.text("state", state.name());
            keys.text("at", at);
        }
        Is::Alarm(alarm, at, count, says, _) => {
            keys.text("alarm", alarm);
            keys.text("at", at);
            keys.text("count", &count.to_string());
            keys.maybe("says", says.as_deref().map(quoted));
        }
        Is::Refused {
            reason,
            by,
            count,
            shown,
            says,
        } => {
            keys.text("refused", reason);
            keys.maybe("by", by.as_deref().map(quoted));
            keys.maybe("says", says.as_deref().map(quoted));
            keys.text("count", &count.to_string());
            keys.put("shown", shown.to_string());
        }
        Is::Ordered(verb, at, channel, agrees, _) => {
            keys.text("ordered", verb.name());
            keys.text("at", at);
            keys.maybe("channel", channel.as_deref().map(quoted));
            keys.maybe("agrees", agrees.then(|| "true".to_owned()));
        }
        Is::Third(name, about) => {
            keys.text("third", name);
            if let Some(about) = about {
                of(&mut keys, about);
            }
        }
        Is::Said(said, at, about, jump, _) => {
            keys.text("said", said.name());
            keys.text("at", at);
            keys.maybe("jump", jump.map(|jump| quoted(jump.name())));
            if let Some(about) = about {
                of(&mut keys, about);
            }
        }
        Is::Step(step, about, at, _) => {
            keys.text("step", step.name());
            of(&mut keys, about);
            keys.name("at", at.as_ref());
        }
        Is::Duress(officer, _) => keys.text("duress", officer),
        Is::Alike(one, other) => {
            keys.text("alike", &one.to_string());
            of(&mut keys, other);
        }
        Is::Interval { from, to, within } => {
            let mut marks = Keys::default();
            marks.text("from", &from.to_string());
            marks.text("to", &to.to_string());
            keys.put("interval", marks.inline());
            keys.span("within", *within);
        }
        Is::Verdict {
            word,
            of: about,
            against,
            insufficient,
        } => {
            keys.text("verdict", word.name());
            of(&mut keys, about);
            keys.maybe("against", against.map(|side| quoted(side.name())));
            keys.maybe("insufficient", insufficient.map(|is| is.to_string()));
        }
        Is::Standing(counting, about) => {
            keys.text("standing", counting.name());
            of(&mut keys, about);
        }
        Is::Witnessed {
            relay,
            within,
            entries,
        } => {
            keys.text("witnessed", relay);
            keys.span("within", *within);
            keys.put("entries", entries.to_string());
        }
        Is::Figure(figure, compare) => {
            keys.text("figure", figure.name());
            keys.text("is", &compare.to_string());
        }
        Is::TextIdentical(desks, about) => {
            let desks = desks.iter().map(|desk| desk.value.as_str());
            keys.put("text_identical", words(desks));
            of(&mut keys, about);
        }
        Is::Stated { what, by, is } => {
            keys.text("stated", what);
            keys.text("by", by);
            keys.text("is", is);
        }
    }
    if let Some(by) = is.by() {
        when(by, &mut keys);
    }
    keys
}

fn rung(reached: &Reached, keys: &mut Keys) {
    keys.text("rung", reached.rung.name());
    keys.text("of", &reached.of.to_string());
    keys.name("at", reached.at.as_ref());
    keys.maybe("grade", reached.grade.map(|grade| quoted(grade.name())));
    keys.maybe("answer", reached.answer.map(|answer| quoted(answer.name())));
    keys.maybe(
        "over",
        reached.over.as_ref().map(|link| quoted(&link.to_string())),
    );
    keys.maybe("text", reached.text.as_deref().map(quoted));
}

fn when(by: &By, keys: &mut Keys) {
    match by {
        By::Within(within, after) => {
            keys.span("within", *within);
            keys.text("after", &after.to_string());
        }
        By::Recorded => keys.flag("recorded", true),
        By::Never(during) => {
            keys.flag("never", true);
            if let Some((from, to)) = during {
                let mut marks = Keys::default();
                marks.text("from", &from.to_string());
                marks.text("to", &to.to_string());
                keys.put("during", marks.inline());
            }
        }
    }
}
