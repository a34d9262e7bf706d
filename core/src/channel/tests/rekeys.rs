//! A change of keys needs both sides and the same terms, and has an overlap.

use super::*;
use crate::channel::{Orders, Political, rekey::RekeyPhase};

fn rekey(side: &str, leaf: u8, consents_to: Option<u8>) -> Order {
    Order {
        channel: None,
        subject: Some(Hash32([9; 32])),
        effective: Some(at(10)),
        review_by: Some(at(20)),
        consents_to: consents_to.map(|hash| Hash32([hash; 32])),
        ..order(side, OrderVerb::Rekey, leaf)
    }
}

fn noted(all: impl IntoIterator<Item = Order>) -> Orders {
    let mut orders = Orders::default();
    for order in all {
        orders.note(order, &|_| true);
    }
    orders
}

fn phases(orders: &Orders) -> Vec<RekeyPhase> {
    let rekeys = orders.rekeys();
    [9, 10, 20, 21].map(|second| rekeys[0].phase(at(second))).to_vec()
}

#[test]
fn a_key_counts_from_its_moment_once_both_sides_signed_and_the_others_until_theirs() {
    use RekeyPhase::{Agreed, Lapsed, Over, Overlap, Proposed};
    let alone = noted([rekey("A", 1, None)]);
    assert_eq!(phases(&alone), [Proposed, Proposed, Proposed, Lapsed]);
    let both = noted([rekey("B", 2, Some(1)), rekey("A", 1, None)]);
    assert_eq!(phases(&both), [Agreed, Overlap, Overlap, Over], "in any order");
    assert_eq!(
        both.axis("MARITIME", &|_| true).state,
        Political::Open,
        "it stops nothing"
    );
}

#[test]
fn an_agreement_of_the_same_side_or_to_other_terms_agrees_to_nothing() {
    let changes: [fn(&mut Order); 5] = [
        |order| order.desk = desk("A"),
        |order| order.subject = Some(Hash32([8; 32])),
        |order| order.effective = Some(at(11)),
        |order| order.review_by = Some(at(19)),
        |order| order.verb = OrderVerb::Restore,
    ];
    for change in changes {
        let mut other = rekey("B", 2, Some(1));
        change(&mut other);
        let orders = noted([rekey("A", 1, None), other]);
        assert!(orders.rekeys()[0].consent.is_none());
    }
}

#[test]
fn an_announcement_that_lacks_a_key_or_a_moment_announces_nothing() {
    let changes: [fn(&mut Order); 5] = [
        |order| order.subject = None,
        |order| order.effective = None,
        |order| order.review_by = None,
        |order| order.review_by = order.effective,
        |order| order.channel = Some("MARITIME".into()),
    ];
    for change in changes {
        let mut other = rekey("A", 1, None);
        change(&mut other);
        assert!(noted([other]).rekeys().is_empty());
    }
}
