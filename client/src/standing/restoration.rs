//! Who is to sign a RESTORE next: this side first, this side in agreement, or nobody.

use hotline_audit::statement::Reference;

use super::{ChannelView, StandingView, StatementView};

/// A restoration that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Restoration {
    /// None: whoever wants one signs first.
    None,
    /// The other side signed this first: it is for this one to agree.
    Theirs(StatementView),
    /// This side signed already, or both did: there is nothing to sign.
    Ours,
}

impl StandingView {
    /// The channel of that name; all if it is empty.
    pub fn of<'a>(&'a self, channel: &'a str) -> impl Iterator<Item = &'a ChannelView> {
        self.channels
            .iter()
            .filter(move |view| channel.is_empty() || view.name == channel)
    }

    /// What is under way for the channels meant, seen by the desk `me`. One that an order has overtaken is none: it is
    /// signed anew.
    #[must_use]
    pub fn restoration(&self, channel: &str, me: &str) -> Restoration {
        let mut found = Restoration::None;
        let mut overtaken = false;
        for restoring in self.of(channel).filter_map(|view| view.restoring.as_ref()) {
            if restoring.overtaken {
                overtaken = true;
            } else if restoring.agreed_by.is_some() || restoring.first.sender == me {
                found = Restoration::Ours;
            } else {
                return Restoration::Theirs(restoring.first.clone());
            }
        }
        if overtaken { Restoration::None } else { found }
    }
}

impl StatementView {
    /// As another statement refers to it; none if the view is malformed.
    #[must_use]
    pub fn reference(&self) -> Option<Reference> {
        let id = data_encoding::HEXLOWER.decode(self.id.as_bytes()).ok()?;
        Some(Reference {
            sender: self.sender.clone(),
            id: id.try_into().ok()?,
            sha256: self.sha256.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standing::RestoringView;

    fn view(name: &str, sender: &str, agreed: bool, overtaken: bool) -> ChannelView {
        let first = StatementView {
            sender: sender.into(),
            ..StatementView::default()
        };
        let restoring = RestoringView {
            first,
            agreed_by: agreed.then(|| "moreau".into()),
            overtaken,
            ..RestoringView::default()
        };
        ChannelView {
            name: name.into(),
            restoring: Some(restoring),
            ..ChannelView::default()
        }
    }

    fn found(channels: Vec<ChannelView>, channel: &str) -> &'static str {
        let standing = StandingView {
            channels,
            ..StandingView::default()
        };
        match standing.restoration(channel, "me") {
            Restoration::None => "sign",
            Restoration::Theirs(_) => "agree",
            Restoration::Ours => "wait",
        }
    }

    #[test]
    fn a_restoration_that_an_order_has_overtaken_is_signed_anew() {
        for (sender, agreed) in [("me", false), ("them", true), ("them", false)] {
            assert_eq!(found(vec![view("A", sender, agreed, true)], "A"), "sign");
        }
        assert_eq!(found(vec![view("A", "me", false, false)], "A"), "wait");
        assert_eq!(found(vec![view("A", "them", true, false)], "A"), "wait");
        assert_eq!(found(vec![view("A", "them", false, false)], "A"), "agree");
        // Of all channels one is overtaken: it is signed for all.
        let both = vec![view("A", "me", false, false), view("B", "me", false, true)];
        assert_eq!(found(both, ""), "sign");
    }
}
