//! Links by place: numbers for both directions, each with its source or its reason.
//!
//! Latencies are one way; a round trip takes twice as much. Where a source says what was seen, the number is near it;
//! where there is only a reason, it says *chosen*. None of this is a measurement of a link of yours: measure that, and
//! use the faults one by one.
//!
//! | preset | latency | jitter | loss | bursts | bandwidth | queue |
//! |---|---|---|---|---|---|---|
//! | `lan` | 0.2 ms | 0.1 ms | | | 1 Gbit/s | 512 KiB |
//! | `national-fibre` | 5 ms | 1 ms | 0.01 % | | 100 Mbit/s | 512 KiB |
//! | `transcontinental` | 40 ms | 3 ms | 0.1 % | | 50 Mbit/s | 512 KiB |
//! | `geo-satellite`, `satellite` | 300 ms | 20 ms | 0.1 % | 0.05 % begin, 20 % end, 50 % lost | 2 Mbit/s | 256 KiB |
//! | `hf-like` | 1 s | 1 s | 2 % | 1 % begin, 10 % end, 60 % lost | 64 kbit/s | 64 KiB |
//! | `congested` | 20 ms | 15 ms | 0.5 % | 0.5 % begin, 10 % end, 30 % lost | 4 Mbit/s | 256 KiB |
//!
//! The MTU is 1,500 bytes everywhere: Ethernet's, which each of these is bridged to in practice.
//!
//! - **lan**: *chosen*: a switched gigabit network in one building answers within 1 ms.
//! - **national-fibre**: light in fibre makes about 203,000 km/s, so 1,000 km of route is 5 ms one way (The Broadcast
//!   Bridge, "Trans-Atlantic Network Latency Reduced": 10 ms of round trip for each 1,000 km). Jitter, loss and rate
//!   *chosen* for a leased line in order.
//! - **transcontinental**: the fastest New York to London cable takes 59 ms for a round trip (the same article); 80 ms
//!   leaves 2,000 km for the land at both ends. Loss: at most 1 in 1,000 is the objective of ITU-T Y.1541 for its
//!   classes 0 to 4. The rest *chosen*.
//! - **geo-satellite**: propagation up and down takes 239.6 to 279.0 ms, and a round trip at least 558 ms (RFC 2488,
//!   section 2); about 600 ms are seen with switching and the land at both ends (G. Huston, "Testing LEO and GEO
//!   satellite services in Australia", APNIC blog, 2 May 2022). Loss, fades and 2 Mbit/s *chosen* for a small terminal:
//!   fades take about five packets' time.
//! - **hf-like**: turnaround over HF radio is measured in seconds to tens of seconds as it is operated (Isode, "Reducing
//!   Turnaround Times in STANAG 5066"), so 1 to 2 s one way is its better end. The rate is that of a *wideband* channel,
//!   *chosen* because heartbeats of a line alone would not fit through the 9,600 bit/s of a 3 kHz one. Fading *chosen*:
//!   bursts of ten packets, of which six in ten are lost.
//! - **congested**: periods of milliseconds to tens of seconds in which loss may be 30 % are how congestion is lost in
//!   (Telchemy, "Packet Loss Distributions and Packet Loss Models"); two states fit losses traced in a backbone
//!   (Haßlinger and Hohlfeld, "The Gilbert-Elliott Model for Packet Loss in Real Time Services on the Internet"). The
//!   queue is half a second of its bandwidth: *chosen*, a buffer too large, as routers at homes have.

use std::time::Duration;

use crate::{
    emulator::Burst,
    live::{Direction, Fault, FaultError, Protocol, Proxy},
};

/// Ethernet's MTU, in bytes.
const MTU: usize = 1_500;

/// A link by place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// A switched local network.
    Lan,
    /// A leased line across a country.
    NationalFibre,
    /// From one continent to another.
    Transcontinental,
    /// Over a satellite that stands still in the sky.
    GeoSatellite,
    /// Slow, long in turning round, and fading.
    HfLike,
    /// A link that others fill.
    Congested,
}

struct Numbers {
    latency: Duration,
    jitter: Duration,
    loss: f64,
    burst: Option<Burst>,
    /// Bits a second.
    bits: u64,
    queue: u64,
}

impl Preset {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Lan,
        Self::NationalFibre,
        Self::Transcontinental,
        Self::GeoSatellite,
        Self::HfLike,
        Self::Congested,
    ];

    /// `geo-satellite`, as it is typed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lan => "lan",
            Self::NationalFibre => "national-fibre",
            Self::Transcontinental => "transcontinental",
            Self::GeoSatellite => "geo-satellite",
            Self::HfLike => "hf-like",
            Self::Congested => "congested",
        }
    }

    /// The preset of that name; `satellite` is `geo-satellite`.
    ///
    /// # Errors
    /// A sentence that lists them.
    pub fn named(name: &str) -> Result<Self, String> {
        let wanted = if name == "satellite" {
            "geo-satellite"
        } else {
            name
        };
        let found = Self::ALL.into_iter().find(|preset| preset.name() == wanted);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("\"{name}\" is no preset; write one of {names} or satellite")
        })
    }

    /// Its faults for a link of that kind, each under a name of its own (`geo-satellite/loss`), in both directions.
    #[must_use]
    pub fn faults(self, protocol: Protocol) -> Vec<(String, Fault)> {
        let Numbers {
            latency: by,
            jitter,
            loss: share,
            burst,
            bits,
            queue,
        } = self.numbers();
        let rate = bits / 8;
        let mut faults = vec![Fault::Latency { by, jitter }, Fault::Bandwidth { rate, queue }];
        if share > 0.0 {
            faults.push(Fault::Loss { share });
        }
        faults.extend(burst.map(Fault::Burst));
        faults.push(Fault::Mtu { bytes: MTU });
        faults.retain(|fault| fault.here(protocol).is_ok());
        faults
            .into_iter()
            .map(|fault| (format!("{}/{}", self.name(), fault.kind()), fault))
            .collect()
    }

    /// Puts all its faults in force, or none.
    ///
    /// # Errors
    /// As [`Proxy::add`].
    pub fn apply(self, proxy: &Proxy) -> Result<(), FaultError> {
        proxy.add_all(&self.faults(proxy.protocol()), Direction::Both)
    }

    fn numbers(self) -> Numbers {
        let ms = Duration::from_millis;
        let us = Duration::from_micros;
        let burst = |begins, ends, loss| Some(Burst { begins, ends, loss });
        let (latency, jitter, loss, burst, bits, queue_kib) = match self {
            Self::Lan => (us(200), us(100), 0.0, None, 1_000_000_000, 512),
            Self::NationalFibre => (ms(5), ms(1), 0.0001, None, 100_000_000, 512),
            Self::Transcontinental => (ms(40), ms(3), 0.001, None, 50_000_000, 512),
            Self::GeoSatellite => (ms(300), ms(20), 0.001, burst(0.0005, 0.2, 0.5), 2_000_000, 256),
            Self::HfLike => (ms(1_000), ms(1_000), 0.02, burst(0.01, 0.1, 0.6), 64_000, 64),
            Self::Congested => (ms(20), ms(15), 0.005, burst(0.005, 0.1, 0.3), 4_000_000, 256),
        };
        Numbers {
            latency,
            jitter,
            loss,
            burst,
            bits,
            queue: queue_kib * 1024,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn every_preset_is_found_by_its_name_and_can_be_applied_to_both_kinds_of_link() {
        for preset in Preset::ALL {
            assert_eq!(Preset::named(preset.name()), Ok(preset));
            for protocol in [Protocol::Udp, Protocol::Tcp] {
                for (name, fault) in preset.faults(protocol) {
                    fault.check(protocol, Direction::Both).unwrap();
                    assert!(name.starts_with(preset.name()));
                }
            }
        }
        assert_eq!(Preset::named("satellite"), Ok(Preset::GeoSatellite));
        assert!(Preset::named("moon").unwrap_err().contains("lan"));
    }
}
