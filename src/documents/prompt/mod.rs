//! The reader's prompt from the type's prompt template, and the schema of the answer.

use anyhow::Context;
use minijinja::{Environment, UndefinedBehavior, context};
use serde_json::{Map, Value, json};

use crate::domain::{DocType, PromptTemplate, line_properties};

/// Placeholder of the page text in a rendered prompt; no page text has it.
const PAGE_TEXT: &str = "\u{1}page_text\u{1}";

/// A prompt ready for the reader.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// The prompt with a placeholder for the page text
    /// ([`Rendered::with_page_text`]).
    pub text: String,
    /// The schema for decoding: the supported fields in the order in which the
    /// reader writes them.
    pub schema: Value,
    /// BLAKE3 (hex) of text and schema.
    pub hash: String,
    /// Fields that stay null because the reader does not support them.
    pub unsupported_fields: Vec<String>,
}

/// Renders the prompt of `doc_type` with the prompt template of `variant`, or the plain one
/// where the type has none. `supported`: the reader's supported fields (list fields as
/// `items[description,amount]`); `None`: all. `has_page_text`: the prompt has the page
/// text. `Err` where the prompt template fails.
pub fn render(
    doc_type: &DocType,
    variant: Option<&str>,
    supported: Option<&[String]>,
    has_page_text: bool,
) -> anyhow::Result<Rendered> {
    let rules = doc_type
        .read
        .as_ref()
        .context("pages of this type are not read")?;
    let (schema, unsupported_fields) = decoding_schema(&doc_type.schema, supported)?;
    let template = choose(&rules.prompts, variant).context("the type has no prompt template")?;
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let file = match template.variant.as_str() {
        "" => format!("{}.md", doc_type.name),
        variant => format!("{}.{variant}.md", doc_type.name),
    };
    let text = environment.render_named_str(
        &file,
        &template.template,
        context! {
            type => doc_type.name.as_str(),
            fields => fields(&schema, &doc_type.schema),
            page_text => if has_page_text { PAGE_TEXT } else { "" },
        },
    )?;
    let text = text.trim_end().to_owned();
    let hash = blake3::hash(format!("{text}\0{schema}").as_bytes())
        .to_hex()
        .to_string();
    Ok(Rendered {
        text,
        schema,
        hash,
        unsupported_fields,
    })
}

impl Rendered {
    /// The prompt for a page with these lines.
    pub fn with_page_text(&self, lines: &[String]) -> String {
        self.text.replace(PAGE_TEXT, &lines.join("\n"))
    }
}

fn choose<'a>(prompts: &'a [PromptTemplate], variant: Option<&str>) -> Option<&'a PromptTemplate> {
    let with = |variant: &str| prompts.iter().find(|prompt| prompt.variant == variant);
    variant
        .and_then(with)
        .or_else(|| with(""))
        .or(prompts.first())
}

/// Name and description of each field, for prompt templates.
fn fields(decoding: &Value, full: &Value) -> Vec<minijinja::Value> {
    let describe = |name: &str, property: &Value, inner: Option<&Map<String, Value>>| {
        let description = property
            .get("description")
            .and_then(Value::as_str)
            .unwrap_or("");
        let inner = inner.map(|inner| inner.keys().cloned().collect::<Vec<_>>().join(", "));
        let description = match inner {
            Some(inner) => format!("{description}; a list of objects with {inner}"),
            None => description.to_owned(),
        };
        context! { name => name, description => description }
    };
    let Some(properties) = decoding["properties"].as_object() else {
        return Vec::new();
    };
    properties
        .iter()
        .map(|(name, property)| {
            let inner = line_properties(property);
            describe(name, &full["properties"][name], inner)
        })
        .collect()
}

/// Restricts the type's schema to supported fields and fixes the form of the JSON,
/// so that only the values are open.
fn decoding_schema(
    schema: &Value,
    supported: Option<&[String]>,
) -> anyhow::Result<(Value, Vec<String>)> {
    let properties = schema["properties"]
        .as_object()
        .context("the schema has no `properties`")?;
    let mut unsupported_fields = Vec::new();
    let mut chosen = Map::new();
    let order: Vec<(&str, Option<Vec<&str>>)> = match supported {
        Some(supported) => supported
            .iter()
            .map(|field| split_supported(field))
            .collect(),
        None => properties
            .keys()
            .map(|name| (name.as_str(), None))
            .collect(),
    };
    for (name, inner) in &order {
        // The reader may support fields that the type does not have.
        let Some(property) = properties.get(*name) else {
            continue;
        };
        chosen.insert(
            (*name).to_owned(),
            property_for_decoding(name, property, inner.as_deref(), &mut unsupported_fields)?,
        );
    }
    anyhow::ensure!(
        !chosen.is_empty(),
        "the reader supports none of the type's fields: use a reader that does (`docmill models list`)"
    );
    unsupported_fields.extend(
        properties
            .keys()
            .filter(|name| !chosen.contains_key(*name))
            .cloned(),
    );
    let mut object = object(chosen);
    // Without these, white space between keys would be a choice at each step.
    object["x-guidance"] =
        json!({"whitespace_flexible": false, "item_separator": ",", "key_separator": ":"});
    Ok((object, unsupported_fields))
}

/// `items[description,amount]`: the list and its supported fields.
fn split_supported(field: &str) -> (&str, Option<Vec<&str>>) {
    match field
        .strip_suffix(']')
        .and_then(|field| field.split_once('['))
    {
        Some((list, inner)) => (list, Some(inner.split(',').map(str::trim).collect())),
        None => (field, None),
    }
}

fn property_for_decoding(
    name: &str,
    property: &Value,
    supported: Option<&[&str]>,
    unsupported_fields: &mut Vec<String>,
) -> anyhow::Result<Value> {
    let Some(lines) = line_properties(property) else {
        return Ok(leaf(property));
    };
    let mut chosen = Map::new();
    match supported {
        Some(supported) => {
            for field in supported {
                if let Some(line) = lines.get(*field) {
                    chosen.insert((*field).to_owned(), leaf(line));
                }
            }
        }
        None => chosen.extend(
            lines
                .iter()
                .map(|(field, line)| (field.clone(), leaf(line))),
        ),
    }
    anyhow::ensure!(
        !chosen.is_empty(),
        "the reader supports none of the fields of `{name}`: use a reader that does (`docmill models list`)"
    );
    let missing = lines.keys().filter(|field| !chosen.contains_key(*field));
    unsupported_fields.extend(missing.map(|field| format!("{name}[].{field}")));
    // Without a limit a model may repeat lines without end.
    const MAX_LINES: u64 = 200;
    let most = property
        .get("maxItems")
        .and_then(Value::as_u64)
        .unwrap_or(MAX_LINES);
    Ok(json!({"type": "array", "maxItems": most, "items": object(chosen)}))
}

fn object(properties: Map<String, Value>) -> Value {
    let required: Vec<_> = properties.keys().cloned().collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// The keywords that decide a value's form, without annotations and formats, which
/// are for validation.
fn leaf(property: &Value) -> Value {
    const KEPT: [&str; 8] = [
        "type",
        "enum",
        "const",
        "pattern",
        "minLength",
        "maxLength",
        "minimum",
        "maximum",
    ];
    let Some(property) = property.as_object() else {
        return property.clone();
    };
    let mut kept: Map<String, Value> = property
        .iter()
        .filter(|(key, _)| KEPT.contains(&key.as_str()))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    let is_text = match kept.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "string"),
        Some(kind) => kind == "string",
        None => false,
    };
    // Without a limit a model may repeat itself without end.
    const MAX_CHARACTERS: u64 = 500;
    if is_text && !kept.contains_key("pattern") && !kept.contains_key("maxLength") {
        kept.insert("maxLength".into(), MAX_CHARACTERS.into());
    }
    Value::Object(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::types::DocTypes;

    fn keys(schema: &Value) -> Vec<&str> {
        schema["properties"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect()
    }

    #[test]
    fn the_schema_has_the_supported_fields_in_the_readers_order() {
        let types = DocTypes::load(None).unwrap();
        let supported = [
            "total".to_owned(),
            "items[amount,description]".to_owned(),
            "unknown".to_owned(),
        ];
        let rendered = render(
            types.get("receipt").unwrap(),
            Some("short"),
            Some(&supported),
            false,
        )
        .unwrap();
        assert_eq!(rendered.text, "Read the receipt.");
        assert_eq!(keys(&rendered.schema), ["total", "items"]);
        assert_eq!(
            keys(&rendered.schema["properties"]["items"]["items"]),
            ["amount", "description"]
        );
        assert_eq!(rendered.schema["required"], json!(["total", "items"]));
        assert!(
            rendered
                .unsupported_fields
                .contains(&"items[].quantity".to_owned())
        );
        assert!(
            rendered
                .unsupported_fields
                .contains(&"merchant_name".to_owned())
        );
    }

    #[test]
    fn the_plain_prompt_lists_every_field_and_a_variant_is_for_readers_that_name_it() {
        let types = DocTypes::load(None).unwrap();
        let invoice = types.get("invoice").unwrap();
        let rendered = render(invoice, None, None, false).unwrap();
        for key in keys(&invoice.schema) {
            assert!(
                rendered.text.contains(&format!("- {key}: ")),
                "{key} in {}",
                rendered.text
            );
        }
        assert!(rendered.unsupported_fields.is_empty());
        assert_ne!(
            rendered.hash,
            render(invoice, Some("short"), None, false).unwrap().hash
        );
        assert_eq!(
            render(invoice, Some("no such"), None, false).unwrap(),
            rendered
        );
    }

    #[test]
    fn the_built_in_prompts_and_decoding_schemas_are_as_reviewed() {
        for doc_type in DocTypes::load(None).unwrap().readable() {
            let rendered = render(doc_type, None, None, false).unwrap();
            insta::assert_snapshot!(format!("{}_prompt", doc_type.name), rendered.text);
            insta::assert_json_snapshot!(format!("{}_schema", doc_type.name), rendered.schema);
        }
    }

    #[test]
    fn strings_and_lists_that_the_schema_leaves_open_are_bounded_and_annotations_gone() {
        let property = json!({"type": ["string", "null"], "description": "d", "format": "date"});
        assert_eq!(
            leaf(&property),
            json!({"type": ["string", "null"], "maxLength": 500})
        );
        let list = json!({"type": "array", "items": {"properties": {"a": {"type": "string", "pattern": "^x$"}}}});
        let decoding = property_for_decoding("l", &list, None, &mut Vec::new()).unwrap();
        assert_eq!(decoding["maxItems"], 200);
        assert_eq!(
            decoding["items"]["properties"]["a"],
            json!({"type": "string", "pattern": "^x$"})
        );
    }
}
