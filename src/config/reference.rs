//! docs/settings.md: every setting with default, flag and meaning.

use std::fmt::Write;

use serde_json::Value;

use super::definitions::{Definition, sections};

const INTRODUCTION: &str = "\
# Settings

A value comes from the first of these that sets it: a flag, an environment
variable, the settings file, the default. `docmill config` prints all values and
where each comes from.

- **Flag**: the ones below, or `--set KEY=VALUE` for any setting:
  `--set limits.max_pages=50`.
- **Environment**: `DOCMILL_`, then the key in capitals with `_` for `.`:
  `DOCMILL_LIMITS_MAX_PAGES=50`. An empty variable counts as not set.
- **Settings file**: `docmill.toml` in the working folder, or the file that
  `--config FILE` or `DOCMILL_CONFIG` names. Each heading below is a table of it.
  Paths in it are relative to its folder.

Unknown keys are errors. This page is generated: `docmill config --reference`.
";

/// The reference as Markdown. `flags` has pairs of a key and its flag.
pub fn reference(flags: &[(&str, &str)]) -> String {
    let mut out = INTRODUCTION.to_owned();
    for section in sections() {
        let heading = match section.name.as_str() {
            "" => "Top level".to_owned(),
            name => format!("`[{name}]`"),
        };
        // Writing to a string cannot fail.
        let _ = write!(out, "\n## {heading}\n\n");
        if !section.description.is_empty() {
            let _ = write!(out, "{}\n\n", section.description);
        }
        out.push_str("| Key | Default | Flag | Meaning |\n| --- | --- | --- | --- |\n");
        for setting in &section.settings {
            out.push_str(&row(setting, flags));
        }
    }
    out
}

fn row(setting: &Definition, flags: &[(&str, &str)]) -> String {
    let name = setting.key.rsplit('.').next().unwrap_or(&setting.key);
    let default = match &setting.default {
        Value::Null => "not set".to_owned(),
        value => format!("`{value}`"),
    };
    let flag = flags.iter().find(|(key, _)| *key == setting.key);
    let flag = flag.map_or(String::new(), |(_, flag)| format!("`{flag}`"));
    let mut meaning = setting.description();
    for (choice, what) in setting.choices() {
        let _ = write!(meaning, "<br>`\"{choice}\"`: {what}");
    }
    format!("| `{name}` | {default} | {flag} | {meaning} |\n")
}
