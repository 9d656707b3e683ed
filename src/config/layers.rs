//! The layers of settings: origin of each value, and errors in it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::Settings;
use super::definitions::{Definition, definitions, to_json};

/// The settings file in the working folder, used where no other is named.
pub const FILE: &str = "docmill.toml";
const PREFIX: &str = "DOCMILL_";
/// Variables with the prefix that are not settings: the program's own
/// (`CONFIG`, `LOG`, `LOG_FORMAT`) and the tests'.
const NOT_SETTINGS: [&str; 7] = [
    "CONFIG",
    "LOG",
    "LOG_FORMAT",
    "CORPUS",
    "REQUIRE_ENGINES",
    "TEST_PYTHON",
    "TEST_ALL",
];

/// An error in the user's input, reported before the command has an effect.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

/// Makes an error about a setting's value a usage error where the user set it. An error
/// about a default is not a usage error.
pub fn as_usage_error<T>(is_set: bool, result: anyhow::Result<T>) -> anyhow::Result<T> {
    result.map_err(|error| match is_set {
        true => UsageError(format!("{error:#}")).into(),
        false => error,
    })
}

/// The origin of a value.
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
    /// In the order of [`Settings`].
    values: Vec<SettingValue>,
    settings: Settings,
}

#[derive(Debug)]
struct SettingValue {
    definition: Definition,
    value: Value,
    origin: Origin,
}

/// The value that a run finds for a setting that is not set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundValue {
    /// `None`: none was found.
    pub value: Option<String>,
    /// Where it was found, or why none was.
    pub origin: String,
}

/// A setting as a run uses it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SettingInEffect<'a> {
    /// Key with its section: `workers.readers`.
    pub key: &'a str,
    /// Null: not set, and no value is used instead.
    pub value: Value,
    /// Where it comes from: `default`, `not set`, a file, `environment NAME`, `flag --name`,
    /// or how it was found.
    pub origin: String,
    /// Whether a run found the value because the setting has none.
    pub is_found: bool,
}

/// The settings in effect, with their origins.
#[derive(Debug)]
pub struct ResolvedSettings {
    pub settings: Settings,
    values: Vec<SettingValue>,
}

impl Layers {
    pub fn defaults() -> Layers {
        let values = definitions().into_iter().map(|definition| SettingValue {
            value: definition.default.clone(),
            definition,
            origin: Origin::Default,
        });
        Layers {
            values: values.collect(),
            settings: Settings::default(),
        }
    }

    /// Reads `named`, which must exist, otherwise `docmill.toml` of the working folder, if
    /// it exists.
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
            let definition = self.find(&key).map(|known| &known.definition);
            if let (Some(definition), Value::String(text)) = (definition, &value)
                && definition.is_path()
            {
                value = relative_to(folder, &key, text);
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

    /// Sets a value that is given as text, by a flag or a variable.
    pub fn set_text(&mut self, key: &str, text: &str, origin: Origin) -> Result<(), UsageError> {
        let value = match self.find(key) {
            Some(known) => known.definition.parse(text),
            None => text.into(),
        };
        self.set(key, value, origin)
    }

    fn set(&mut self, key: &str, value: Value, origin: Origin) -> Result<(), UsageError> {
        let Some(known) = self
            .values
            .iter_mut()
            .find(|known| known.definition.key == key)
        else {
            return Err(UsageError(format!(
                "there is no setting `{key}` ({origin}){}",
                nearest_setting(key, self.keys().map(str::to_owned))
            )));
        };
        let mut all = to_json(&self.settings);
        let slot = key
            .split('.')
            .try_fold(&mut all, |at, part| at.get_mut(part));
        *slot.expect("definitions have the keys of `Settings`") = value.clone();
        let settings = serde_json::from_value::<Settings>(all).ok();
        let Some(settings) = settings.filter(|_| known.definition.is_in_range(&value)) else {
            return Err(UsageError(format!(
                "setting `{key}` cannot be {value} ({origin}): it must be {}",
                known.definition.allowed(&value)
            )));
        };
        self.settings = settings;
        known.value = value;
        known.origin = origin;
        Ok(())
    }

    fn keys(&self) -> impl Iterator<Item = &str> {
        self.values
            .iter()
            .map(|known| known.definition.key.as_str())
    }

    fn find(&self, key: &str) -> Option<&SettingValue> {
        self.values.iter().find(|known| known.definition.key == key)
    }

    pub fn resolve(self) -> ResolvedSettings {
        ResolvedSettings {
            settings: self.settings,
            values: self.values,
        }
    }
}

impl ResolvedSettings {
    /// Every setting. `found`: as for [`ResolvedSettings::to_toml`].
    pub fn in_effect<'a>(
        &'a self,
        found: &BTreeMap<&str, FoundValue>,
    ) -> impl Iterator<Item = SettingInEffect<'a>> {
        self.values.iter().map(|setting| in_effect(setting, found))
    }

    /// The settings as a settings file, each line with its origin as comment. `found`: by
    /// key, the values that are used where a setting is not set.
    pub fn to_toml(&self, found: &BTreeMap<&str, FoundValue>) -> String {
        let lines: Vec<_> = self.values.iter().map(|value| line(value, found)).collect();
        let width = lines.iter().map(|(text, _)| text.chars().count()).max();
        let width = width.unwrap_or_default();
        let mut out = String::new();
        let mut section = "";
        for (value, (text, origin)) in self.values.iter().zip(&lines) {
            if let Some((table, _)) = value.definition.key.split_once('.')
                && table != section
            {
                section = table;
                out.push_str(&format!("\n[{table}]\n"));
            }
            out.push_str(&format!("{text:<width$}  # {origin}\n"));
        }
        out
    }
}

fn in_effect<'a>(
    setting: &'a SettingValue,
    found: &BTreeMap<&str, FoundValue>,
) -> SettingInEffect<'a> {
    let key = setting.definition.key.as_str();
    let found = found.get(key).filter(|_| setting.value.is_null());
    let (value, origin) = match found {
        Some(found) => (found.value.as_deref().into(), found.origin.clone()),
        None if setting.value.is_null() => (Value::Null, "not set".to_owned()),
        None => (setting.value.clone(), setting.origin.to_string()),
    };
    SettingInEffect {
        key,
        value,
        origin,
        is_found: found.is_some(),
    }
}

/// `name = value` and origin of a setting, ready to print.
fn line(setting: &SettingValue, found: &BTreeMap<&str, FoundValue>) -> (String, String) {
    let setting = in_effect(setting, found);
    let name = setting.key.rsplit('.').next().unwrap_or(setting.key);
    // TOML's basic strings escape like JSON's.
    let text = match &setting.value {
        Value::Null => format!("# {name} ="),
        value if setting.is_found => format!("# {name} = {value}"),
        value => format!("{name} = {value}"),
    };
    (text, setting.origin)
}

fn variable_of(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_uppercase())
}

/// A path of a settings file, relative to the working folder.
fn relative_to(folder: &Path, key: &str, text: &str) -> Value {
    // A word, not a path.
    if key == "acceptance.calibration" && text == "off" {
        return text.into();
    }
    // Joining an absolute path leaves it as it is.
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

/// `: did you mean …?`; `None` where no name is similar.
pub fn nearest(name: &str, known: impl Iterator<Item = String>) -> Option<String> {
    let likeness = |candidate: &str| strsim::normalized_damerau_levenshtein(name, candidate);
    known
        .map(|candidate| (likeness(&candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.5)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| format!(": did you mean `{candidate}`?"))
}

/// The settings with this name in any section, otherwise the most similar one, otherwise
/// where all settings are listed.
fn nearest_setting(name: &str, known: impl Iterator<Item = String>) -> String {
    let known: Vec<String> = known.collect();
    let has_name = |key: &&String| {
        let section = key.strip_suffix(name.trim_start_matches(PREFIX));
        section.is_some_and(|section| section.ends_with(['.', '_']))
    };
    let of_name: Vec<String> = known
        .iter()
        .filter(has_name)
        .map(|key| format!("`{key}`"))
        .collect();
    match of_name.as_slice() {
        [] => nearest(name, known.into_iter())
            .unwrap_or_else(|| "; `docmill config` lists all settings".to_owned()),
        keys => format!(": did you mean {}?", keys.join(" or ")),
    }
}

#[cfg(test)]
#[path = "layers_tests.rs"]
mod tests;
