//! What a proxy promises about connections.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::*;

/// A client, a proxy, and a far end, connected.
struct Stream {
    near: TcpStream,
    proxy: Proxy,
    far: TcpStream,
    listener: TcpListener,
}

impl Stream {
    async fn new() -> Self {
        let listener = TcpListener::bind(any()).await.unwrap();
        let to = listener.local_addr().unwrap();
        let proxy = Proxy::start(Listen::Tcp(any()), to, 1).await.unwrap();
        let near = TcpStream::connect(proxy.local_addr()).await.unwrap();
        let (far, _) = soon(listener.accept()).await.unwrap();
        Self {
            near,
            proxy,
            far,
            listener,
        }
    }

    async fn passes(&mut self, what: &[u8]) {
        self.near.write_all(what).await.unwrap();
        let mut bytes = vec![0; what.len()];
        soon(self.far.read_exact(&mut bytes)).await.unwrap();
        assert_eq!(bytes, what);
    }

    async fn nothing_comes(&mut self) {
        let mut byte = [0];
        let came = tokio::time::timeout(A_WHILE, self.far.read(&mut byte)).await;
        assert!(came.is_err(), "{came:?}");
    }
}

fn numbers(count: usize) -> Vec<u8> {
    (0..count).map(|n| (n % 251) as u8).collect()
}

#[tokio::test]
async fn bytes_pass_whole_and_in_order_whatever_is_lost_and_late() {
    let mut line = Stream::new().await;
    let jitter = Fault::Jitter { by: ms(5) };
    line.proxy.add("shaky", jitter, Direction::Both).unwrap();
    line.proxy
        .add("loss", Fault::Loss { share: 0.02 }, Direction::Both)
        .unwrap();
    let reorder = Fault::Reorder {
        share: 0.1,
        by: ms(5),
    };
    line.proxy.add("detours", reorder, Direction::Both).unwrap();
    let sent = numbers(400_000);
    let (mut reader, mut writer) = line.near.split();
    let mut came = vec![0; sent.len()];
    let mut back = [0; 4];
    soon(async {
        let send = async { writer.write_all(&sent).await.unwrap() };
        let take = async {
            line.far.read_exact(&mut came).await.unwrap();
            line.far.write_all(b"done").await.unwrap();
            line.far.shutdown().await.unwrap();
        };
        let wait = async { reader.read_exact(&mut back).await.unwrap() };
        tokio::join!(send, take, wait);
    })
    .await;
    assert_eq!(came, sent);
    assert!(line.proxy.stats().up.retransmitted > 0);
}

#[tokio::test]
async fn a_cut_leaves_the_connection_half_open_and_what_was_written_passes_when_it_heals() {
    let mut line = Stream::new().await;
    line.passes(b"before").await;
    line.proxy.add("away", Fault::Cut, Direction::Up).unwrap();
    line.near.write_all(b"during").await.unwrap();
    line.nothing_comes().await;
    line.far.write_all(b"back").await.unwrap();
    let mut bytes = [0; 4];
    soon(line.near.read_exact(&mut bytes)).await.unwrap();
    line.proxy.remove("away").unwrap();
    let mut bytes = [0; 6];
    soon(line.far.read_exact(&mut bytes)).await.unwrap();
    assert_eq!(&bytes, b"during");
}

#[tokio::test]
async fn the_far_end_of_a_cut_link_does_not_learn_that_the_near_one_is_gone() {
    let mut line = Stream::new().await;
    line.passes(b"before").await;
    line.proxy.add("away", Fault::Partition, Direction::Both).unwrap();
    line.near.set_zero_linger().unwrap();
    drop(line.near);
    let mut byte = [0];
    let came = tokio::time::timeout(A_WHILE, line.far.read(&mut byte)).await;
    assert!(came.is_err(), "{came:?}");
    line.proxy.remove("away").unwrap();
    let told = soon(line.far.read(&mut byte)).await;
    assert_eq!(told.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_new_connection_waits_while_the_link_is_cut() {
    let line = Stream::new().await;
    line.proxy.add("away", Fault::Cut, Direction::Down).unwrap();
    let mut late = TcpStream::connect(line.proxy.local_addr()).await.unwrap();
    late.write_all(b"hello").await.unwrap();
    let accepted = tokio::time::timeout(A_WHILE, line.listener.accept()).await;
    assert!(accepted.is_err());
    line.proxy.remove("away").unwrap();
    let (mut far, _) = soon(line.listener.accept()).await.unwrap();
    let mut bytes = [0; 5];
    soon(far.read_exact(&mut bytes)).await.unwrap();
    assert_eq!(&bytes, b"hello");
}

#[tokio::test]
async fn a_dial_whose_client_went_away_gives_its_place_back_and_does_not_come_when_the_link_heals() {
    let line = Stream::new().await;
    line.proxy.add("away", Fault::Cut, Direction::Both).unwrap();
    for _ in 0..3 {
        let mut hello = TcpStream::connect(line.proxy.local_addr()).await.unwrap();
        hello.write_all(b"hello").await.unwrap();
        soon(async {
            while line.proxy.stats().clients < 2 {
                tokio::time::sleep(ms(5)).await;
            }
        })
        .await;
    }
    soon(async {
        // The connection that was there before stays: half-open.
        while line.proxy.stats().clients > 1 {
            tokio::time::sleep(ms(20)).await;
        }
    })
    .await;
    line.proxy.remove("away").unwrap();
    let ghost = tokio::time::timeout(A_WHILE, line.listener.accept()).await;
    assert!(ghost.is_err(), "{ghost:?}");
}

#[tokio::test]
async fn a_reset_reaches_both_ends_and_new_connections_while_it_stands() {
    let mut line = Stream::new().await;
    line.passes(b"before").await;
    let after = Duration::ZERO;
    line.proxy
        .add("reset", Fault::ResetPeer { after }, Direction::Both)
        .unwrap();
    let mut byte = [0];
    for end in [&mut line.near, &mut line.far] {
        let told = soon(end.read(&mut byte)).await;
        assert_eq!(told.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    }
    let mut again = TcpStream::connect(line.proxy.local_addr()).await.unwrap();
    assert!(soon(again.read(&mut byte)).await.is_err());
    line.proxy.remove("reset").unwrap();
    let _near = TcpStream::connect(line.proxy.local_addr()).await.unwrap();
    soon(line.listener.accept()).await.unwrap();
}

#[tokio::test]
async fn a_link_that_is_down_resets_who_is_there_and_who_comes() {
    let mut line = Stream::new().await;
    line.proxy.add("off", Fault::Down, Direction::Both).unwrap();
    let mut byte = [0];
    assert!(soon(line.near.read(&mut byte)).await.is_err());
    let mut again = TcpStream::connect(line.proxy.local_addr()).await.unwrap();
    assert!(soon(again.read(&mut byte)).await.is_err());
    assert_eq!(line.proxy.remove("off").unwrap().fault, Fault::Down);
}

#[tokio::test]
async fn a_timeout_passes_nothing_and_then_closes() {
    let mut line = Stream::new().await;
    let after = ms(300);
    line.proxy
        .add("mute", Fault::Timeout { after }, Direction::Both)
        .unwrap();
    let begun = line.proxy.now();
    line.far.write_all(b"unheard").await.unwrap();
    let mut bytes = Vec::new();
    let closed = soon(line.near.read_to_end(&mut bytes)).await;
    assert!(closed.is_ok() && bytes.is_empty(), "{closed:?} {bytes:?}");
    assert!(line.proxy.now() - begun >= after);
}

#[tokio::test]
async fn a_hold_keeps_what_would_arrive_and_lets_it_go_in_order() {
    let mut line = Stream::new().await;
    line.proxy
        .add("kept", Fault::Hold { bytes: 1 << 20 }, Direction::Up)
        .unwrap();
    let sent = numbers(20_000);
    line.near.write_all(&sent).await.unwrap();
    line.nothing_comes().await;
    line.proxy.remove("kept").unwrap();
    let mut came = vec![0; sent.len()];
    soon(line.far.read_exact(&mut came)).await.unwrap();
    assert_eq!(came, sent);
}

#[tokio::test]
async fn a_hold_keeps_no_more_of_a_stream_than_it_may_and_the_sender_waits() {
    let mut line = Stream::new().await;
    let hold = Fault::Hold { bytes: 5_000 };
    line.proxy.add("kept", hold, Direction::Up).unwrap();
    let sent = numbers(20_000);
    line.near.write_all(&sent).await.unwrap();
    line.nothing_comes().await;
    let stats = line.proxy.stats().up;
    assert_eq!((stats.bytes_in, stats.held_bytes), (5_000, 5_000));
    line.proxy.remove("kept").unwrap();
    let mut came = vec![0; sent.len()];
    soon(line.far.read_exact(&mut came)).await.unwrap();
    assert_eq!(came, sent);
    assert_eq!(line.proxy.stats().up.held_bytes, 0);
}

#[tokio::test]
async fn a_sender_before_a_cut_link_is_stopped_at_a_bound_and_nothing_is_lost() {
    let mut line = Stream::new().await;
    line.proxy.add("away", Fault::Cut, Direction::Up).unwrap();
    let piece = numbers(64 * 1024);
    let mut sent = 0_usize;
    // Kernel buffers on both sides of the proxy take some; the proxy itself takes one segment.
    while let Ok(written) = tokio::time::timeout(A_WHILE, line.near.write(&piece)).await {
        sent += written.unwrap();
        assert!(sent < 64 << 20, "nothing stops the sender");
    }
    let stats = line.proxy.stats().up;
    assert!(stats.bytes_in <= SEGMENT_BYTES as u64, "{stats:?}");
    line.proxy.remove("away").unwrap();
    let mut came = vec![0; sent];
    soon(line.far.read_exact(&mut came)).await.unwrap();
}

#[tokio::test]
async fn an_end_in_order_passes_through_and_the_other_direction_goes_on() {
    let mut line = Stream::new().await;
    line.near.write_all(b"last words").await.unwrap();
    line.near.shutdown().await.unwrap();
    let mut bytes = Vec::new();
    soon(line.far.read_to_end(&mut bytes)).await.unwrap();
    assert_eq!(bytes, b"last words");
    line.far.write_all(b"answer").await.unwrap();
    line.far.shutdown().await.unwrap();
    let mut bytes = Vec::new();
    soon(line.near.read_to_end(&mut bytes)).await.unwrap();
    assert_eq!(bytes, b"answer");
}

#[tokio::test]
async fn nobody_listening_behind_the_proxy_is_told_with_a_reset() {
    let closed = TcpListener::bind(any()).await.unwrap();
    let to = closed.local_addr().unwrap();
    drop(closed);
    let proxy = Proxy::start(Listen::Tcp(any()), to, 1).await.unwrap();
    let mut near = TcpStream::connect(proxy.local_addr()).await.unwrap();
    let mut byte = [0];
    assert!(soon(near.read(&mut byte)).await.is_err());
}
