//! What is refused on the machine itself: settings, key files, a second process, escapes in words.

use std::{fs, os::unix::fs::PermissionsExt as _};

use hotline_core::words::Rung;
use hotline_tests::{AVELIA, BORENIA, Line, traffic::Sender, verb::word};

use super::{PROGRAM, holder};

#[tokio::test(flavor = "current_thread")]
async fn broken_settings_end_with_3_and_name_file_key_value_and_one_that_would_work() {
    let line = Line::prepared(PROGRAM);
    let relay = line.stage.sides[AVELIA].relay.config.clone();
    let desk = line.stage.sides[AVELIA].desk.clone();
    let quic = line.stage.sides[AVELIA].relay.quic.to_string();
    for (file, verb, key, from, to) in [
        (&relay, ["relay", "run"], "listen.quic", quic.as_str(), "north"),
        (
            &relay,
            ["relay", "run"],
            "identity",
            "/relay/north",
            "/desk/north",
        ),
        (&relay, ["relay", "run"], "tls.key", "tls.key", "lost.key"),
        (
            &relay,
            ["relay", "run"],
            "ledger",
            "relay.ledger",
            "nowhere/relay.ledger",
        ),
        (
            &desk,
            ["desk", "run"],
            "identity",
            "/desk/ops\"\n",
            "/desk/OPS\"\n",
        ),
        (&desk, ["desk", "status"], "peer", "exercise.borenia", "borenia"),
        (
            &desk,
            ["desk", "send"],
            "statement_key",
            "statement.key",
            "lost.key",
        ),
        (&desk, ["desk", "inbox"], "trust", "../../trust", "../trust"),
    ] {
        let whole = fs::read_to_string(file).unwrap();
        let at = whole.find(key.rsplit('.').next().unwrap()).unwrap_or(0);
        let (head, tail) = whole.split_at(at);
        let broken = format!("{head}{}", tail.replacen(from, to, 1));
        assert_ne!(broken, whole, "{key}: {from} is not in {}", file.display());
        fs::write(file, broken).unwrap();
        let config = word(file);
        let mut words = vec![verb[0], verb[1], "--config", &config];
        if verb[1] == "send" {
            words.push("words");
        }
        let said = line.run(&words).await.ended(3);
        for part in [
            config.as_str(),
            key,
            to.trim().trim_end_matches('"'),
            "for example",
        ] {
            assert!(
                said.err.contains(part),
                "{key}: {part:?} is missing in {}",
                said.err
            );
        }
        fs::write(file, whole).unwrap();
    }
    let missing = word(&line.folder().join("missing.toml"));
    let said = line.run(&["relay", "run", "--config", &missing]).await.ended(3);
    assert!(said.err.contains(&missing), "{}", said.err);
}

#[tokio::test(flavor = "current_thread")]
async fn a_key_that_others_can_read_ends_with_4_and_says_chmod_600() {
    let line = Line::prepared(PROGRAM);
    let relay = line.stage.sides[AVELIA].relay.config.clone();
    let desk = line.stage.sides[AVELIA].desk.clone();
    for (config, verb, key) in [
        (&relay, ["relay", "run"], "tls.key"),
        (&relay, ["relay", "run"], "log.key"),
        (&desk, ["desk", "run"], "tls.key"),
        (&desk, ["desk", "run"], "statement.key"),
        (&desk, ["desk", "status"], "log.key"),
    ] {
        let file = config.with_file_name(key);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let said = line
            .run(&[verb[0], verb[1], "--config", &word(config)])
            .await
            .ended(4);
        let advice = format!("chmod 600 {}", word(&file));
        assert!(
            said.err.contains(&advice),
            "{advice:?} is missing in {}",
            said.err
        );
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let officer = holder(&line, AVELIA, "officer/lindqvist/officer.key");
    fs::set_permissions(&officer, fs::Permissions::from_mode(0o640)).unwrap();
    let said = line
        .desk_plain(AVELIA, "send", &["--officer", "lindqvist", "words"])
        .await
        .ended(4);
    assert!(said.err.contains("chmod 600"), "{}", said.err);
}

#[tokio::test(flavor = "current_thread")]
async fn a_second_process_on_one_ledger_is_refused_and_told_why() {
    let line = Line::open(PROGRAM).await;
    let relay = word(&line.stage.sides[AVELIA].relay.config);
    let said = line.run(&["relay", "run", "--config", &relay]).await.ended(1);
    assert!(
        said.err.contains("relay.ledger") && said.err.contains("another process"),
        "{}",
        said.err
    );
    let desk = line.stage.sides[AVELIA].desk.clone();
    let said = line
        .run(&["desk", "run", "--config", &word(&desk), "--unattended"])
        .await
        .ended(1);
    assert!(said.err.contains("another station"), "{}", said.err);
    // Even one that does not see the other's socket.
    let settings = fs::read_to_string(&desk)
        .unwrap()
        .replace("desk.sock", "other.sock");
    let other = desk.with_file_name("other.toml");
    fs::write(&other, settings).unwrap();
    let said = line
        .run(&["desk", "status", "--config", &word(&other)])
        .await
        .ended(1);
    assert!(
        said.err.contains("desk.ledger") && said.err.contains("another process"),
        "{}",
        said.err
    );
    // The first ones never noticed.
    line.whole().await;
    let sent = Sender::at(&line, AVELIA).await.send("Still here.").await;
    line.until(AVELIA, &sent.sha256, Rung::Delivered).await;
}

#[tokio::test(flavor = "current_thread")]
async fn terminal_escapes_in_a_message_are_inert_on_screen_and_exact_in_json() {
    let line = Line::open(PROGRAM).await;
    let hostile =
        "Nothing\u{1b}[2J\u{1b}]0;title\u{7} \u{202e}evil\u{202c} \u{200b}here\u{9b}31m\rgone <b>&amp;</b>";
    let sent = line
        .desk(AVELIA, "send", &["--wait", "delivered", hostile])
        .await
        .ended(0)
        .message();
    assert_eq!(sent.text, hostile);
    for side in [AVELIA, BORENIA] {
        for verb in [&["inbox"][..], &["show", &sent.name]] {
            let said = line.desk_plain(side, verb[0], &verb[1..]).await.ended(0);
            let (out, text) = (&said.out, said.text());
            for byte in [0x1b_u8, 0x07, 0x0d] {
                assert!(!out.contains(&byte), "{byte:#x} in {verb:?}: {text}");
            }
            for character in ['\u{202e}', '\u{202c}', '\u{200b}', '\u{9b}'] {
                assert!(!text.contains(character), "{character:?} in {verb:?}: {text}");
            }
            if verb[0] == "show" {
                assert!(
                    text.contains("cannot be seen are marked") && text.contains("evil"),
                    "{text}"
                );
            }
        }
        let view = line.desk(side, "show", &[&sent.name]).await.ended(0);
        assert!(!view.out.contains(&0x1b), "an escape in the JSON itself");
        let view = view.message();
        assert_eq!(view.text, hostile);
        assert!(
            view.marked >= 8 && !view.shown_text.contains('\u{1b}'),
            "{view:#?}"
        );
    }
}
