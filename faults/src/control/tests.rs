//! What a control socket promises.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::net::SocketAddr;

use super::*;
use crate::live::{Listen, Proxy};

async fn rig() -> Arc<Rig> {
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let mut rig = Rig::new();
    rig.insert("udp", Proxy::start(Listen::Udp(any), any, 1).await.unwrap());
    Arc::new(rig)
}

fn add(name: &str, kind: &str, parameters: &[(&str, &str)]) -> Request {
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    Request::Add {
        name: name.into(),
        kind: kind.into(),
        parameters: parameters.iter().map(owned).collect(),
        direction: "both".into(),
        link: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_come_and_go_by_the_socket_that_only_its_user_may_use() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rig.sock");
    let rig = rig().await;
    let bound = bind(&path).unwrap();
    let server = tokio::spawn(serve(Arc::clone(&rig), bound));
    let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let asked = |request: Request| {
        let path = path.clone();
        tokio::task::spawn_blocking(move || ask(&path, &request).unwrap())
    };
    let done = asked(add("slow", "latency", &[("ms", "100")])).await.unwrap();
    let what = "latency delay=100ms".to_owned();
    assert_eq!(
        done,
        Answer::Done {
            what,
            links: vec!["udp".into()]
        }
    );
    let Answer::Links { links } = asked(Request::List).await.unwrap() else {
        panic!()
    };
    assert_eq!(links[0].faults[0].name, "slow");
    let refused = asked(add("r", "reset_peer", &[])).await.unwrap();
    assert!(
        matches!(&refused, Answer::Refused { what } if what.contains("udp")),
        "{refused:?}"
    );
    assert!(bind(&path).is_err(), "a second rig");
    asked(Request::Remove { name: "slow".into() }).await.unwrap();
    assert!(rig.link("udp").unwrap().list().is_empty());
    server.abort();
    let _ = server.await;
    assert!(!path.exists());
}

#[tokio::test]
async fn what_is_no_request_or_no_fault_is_refused_and_changes_nothing() {
    let rig = rig().await;
    for (request, part) in [
        (add("a", "lateness", &[]), "no fault"),
        (add("a", "loss", &[("share", "30")]), "30%"),
        (Request::Remove { name: "a".into() }, "none is in force"),
    ] {
        let said = answer(&rig, request);
        assert!(
            matches!(&said, Answer::Refused { what } if what.contains(part)),
            "{said:?}"
        );
    }
    assert!(serde_json::from_str::<Request>("{\"verb\":\"reboot\"}").is_err());
}

#[test]
fn a_name_is_a_file_name_and_nothing_else() {
    for name in ["north-quic", "a", "7001", "a.b_c"] {
        check_name(name).unwrap();
    }
    for name in ["", "../x", ".hidden", "a b", "ä", &"x".repeat(41)] {
        assert!(check_name(name).is_err(), "{name}");
    }
}
