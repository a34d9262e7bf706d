//! Crowds: stalled streams, strangers without an address, many at once.

use bytes::{Buf, BufMut, Bytes};
use futures_util::StreamExt;
use hotline_core::leg::Door;
use hotline_transport::ListenLimits;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

use crate::pki::order;
use crate::stage::{A_NORTH, B_OPS, Stage, eventually, soon};

/// Messages of raw bytes.
#[derive(Debug, Clone, Default)]
struct RawBytes;

impl Codec for RawBytes {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for RawBytes {
    type Item = Bytes;
    type Error = tonic::Status;

    fn encode(&mut self, item: Bytes, into: &mut EncodeBuf<'_>) -> Result<(), tonic::Status> {
        into.put(item);
        Ok(())
    }
}

impl Decoder for RawBytes {
    type Item = Bytes;
    type Error = tonic::Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, tonic::Status> {
        let length = from.remaining();
        Ok(Some(from.copy_to_bytes(length)))
    }
}

#[tokio::test]
async fn streams_that_nobody_reads_do_not_starve_the_others() {
    let stage = Stage::new();
    let relay = stage.relay().await;
    for door in Door::ALL {
        let held = relay.dialled_by(&stage.desk(), door).await.unwrap();
        held.seen().await;
        for _ in 0..8 {
            let channel = held.lane.channel();
            stage.seams.spawner.spawn("uploader", async move {
                let mut grpc = tonic::client::Grpc::new(channel);
                grpc.ready().await.unwrap();
                let endless = futures_util::stream::repeat(Bytes::from(vec![7; 64 * 1024])).boxed();
                let path = http::uri::PathAndQuery::from_static("/mirror/wait");
                let _ = grpc.streaming(tonic::Request::new(endless), path, RawBytes).await;
            });
        }
        // While the uploads fill their windows, and long after, others must still pass.
        for _ in 0..20 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            let mut grpc = tonic::client::Grpc::new(held.lane.channel());
            grpc.ready().await.unwrap();
            let small = futures_util::stream::once(async { Bytes::from(vec![7; 1024]) });
            let path = http::uri::PathAndQuery::from_static("/mirror/read");
            let answer = soon(grpc.streaming(tonic::Request::new(small), path, RawBytes)).await;
            let answer = answer.unwrap_or_else(|error| panic!("{door}: {error}; {:?}", held.lane.ended()));
            assert!(answer.metadata().contains_key("x-peer"), "{door}");
        }
    }
}

#[tokio::test]
async fn in_a_crowd_a_quic_stranger_proves_its_address_first() {
    let stage = Stage::new();
    let limits = ListenLimits {
        prove_address_above: 0,
        ..ListenLimits::default()
    };
    let credentials = stage.a.credentials(&stage.seams, &order(A_NORTH));
    let relay = stage.relay_with(credentials, stage.trust(), limits).await;
    let held = relay.dialled_by(&stage.desk(), Door::Quic).await.unwrap();
    assert!(held.seen().await.starts_with(B_OPS));
}

#[tokio::test]
async fn stalled_strangers_fill_their_bound_and_the_last_one_is_told_off() {
    let stage = Stage::new();
    let limits = ListenLimits {
        handshakes: 4,
        ..ListenLimits::default()
    };
    let credentials = stage.a.credentials(&stage.seams, &order(A_NORTH));
    let relay = stage.relay_with(credentials, stage.trust(), limits).await;
    let mut stalled = Vec::new();
    for _ in 0..3 {
        stalled.push(tokio::net::TcpStream::connect(relay.doors.tcp).await.unwrap());
    }
    let noted = relay.noted().await;
    assert_eq!(
        (noted.kind(), noted.door),
        ("BUSY", Door::Tcp),
        "two of one address, the third is too many"
    );
    // The other door is not affected, and this one is free again when they leave.
    let held = relay.dialled_by(&stage.desk(), Door::Quic).await.unwrap();
    assert!(held.seen().await.starts_with(B_OPS));
    drop(stalled);
    let desk = stage.desk();
    let free_again = async {
        loop {
            let Ok(held) = relay.dialled_by(&desk, Door::Tcp).await else {
                continue;
            };
            if held.call("who").await.is_ok() {
                break;
            }
        }
    };
    soon(Box::pin(free_again)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_desks_at_once_all_get_in_at_both_doors() {
    let stage = Stage::new();
    let relay = stage.relay().await;
    let desks = (0..20_u64).map(|number| {
        let mut desk = order(B_OPS);
        desk.serial = 100 + number;
        let name: &'static str =
            Box::leak(format!("spiffe://exercise.borenia.example/desk/d{number}").into_boxed_str());
        desk.uris = vec![name];
        let (dialer, relay) = (stage.desk_with(&desk), &relay);
        async move {
            for door in Door::ALL {
                let held = relay.dialled_by(&dialer, door).await.unwrap();
                assert!(held.seen().await.starts_with(name));
            }
        }
    });
    tokio::time::timeout(
        std::time::Duration::from_secs(20),
        futures_util::future::join_all(desks),
    )
    .await
    .unwrap();
    assert_eq!(relay.refusals.total(), 0);
    eventually(|| relay.connections.list().is_empty().then_some(())).await;
}
