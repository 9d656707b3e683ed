use super::*;

fn variables(pairs: &[(&str, &str)]) -> std::vec::IntoIter<(OsString, OsString)> {
    let pairs: Vec<_> = pairs.iter().map(|(k, v)| (k.into(), v.into())).collect();
    pairs.into_iter()
}

fn file(text: &str) -> Result<Layers, UsageError> {
    Layers::defaults().toml(Path::new("conf/docmill.toml"), text)
}

fn message<T>(result: Result<T, UsageError>) -> String {
    result.err().expect("a mistake").to_string()
}

#[test]
fn a_flag_overrides_the_environment_the_file_and_the_default_in_this_order() {
    let mut layers = file("[workers]\nreaders = 2\nreader_threads = 2\nrasterizers = 2")
        .unwrap()
        .environment(variables(&[
            ("DOCMILL_WORKERS_READERS", "3"),
            ("DOCMILL_WORKERS_READER_THREADS", "3"),
        ]))
        .unwrap();
    let flag = Origin::Flag("--readers".into());
    layers.set_text("workers.readers", "4", flag).unwrap();
    let settings = layers.resolve().settings;
    assert_eq!(settings.workers.readers, 4);
    assert_eq!(settings.workers.reader_threads, 3);
    assert_eq!(settings.workers.rasterizers, 2);
    assert_eq!(settings.jobs, Settings::default().jobs);
}

#[test]
fn every_setting_has_its_own_variable_a_meaning_and_its_default() {
    let layers = Layers::defaults();
    let variables: std::collections::BTreeSet<_> = layers.keys().map(variable_of).collect();
    assert_eq!(variables.len(), layers.values.len());
    let defaults = to_json(&Settings::default());
    let mut count = 0;
    flatten("", defaults, &mut |key, value| {
        let definition = &layers.find(&key).expect(&key).definition;
        assert_eq!(definition.default, value, "{key}");
        assert!(!definition.description().is_empty(), "{key}");
        count += 1;
    });
    assert_eq!(count, layers.values.len());
}

#[test]
fn a_list_is_given_with_commas_or_as_a_list() {
    let mut layers = file("[escalation]\nreaders = ['a', 'b']").unwrap();
    assert_eq!(layers.settings.escalation.readers, ["a", "b"]);
    let flag = || Origin::Flag("--escalate-to".into());
    layers
        .set_text("escalation.readers", "a, c", flag())
        .unwrap();
    assert_eq!(layers.settings.escalation.readers, ["a", "c"]);
    layers.set_text("escalation.readers", "", flag()).unwrap();
    assert!(layers.resolve().settings.escalation.readers.is_empty());
    let error = message(file("escalation.readers = 'a'"));
    assert!(error.contains("`escalation.readers`"), "{error}");
}

#[test]
fn a_name_may_look_like_a_number() {
    let mut layers = Layers::defaults();
    let flag = Origin::Flag("--reader".into());
    layers.set_text("reading.reader", "7", flag).unwrap();
    assert_eq!(layers.settings.reading.reader.as_deref(), Some("7"));
}

#[test]
fn paths_in_a_file_are_relative_to_it_and_others_to_the_working_folder() {
    let layers = file("db = 'rows.db'\ntypes = '/srv/types'\npdfium = 'bin/t'").unwrap();
    let layers = layers
        .environment(variables(&[("DOCMILL_MODELS", "weights")]))
        .unwrap();
    let settings = layers.resolve().settings;
    assert_eq!(settings.db, Path::new("conf/rows.db"));
    assert_eq!(settings.types.as_deref(), Some(Path::new("/srv/types")));
    assert_eq!(settings.models.as_deref(), Some(Path::new("weights")));
    assert_eq!(settings.pdfium.as_deref(), Some(Path::new("conf/bin/t")));
    let off = file("[acceptance]\ncalibration = 'off'").unwrap();
    let calibration = off.resolve().settings.acceptance.calibration;
    assert_eq!(calibration.as_deref(), Some(Path::new("off")));
}

#[test]
fn every_setting_that_holds_a_path_is_declared_as_one() {
    let layers = Layers::defaults();
    let paths = layers
        .values
        .iter()
        .filter(|known| known.definition.is_path());
    let paths: Vec<&str> = paths.map(|known| known.definition.key.as_str()).collect();
    let expected = [
        "db",
        "types",
        "models",
        "pdfium",
        "routing.clip_dir",
        "reading.text_gguf",
        "reading.mmproj_gguf",
        "acceptance.calibration",
    ];
    assert_eq!(paths, expected);
}

#[test]
fn an_unknown_key_is_an_error_that_names_the_nearest_key() {
    let error = message(file("[workers]\nreeders = 2"));
    assert!(error.contains("`workers.reeders`"), "{error}");
    assert!(error.contains("did you mean `workers.readers`?"), "{error}");
    assert!(error.contains("conf/docmill.toml"), "{error}");
    let error = message(file("[limits]\nmax_page = 2"));
    assert!(
        error.contains("did you mean `limits.max_pages`?"),
        "{error}"
    );
    let error = message(file("zzz = 2"));
    assert!(error.contains("docmill config"), "{error}");
    let variable = variables(&[("DOCMILL_WORKERS_READER_THREAD", "2")]);
    let error = message(Layers::defaults().environment(variable));
    assert!(
        error.contains("did you mean `DOCMILL_WORKERS_READER_THREADS`?"),
        "{error}"
    );
}

#[test]
fn a_key_without_its_section_is_an_error_that_names_the_section() {
    let error = message(file("min_confidence = 0.5"));
    assert!(
        error.contains("did you mean `acceptance.min_confidence`?"),
        "{error}"
    );
    let error = message(file("readers = 2"));
    assert!(
        error.contains("did you mean `escalation.readers` or `workers.readers`?"),
        "{error}"
    );
    let variable = variables(&[("DOCMILL_RASTERIZERS", "2")]);
    let error = message(Layers::defaults().environment(variable));
    assert!(
        error.contains("did you mean `DOCMILL_WORKERS_RASTERIZERS`?"),
        "{error}"
    );
}

#[test]
fn variables_that_are_not_settings_or_empty_are_ignored() {
    let given = variables(&[
        ("DOCMILL_CORPUS", "x"),
        ("DOCMILL_WORKERS_READERS", ""),
        ("HOME", "/"),
    ]);
    let layers = Layers::defaults().environment(given).unwrap();
    assert_eq!(layers.resolve().settings, Settings::default());
}

#[test]
fn a_value_of_the_wrong_type_or_range_is_an_error_that_names_its_origin() {
    let error = message(file("workers.readers = 'many'"));
    assert!(
        error.contains("`workers.readers`") && error.contains("conf/docmill.toml"),
        "{error}"
    );
    let variable = variables(&[("DOCMILL_WORKERS_READERS", "-1")]);
    let error = message(Layers::defaults().environment(variable));
    assert!(
        error.contains("environment DOCMILL_WORKERS_READERS"),
        "{error}"
    );
    let cases = [
        ("acceptance.min_confidence = 1.5", "from 0 to 1"),
        ("acceptance.max_error = -0.1", "from 0 to 1"),
        ("ocr.page_seconds = 0", "at least 1"),
        ("workers.recycle_growth = 1", "a number above 1"),
        ("escalation.max_cost = -1", "at least 0"),
        ("ocr.mode = 'on'", "it must be one of `auto`"),
        ("limits.max_pages = 99999999999", "from 1 to 4294967295"),
        ("limits.max_pages = 'abc'", "a whole number of at least 1"),
        ("limits.max_pages = 'abc'", "for example 2000"),
        ("limits.max_pages = 2.5", "a whole number"),
        ("sandbox.required = 1", "it must be true or false"),
        ("reading.reader = 7", "it must be a text in quotes"),
        ("db = 7", "it must be a path in quotes"),
        ("escalation.readers = 'a'", "it must be a list of texts"),
    ];
    for (text, why) in cases {
        let error = message(file(text));
        assert!(error.contains(why), "{error}");
    }
    assert!(file("workers.readers = 0\nacceptance.min_confidence = 0").is_ok());
}

#[test]
fn printed_settings_read_back_as_the_same_settings() {
    let text = "reading.reader = \"a \\\"b\\\"\"\nacceptance.min_confidence = 0.35";
    let resolved = file(text).unwrap().resolve();
    let clip = FoundValue {
        value: Some("clip-a".into()),
        origin: "default of m".into(),
    };
    let printed = resolved.to_toml(&[("routing.clip", clip)].into());
    assert!(printed.contains("min_confidence = 0.35"), "{printed}");
    assert!(printed.contains("# conf/docmill.toml"), "{printed}");
    let line = printed.lines().find(|line| line.starts_with("# clip ="));
    let line = line
        .unwrap()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert_eq!(line, "# clip = \"clip-a\" # default of m");
    assert!(printed.contains("# pdfium ="), "{printed}");
    let again = Layers::defaults()
        .toml(Path::new("other.toml"), &printed)
        .unwrap();
    assert_eq!(again.resolve().settings, resolved.settings);
}
