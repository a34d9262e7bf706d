//! Certificates that are not in order, at both doors.

use std::{fs, time::Duration};

use hotline_cli::pki::{
    self, Compared, KnownAnchors,
    example::{AVELIA as AVELIA_DECLARED, BORENIA as BORENIA_DECLARED},
    renew::{TlsKey, renew},
    revoke::revoke,
};
use hotline_core::{identity::Identity, leg::Door};
use hotline_tests::{
    AVELIA, BORENIA, Line,
    hand::{Counter, dialer, dialer_with},
    ledgers,
    wait::{PATIENCE, eventually},
};
use hotline_transport::By;

use super::{
    A_DAY_AND_MORE, PROGRAM, address, copy, credentials, entropy, holder, issued_by, other_side, refused_at,
    shifted, told_at,
};

#[tokio::test(flavor = "current_thread")]
async fn a_certificate_that_is_not_in_order_is_refused_at_both_doors_and_written_down() {
    let line = Line::with_relays(PROGRAM).await;
    let exercise = "exercise.borenia.example";
    let expired = holder(&line, BORENIA, "desk/ops");
    renew(
        &expired,
        TlsKey::Keep,
        shifted(&line, A_DAY_AND_MORE, false),
        &mut entropy(&line),
    )
    .unwrap();
    let early = holder(&line, AVELIA, "desk/ops");
    renew(
        &early,
        TlsKey::Keep,
        shifted(&line, Duration::from_secs(3600), true),
        &mut entropy(&line),
    )
    .unwrap();
    let table = [
        ("none", None, "NO_CERTIFICATE"),
        (
            "an unknown CA",
            Some(other_side(&line, BORENIA_DECLARED, exercise).join("desk/ops")),
            "UNKNOWN_ISSUER",
        ),
        ("expired", Some(expired), "EXPIRED"),
        ("not yet valid", Some(early), "NOT_YET_VALID"),
        (
            "an officer as a desk",
            Some(holder(&line, BORENIA, "officer/novak")),
            "WRONG_ROLE",
        ),
        (
            "a name of Avelia's from Borenia's CA",
            Some(issued_by(
                &line,
                BORENIA,
                "spiffe://exercise.avelia.example/desk/ops",
            )),
            "UNKNOWN_ISSUER",
        ),
        (
            "a domain nobody knows",
            Some(issued_by(
                &line,
                BORENIA,
                "spiffe://exercise.caldera.example/desk/ops",
            )),
            "UNKNOWN_DOMAIN",
        ),
    ];
    for (what, folder, kind) in table {
        for door in Door::ALL {
            let event = refused_at(&line, door, folder.as_deref()).await;
            assert_eq!(
                (event.kind.as_str(), event.door.as_str()),
                (kind, door.name()),
                "{what}: {event:#?}"
            );
            assert!(!event.sentence.is_empty(), "{what}");
            assert_eq!(
                event.certificate.is_empty(),
                folder.is_none(),
                "{what}: {event:#?}"
            );
        }
    }
    // Nobody of them left anything behind, and whoever is in order is still served.
    let relay = line.stage.sides[AVELIA]
        .relay
        .config
        .with_file_name("relay.ledger");
    assert!(ledgers::leaves_of_desks(&relay).is_empty());
}

#[tokio::test(flavor = "current_thread")]
async fn whoever_is_refused_is_told_by_whom_and_why_and_what_to_run() {
    let line = Line::with_relays(PROGRAM).await;
    let forged = other_side(&line, AVELIA_DECLARED, "exercise.avelia.example").join("desk/ops");
    let officer = holder(&line, AVELIA, "officer/okoye");
    for door in Door::ALL {
        let refusal = told_at(
            &line,
            door,
            &dialer_with(&line, AVELIA, credentials(&line, &forged)),
        )
        .await;
        assert_eq!(
            (refusal.by, refusal.kind()),
            (By::Peer, "UNKNOWN_ISSUER"),
            "{refusal}"
        );
        assert!(
            refusal
                .sentence()
                .contains("spiffe://exercise.avelia.example/desk/ops"),
            "{refusal}"
        );
        assert!(refusal.next_step().contains("hotline pki"), "{refusal}");
        let refusal = told_at(
            &line,
            door,
            &dialer_with(&line, AVELIA, credentials(&line, &officer)),
        )
        .await;
        assert_eq!(refusal.by, By::Peer, "{refusal}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_desk_with_an_expired_certificate_tells_its_people_who_refused_whom_and_when_it_ended() {
    let mut line = Line::with_relays(PROGRAM).await;
    let desk = holder(&line, BORENIA, "desk/ops");
    line.stage.start_desk(BORENIA).await.unwrap();
    line.stage.legs_up(BORENIA, 4).await.unwrap();
    line.stage.kill_desk(BORENIA).await.unwrap();
    renew(
        &desk,
        TlsKey::Keep,
        shifted(&line, A_DAY_AND_MORE, false),
        &mut entropy(&line),
    )
    .unwrap();
    let said = line.desk_plain(BORENIA, "status", &[]).await;
    let (said, ended) = (
        said.ended(5).text(),
        shifted(&line, Duration::from_secs(3600), false),
    );
    let day = &ended.rfc3339()[..10];
    for words in [
        "refused our certificate",
        "spiffe://exercise.borenia.example/desk/ops",
        "expired",
        day,
        "hotline pki",
    ] {
        assert!(said.contains(words), "{words:?} is missing in:\n{said}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn the_other_sides_ca_cannot_make_a_relay_of_ours() {
    let mut line = Line::prepared(PROGRAM);
    // Borenia's CA issues the name of Avelia's relay, and somebody serves with it.
    let identity = "spiffe://exercise.avelia.example/relay/north";
    let forged = issued_by(&line, BORENIA, identity);
    let honest = holder(&line, AVELIA, "relay/north");
    for name in ["tls.crt", "tls.key"] {
        fs::copy(forged.join(name), honest.join(name)).unwrap();
    }
    let ready = line.stage.start_relay("north").await.unwrap();
    assert_eq!(ready["relay"], identity);
    let dialer = dialer(&line, AVELIA);
    for door in Door::ALL {
        let refusal = told_at(&line, door, &dialer).await;
        assert_eq!(
            (refusal.by, refusal.kind()),
            (By::Ours, "UNKNOWN_ISSUER"),
            "{refusal}"
        );
    }
    line.stage.start_desk(AVELIA).await.unwrap();
    let why = eventually("the desk has tried", PATIENCE, async || {
        let status = line.status(AVELIA).await;
        let why = status.legs["north/quic"].why.clone();
        (why != "not tried yet").then_some(why)
    })
    .await;
    assert!(why.starts_with("refused: "), "{why}");
}

#[tokio::test(flavor = "current_thread")]
async fn exercise_and_operation_never_complete_a_handshake() {
    let mut line = Line::prepared(PROGRAM);
    // The worst that people can do: every trust folder of the exercise holds both CAs of the operation too.
    let operation = [
        other_side(&line, AVELIA_DECLARED, "avelia.example"),
        other_side(&line, BORENIA_DECLARED, "borenia.example"),
    ];
    for (folder, domain) in operation.iter().zip(["avelia.example", "borenia.example"]) {
        for side in [AVELIA, BORENIA] {
            copy(
                &folder.join("trust").join(domain),
                &line.stage.trust(side).join(domain),
            );
        }
    }
    line.stage.start_relay("north").await.unwrap();
    let [avelia, borenia] = &operation;
    for door in Door::ALL {
        // An OPERATION desk calls an EXERCISE relay, of its own side and of the other.
        for desk in [avelia.join("desk/ops"), borenia.join("desk/ops")] {
            let event = refused_at(&line, door, Some(&desk)).await;
            assert_eq!(event.kind, "WRONG_WORLD", "{event:#?}");
            let refusal = told_at(
                &line,
                door,
                &dialer_with(&line, AVELIA, credentials(&line, &desk)),
            )
            .await;
            assert_eq!(
                (refusal.by, refusal.kind()),
                (By::Ours, "WRONG_WORLD"),
                "{refusal}"
            );
        }
        // And an OPERATION relay is no caller either.
        let event = refused_at(&line, door, Some(&avelia.join("relay/north"))).await;
        assert!(
            ["WRONG_WORLD", "WRONG_ROLE"].contains(&event.kind.as_str()),
            "{event:#?}"
        );
    }
    line.stage.kill_relay("north").await.unwrap();

    // The other way round: an OPERATION relay serves at north's doors, and EXERCISE desks call.
    let place = holder(&line, AVELIA, "relay/north");
    let settings = fs::read_to_string(place.join("relay.toml")).unwrap();
    let settings = settings.replace("spiffe://exercise.avelia.example/", "spiffe://avelia.example/");
    fs::write(place.join("relay.toml"), settings).unwrap();
    for name in ["tls.crt", "tls.key", "log.key"] {
        fs::copy(avelia.join("relay/north").join(name), place.join(name)).unwrap();
    }
    // Its own ledger is another one than the exercise's.
    for left in [
        "relay.ledger",
        "relay.ledger-wal",
        "relay.ledger-shm",
        "relay.ledger-fence",
    ] {
        let _ = fs::remove_file(place.join(left));
    }
    let ready = line.stage.start_relay("north").await.unwrap();
    assert_eq!(ready["relay"], "spiffe://avelia.example/relay/north");
    let expected: Identity = "spiffe://avelia.example/relay/north".parse().unwrap();
    for door in Door::ALL {
        for side in [AVELIA, BORENIA] {
            let answer = dialer(&line, side)
                .preflight(door, address(&line, AVELIA, door), &expected)
                .await;
            let refusal = answer.expect_err("EXERCISE was let in by OPERATION");
            assert_eq!(
                (refusal.by, refusal.kind()),
                (By::Ours, "WRONG_WORLD"),
                "{refusal}"
            );
            // A caller that checks nothing is refused by the relay itself.
            let event = refused_at(&line, door, Some(&holder(&line, side, "desk/ops"))).await;
            assert_eq!(event.kind, "WRONG_WORLD", "{event:#?}");
        }
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_revoked_desk_is_refused_at_the_next_handshake() {
    let mut line = Line::with_relays(PROGRAM).await;
    let desk = holder(&line, BORENIA, "desk/ops");
    for door in Door::ALL {
        assert!(
            Counter::open(&line, &dialer(&line, BORENIA), AVELIA, door)
                .await
                .is_ok()
        );
    }
    let now = line.seams.clock.wall();
    let folder = line.stage.sides[BORENIA].folder.clone();
    revoke(
        &folder,
        "desk/ops",
        "the desk was stolen",
        now,
        &mut entropy(&line),
    )
    .unwrap();
    let file = line.folder().join("borenia-again.trust");
    pki::export(&folder, &file, now).unwrap();
    let ours = line.stage.sides[AVELIA].folder.clone();
    pki::trust(&ours, &file, &Compared::Vouched, KnownAnchors::Keep, now).unwrap();
    line.stage.kill_relay("north").await.unwrap();
    line.stage.start_relay("north").await.unwrap();
    for door in Door::ALL {
        let event = refused_at(&line, door, Some(&desk)).await;
        assert_eq!(event.kind, "REVOKED", "{event:#?}");
        let refusal = told_at(
            &line,
            door,
            &dialer_with(&line, AVELIA, credentials(&line, &desk)),
        )
        .await;
        assert_eq!((refusal.by, refusal.kind()), (By::Peer, "REVOKED"), "{refusal}");
    }
}
