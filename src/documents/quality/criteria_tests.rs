use super::*;

fn good() -> PageQuality {
    PageQuality {
        width: 1240,
        height: 1754,
        words: 120,
        ink: 0.05,
        blur: Some(0.6),
        text_height: Some(24.0),
        lightest: 0.95,
        contrast: 0.7,
        skew: Some(0.1),
        blocks: 1,
        ..PageQuality::default()
    }
}

fn codes(quality: &PageQuality) -> Vec<&'static str> {
    let findings = Criteria::shipped().judge(0, quality);
    findings
        .iter()
        .map(|finding| finding.code.as_str())
        .collect()
}

#[test]
fn each_damage_has_its_finding_and_a_good_page_none() {
    assert_eq!(codes(&good()), [""; 0]);
    type Damage = fn(&mut PageQuality);
    let cases: [(&str, Damage); 7] = [
        ("too_blurred", |q| q.blur = Some(6.0)),
        ("text_too_small", |q| {
            (q.text_height, q.blur) = (Some(6.0), Some(0.2));
        }),
        ("under_exposed", |q| q.lightest = 0.2),
        ("over_exposed", |q| q.contrast = 0.12),
        ("cut_off", |q| q.cut_lines = 9),
        ("two_receipts", |q| q.blocks = 2),
        ("turned", |q| q.turned = 180),
    ];
    for (code, damage) in cases {
        let mut quality = good();
        damage(&mut quality);
        assert_eq!(codes(&quality), [code]);
        quality.text_layer = true;
        assert_eq!(
            codes(&quality),
            [""; 0],
            "{code} of a page with a text layer"
        );
    }
}

#[test]
fn of_a_blank_page_nothing_else_is_said_and_words_keep_a_page_from_being_blank() {
    let blank = PageQuality {
        words: 0,
        ink: 0.0,
        blur: None,
        text_height: None,
        contrast: 0.02,
        turned: 90,
        ..good()
    };
    assert_eq!(codes(&blank), ["blank"]);
    assert!(Criteria::shipped().is_blank(&blank));
    let faint = PageQuality { words: 9, ..blank };
    assert!(!Criteria::shipped().is_blank(&faint));
    assert_eq!(codes(&faint), ["over_exposed", "turned"]);
}

#[test]
fn a_finding_names_page_measure_and_remedy() {
    let quality = PageQuality {
        text_height: Some(6.25),
        blur: Some(0.2),
        ..good()
    };
    let findings = Criteria::shipped().judge(2, &quality);
    let message = &findings[0].message;
    assert!(message.starts_with("page 3: "), "{message}");
    assert!(message.contains("300 dots per inch"), "{message}");
    assert!(message.ends_with("(text_height 6.25)"), "{message}");
}

#[test]
fn a_folder_of_document_types_may_have_criteria_of_its_own() {
    let own = r#"{"criteria": [{"finding": "cut_off", "when": {"skew": {"above": 3}}, "message": "lay it straight"}]}"#;
    for place in ["", "schemas"] {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join(place);
        std::fs::create_dir_all(&inside).unwrap();
        std::fs::write(inside.join("quality.json"), own).unwrap();
        let criteria = Criteria::load(Some(folder.path())).unwrap();
        assert_ne!(criteria.key(), Criteria::shipped().key());
        let skewed = PageQuality {
            skew: Some(5.0),
            blur: Some(9.0),
            ..good()
        };
        let findings = criteria.judge(0, &skewed);
        let messages: Vec<_> = findings.iter().map(|f| f.message.as_str()).collect();
        assert_eq!(messages, ["page 1: lay it straight (skew 5)"]);
        // What has no skew is not more skewed than 3 degrees.
        let unknown = PageQuality {
            skew: None,
            ..skewed
        };
        assert_eq!(criteria.judge(0, &unknown), []);
        // The file is no document type.
        let types = crate::documents::types::DocTypes::load(Some(folder.path())).unwrap();
        assert!(types.get("quality").is_none());
    }
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(
        Criteria::load(Some(empty.path())).unwrap(),
        Criteria::shipped()
    );
}

#[test]
fn criteria_that_could_never_hold_or_say_nothing_are_refused() {
    let refused = |criterion: &str| {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(r#"{{"criteria": [{criterion}]}}"#);
        std::fs::write(folder.path().join("quality.json"), text).unwrap();
        format!("{:#}", Criteria::load(Some(folder.path())).unwrap_err())
    };
    let cases = [
        (
            r#"{"finding": "missing", "when": {"ink": {"above": 1}}, "message": "x"}"#,
            "too_blurred",
        ),
        (
            r#"{"finding": "blank", "when": {}, "message": "x"}"#,
            "no condition",
        ),
        (
            r#"{"finding": "blank", "when": {"ink": {}}, "message": "x"}"#,
            "`above` or `below`",
        ),
        (
            r#"{"finding": "blank", "when": {"ink": {"above": 1}}, "message": " "}"#,
            "no message",
        ),
        (
            r#"{"finding": "blank", "when": {"dirt": {"above": 1}}, "message": "x"}"#,
            "dirt",
        ),
    ];
    for (criterion, expected) in cases {
        let error = refused(criterion);
        assert!(error.contains(expected), "{error}");
        assert!(error.contains("quality.json"), "{error}");
    }
}
