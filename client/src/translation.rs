//! Translations beside a message: which there are, and which replaced which.
//!
//! They follow from the annexes alone, in whatever order these came. The message itself is never touched by them.

use hotline_audit::Hash;
use hotline_core::{
    annex::{MAX_TRANSLATIONS, Translated},
    id::Place,
    identity::Identity,
    time::WallTime,
};

use crate::judge::{AnnexSaid, JudgedAnnex};

/// One translation of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Translation {
    /// SHA-256 of the desk's statement that placed it.
    pub statement: Hash,
    /// Id of that statement.
    pub id: [u8; 16],
    /// SHA-256 of what the officer signed.
    pub signed: Hash,
    /// Who translated.
    pub officer: Identity,
    /// Desk, language and grade.
    pub about: Translated,
    /// Its words, as signed for.
    pub text: String,
    /// SHA-256 of the annex that it says it replaces.
    pub of_annex: Option<Hash>,
    /// When it was stored here.
    pub arrived: WallTime,
    /// When its officer says it was made.
    pub claimed: WallTime,
    /// Its place in the chain of its desk.
    pub place: Option<Place>,
}

impl Translation {
    /// The translation that an annex is, if it is one; `statement` placed it, and was stored at `arrived`.
    #[must_use]
    pub fn of(judged: &JudgedAnnex, statement: Hash, arrived: WallTime) -> Option<Self> {
        let AnnexSaid::Translated {
            about,
            text,
            of_annex,
        } = &judged.said
        else {
            return None;
        };
        Some(Self {
            statement,
            id: judged.id,
            signed: judged.signed,
            officer: judged.officer.clone(),
            about: about.clone(),
            text: text.clone(),
            of_annex: *of_annex,
            arrived,
            claimed: WallTime::from_unix_ms(judged.claimed_ms),
            place: judged.place,
        })
    }
}

/// The translations of one message, in the order of their desks' chains.
#[derive(Clone, Debug, Default)]
pub struct Translations(Vec<Translation>);

impl Translations {
    /// Adds one. What an officer signed once is one translation, however often its desk places it; beyond
    /// [`MAX_TRANSLATIONS`] of one desk those of its earliest places are left out, and none of another desk.
    pub fn add(&mut self, translation: Translation) {
        let order = |one: &Translation| (one.place, one.statement);
        let desk = translation.about.desk.clone();
        if let Some(known) = self.0.iter_mut().find(|known| known.signed == translation.signed) {
            if order(&translation) < order(known) {
                *known = translation;
            }
        } else {
            self.0.push(translation);
        }
        self.0.sort_by_key(order);
        let of_desk = |one: &Translation| one.about.desk == desk;
        let many = self.0.iter().filter(|one| of_desk(one)).count();
        if many > MAX_TRANSLATIONS
            && let Some(earliest) = self.0.iter().position(of_desk)
        {
            self.0.remove(earliest);
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Translation> {
        self.0.iter()
    }

    /// One by the hash of the statement that placed it.
    #[must_use]
    pub fn by_statement(&self, statement: &Hash) -> Option<&Translation> {
        self.0.iter().find(|known| known.statement == *statement)
    }

    /// Whether the officer's statement was placed before.
    #[must_use]
    pub fn holds(&self, signed: &Hash) -> bool {
        self.0.iter().any(|known| known.signed == *signed)
    }

    /// The translation that replaced this one, the latest if several did.
    #[must_use]
    pub fn replaced_by(&self, older: &Translation) -> Option<&Translation> {
        self.0.iter().rev().find(|newer| {
            newer.of_annex == Some(older.statement)
                && newer.statement != older.statement
                && newer.about.may_replace(&older.about)
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use hotline_core::annex::Grade;

    use super::*;

    fn translation(place: u64, grade: Grade, of_annex: Option<u8>) -> Translation {
        let byte = u8::try_from(place).unwrap();
        Translation {
            statement: Hash([byte; 32]),
            id: [byte; 16],
            signed: Hash([byte; 32]),
            officer: "spiffe://exercise.borenia.example/officer/castellan"
                .parse()
                .unwrap(),
            about: Translated {
                desk: "spiffe://exercise.borenia.example/desk/ops".parse().unwrap(),
                language: "qbo".parse().unwrap(),
                grade,
            },
            text: format!("text {place}"),
            of_annex: of_annex.map(|byte| Hash([byte; 32])),
            arrived: WallTime::from_unix_ms(place),
            claimed: WallTime::from_unix_ms(place),
            place: Place::new(1, place).ok(),
        }
    }

    fn standing(of: &[Translation]) -> Vec<String> {
        let mut all = Translations::default();
        for one in of {
            all.add(one.clone());
        }
        all.iter()
            .filter(|one| all.replaced_by(one).is_none())
            .map(|one| one.text.clone())
            .collect()
    }

    #[test]
    fn a_translation_is_replaced_by_one_that_names_it_whichever_came_first() {
        let sight = translation(1, Grade::Sight, None);
        let certified = translation(2, Grade::Certified, Some(1));
        assert_eq!(standing(&[sight.clone(), certified.clone()]), ["text 2"]);
        assert_eq!(standing(&[certified, sight.clone()]), ["text 2"]);
        let beside = translation(2, Grade::Certified, None);
        assert_eq!(standing(&[sight, beside]), ["text 1", "text 2"]);
    }

    #[test]
    fn a_lower_grade_or_a_translation_of_itself_replaces_nothing() {
        let certified = translation(1, Grade::Certified, None);
        let sight = translation(2, Grade::Sight, Some(1));
        assert_eq!(standing(&[certified, sight]), ["text 1", "text 2"]);
        assert_eq!(standing(&[translation(1, Grade::Sight, Some(1))]), ["text 1"]);
    }

    #[test]
    fn what_an_officer_signed_once_is_one_translation_however_often_it_is_placed() {
        let first = translation(1, Grade::Sight, None);
        let again = Translation {
            signed: first.signed,
            ..translation(2, Grade::Sight, None)
        };
        let mut all = Translations::default();
        all.add(again);
        all.add(first.clone());
        assert_eq!(all.iter().collect::<Vec<_>>(), [&first]);
    }

    #[test]
    fn a_desk_that_translates_very_much_leaves_no_translation_of_another_desk_out() {
        let mut all = Translations::default();
        let ours = translation(1, Grade::Certified, None);
        all.add(ours.clone());
        for place in 2..=40 {
            let mut theirs = translation(place, Grade::Rough, None);
            theirs.about.desk = "spiffe://exercise.borenia.example/desk/second".parse().unwrap();
            all.add(theirs);
        }
        assert_eq!(all.by_statement(&ours.statement), Some(&ours));
        assert_eq!(all.iter().count(), 1 + MAX_TRANSLATIONS);
    }

    #[test]
    fn the_newest_sixteen_translations_are_kept_whichever_came_first() {
        let many: Vec<_> = (1..=20)
            .map(|place| translation(place, Grade::Rough, None))
            .collect();
        let newest: Vec<String> = (5..=20).map(|place| format!("text {place}")).collect();
        assert_eq!(standing(&many), newest);
        let backwards: Vec<_> = many.into_iter().rev().collect();
        assert_eq!(standing(&backwards), newest);
    }
}
