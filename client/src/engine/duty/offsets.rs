//! How other clocks stand to this desk's, put on record. The rule is `core::clockskew::offsets`.

use hotline_core::duty::ServiceKind;

use super::Engine;
use crate::{own::Saying, round::Round};

impl Engine {
    /// Signs how the other clocks stand, when it is time to or one surely stands otherwise than was said.
    pub(in crate::engine) fn say_offsets(&mut self, round: &mut Round) {
        let now = self.line();
        if !self.duty.as_ref().is_some_and(|duty| duty.offsets.may_look(now)) {
            return;
        }
        let measured = self.measured_clocks();
        let said = self
            .duty
            .as_mut()
            .and_then(|duty| duty.offsets.look(measured, now));
        if let Some(said) = said {
            let saying = Saying {
                text: said.to_string(),
                ..Saying::of(ServiceKind::ClockOffsets)
            };
            self.is_to_say(saying, round);
        }
    }
}
