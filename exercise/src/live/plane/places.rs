//! Places on the control plane: how many connections there are at once, and how many of one holder.
//!
//! Where nobody is known yet a place is always given, and the oldest of whoever has most is over: whoever only holds
//! connections open keeps nobody out. Where it is known who asks, one too many is refused.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

/// Places of one kind. Clones are the same places.
#[derive(Clone, Debug)]
pub(super) struct Places {
    most: usize,
    most_each: usize,
    held: Arc<Mutex<Held>>,
}

#[derive(Debug, Default)]
struct Held {
    given: u64,
    /// The oldest first. As many as there are places.
    places: Vec<Given>,
}

#[derive(Debug)]
struct Given {
    number: u64,
    holder: String,
    over: Arc<Notify>,
}

/// A place; dropped, it is free.
#[derive(Debug)]
pub struct Place {
    number: u64,
    over: Arc<Notify>,
    held: Arc<Mutex<Held>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let number = self.number;
        lock(&self.held).places.retain(|given| given.number != number);
    }
}

impl Place {
    /// Waits until somebody else has it.
    pub async fn over(&self) {
        self.over.notified().await;
    }
}

impl Places {
    /// So many, and so many of one holder.
    pub(super) fn new(most: usize, most_each: usize) -> Self {
        Self {
            most,
            most_each,
            held: Arc::default(),
        }
    }

    /// A place in any case. If that is one too many of this holder, or of all, the oldest place of whoever has most is over.
    pub(super) fn take(&self, holder: &str) -> Place {
        let mut held = lock(&self.held);
        if held.of(holder) >= self.most_each {
            held.end_oldest_of(holder);
        } else if held.places.len() >= self.most
            && let Some(most) = held.busiest()
        {
            held.end_oldest_of(&most);
        }
        self.give(&mut held, holder)
    }

    /// A place if there is one.
    pub(super) fn ask(&self, holder: &str) -> Option<Place> {
        let mut held = lock(&self.held);
        let full = held.places.len() >= self.most || held.of(holder) >= self.most_each;
        (!full).then(|| self.give(&mut held, holder))
    }

    fn give(&self, held: &mut Held, holder: &str) -> Place {
        held.given += 1;
        let (number, over) = (held.given, Arc::new(Notify::new()));
        held.places.push(Given {
            number,
            holder: holder.to_owned(),
            over: Arc::clone(&over),
        });
        Place {
            number,
            over,
            held: Arc::clone(&self.held),
        }
    }
}

impl Held {
    fn of(&self, holder: &str) -> usize {
        self.places.iter().filter(|given| given.holder == holder).count()
    }

    /// Who has most; of several the one whose oldest place is older.
    fn busiest(&self) -> Option<String> {
        let mut most: Option<(usize, &str)> = None;
        for given in &self.places {
            let has = self.of(&given.holder);
            if most.is_none_or(|(most, _)| has > most) {
                most = Some((has, &given.holder));
            }
        }
        most.map(|(_, holder)| holder.to_owned())
    }

    fn end_oldest_of(&mut self, holder: &str) {
        let oldest = self.places.iter().position(|given| given.holder == holder);
        if let Some(oldest) = oldest {
            self.places.remove(oldest).over.notify_one();
        }
    }
}

fn lock(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Who holds a place, where only an address is known: of IPv6 the network, for one machine has all of its addresses.
pub(super) fn holder(at: IpAddr) -> String {
    match at.to_canonical() {
        IpAddr::V4(at) => at.to_string(),
        IpAddr::V6(at) => {
            let [a, b, c, d, ..] = at.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    async fn is_over(place: &Place) -> bool {
        timeout(Duration::from_millis(20), place.over()).await.is_ok()
    }

    #[tokio::test]
    async fn whoever_holds_all_places_open_keeps_nobody_out() {
        let places = Places::new(4, 3);
        let stranger = [places.take("far"), places.take("far"), places.take("far")];
        let seat = places.take("near");
        // All four are given: the stranger, who has most, loses the oldest.
        let other = places.take("next");
        assert!(is_over(&stranger[0]).await);
        let again = places.take("far");
        assert!(
            is_over(&stranger[1]).await,
            "one too many of one holder is its own loss"
        );
        for place in [&seat, &other, &stranger[2], &again] {
            assert!(!is_over(place).await);
        }
        assert_eq!(lock(&places.held).places.len(), 4);
    }

    #[tokio::test]
    async fn of_many_who_hold_one_place_each_the_oldest_goes() {
        let places = Places::new(2, 2);
        let (first, second) = (places.take("a"), places.take("b"));
        let _third = places.take("c");
        assert!(is_over(&first).await && !is_over(&second).await);
    }

    #[test]
    fn whoever_is_known_has_so_many_places_and_no_more_and_they_are_free_again() {
        let places = Places::new(3, 2);
        let held = [places.ask("a").unwrap(), places.ask("a").unwrap()];
        assert!(places.ask("a").is_none());
        let b = places.ask("b").unwrap();
        assert!(places.ask("c").is_none(), "no more than that of all");
        drop((held, b));
        assert!(places.ask("a").is_some());
    }

    #[test]
    fn an_address_holds_its_places_and_of_ipv6_a_network() {
        let of = |text: &str| holder(text.parse().unwrap());
        assert_eq!(of("192.0.2.7"), of("::ffff:192.0.2.7"));
        assert_ne!(of("192.0.2.7"), of("192.0.2.8"));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
    }
}
