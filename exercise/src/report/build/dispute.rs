//! The ruling, where a message is disputed.

use super::Making;
use crate::{
    bundle::TRUST,
    dispute::HANDED_IN,
    report::model::{Command, Dispute},
    scenario::lists::Side,
};

impl Making<'_> {
    pub(super) fn dispute(&self) -> Option<Dispute> {
        let ruling = self.timeline.ruling.as_ref()?;
        let parts = ruling.parts();
        let sentences = parts.sentences.into_iter();
        Some(Dispute {
            title: parts.title,
            verdict: parts.verdict,
            sentence: parts.sentence,
            exit: ruling.word.exit(),
            sentences: sentences
                .map(|(tongue, sentence)| (tongue.name().to_owned(), sentence))
                .collect(),
            wrong: parts.wrong,
            proved: parts.proved,
            handed: parts.handed,
            claimed: parts.claimed,
            unprovable: parts.unprovable,
            command: parts.command,
        })
    }

    /// How anyone decides the disputed message, and compares the copies of one log that both sides handed in.
    pub(super) fn handed_in_twice(&self) -> Vec<Command> {
        let decides = self.timeline.ruling.iter().map(|ruling| Command {
            run: ruling.parts().command,
            proves: "What the ruling says of the disputed message, with every proof verbatim.".to_owned(),
        });
        let of = |side: Side| self.evidence.copies.get(&side);
        let (Some(a), Some(b)) = (of(Side::A), of(Side::B)) else {
            return decides.collect();
        };
        let both = a.keys().filter(|log| b.contains_key(*log));
        let commands = both.map(|log| Command {
            run: format!(
                "hotline-audit compare evidence/{HANDED_IN}/A/{log} evidence/{HANDED_IN}/B/{log} --trust evidence/{TRUST}"
            ),
            proves: format!("What the two copies of {log} that were handed in say together."),
        });
        decides.chain(commands).collect()
    }
}
