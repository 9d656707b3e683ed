//! The body of a chat completion request
//! (<https://platform.openai.com/docs/api-reference/chat/create>).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use serde_json::{Map, Value, json};

use crate::domain::{PageImage, ReadRequest};
use crate::engines::models::{EndpointModel, ImageFormat, StructuredOutput};

const JPEG_QUALITY: u8 = 90;

pub fn body(
    spec: &EndpointModel,
    request: &ReadRequest,
    images: &[(String, PageImage)],
) -> anyhow::Result<Vec<u8>> {
    let mut content = Vec::new();
    for (prefix, image) in images {
        if !prefix.is_empty() {
            content.push(json!({"type": "text", "text": prefix}));
        }
        let url = data_url(image, spec.image_format)?;
        content.push(json!({"type": "image_url", "image_url": {"url": url}}));
    }
    content.push(json!({"type": "text", "text": request.prompt}));
    let mut body = Map::new();
    let mut set = |key: &str, value: Value| body.insert(key.to_owned(), value);
    set("model", spec.model.as_str().into());
    set("messages", json!([{"role": "user", "content": content}]));
    set(
        "max_tokens",
        request.max_tokens.min(spec.max_output_tokens).into(),
    );
    set("temperature", 0.into());
    set("stream", false.into());
    if spec.logprobs {
        set("logprobs", true.into());
        // With 0, llama-server gives no log-probabilities at all.
        set("top_logprobs", 1.into());
    }
    if let Some(format) = response_format(spec.structured_output, request) {
        set("response_format", format);
    }
    for key in &spec.omit {
        body.shift_remove(key);
    }
    body.extend(spec.extra.clone());
    Ok(serde_json::to_vec(&body)?)
}

fn data_url(image: &PageImage, format: ImageFormat) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let (kind, color) = match format {
        ImageFormat::Png => ("png", ExtendedColorType::Rgb8),
        ImageFormat::Jpeg => ("jpeg", ExtendedColorType::Rgb8),
    };
    match format {
        ImageFormat::Png => {
            PngEncoder::new(&mut bytes).write_image(&image.rgb, image.width, image.height, color)?
        }
        ImageFormat::Jpeg => JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY).write_image(
            &image.rgb,
            image.width,
            image.height,
            color,
        )?,
    }
    Ok(format!(
        "data:image/{kind};base64,{}",
        STANDARD.encode(bytes)
    ))
}

fn response_format(form: StructuredOutput, request: &ReadRequest) -> Option<Value> {
    let schema = request.grammar.schema()?;
    let schema = match form {
        StructuredOutput::None => return None,
        StructuredOutput::JsonSchema => keep(schema, &|key| key != "x-guidance"),
        StructuredOutput::JsonSchemaReduced => keep(schema, &|key| REDUCED.contains(&key)),
    };
    // The API allows letters, digits, `_` and `-`, at most 64 characters.
    let name: String = request
        .doc_type
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '-' {
                c
            } else {
                '_'
            }
        })
        .take(64)
        .collect();
    Some(json!({
        "type": "json_schema",
        "json_schema": {"name": name, "strict": true, "schema": schema},
    }))
}

/// Keywords that every strict mode supports
/// (<https://platform.openai.com/docs/guides/structured-outputs>).
const REDUCED: [&str; 7] = [
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "enum",
    "const",
];

/// The schema with only the keywords for which `wanted` is true. Names of properties
/// are not keywords.
fn keep(schema: &Value, wanted: &dyn Fn(&str) -> bool) -> Value {
    let Some(object) = schema.as_object() else {
        return schema.clone();
    };
    let mut kept = Map::new();
    for (key, value) in object.iter().filter(|(key, _)| wanted(key)) {
        let value = match key.as_str() {
            "properties" => {
                let properties = value.as_object().into_iter().flatten();
                properties
                    .map(|(name, property)| (name.clone(), keep(property, wanted)))
                    .collect::<Map<_, _>>()
                    .into()
            }
            "items" => keep(value, wanted),
            _ => value.clone(),
        };
        kept.insert(key.clone(), value);
    }
    Value::Object(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::AnswerGrammar;

    fn spec(more: &str) -> EndpointModel {
        let text = format!(
            "kind = 'openai'\nbase_url = 'https://e.example/v1'\nmodel = 'm-1'\nmax_output_tokens = 50\n{more}"
        );
        toml::from_str(&text).unwrap()
    }

    fn request() -> ReadRequest {
        ReadRequest {
            image: PageImage::new(2, 1, vec![9; 6]).unwrap(),
            doc_type: "my type".into(),
            prompt: "Read it.".into(),
            grammar: AnswerGrammar::Schema(json!({
                "type": "object",
                "properties": {
                    "pattern": {"type": ["string", "null"], "pattern": "^a$", "maxLength": 3},
                    "items": {"type": "array", "maxItems": 2, "items": {"type": "object", "properties": {
                        "kind": {"enum": ["a", null], "minLength": 1}}, "required": ["kind"]}},
                },
                "required": ["pattern", "items"],
                "additionalProperties": false,
                "x-guidance": {"whitespace_flexible": false},
            })),
            max_tokens: 9000,
        }
    }

    fn made(spec: &EndpointModel) -> Value {
        let request = request();
        let images = [
            ("<t1>".to_owned(), request.image.clone()),
            (String::new(), request.image.clone()),
        ];
        serde_json::from_slice(&body(spec, &request, &images).unwrap()).unwrap()
    }

    #[test]
    fn images_stand_between_their_prefixes_and_the_instruction() {
        let body = made(&spec(""));
        let content = body["messages"][0]["content"].as_array().unwrap();
        let kinds: Vec<_> = content
            .iter()
            .map(|part| part["type"].as_str().unwrap())
            .collect();
        assert_eq!(kinds, ["text", "image_url", "image_url", "text"]);
        assert_eq!(
            (&content[0]["text"], &content[3]["text"]),
            (&json!("<t1>"), &json!("Read it."))
        );
        assert_eq!(body["max_tokens"], 50);
        assert_eq!(body["temperature"], 0);
        assert_eq!(body["logprobs"], true);
    }

    #[test]
    fn an_image_comes_back_from_its_data_url() {
        for (format, kind) in [(ImageFormat::Png, "png"), (ImageFormat::Jpeg, "jpeg")] {
            let page = PageImage::new(16, 8, vec![200; 16 * 8 * 3]).unwrap();
            let url = data_url(&page, format).unwrap();
            let coded = url
                .strip_prefix(&format!("data:image/{kind};base64,"))
                .unwrap();
            let image = image::load_from_memory(&STANDARD.decode(coded).unwrap()).unwrap();
            assert_eq!((image.width(), image.height()), (16, 8));
            assert!(
                image
                    .to_rgb8()
                    .pixels()
                    .all(|pixel| pixel.0.iter().all(|v| v.abs_diff(200) < 3))
            );
        }
    }

    #[test]
    fn the_schema_is_sent_whole_reduced_or_not_at_all() {
        let format = |form: &str| {
            made(&spec(&format!("structured_output = '{form}'")))["response_format"].clone()
        };
        let whole = format("json_schema");
        assert_eq!(whole["json_schema"]["name"], "my_type");
        assert_eq!(whole["json_schema"]["strict"], true);
        let schema = &whole["json_schema"]["schema"];
        assert_eq!(schema["properties"]["pattern"]["pattern"], "^a$");
        assert!(schema.get("x-guidance").is_none());
        let reduced = format("json_schema_reduced");
        assert_eq!(
            reduced["json_schema"]["schema"],
            json!({
                "type": "object",
                "properties": {
                    "pattern": {"type": ["string", "null"]},
                    "items": {"type": "array", "items": {"type": "object", "properties": {
                        "kind": {"enum": ["a", null]}}, "required": ["kind"]}},
                },
                "required": ["pattern", "items"],
                "additionalProperties": false,
            })
        );
        assert_eq!(format("none"), Value::Null);
    }

    #[test]
    fn keys_that_a_server_wants_otherwise_are_left_out_or_added() {
        let more = "omit = ['max_tokens', 'temperature']\nlogprobs = false\n[extra]\nmax_completion_tokens = 7\nstream_options = { a = true }";
        let body = made(&spec(more));
        let keys = body.as_object().unwrap();
        for gone in ["max_tokens", "temperature", "logprobs", "top_logprobs"] {
            assert!(!keys.contains_key(gone), "{gone}");
        }
        assert_eq!(body["max_completion_tokens"], 7);
        assert_eq!(body["stream_options"]["a"], true);
    }
}
