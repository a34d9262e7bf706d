//! The floor, with real sockets, certificates, files and syncs; only its server runs in a task.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use super::*;

/// The server in a task, everything else real: certificates, sockets, file and sync.
async fn ready(folder: &Path) -> (Floor, JoinHandle<Result<(), FloorError>>) {
    let seams = Seams::system();
    let sides = Sides::make(folder, &seams).unwrap();
    let authorities = [sides.avelia.authority(), sides.borenia.authority()];
    let config = tls::server(&tls::Pair::of(&sides.avelia.relay_folder()), &authorities).unwrap();
    let file = disk::make(&folder.join(FILE)).unwrap();
    let endpoint = server::listen(config).unwrap();
    let address = endpoint.local_addr().unwrap();
    let serving = tokio::spawn(async move { server::run(&endpoint, file).await });
    (Floor::connect(address, &sides, &seams).await.unwrap(), serving)
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_messages_are_on_disk_before_b_answers_them_and_the_server_ends_with_its_ends() {
    let folder = tempfile::tempdir().unwrap();
    let (mut floor, serving) = ready(folder.path()).await;
    for number in 1..=50_u64 {
        assert!(floor.one().await.unwrap() > Duration::ZERO);
        let kept = std::fs::read(folder.path().join(FILE)).unwrap();
        let at = usize::try_from(number - 1).unwrap() * message(number).len();
        assert!(kept[at..].starts_with(&message(number)), "message {number}");
    }
    floor.close().await.unwrap();
    serving.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_in_flight_all_come_back_and_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (mut floor, _serving) = ready(folder.path()).await;
    let passed = floor
        .window(16, Duration::from_millis(20), Duration::from_millis(100))
        .await
        .unwrap();
    assert!(
        passed.messages > 0 && passed.time >= Duration::from_millis(100),
        "{passed:?}"
    );
    floor.one().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_of_an_unknown_ca_is_not_served() {
    let (folder, strangers) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let seams = Seams::system();
    let ours = Sides::make(folder.path(), &seams).unwrap();
    let theirs = Sides::make(strangers.path(), &seams).unwrap();
    let config = tls::server(
        &tls::Pair::of(&ours.avelia.relay_folder()),
        &[ours.avelia.authority()],
    )
    .unwrap();
    let file = disk::make(&folder.path().join(FILE)).unwrap();
    let endpoint = server::listen(config).unwrap();
    let address = endpoint.local_addr().unwrap();
    let serving = tokio::spawn(async move { server::run(&endpoint, file).await });
    let authority = ours.avelia.authority();
    assert!(
        End::connect(address, &theirs.avelia, &authority, frame::HELLO_A)
            .await
            .is_err()
    );
    assert!(serving.await.unwrap().is_err());
}
