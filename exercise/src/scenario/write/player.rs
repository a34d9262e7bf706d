//! How empty seats are played.

use super::{
    super::{
        moment::{Span, StorySpan},
        player::{Cue, Do, Rule, Script},
    },
    keys::{Keys, quoted, values, words},
    msel::{institution, sending},
};

pub(super) fn script(script: &Script, out: &mut String) {
    let mut keys = Keys::default();
    keys.text("seat", &script.seat);
    keys.table("[[player]]", out);
    for each in &script.rules {
        rule(each).table("[[player.rule]]", out);
    }
}

fn rule(rule: &Rule) -> Keys {
    let mut keys = Keys::default();
    keys.text("id", &rule.id);
    keys.put("when", cue(&rule.when).inline());
    if rule.wait != Span::Story(StorySpan(std::time::Duration::ZERO)) {
        keys.span("wait", rule.wait);
    }
    keys.put("do", values(rule.deeds.iter().map(|each| deed(each).inline())));
    if rule.times != 1 {
        keys.put("times", rule.times.to_string());
    }
    keys.maybe("chance", rule.chance.map(|chance| chance.to_string()));
    keys.maybe(
        "unless",
        rule.unless.as_ref().map(|mark| quoted(&mark.to_string())),
    );
    keys.list("only", rule.only.iter().map(String::as_str));
    keys
}

fn cue(cue: &Cue) -> Keys {
    let mut keys = Keys::default();
    match cue {
        Cue::Inject(serial) => keys.text("inject", &serial.to_string()),
        Cue::Arrives { code, at, precedence } => {
            keys.text("arrives", code.as_ref().map_or("any", |code| code.as_str()));
            keys.name("at", at.as_ref());
            keys.list("precedence", precedence.iter().map(|level| level.name()));
        }
        Cue::Rung { rung, of, at } => {
            keys.text("rung", rung.name());
            keys.text("of", &of.to_string());
            keys.name("at", at.as_ref());
        }
        Cue::Label(label, at) => {
            keys.text("label", label.name());
            keys.text("at", at);
        }
        Cue::Mark(mark) => keys.text("mark", &mark.to_string()),
    }
    keys
}

fn deed(deed: &Do) -> Keys {
    let mut keys = Keys::default();
    let by = |keys: &mut Keys, by: &[super::super::place::Placed<String>]| {
        keys.put("by", words(by.iter().map(|officer| officer.value.as_str())));
    };
    match deed {
        Do::Send(sent) => {
            keys.text("verb", "send");
            sending(sent, &mut keys);
        }
        Do::Answer(with, sent) => {
            keys.text("verb", "answer");
            keys.text("with", with.name());
            sending(sent, &mut keys);
        }
        Do::Correct(sent) => {
            keys.text("verb", "correct");
            sending(sent, &mut keys);
        }
        Do::Display => keys.text("verb", "display"),
        Do::Nothing => keys.text("verb", "nothing"),
        Do::Act {
            act,
            by: who,
            of,
            text,
        } => {
            keys.text("verb", act.name());
            by(&mut keys, who);
            keys.maybe("of", of.as_ref().map(|alias| quoted(&alias.to_string())));
            keys.maybe("text", text.as_deref().map(quoted));
        }
        Do::Holding { by: who, expect_by } => {
            keys.text("verb", "holding");
            by(&mut keys, who);
            keys.span("expect_by", Span::Story(*expect_by));
        }
        Do::Insufficient { by: who, fields } => {
            keys.text("verb", "insufficient");
            by(&mut keys, who);
            keys.put("fields", words(fields.iter().map(String::as_str)));
        }
        Do::Translate {
            by: who,
            grade,
            into,
            text,
        } => {
            keys.text("verb", "translate");
            by(&mut keys, who);
            keys.text("grade", grade.name());
            keys.text("into", into.name());
            keys.text("text", text);
        }
        Do::Institution(act) => {
            keys.text("verb", act.verb.name());
            institution(act, &mut keys);
        }
        Do::State { what, is } => {
            keys.text("verb", "state");
            keys.text("what", what);
            keys.text("is", is);
        }
    }
    keys
}
