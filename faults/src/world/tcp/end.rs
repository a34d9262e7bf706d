//! One end of a byte stream: what waits to be sent or acknowledged, what came, who waits for it.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::task::Waker;

use bytes::Bytes;

/// Most bytes of one segment.
const SEGMENT_BYTES: usize = 1400;
/// Segments that may be on their way at once.
const WINDOW_SEGMENTS: usize = 64;
/// Bytes a writer may leave waiting, and a reader may leave unread.
const BUFFER_BYTES: usize = 256 * 1024;
/// What is added to the round trip until a segment counts as lost: Linux's least time-out.
const TIMEOUT_MS: u64 = 200;
/// The longest time-out.
const TIMEOUT_MAX_MS: u64 = 4_000;
/// Silence after which the connection is broken.
const BROKEN_AFTER_MS: u64 = 15_000;
/// Repeated acknowledgements after which the first segment is sent again at once.
const REPEATED_ACKS: u32 = 3;

struct Segment {
    offset: u64,
    bytes: Bytes,
    last: bool,
    sent_ms: u64,
    again: bool,
}

impl Segment {
    /// The end of a stream takes one place, as in TCP.
    fn end(&self) -> u64 {
        self.offset + self.bytes.len() as u64 + u64::from(self.last)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Opening,
    Open,
    Broken(io::ErrorKind),
}

/// One end.
pub(in crate::world) struct End {
    standing: Standing,
    out: VecDeque<Segment>,
    /// Segments of `out` that were sent.
    sent: usize,
    offset: u64,
    waiting_bytes: usize,
    finished: bool,
    round_trip_ms: u64,
    timeout_ms: u64,
    generation: u64,
    armed: bool,
    /// Nothing was acknowledged in time: only the first segment is sent.
    stalled: bool,
    send_first_again: bool,
    progress_ms: u64,
    acks_repeated: u32,
    /// Everything below was on its way when a loss was noticed: until it is acknowledged, whatever comes first is
    /// missing, and is sent again at once (NewReno's partial acknowledgement).
    recover: u64,
    expected: u64,
    early: BTreeMap<u64, (Bytes, bool)>,
    ready: VecDeque<Bytes>,
    ready_bytes: usize,
    ended: bool,
    /// Whether somebody still holds the stream.
    pub(in crate::world) held: bool,
    pub(in crate::world) reader: Option<Waker>,
    pub(in crate::world) writer: Option<Waker>,
}

impl End {
    pub(in crate::world) fn opening(now_ms: u64) -> Self {
        Self::new(Standing::Opening, now_ms)
    }

    pub(in crate::world) fn open(now_ms: u64) -> Self {
        Self::new(Standing::Open, now_ms)
    }

    fn new(standing: Standing, now_ms: u64) -> Self {
        Self {
            standing,
            out: VecDeque::new(),
            sent: 0,
            offset: 0,
            waiting_bytes: 0,
            finished: false,
            round_trip_ms: 0,
            timeout_ms: TIMEOUT_MS,
            generation: 0,
            armed: false,
            stalled: false,
            send_first_again: false,
            progress_ms: now_ms,
            acks_repeated: 0,
            recover: 0,
            expected: 0,
            early: BTreeMap::new(),
            ready: VecDeque::new(),
            ready_bytes: 0,
            ended: false,
            held: true,
            reader: None,
            writer: None,
        }
    }

    pub(in crate::world) fn is_opening(&self) -> bool {
        self.standing == Standing::Opening
    }

    /// Both directions have ended in order.
    pub(in crate::world) fn is_over(&self) -> bool {
        self.finished && self.out.is_empty() && self.ended
    }

    pub(in crate::world) fn may_be_forgotten(&self) -> bool {
        let done = matches!(self.standing, Standing::Broken(_)) || (self.finished && self.out.is_empty());
        !self.held && done
    }

    pub(in crate::world) fn generation(&self) -> u64 {
        self.generation
    }

    pub(in crate::world) fn next_generation(&mut self) -> u64 {
        self.generation += 1;
        self.generation
    }

    pub(in crate::world) fn opened(&mut self) {
        if self.is_opening() {
            self.standing = Standing::Open;
            self.next_generation();
            self.wake();
        }
    }

    pub(in crate::world) fn breaks(&mut self, kind: io::ErrorKind) {
        if !matches!(self.standing, Standing::Broken(_)) {
            self.standing = Standing::Broken(kind);
            self.out.clear();
            self.sent = 0;
            self.next_generation();
        }
        self.wake();
    }

    fn wake(&mut self) {
        for waker in [self.reader.take(), self.writer.take()].into_iter().flatten() {
            waker.wake();
        }
    }

    /// Whether the stream is open; an error if it is broken.
    pub(in crate::world) fn check_open(&self) -> io::Result<bool> {
        match self.standing {
            Standing::Opening => Ok(false),
            Standing::Open => Ok(true),
            Standing::Broken(kind) => Err(kind.into()),
        }
    }

    // === sending ===

    /// Takes bytes to be sent: how many, or none if too many wait.
    pub(in crate::world) fn write(&mut self, bytes: &[u8]) -> io::Result<Option<usize>> {
        if let Standing::Broken(kind) = self.standing {
            return Err(kind.into());
        }
        if self.finished {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if self.waiting_bytes >= BUFFER_BYTES {
            return Ok(None);
        }
        let taken = bytes.len().min(BUFFER_BYTES);
        for chunk in bytes[..taken].chunks(SEGMENT_BYTES) {
            self.queue(Bytes::copy_from_slice(chunk), false);
        }
        Ok(Some(taken))
    }

    /// Ends this direction.
    pub(in crate::world) fn finish(&mut self) {
        if !self.finished && !matches!(self.standing, Standing::Broken(_)) {
            self.finished = true;
            self.queue(Bytes::new(), true);
        }
    }

    fn queue(&mut self, bytes: Bytes, last: bool) {
        self.waiting_bytes += bytes.len();
        let segment = Segment {
            offset: self.offset,
            bytes,
            last,
            sent_ms: 0,
            again: false,
        };
        self.offset = segment.end();
        self.out.push_back(segment);
    }

    /// The next segment to send now.
    pub(in crate::world) fn next_out(&mut self, now_ms: u64) -> Option<(u64, Bytes, bool)> {
        if self.standing != Standing::Open {
            return None;
        }
        let segment = if std::mem::take(&mut self.send_first_again) {
            let segment = self.out.front_mut()?;
            segment.again = true;
            segment
        } else {
            if self.stalled || self.sent >= WINDOW_SEGMENTS {
                return None;
            }
            let segment = self.out.get_mut(self.sent)?;
            self.sent += 1;
            segment.sent_ms = now_ms;
            segment
        };
        Some((segment.offset, segment.bytes.clone(), segment.last))
    }

    /// Arms the timer if something is on its way and none is armed: when it goes off, and its generation.
    pub(in crate::world) fn arm(&mut self, now_ms: u64) -> Option<(u64, u64)> {
        if self.armed || self.sent == 0 || self.standing != Standing::Open {
            return None;
        }
        self.armed = true;
        Some((now_ms + self.timeout_ms, self.next_generation()))
    }

    pub(in crate::world) fn timed_out(&mut self, now_ms: u64) {
        self.armed = false;
        if self.out.is_empty() {
            return;
        }
        if now_ms.saturating_sub(self.progress_ms) > BROKEN_AFTER_MS {
            self.breaks(io::ErrorKind::TimedOut);
            return;
        }
        self.stalled = true;
        self.loses();
        self.timeout_ms = (self.timeout_ms * 2).min(TIMEOUT_MAX_MS);
    }

    fn loses(&mut self) {
        self.send_first_again = true;
        if let Some(last) = self.sent.checked_sub(1).and_then(|last| self.out.get(last)) {
            self.recover = self.recover.max(last.end());
        }
    }

    pub(in crate::world) fn acknowledged(&mut self, upto: u64, now_ms: u64) {
        let mut any = false;
        while self.out.front().is_some_and(|segment| segment.end() <= upto) && self.sent > 0 {
            let Some(segment) = self.out.pop_front() else {
                break;
            };
            self.sent -= 1;
            self.waiting_bytes -= segment.bytes.len();
            any = true;
            // What waited behind a missing segment says nothing about the way.
            if !segment.again && segment.offset >= self.recover {
                let sample = now_ms.saturating_sub(segment.sent_ms);
                self.round_trip_ms = (self.round_trip_ms * 7 + sample) / 8;
            }
        }
        if any {
            self.progress_ms = now_ms;
            self.stalled = false;
            self.acks_repeated = 0;
            self.timeout_ms = self.round_trip_ms + TIMEOUT_MS;
            self.armed = false;
            self.next_generation();
            self.send_first_again = upto < self.recover && self.sent > 0;
            if let Some(writer) = self.writer.take() {
                writer.wake();
            }
        } else if self.sent > 0 {
            self.acks_repeated += 1;
            if self.acks_repeated == REPEATED_ACKS {
                self.loses();
            }
        }
        if self.out.is_empty() {
            self.progress_ms = now_ms;
        }
    }

    /// Notes that there was nothing to acknowledge until now.
    pub(in crate::world) fn begins_to_wait(&mut self, now_ms: u64) {
        if self.out.is_empty() {
            self.progress_ms = now_ms;
        }
    }

    // === receiving ===

    /// Takes a segment; what is acknowledged then, or none if nobody reads here any more.
    pub(in crate::world) fn take(&mut self, (offset, bytes, last): (u64, Bytes, bool)) -> Option<u64> {
        if !self.held && !last && offset >= self.expected {
            return None;
        }
        if self.ready_bytes < BUFFER_BYTES && offset >= self.expected {
            self.early.insert(offset, (bytes, last));
        }
        let mut any = false;
        while let Some((bytes, last)) = self.early.remove(&self.expected) {
            self.expected += bytes.len() as u64 + u64::from(last);
            self.ended |= last;
            self.ready_bytes += bytes.len();
            if !bytes.is_empty() {
                self.ready.push_back(bytes);
            }
            any = true;
        }
        if any && let Some(reader) = self.reader.take() {
            reader.wake();
        }
        Some(self.expected)
    }

    /// Reads into a buffer: how many bytes, 0 at the end, none if nothing came yet.
    pub(in crate::world) fn read(
        &mut self,
        room: usize,
        mut put: impl FnMut(&[u8]),
    ) -> io::Result<Option<usize>> {
        let mut count = 0;
        while count < room {
            let Some(first) = self.ready.front_mut() else {
                break;
            };
            let part = first.split_to(first.len().min(room - count));
            put(&part);
            count += part.len();
            if first.is_empty() {
                self.ready.pop_front();
            }
        }
        self.ready_bytes -= count;
        if count > 0 || room == 0 {
            return Ok(Some(count));
        }
        match self.standing {
            Standing::Broken(kind) => Err(kind.into()),
            Standing::Opening | Standing::Open if self.ended => Ok(Some(0)),
            Standing::Opening | Standing::Open => Ok(None),
        }
    }
}
