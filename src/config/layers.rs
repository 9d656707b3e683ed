//! Where a setting's value comes from, and what is wrong with it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Settings;

/// The file that is read from the working folder unless another is named.
pub const FILE: &str = "docmill.toml";
const PREFIX: &str = "DOCMILL_";
/// Variables with the prefix that are not settings: the program's own
/// (`CONFIG`, `LOG`, `LOG_FORMAT`) and the tests'.
const NOT_SETTINGS: [&str; 6] = [
    "CONFIG",
    "LOG",
    "LOG_FORMAT",
    "CORPUS",
    "TEST_PYTHON",
    "TEST_ALL",
];
/// Settings that name a file or folder: relative to the settings file when
/// they stand in one, else to the working folder.
const PATHS: [&str; 9] = [
    "db",
    "types",
    "models",
    "text_gguf",
    "mmproj_gguf",
    "clip_dir",
    "pdfium",
    "calibration",
    "tesseract",
];
/// Numbers for which 0 means something; of any other it is a mistake.
const MAY_BE_ZERO: &[&str] = &[
    "ladder_max_pages",
    "ladder_max_cost",
    "readers",
    "rasterizers",
    "drain_seconds",
    "min_confidence",
    "max_error",
    "limits.min_side",
];

/// A mistake in what the user wrote, told before anything is done.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

/// An error of what a setting names is a mistake in the settings, if it
/// `is_set`; of what was found by default it is none.
pub fn blame<T>(is_set: bool, result: anyhow::Result<T>) -> anyhow::Result<T> {
    result.map_err(|error| match is_set {
        true => UsageError(format!("{error:#}")).into(),
        false => error,
    })
}

/// Who set a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Default,
    File(PathBuf),
    /// The variable's name.
    Environment(String),
    /// The flag with its dashes.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File(path) => write!(f, "{}", path.display()),
            Origin::Environment(name) => write!(f, "environment {name}"),
            Origin::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// Layers of settings, the later ones over the earlier.
pub struct Layers {
    /// By key (`readers`, `limits.max_pages`), in the order of [`Settings`].
    values: Vec<(String, Value, Origin)>,
    settings: Settings,
}

/// What is used in place of a setting that is not set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// `None`: nothing.
    pub used: Option<String>,
    /// In words.
    pub origin: String,
}

/// The settings that hold, and where each comes from.
#[derive(Debug)]
pub struct Resolved {
    pub settings: Settings,
    values: Vec<(String, Value, Origin)>,
}

impl Layers {
    pub fn defaults() -> Layers {
        let settings = Settings::default();
        let mut values = Vec::new();
        flatten("", to_json(&settings), &mut |key, value| {
            values.push((key, value, Origin::Default));
        });
        Layers { values, settings }
    }

    /// Reads `named`, which must exist, or else `docmill.toml` of the working
    /// folder where there is one.
    pub fn file(self, named: Option<&Path>) -> Result<Layers, UsageError> {
        let path = named.unwrap_or(Path::new(FILE));
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(self);
            }
            Err(error) => {
                return Err(UsageError(format!(
                    "cannot read the settings file {}: {error}",
                    path.display()
                )));
            }
        };
        self.toml(path, &text)
    }

    pub(super) fn toml(mut self, path: &Path, text: &str) -> Result<Layers, UsageError> {
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            UsageError(format!(
                "the settings file {} is not TOML: {error}",
                path.display()
            ))
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut given = Vec::new();
        flatten("", to_json(&table), &mut |key, value| {
            given.push((key, value))
        });
        for (key, mut value) in given {
            if let (true, Value::String(text)) = (PATHS.contains(&key.as_str()), &value) {
                // Joining an absolute path leaves it as it is.
                value = beside(folder, &key, text);
            }
            self.set(&key, value, Origin::File(path.to_owned()))?;
        }
        Ok(self)
    }

    /// Takes every `DOCMILL_…` variable; an empty one counts as not set.
    pub fn environment(
        mut self,
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Layers, UsageError> {
        let mut given: BTreeMap<String, OsString> = BTreeMap::new();
        for (name, value) in variables {
            let Some(name) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else {
                continue;
            };
            if !NOT_SETTINGS.contains(&name) && !value.is_empty() {
                given.insert(name.to_owned(), value);
            }
        }
        for (name, value) in given {
            let variable = format!("{PREFIX}{name}");
            let Some(value) = value.to_str() else {
                return Err(UsageError(format!("{variable} is not valid UTF-8")));
            };
            let key = self
                .keys()
                .find(|key| variable_of(key) == variable)
                .ok_or_else(|| {
                    let known = self.keys().map(variable_of);
                    UsageError(format!(
                        "there is no setting for the environment variable {variable}{}",
                        nearest_setting(&variable, known)
                    ))
                })?
                .to_owned();
            self.set_text(&key, value, Origin::Environment(variable))?;
        }
        Ok(self)
    }

    /// Sets a value that was given as text, on a command line for example.
    pub fn set_text(&mut self, key: &str, text: &str, origin: Origin) -> Result<(), UsageError> {
        // A number or a truth value where the setting is one, else the text.
        let textual = matches!(self.value(key), Some(Value::String(_) | Value::Null));
        let parsed = match self.value(key) {
            Some(Value::Array(_)) => Some(names(text)),
            _ if textual => None,
            _ => serde_json::from_str(text).ok(),
        };
        self.set(key, parsed.unwrap_or_else(|| text.into()), origin)
    }

    fn set(&mut self, key: &str, value: Value, origin: Origin) -> Result<(), UsageError> {
        if self.value(key).is_none() {
            return Err(UsageError(format!(
                "there is no setting `{key}` ({origin}){}",
                nearest_setting(key, self.keys().map(str::to_owned))
            )));
        }
        let wrong = |why: &str| {
            UsageError(format!(
                "setting `{key}` cannot be {value} ({origin}): {why}"
            ))
        };
        let mut whole = to_json(&self.settings);
        let slot = key
            .split('.')
            .try_fold(&mut whole, |at, part| at.get_mut(part));
        *slot.expect("keys come from this very value") = value.clone();
        let settings: Settings =
            serde_json::from_value(whole).map_err(|error| wrong(&error.to_string()))?;
        if let Some(why) = out_of_range(key, &value) {
            return Err(wrong(why));
        }
        self.settings = settings;
        let known = self.values.iter_mut().find(|(name, ..)| name == key);
        *known.expect("looked up above") = (key.to_owned(), value, origin);
        Ok(())
    }

    fn keys(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(|(key, ..)| key.as_str())
    }

    fn value(&self, key: &str) -> Option<&Value> {
        let known = self.values.iter().find(|(name, ..)| name == key);
        known.map(|(_, value, _)| value)
    }

    pub fn resolve(self) -> Resolved {
        Resolved {
            settings: self.settings,
            values: self.values,
        }
    }
}

impl Resolved {
    /// The settings as a settings file, each line with its origin as comment.
    /// `found` tells what is used where a setting, by key, is not set.
    pub fn to_toml(&self, found: &BTreeMap<&str, Found>) -> String {
        let lines = self.values.iter().map(|value| line(value, found));
        let mut lines: Vec<_> = lines.collect();
        // What follows a table's heading in TOML belongs to the table.
        lines.sort_by_key(|(key, ..)| key.contains('.'));
        let width = lines.iter().map(|(_, text, _)| text.chars().count()).max();
        let mut out = String::new();
        let mut section = "";
        for (key, text, origin) in &lines {
            if let Some((table, _)) = key.split_once('.')
                && table != section
            {
                section = table;
                out.push_str(&format!("\n[{table}]\n"));
            }
            let width = width.unwrap_or_default();
            out.push_str(&format!("{text:<width$}  # {origin}\n"));
        }
        out
    }
}

/// Key, `name = value` and origin of a setting, ready to print.
fn line(
    (key, value, origin): &(String, Value, Origin),
    found: &BTreeMap<&str, Found>,
) -> (String, String, String) {
    let name = key.rsplit('.').next().unwrap_or(key);
    // TOML's basic strings escape like JSON's.
    let (text, origin) = match (value, found.get(key.as_str())) {
        (Value::Null, None) => (format!("# {name} ="), "not set".to_owned()),
        (Value::Null, Some(found)) => {
            let used = found
                .used
                .as_ref()
                .map(|used| format!(" {}", Value::from(used.as_str())));
            (
                format!("# {name} ={}", used.unwrap_or_default()),
                found.origin.clone(),
            )
        }
        (value, _) => (format!("{name} = {value}"), origin.to_string()),
    };
    (key.clone(), text, origin)
}

fn variable_of(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_uppercase())
}

/// `a, b` as a list of names.
fn names(text: &str) -> Value {
    let names = text.split(',').map(str::trim);
    names.filter(|name| !name.is_empty()).collect()
}

fn out_of_range(key: &str, value: &Value) -> Option<&'static str> {
    let number = value.as_f64()?;
    if ["min_confidence", "max_error"].contains(&key) && !(0.0..=1.0).contains(&number) {
        return Some("it is a share from 0 to 1");
    }
    if key == "ladder_max_cost" && number < 0.0 {
        return Some("it is an amount of money, 0 or more");
    }
    if key == "recycle_growth" && number <= 1.0 {
        return Some("a worker may grow to more than 1 times its size");
    }
    (number == 0.0 && !MAY_BE_ZERO.contains(&key)).then_some("it must be at least 1")
}

/// A path of a settings file as the working folder sees it.
fn beside(folder: &Path, key: &str, text: &str) -> Value {
    // A word, not a path.
    if key == "calibration" && text == "off" {
        return text.into();
    }
    folder.join(text).to_string_lossy().into_owned().into()
}

/// Visits the leaves of nested objects with their dotted keys.
fn flatten(prefix: &str, value: Value, visit: &mut impl FnMut(String, Value)) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                let key = match prefix {
                    "" => name,
                    prefix => format!("{prefix}.{name}"),
                };
                flatten(&key, value, visit);
            }
        }
        leaf => visit(prefix.to_owned(), leaf),
    }
}

/// JSON with numbers as they were written: `0.8` stays `0.8` although `f32`
/// holds another number, which going through text repairs.
pub fn to_json(value: &impl serde::Serialize) -> Value {
    let text = serde_json::to_string(value).expect("settings are plain data");
    serde_json::from_str(&text).expect("just written")
}

/// `: did you mean …?`; `None` where no name is near.
pub fn nearest(name: &str, known: impl Iterator<Item = String>) -> Option<String> {
    let likeness = |candidate: &str| strsim::normalized_damerau_levenshtein(name, candidate);
    known
        .map(|candidate| (likeness(&candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.5)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| format!(": did you mean `{candidate}`?"))
}

/// [`nearest`], or where all settings are listed.
fn nearest_setting(name: &str, known: impl Iterator<Item = String>) -> String {
    nearest(name, known).unwrap_or_else(|| "; `docmill config` lists them".to_owned())
}

#[cfg(test)]
#[path = "layers_tests.rs"]
mod tests;
