//! How much may be in flight: CUBIC, and never less than what anybody may send into an unknown network.
//!
//! quinn's CUBIC falls to two packets when many are lost, and does not grow again while little is sent, as on this line
//! it always is. With two lost packets in flight nothing else leaves until a probe timer that doubles each time, so on a
//! link that loses a third a heartbeat or a FLASH waits for seconds behind what was lost. The least window here lets what
//! comes next leave at once, and its acknowledgement find what was lost before.

use std::any::Any;
use std::sync::Arc;
use std::time::Instant;

use quinn::congestion::{Controller, ControllerFactory, ControllerMetrics, CubicConfig};
use quinn_proto::RttEstimator;

/// Least bytes in flight of one connection: the first window that RFC 6928 and RFC 9002 allow towards a network of which
/// nothing is known, ten packets. A line of 64 kbit/s carries it in 1.8 s.
pub(super) const LEAST_BYTES: u64 = 14_720;

/// Makes [`AtLeast`] for each connection.
#[derive(Debug)]
pub(super) struct Windows(Arc<CubicConfig>);

impl Windows {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Arc::default()))
    }
}

impl ControllerFactory for Windows {
    fn build(self: Arc<Self>, now: Instant, current_mtu: u16) -> Box<dyn Controller> {
        Box::new(AtLeast(Arc::clone(&self.0).build(now, current_mtu)))
    }
}

/// A controller whose window is never below [`LEAST_BYTES`].
struct AtLeast(Box<dyn Controller>);

impl Controller for AtLeast {
    fn on_sent(&mut self, now: Instant, bytes: u64, last_packet_number: u64) {
        self.0.on_sent(now, bytes, last_packet_number);
    }

    fn on_ack(&mut self, now: Instant, sent: Instant, bytes: u64, app_limited: bool, rtt: &RttEstimator) {
        self.0.on_ack(now, sent, bytes, app_limited, rtt);
    }

    fn on_end_acks(
        &mut self,
        now: Instant,
        in_flight: u64,
        app_limited: bool,
        largest_packet_num_acked: Option<u64>,
    ) {
        self.0
            .on_end_acks(now, in_flight, app_limited, largest_packet_num_acked);
    }

    fn on_congestion_event(
        &mut self,
        now: Instant,
        sent: Instant,
        is_persistent_congestion: bool,
        lost_bytes: u64,
    ) {
        self.0
            .on_congestion_event(now, sent, is_persistent_congestion, lost_bytes);
    }

    fn on_mtu_update(&mut self, new_mtu: u16) {
        self.0.on_mtu_update(new_mtu);
    }

    fn window(&self) -> u64 {
        self.0.window().max(LEAST_BYTES)
    }

    fn metrics(&self) -> ControllerMetrics {
        let mut metrics = self.0.metrics();
        metrics.congestion_window = self.window();
        metrics
    }

    fn clone_box(&self) -> Box<dyn Controller> {
        Box::new(Self(self.0.clone_box()))
    }

    fn initial_window(&self) -> u64 {
        self.0.initial_window()
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn whatever_is_lost_ten_packets_may_be_in_flight() {
        #[allow(clippy::disallowed_methods, reason = "any moment does")]
        let start = Instant::now();
        let mut window = Windows::new().build(start, 1_200);
        let at_first = window.window();
        assert!(at_first >= LEAST_BYTES, "{at_first}");
        for round in 1..20 {
            let now = start + Duration::from_secs(round);
            window.on_congestion_event(now, now, true, 2_400);
        }
        assert_eq!(window.window(), LEAST_BYTES);
        assert_eq!(window.clone_box().window(), LEAST_BYTES);
    }
}
