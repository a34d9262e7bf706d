//! A message is cancelled, one step from where it lies: one officer, one level above it, and it asks for ROGER.

use hotline_client::{compose::Wording, request::Request, view::MessageView};
use hotline_core::{
    precedence::Precedence,
    words::{Function, ResponseAttribute, TrafficClass},
};

use super::{Hands, Refused, reference, refused};
use crate::codebook::{Level, coded};
use crate::scenario::place::Placed;

/// The codebook's message for it.
const CANCELS: &str = "CM-03";

impl Hands {
    /// Cancels a message that the own desk sent. In the codebook's words, if it has them; else in these.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn cancel(
        &mut self,
        by: &[Placed<String>],
        message: &str,
        reason: &str,
    ) -> Result<(), Refused> {
        let original = self.show(message).await?;
        if original.direction != "out" {
            let what = format!("{} was not sent here: only its sender cancels it", original.name);
            return Err(refused("HL-EX-171", what));
        }
        let before = original.precedence.parse::<Precedence>().ok();
        let above = Level::AboveOriginal.usual(before, None);
        let wording = Wording {
            precedence: above.unwrap_or(Precedence::Flash),
            class: original.class.parse().unwrap_or(TrafficClass::Formal),
            function: Function::Cancel,
            response: ResponseAttribute::Roger,
            channel: original.channel.clone(),
            refers_to: Some(reference(&original)?),
            answer: None,
            text: self.cancelling(&original, reason)?,
            expires_ms: 0,
            // What saves lives may be taken back under a suspension, too.
            safety_of_life: original.safety_of_life,
            respond_by_ms: 0,
            contact: None,
        };
        let sheet = self.sheet(&wording, by)?;
        self.message(Request::Release { sheet }).await.map(drop)
    }

    /// CM-03 with its reference and reason, where the codebook has it as agreed.
    fn cancelling(&self, original: &MessageView, reason: &str) -> Result<String, Refused> {
        let Some(code) = self.codebook.code(CANCELS) else {
            return Ok(format!("{} is cancelled. {reason}", original.name));
        };
        let mut filled = coded::Coded::new(CANCELS);
        for (id, text) in [("reference", original.name.as_str()), ("reason", reason)] {
            if let Some(field) = code.field(id) {
                let value = field.kind.read(text);
                let value = value.map_err(|why| refused("HL-EX-114", format!("{id}: {why}")))?;
                filled = filled.with(id, value);
            }
        }
        coded::encode(&self.codebook, &filled).map_err(|errors| {
            let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
            refused("HL-EX-114", errors.join("; "))
        })
    }
}
