//! Export and trust.

use hotline_audit::SigningKey;

use super::*;
use crate::pki::refusal::TrustRefusal;
use crate::pki::revoke::revoke;
use crate::pki::trust::{Acquaintance, CharterStanding};
use crate::pki::trust_file::{HEAD, TrustFile, sealed};

/// Why a trust file was refused.
fn refusal(result: Result<Trusted, PkiError>) -> TrustRefusal {
    match result {
        Err(PkiError::Trust { reason, .. }) => reason,
        Err(other) => panic!("another error: {other}"),
        Ok(trusted) => panic!("trusted: {trusted:?}"),
    }
}

fn consents(folder: &Path, domain: &str) -> Vec<String> {
    let place = folder
        .join(layout::TRUST)
        .join(domain)
        .join(layout::CHARTER)
        .join("MINISTER");
    let mut names: Vec<_> = files_below(&place)
        .iter()
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    names.retain(|name| name.ends_with(".consent"));
    names
}

#[test]
fn both_sides_charters_merge_once_they_trust_each_other() {
    let sides = Sides::made();
    let trusted = sides.trust_them(&sides.their_export()).unwrap();
    assert_eq!(trusted.acquaintance, Acquaintance::New);
    assert_eq!(
        trusted.charters,
        [("MINISTER".to_owned(), CharterStanding::BothConsent)]
    );
    assert_eq!(
        consents(&sides.ours(), OURS),
        [format!("{OURS}.consent"), format!("{THEIRS}.consent")]
    );

    let ours = sides.file("avelia.trust");
    export(&sides.ours(), &ours, NOW).unwrap();
    let back = trust(
        &sides.theirs(),
        &ours,
        &Compared::Vouched,
        KnownAnchors::Keep,
        NOW,
    )
    .unwrap();
    assert_eq!(
        back.charters,
        [("MINISTER".to_owned(), CharterStanding::BothConsent)]
    );
    let terms = |folder: PathBuf, domain| {
        fs::read(
            folder
                .join(layout::TRUST)
                .join(domain)
                .join("charter/MINISTER/terms"),
        )
        .unwrap()
    };
    assert_eq!(terms(sides.ours(), OURS), terms(sides.theirs(), THEIRS));
}

#[test]
fn charters_that_differ_are_not_merged_and_the_term_is_named() {
    let sides = Sides::from(AVELIA, &BORENIA.replace("hours = \"always;", "hours = \"by day;"));
    let trusted = sides.trust_them(&sides.their_export()).unwrap();
    let error = trusted.first_difference().unwrap();
    assert_eq!((error.code(), error.exit_code()), ("HL-PKI-007", 4));
    assert!(error.to_string().contains("hours is \"always;"), "{error}");
    assert!(error.to_string().contains("\"by day;"), "{error}");
    assert_eq!(consents(&sides.ours(), OURS), [format!("{OURS}.consent")]);
}

#[test]
fn a_trust_file_that_was_changed_anywhere_is_refused() {
    let sides = Sides::made();
    let file = sides.their_export();
    let good = fs::read(&file).unwrap();
    let altered = sides.file("altered.trust");
    // Every 97th byte: lines of every part, base64 and names alike.
    for place in (0..good.len()).step_by(97) {
        let mut bytes = good.clone();
        bytes[place] ^= 1;
        fs::write(&altered, &bytes).unwrap();
        let refused = sides.trust_them(&altered).unwrap_err();
        assert!(
            ["HL-PKI-005", "HL-PKI-006"].contains(&refused.code()),
            "byte {place}: {refused}"
        );
    }
    for cut in [good.len() - 1, good.len() / 2, HEAD.len(), 0] {
        fs::write(&altered, &good[..cut]).unwrap();
        sides.trust_them(&altered).unwrap_err();
    }
    assert!(!sides.ours().join(layout::TRUST).join(THEIRS).exists());
    sides.trust_them(&file).unwrap();
}

/// Their trust file with parts exchanged, signed anew by their own root: what a careless or hostile side could send.
fn forged(sides: &Sides, change: impl FnOnce(&mut crate::pki::trust_file::Texts)) -> PathBuf {
    let text = fs::read_to_string(sides.their_export()).unwrap();
    let mut texts = TrustFile::parse(Path::new("good"), &text, NOW).unwrap().texts;
    change(&mut texts);
    let root: SigningKey = crate::pki::keys::signing_key(&sides.theirs().join(layout::ROOT_KEY)).unwrap();
    let file = sides.file("forged.trust");
    fs::write(&file, sealed(&texts, &root).unwrap()).unwrap();
    file
}

#[test]
fn a_trust_file_whose_parts_do_not_belong_together_is_refused() {
    let sides = Sides::made();
    let ours = |name: &str| fs::read_to_string(sides.ours().join(name)).unwrap();
    let part = |file: PathBuf| match refusal(sides.trust_them(&file)) {
        TrustRefusal::Inconsistent { part, .. } => part,
        other => panic!("{other}"),
    };
    assert_eq!(
        part(forged(&sides, |texts| texts.ca = ours("ca.crt"))),
        "the CA certificate"
    );
    assert_eq!(
        part(forged(&sides, |texts| texts.ca = ours("desk/ops/tls.crt"))),
        "the CA certificate"
    );
    assert_eq!(
        part(forged(&sides, |texts| texts.revocation_list = ours("crl.pem"))),
        "the revocation list"
    );
    assert_eq!(
        part(forged(&sides, |texts| texts.roster = ours("roster"))),
        "the roster"
    );
    assert_eq!(
        part(forged(&sides, |texts| texts.root = ours("root.pub"))),
        "the statement root"
    );
    assert_eq!(
        part(forged(&sides, |texts| texts.side = texts.side.replace(THEIRS, OURS))),
        "the side file"
    );
    assert_eq!(
        part(forged(&sides, |texts| texts.domain = OURS.into())),
        "the statement root"
    );
}

#[test]
fn a_channel_that_is_a_path_writes_nothing_outside() {
    let sides = Sides::made();
    let file = forged(&sides, |texts| {
        texts.rename_channel("MINISTER", "../../../../escaped");
    });
    assert!(matches!(
        refusal(sides.trust_them(&file)),
        TrustRefusal::Inconsistent {
            part: "a charter",
            ..
        }
    ));
}

#[test]
fn our_own_file_and_that_of_the_other_world_are_refused() {
    let sides = Sides::made();
    let own = sides.file("avelia.trust");
    export(&sides.ours(), &own, NOW).unwrap();
    assert!(matches!(
        refusal(sides.trust_them(&own)),
        TrustRefusal::OwnDomain { .. }
    ));

    let real = Declaration::parse(BORENIA, "borenia.toml")
        .unwrap()
        .only("borenia.example")
        .unwrap();
    init(&real, sides.place.path(), NOW, &mut entropy).unwrap();
    let file = sides.file("operation.trust");
    export(&sides.file("borenia.example"), &file, NOW).unwrap();
    let reason = refusal(sides.trust_them(&file));
    assert!(matches!(reason, TrustRefusal::OtherWorld { .. }), "{reason}");
    assert!(reason.to_string().contains("OPERATION"), "{reason}");
}

#[test]
fn an_older_roster_or_revocation_list_is_refused() {
    let sides = Sides::made();
    let old = sides.file("old.trust");
    fs::copy(sides.their_export(), &old).unwrap();
    revoke(&sides.theirs(), "officer/rossi", "key lost", NOW, &mut entropy).unwrap();
    let trusted = sides.trust_them(&sides.their_export()).unwrap();
    assert_eq!(trusted.roster_number, MADE + 1);
    let reason = refusal(sides.trust_them(&old));
    assert_eq!(
        reason,
        TrustRefusal::Older {
            what: "roster",
            offered: MADE,
            known: MADE + 1
        }
    );

    // The same roster with the list from before the revocation.
    let before = fs::read_to_string(&old).unwrap();
    let before = TrustFile::parse(&old, &before, NOW)
        .unwrap()
        .texts
        .revocation_list;
    let file = forged(&sides, |texts| texts.revocation_list = before);
    assert_eq!(
        refusal(sides.trust_them(&file)),
        TrustRefusal::Older {
            what: "revocation list",
            offered: 1,
            known: 2
        }
    );
}

#[test]
fn a_newer_state_of_a_known_side_needs_no_words_again() {
    let sides = Sides::made();
    sides.trust_them(&sides.their_export()).unwrap();
    revoke(&sides.theirs(), "officer/rossi", "key lost", NOW, &mut entropy).unwrap();
    let file = sides.their_export();
    let trusted = trust(&sides.ours(), &file, &Compared::NotYet, KnownAnchors::Keep, NOW).unwrap();
    assert_eq!(trusted.acquaintance, Acquaintance::Known);
    let list = revocation_list(&sides.ours().join(layout::TRUST).join(THEIRS));
    assert_eq!((list.number, list.revoked.len()), (2, 1));
}

#[test]
fn changed_anchors_of_a_known_side_need_replace_and_words() {
    let sides = Sides::made();
    sides.trust_them(&sides.their_export()).unwrap();
    fs::remove_dir_all(sides.theirs()).unwrap();
    let anew = Declaration::parse(BORENIA, "borenia.toml")
        .unwrap()
        .only(THEIRS)
        .unwrap();
    let made = init(&anew, sides.place.path(), NOW, &mut entropy).unwrap();
    let file = sides.their_export();
    let words = made[0].fingerprint.words();
    let attempt = |compared: &Compared, known| trust(&sides.ours(), &file, compared, known, NOW);

    let reason = refusal(attempt(&Compared::Vouched, KnownAnchors::Keep));
    assert_eq!(
        reason,
        TrustRefusal::AnchorChanged {
            what: "CA",
            domain: THEIRS.into()
        }
    );
    let reason = refusal(attempt(&Compared::NotYet, KnownAnchors::Replace));
    assert_eq!(reason, TrustRefusal::WordsNotCompared { words: words.clone() });
    let trusted = attempt(&Compared::Aloud(words), KnownAnchors::Replace).unwrap();
    assert_eq!(trusted.acquaintance, Acquaintance::Replaced);
}

#[test]
fn words_must_be_those_of_the_file() {
    let sides = Sides::made();
    let file = sides.their_export();
    let attempt = |compared: &Compared| trust(&sides.ours(), &file, compared, KnownAnchors::Keep, NOW);
    let wrong = Compared::Aloud("shaft employ exhaust virtual garbage globe choice deal".into());
    let TrustRefusal::WordsDiffer { words } = refusal(attempt(&wrong)) else {
        panic!("other words were taken")
    };
    assert!(matches!(
        refusal(attempt(&Compared::NotYet)),
        TrustRefusal::WordsNotCompared { .. }
    ));
    attempt(&Compared::Aloud(words.to_uppercase())).unwrap();
}

#[test]
fn an_export_is_made_anew_over_an_export_but_over_nothing_else() {
    let sides = Sides::made();
    let file = sides.their_export();
    export(&sides.theirs(), &file, NOW).unwrap();
    let key = sides.theirs().join(layout::CA_KEY);
    let before = fs::read(&key).unwrap();
    assert_eq!(
        export(&sides.theirs(), &key, NOW).unwrap_err().code(),
        "HL-PKI-002"
    );
    assert_eq!(fs::read(&key).unwrap(), before);
}

#[test]
fn a_trust_file_holds_no_secret() {
    let sides = Sides::made();
    let text = fs::read_to_string(sides.their_export()).unwrap();
    for path in files_below(&sides.theirs()) {
        if path.extension().is_some_and(|ending| ending == "key") {
            let secret = fs::read_to_string(&path).unwrap();
            let body = secret.lines().nth(1).unwrap();
            assert!(!text.contains(body), "{}", path.display());
        }
    }
    assert!(!text.contains("PRIVATE"));
}
