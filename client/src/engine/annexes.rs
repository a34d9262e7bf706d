//! Officers' annexes: what a person puts beside a message that came in.

use hotline_audit::{
    SignedStatement,
    statement::{Annex, AnnexDone, Content, OfficerAnnex, Reference},
};
use hotline_core::{
    crash::{self, Point},
    ladder::Ladder,
};

use super::{
    Engine,
    verbs::{Answered, bad_sheet, header_of, refusal, unknown},
    words,
};
use crate::{
    book::{Direction, Letter, Provenance, annex_fact, names},
    compose::AnnexSheet,
    judge::{self, AnnexSaid, JudgedAnnex},
    request::Refusal,
    round::{Reply, Round},
    seal::{NotOpened, SealRule},
};

impl Engine {
    /// Places an officer's annex. What the other side would drop as foreign is refused here.
    pub(super) fn annex(&mut self, sheet: &AnnexSheet, round: &mut Round) -> Answered {
        self.must_sign()?;
        let (bytes, said) = sheet.parts().map_err(|error| bad_sheet(&error.to_string()))?;
        let signed = SignedStatement::parse(&bytes).map_err(|error| bad_sheet(&error.to_string()))?;
        let read = OfficerAnnex::decode(&signed.payload).map_err(|error| bad_sheet(&error.to_string()))?;
        let (content, words) = match said {
            Some((content, words)) => (Some(content), Some(Ok(words))),
            None => (None, None),
        };
        let sealed = content.as_ref().is_some_and(Content::is_sealed);
        if content.is_some() && !sealed && self.config.seal == SealRule::Required {
            return Err(not_placed(&NotOpened::Unsealed.to_string()));
        }
        let letter = self
            .book
            .letter(&read.message.sha256)
            .ok_or_else(|| unknown(&read.message.sha256.to_string()))?;
        // Judged as it will be judged by the other side: with this desk as the place.
        let placed = Annex {
            header: header_of(letter, &self.me.to_string(), &self.pen.exercise),
            annex: bytes.clone(),
            content: content.clone(),
        };
        let said = (&placed, words.as_ref());
        let judged = judge::judge_annex(said, round.trust.rosters(), self.wall().unix_ms())
            .map_err(|error| not_placed(&error.to_string()))?;
        self.permit_annex(letter, &judged, &read)?;
        let hash = letter.hash;
        let (others, address, precedence) = Self::about(letter);
        let seen = self.seen();
        let both = (self.seams.clock.as_ref(), self.seams.entropy.as_ref());
        let placed = self
            .pen
            .annex(&round.tip, &address, (bytes, content), &seen, both)
            .map_err(|error| not_placed(&error.to_string()))?;
        crash::at(Point::ActSigned);
        let annex = placed.hash;
        self.place_own(placed, precedence, others, round);
        if let Some(words) = words {
            words::keep(annex, sealed, &words, round);
            round.opened_already(words);
        }
        Ok(Reply::Message(hash))
    }

    fn permit_annex(
        &self,
        letter: &Letter,
        judged: &JudgedAnnex,
        read: &OfficerAnnex,
    ) -> Result<(), Refusal> {
        if letter.direction == Direction::Out {
            return Err(not_placed(
                "only the desk that received a message translates or presents it",
            ));
        }
        if !names(&read.message, letter) {
            return Err(not_placed("it names another message than its hash does"));
        }
        self.still_holds(letter)?;
        if let AnnexSaid::Translated { .. } = judged.said
            && letter.translations.holds(&judged.signed)
        {
            return Err(not_placed("this translation was placed before"));
        }
        if let AnnexDone::Translated {
            of_annex: Some(older),
            ..
        } = &read.done
        {
            permit_replacing(letter, judged, older)?;
        }
        let at = Provenance {
            hash: letter.hash,
            index: 0,
            stored: self.wall(),
            leg: None,
        };
        Ladder::new(letter.ladder.subject().clone())
            .apply(annex_fact(&at, judged))
            .map(|_| ())
            .map_err(|foreign| not_placed(&foreign.to_string()))
    }
}

/// What is replaced is a translation of the same message that this desk placed.
fn permit_replacing(letter: &Letter, judged: &JudgedAnnex, older: &Reference) -> Result<(), Refusal> {
    let known = letter
        .translations
        .by_statement(&older.sha256)
        .filter(|known| known.id == older.id && known.about.desk.to_string() == older.sender)
        .ok_or_else(|| {
            not_placed("it replaces a translation of this message that this desk does not know")
        })?;
    match &judged.said {
        AnnexSaid::Translated { about, .. } if about.may_replace(&known.about) => Ok(()),
        _ => Err(not_placed(&format!(
            "it does not replace a {} translation into {}: only one of this desk, into the same language and of no lower grade does",
            known.about.grade, known.about.language
        ))),
    }
}

fn not_placed(what: &str) -> Refusal {
    refusal(
        15,
        1,
        format!("could not put an annex beside it: {what}"),
        "hotline desk translate --help and hotline desk present --help name who may, and what is needed",
    )
}
