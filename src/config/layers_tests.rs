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
fn a_flag_beats_the_environment_that_beats_the_file_that_beats_the_default() {
    let mut layers = file("readers = 2\nreader_threads = 2\nroute_batch = 2")
        .unwrap()
        .environment(variables(&[
            ("DOCMILL_READERS", "3"),
            ("DOCMILL_READER_THREADS", "3"),
        ]))
        .unwrap();
    let flag = Origin::Flag("--readers".into());
    layers.set_text("readers", "4", flag).unwrap();
    let settings = layers.resolve().settings;
    assert_eq!(settings.readers, 4);
    assert_eq!(settings.reader_threads, 3);
    assert_eq!(settings.route_batch, 2);
    assert_eq!(settings.max_attempts, Settings::default().max_attempts);
}

#[test]
fn a_nested_setting_is_reached_from_every_layer() {
    let layers = file("[limits]\nmax_pages = 7").unwrap();
    let layers = layers
        .environment(variables(&[("DOCMILL_LIMITS_MAX_BYTES", "9")]))
        .unwrap();
    let limits = layers.resolve().settings.limits;
    assert_eq!((limits.max_pages, limits.max_bytes), (7, 9));
}

#[test]
fn a_list_is_given_with_commas_or_as_a_list() {
    let mut layers = file("ladder = ['a', 'b']").unwrap();
    assert_eq!(layers.settings.ladder, ["a", "b"]);
    let flag = || Origin::Flag("--ladder".into());
    layers.set_text("ladder", "a, c", flag()).unwrap();
    assert_eq!(layers.settings.ladder, ["a", "c"]);
    layers.set_text("ladder", "", flag()).unwrap();
    assert!(layers.resolve().settings.ladder.is_empty());
    let told = message(file("ladder = 'a'"));
    assert!(told.contains("`ladder`"), "{told}");
}

#[test]
fn paths_of_a_file_are_relative_to_it_and_others_stay_as_given() {
    let layers = file("db = 'rows.db'\ntypes = '/srv/types'").unwrap();
    let layers = layers
        .environment(variables(&[("DOCMILL_MODELS", "weights")]))
        .unwrap();
    let settings = layers.resolve().settings;
    assert_eq!(settings.db, Path::new("conf/rows.db"));
    assert_eq!(settings.types.as_deref(), Some(Path::new("/srv/types")));
    assert_eq!(settings.models.as_deref(), Some(Path::new("weights")));
}

#[test]
fn an_unknown_key_is_told_with_the_nearest_one() {
    let told = message(file("reeders = 2"));
    assert!(told.contains("`reeders`"), "{told}");
    assert!(told.contains("did you mean `readers`?"), "{told}");
    assert!(told.contains("conf/docmill.toml"), "{told}");
    let told = message(file("[limits]\nmax_page = 2"));
    assert!(told.contains("did you mean `limits.max_pages`?"), "{told}");
    let told = message(file("zzz = 2"));
    assert!(told.contains("docmill config"), "{told}");
    let variable = variables(&[("DOCMILL_READER_THREAD", "2")]);
    let told = message(Layers::defaults().environment(variable));
    assert!(
        told.contains("did you mean `DOCMILL_READER_THREADS`?"),
        "{told}"
    );
}

#[test]
fn variables_that_are_no_settings_or_empty_are_passed_over() {
    let given = variables(&[
        ("DOCMILL_CORPUS", "x"),
        ("DOCMILL_READERS", ""),
        ("HOME", "/"),
    ]);
    let layers = Layers::defaults().environment(given).unwrap();
    assert_eq!(layers.resolve().settings, Settings::default());
}

#[test]
fn a_value_of_the_wrong_kind_or_range_names_its_origin() {
    let told = message(file("readers = 'many'"));
    assert!(
        told.contains("`readers`") && told.contains("conf/docmill.toml"),
        "{told}"
    );
    let variable = variables(&[("DOCMILL_READERS", "-1")]);
    let told = message(Layers::defaults().environment(variable));
    assert!(told.contains("environment DOCMILL_READERS"), "{told}");
    assert!(message(file("min_confidence = 1.5")).contains("from 0 to 1"));
    assert!(message(file("page_seconds = 0")).contains("at least 1"));
    assert!(file("readers = 0\nmin_confidence = 0").is_ok());
}

#[test]
fn the_printed_settings_read_back_as_the_same_settings() {
    let layers = file("reader = \"a \\\"b\\\"\"\nmin_confidence = 0.35").unwrap();
    let resolved = layers.resolve();
    let clip = Found {
        used: Some("clip-a".into()),
        origin: "default of m".into(),
    };
    let printed = resolved.to_toml(&[("clip", clip)].into());
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

#[test]
fn every_setting_that_names_a_path_is_known_as_one() {
    let layers = Layers::defaults();
    for key in PATHS {
        assert!(layers.value(key).is_some(), "{key}");
    }
    for key in MAY_BE_ZERO {
        assert!(layers.value(key).is_some(), "{key}");
    }
}
