//! The definitions of settings in [`Settings`]: key, default, meaning and range.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::Settings;

/// A setting of [`Settings`].
#[derive(Clone, Debug)]
pub struct Definition {
    /// Key with its section: `db`, `workers.readers`.
    pub key: String,
    pub default: Value,
    /// JSON Schema of its value.
    schema: Value,
}

/// A table of the settings file, in the order of [`Settings`].
pub struct Section {
    /// Empty for the settings above the first table.
    pub name: String,
    pub description: String,
    pub settings: Vec<Definition>,
}

/// Every setting by section.
pub fn sections() -> Vec<Section> {
    let generator =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let schema = generator
        .into_generator()
        .into_root_schema_for::<Settings>();
    let schema = schema.to_value();
    let defaults = to_json(&Settings::default());
    let (tables, top): (Vec<_>, Vec<_>) = properties(&schema)
        .into_iter()
        .partition(|(_, schema)| schema["type"] == "object");
    let top = Section {
        name: String::new(),
        description: String::new(),
        settings: top
            .iter()
            .map(|(name, schema)| definition("", name, schema, &defaults))
            .collect(),
    };
    let tables = tables.into_iter().map(|(table, schema)| Section {
        name: table.clone(),
        description: description(schema),
        settings: properties(schema)
            .into_iter()
            .map(|(name, schema)| definition(table, name, schema, &defaults[table]))
            .collect(),
    });
    std::iter::once(top).chain(tables).collect()
}

/// Every setting, in the order of [`Settings`].
pub fn definitions() -> Vec<Definition> {
    sections()
        .into_iter()
        .flat_map(|section| section.settings)
        .collect()
}

fn properties(schema: &Value) -> Vec<(&String, &Value)> {
    let properties = schema["properties"].as_object().map(Map::iter);
    properties.into_iter().flatten().collect()
}

fn definition(table: &str, name: &str, schema: &Value, defaults: &Value) -> Definition {
    let key = match table {
        "" => name.to_owned(),
        table => format!("{table}.{name}"),
    };
    Definition {
        key,
        default: defaults[name].clone(),
        schema: schema.clone(),
    }
}

/// The value as JSON. It is converted through text, so that the `f32` of `0.8` gives `0.8`
/// and not the nearest `f64`.
pub fn to_json(value: &impl serde::Serialize) -> Value {
    let text = serde_json::to_string(value).expect("settings are plain data");
    serde_json::from_str(&text).expect("just written")
}

/// A doc comment in one line.
fn description(schema: &Value) -> String {
    let text = schema["description"].as_str().unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Definition {
    pub fn description(&self) -> String {
        description(&self.schema)
    }

    /// The allowed words with their meanings; empty for settings that are not one of a few
    /// words.
    pub fn choices(&self) -> Vec<(String, String)> {
        let choices = self.schema["oneOf"].as_array().into_iter().flatten();
        let choices = choices
            .filter_map(|choice| Some((choice["const"].as_str()?.to_owned(), description(choice))));
        choices.collect()
    }

    /// Whether it names a file or folder.
    pub fn is_path(&self) -> bool {
        self.schema["format"] == "path"
    }

    fn is_of_type(&self, name: &str) -> bool {
        match &self.schema["type"] {
            Value::Array(types) => types.iter().any(|one| one == name),
            one => one == name,
        }
    }

    /// A value from a command line or the environment.
    pub fn parse(&self, text: &str) -> Value {
        if self.is_of_type("array") {
            let names = text.split(',').map(str::trim);
            return names.filter(|name| !name.is_empty()).collect();
        }
        let is_plain = ["integer", "number", "boolean"]
            .iter()
            .any(|name| self.is_of_type(name));
        let parsed = is_plain.then(|| serde_json::from_str(text).ok()).flatten();
        parsed.unwrap_or_else(|| text.into())
    }

    /// Why a value is outside the setting's range; `None`: it is inside.
    pub fn out_of_range(&self, value: &Value) -> Option<String> {
        let number = value.as_f64()?;
        let bound = |name: &str| self.schema[name].as_f64();
        if bound("exclusiveMinimum").is_some_and(|min| number <= min) {
            return Some(format!(
                "it must be more than {}",
                self.schema["exclusiveMinimum"]
            ));
        }
        let (min, max) = (bound("minimum"), bound("maximum"));
        if min.is_none_or(|min| number >= min) && max.is_none_or(|max| number <= max) {
            return None;
        }
        let min = &self.schema["minimum"];
        Some(match max {
            Some(_) => format!("it must be from {min} to {}", self.schema["maximum"]),
            None => format!("it must be at least {min}"),
        })
    }
}
