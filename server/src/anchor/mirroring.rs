//! The mirror of one cosigner: where its upload goes on, and what its answers lead to. A machine without clock or socket.
//!
//! What a mirror does not do is its own and not its witness's: it has a course and refusals of its own. That it has not had
//! enough yet is no refusal.

use std::time::Duration;

use hotline_audit::{cosign::CosignVerifier, mirror::MirrorInfo, note::NoteSignature};

use super::{course::Course, judge::Why, told::Refusals, upload::Mirrored};

/// Answers in a row that lead no further than the mirror has been. 2: it may say once where it is, and once that somebody
/// else was faster.
const STALLS_MAX: usize = 2;

/// One mirror.
pub(super) struct Mirroring {
    /// What verifies its cosignatures.
    pub(super) key: CosignVerifier,
    /// When it is sent something.
    pub(super) course: Course,
    /// What it refuses.
    pub(super) refusals: Refusals,
    /// Where it goes on.
    info: MirrorInfo,
    /// The furthest that it has said to be.
    furthest: u64,
    stalls: usize,
}

/// What an answer leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It holds everything: its line.
    Held(NoteSignature),
    /// It is to be sent more.
    More,
    /// It means another checkpoint: it is to be sent more once the newest was offered.
    Later,
    /// It takes nothing now.
    Refused(Why, &'static str),
}

impl Mirroring {
    pub(super) fn new(key: CosignVerifier, (every, entries): (Duration, u64)) -> Self {
        Self {
            key,
            course: Course::new(every, entries),
            refusals: Refusals::default(),
            info: from_the_start(),
            furthest: 0,
            stalls: 0,
        }
    }

    /// Asked anew, it says that it holds so much.
    pub(super) fn holds(&mut self, entries: u64) {
        (self.info.next, self.furthest, self.stalls) = (entries, 0, 0);
    }

    /// What it lacks of a log of this size.
    pub(super) fn lacks(&mut self, size: u64) -> &MirrorInfo {
        self.info.next = self.info.next.min(size);
        self.info.size = size;
        &self.info
    }

    /// It has answered to entries up to this size.
    pub(super) fn told(&mut self, said: Mirrored, size: u64) -> Next {
        match said {
            Mirrored::Held(line) => {
                (self.info.next, self.furthest, self.stalls) = (size, size, 0);
                Next::Held(line)
            }
            Mirrored::GoOn(info) => self.goes_on(info, size),
            // It goes on where it was.
            Mirrored::Refused(Why::Unreachable) => Next::Refused(Why::Unreachable, "its mirror is busy"),
            Mirrored::Refused(why) => self.refused(why, "its mirror takes no entries"),
        }
    }

    fn goes_on(&mut self, info: MirrorInfo, size: u64) -> Next {
        let fits = info.size == size && info.next <= size;
        if fits && info.next > self.furthest {
            (self.furthest, self.stalls) = (info.next, 0);
            self.refusals.over();
            self.course.works();
        } else {
            self.stalls += 1;
        }
        if self.stalls > STALLS_MAX {
            return self.refused(Why::Conflict, "its mirror gets no further with what it is sent");
        }
        if !fits {
            self.info.next = info.next.min(size);
            return Next::Later;
        }
        self.info = info;
        Next::More
    }

    fn refused(&mut self, why: Why, words: &'static str) -> Next {
        (self.info, self.furthest, self.stalls) = (from_the_start(), 0, 0);
        Next::Refused(why, words)
    }
}

/// Where an upload begins that nothing is known of.
fn from_the_start() -> MirrorInfo {
    MirrorInfo {
        size: 0,
        next: 0,
        ticket: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use hotline_audit::{
        SigningKey,
        cosign::{CosignSigner, CosignerName},
    };
    use hotline_core::time::LineTime;

    use super::*;

    fn signer() -> CosignSigner {
        let name = CosignerName::mirror("exercise.borenia.example/relay/south").unwrap();
        CosignSigner::new(name, SigningKey::from_seed(&[1; 32]))
    }

    fn mirroring() -> Mirroring {
        Mirroring::new(signer().verifier(), (Duration::from_secs(10), 100))
    }

    fn go_on(size: u64, next: u64) -> Mirrored {
        Mirrored::GoOn(MirrorInfo {
            size,
            next,
            ticket: Vec::new(),
        })
    }

    #[test]
    fn a_mirror_that_takes_a_long_log_in_a_thousand_requests_refuses_nothing() {
        let mut mirror = mirroring();
        // It holds nothing, the log grows meanwhile, and now and then somebody else is faster.
        for request in 1..1000 {
            let size = 100_000 + request;
            assert_eq!(mirror.lacks(size).size, size);
            let next = mirror.told(go_on(size, request * 90), size);
            assert_eq!(next, Next::More, "{request}");
            if request % 100 == 0 {
                let later = mirror.told(go_on(size + 1, request * 90), size);
                assert_eq!(later, Next::Later, "{request}");
            }
        }
        let line = signer().cosign("text\n", 7);
        let held = mirror.told(Mirrored::Held(line.clone()), 101_000);
        assert_eq!(held, Next::Held(line));
        assert_eq!(mirror.lacks(101_005).next, 101_000);
    }

    #[test]
    fn a_mirror_that_is_busy_now_and_then_goes_on_where_it_was_and_after_short_pauses() {
        let mut mirror = mirroring();
        for request in 1..100 {
            assert_eq!(mirror.told(go_on(900, request), 900), Next::More);
            let busy = mirror.told(Mirrored::Refused(Why::Unreachable), 900);
            assert!(matches!(busy, Next::Refused(Why::Unreachable, _)));
            assert_eq!(mirror.lacks(900).next, request);
            let pause = mirror.course.failed(LineTime::START);
            assert!(pause < Duration::from_millis(500), "{pause:?}");
        }
    }

    #[test]
    fn a_mirror_that_lost_entries_is_brought_them_anew_and_one_that_goes_back_again_and_again_is_not() {
        let mut mirror = mirroring();
        mirror.holds(500);
        assert_eq!(mirror.told(go_on(500, 256), 500), Next::More, "it was altered");
        assert_eq!(mirror.lacks(500).next, 256);
        assert_eq!(mirror.told(go_on(500, 500), 500), Next::More);
        let mut answers = 0;
        loop {
            answers += 1;
            // To and fro, and never further than it has been.
            if let Next::Refused(why, _) = mirror.told(go_on(500, 100 * (answers % 2)), 500) {
                assert_eq!(why, Why::Conflict);
                break;
            }
            assert!(answers < 10);
        }
        assert_eq!(mirror.lacks(500).next, 0);
    }
}
