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

    /// Whether a number is inside the setting's range; other values always are.
    pub fn is_in_range(&self, value: &Value) -> bool {
        let Some(number) = value.as_f64() else {
            return true;
        };
        let bound = |name: &str| self.schema[name].as_f64();
        bound("exclusiveMinimum").is_none_or(|min| number > min)
            && bound("minimum").is_none_or(|min| number >= min)
            && bound("maximum").is_none_or(|max| number <= max)
    }

    /// What may stand in place of a value that is refused, for a message: `a whole number of
    /// at least 1, for example 500`.
    pub fn allowed(&self, refused: &Value) -> String {
        let choices = self.choices();
        if !choices.is_empty() {
            let words: Vec<String> = choices
                .iter()
                .map(|(word, _)| format!("`{word}`"))
                .collect();
            return format!("one of {}", words.join(", "));
        }
        let kind = if self.is_of_type("integer") {
            "a whole number"
        } else if self.is_of_type("number") {
            "a number"
        } else if self.is_of_type("boolean") {
            return "true or false".to_owned();
        } else if self.is_of_type("array") {
            return "a list of texts, for example [\"a\", \"b\"]".to_owned();
        } else if self.is_path() {
            return "a path in quotes".to_owned();
        } else {
            return "a text in quotes".to_owned();
        };
        let range = self.range(refused);
        match &self.default {
            Value::Null => format!("{kind}{range}"),
            default => format!("{kind}{range}, for example {default}"),
        }
    }

    /// ` from 0 to 1`; empty without bounds. That of the type is named only where it matters.
    fn range(&self, refused: &Value) -> String {
        let is_too_large = refused.as_f64().is_some_and(|n| n > f64::from(u32::MAX));
        let maximum = match (&self.schema["maximum"], self.schema["format"].as_str()) {
            (Value::Null, Some("uint32")) if is_too_large => u32::MAX.into(),
            (maximum, _) => maximum.clone(),
        };
        match (&self.schema["exclusiveMinimum"], &self.schema["minimum"]) {
            (Value::Null, Value::Null) => String::new(),
            (Value::Null, min) if maximum.is_null() => format!(" of at least {min}"),
            (Value::Null, min) => format!(" from {min} to {maximum}"),
            (above, _) => format!(" above {above}"),
        }
    }
}
