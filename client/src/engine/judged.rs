//! What people at this desk say beside messages, for whoever watches: what they judge, and what they were refused. In an
//! exercise control writes it down as the seat's word. Nothing of it is signed, sent or kept here.

use hotline_core::{identity::World, text::inert_line};

use super::{
    Engine,
    verbs::{Answered, refusal},
};
use crate::{
    request::{Answer, News, Refusal, Request},
    round::{Reply, Round},
};

/// Longest subject of a judgement, in bytes. 64: a label, twice.
const WHAT_MAX: usize = 64;
/// Longest judgement, in bytes. 400: what control's records keep of a sentence.
const IS_MAX: usize = 400;

/// Whether a request places what officers signed.
pub(super) const fn signed_by_officers(request: &Request) -> bool {
    matches!(
        request,
        Request::Release { .. }
            | Request::Act { .. }
            | Request::Annex { .. }
            | Request::KeepWatch { .. }
            | Request::Order { .. }
            | Request::OpenChannel { .. }
    )
}

/// What watchers are told of a refusal.
pub(super) fn refused(refusal: &Refusal) -> News {
    News::Refused {
        code: refusal.code.clone(),
        what: refusal.what.clone(),
    }
}

impl Engine {
    /// People here judge something.
    pub(super) fn state(&self, what: &str, is: &str, round: &mut Round) -> Answered {
        if self.me.world() != World::Exercise {
            return Err(refusal(
                44,
                2,
                "judgements are for exercises: nobody writes them down here".into(),
                "send a message",
            ));
        }
        let (what, is) = (fit(what, WHAT_MAX)?, fit(is, IS_MAX)?);
        let said = format!("{what}: {is}");
        round.news.push(News::Stated { what, is });
        Ok(Reply::Ready(Answer::Done { what: said }))
    }
}

/// One inert line that is not empty and not too long.
fn fit(words: &str, most: usize) -> Result<String, Refusal> {
    let inert = inert_line(words.trim());
    match inert.text.len() {
        1.. if inert.text.len() <= most && inert.marked == 0 => Ok(inert.text),
        length => Err(refusal(
            44,
            2,
            format!("a judgement is one line of 1 to {most} plain bytes, and this one has {length}"),
            "state cause NOT_DISPLAYED",
        )),
    }
}
