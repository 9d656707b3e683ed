//! The systemd unit and the recipe that installs it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::context::Context;
use crate::harness::test;

fn repository(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// What the unit sets, then what the recipe writes into the file that it reads.
fn environment(unit: &str, recipe: &str) -> BTreeMap<String, String> {
    let of_unit = unit
        .lines()
        .filter_map(|line| line.strip_prefix("Environment="));
    let of_file = recipe
        .lines()
        .filter(|line| line.contains("> /etc/docmill/environment"))
        .filter_map(|line| line.strip_prefix("echo '")?.split('\'').next());
    let pairs = of_unit
        .chain(of_file)
        .map(|pair| pair.split_once('=').unwrap());
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

test!(docmill_takes_the_environment_that_the_unit_and_the_recipe_give_it);
fn docmill_takes_the_environment_that_the_unit_and_the_recipe_give_it(context: Context) {
    let unit = repository("contrib/systemd/docmill.service");
    let recipe = repository("docs/nightly-runs.md");
    let environment = environment(&unit, &recipe);
    let state = context.path("");
    let mut command = context.command(&["config"]);
    for (name, value) in &environment {
        command.env(name, value.replace("%S", state.to_str().unwrap()));
    }
    let output = command.output().unwrap();
    let reported = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{reported}");
    let settings: toml::Table = String::from_utf8(output.stdout).unwrap().parse().unwrap();
    let db = settings["db"].as_str().unwrap();
    assert!(db.ends_with("docmill/docmill.db"), "{db}");

    let command = unit.lines().find(|line| line.starts_with("ExecStart="));
    let names: Vec<_> = command
        .unwrap()
        .split("${")
        .skip(1)
        .map(|rest| rest.split('}').next().unwrap())
        .collect();
    assert!(!names.is_empty());
    for name in names {
        assert!(environment.contains_key(name), "{name} is set nowhere");
    }
    let place = |what: &str| recipe.find(what).unwrap_or_else(|| panic!("{what}"));
    assert!(place("install -d /etc/docmill\n") < place("> /etc/docmill/environment"));
}
