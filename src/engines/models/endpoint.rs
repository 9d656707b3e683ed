//! `[endpoint.NAME]` of the manifest: a server that speaks OpenAI's chat
//! completions API (vLLM, llama-server, or a hosted one).

use std::collections::BTreeMap;

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};
use url::Url;

use super::form::{Anchor, AnswerForm, ImageLayout, PAGE_SIDE};
use crate::config::is_loopback;
use crate::domain::Usage;

/// A server, and how a page is sent to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointModel {
    pub kind: EndpointKind,
    #[serde(default)]
    pub source: String,
    #[serde(default)]
    pub licence: String,
    /// The URL before `/chat/completions`, e.g. `https://host/v1`.
    pub base_url: String,
    /// The model's name, as the server knows it.
    pub model: String,
    /// Name of the environment variable that holds the key; `None`: no key is
    /// sent.
    #[serde(default)]
    pub api_key_env: Option<String>,
    /// Price of a million input tokens in `currency`.
    #[serde(default)]
    pub input_price: f64,
    /// Price of a million output tokens in `currency`.
    #[serde(default)]
    pub output_price: f64,
    /// ISO 4217. All prices of a run and its cost cap have the same currency.
    #[serde(default = "usd")]
    pub currency: String,
    /// Time limit from sending a request to the last byte of its answer.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: u64,
    /// Most requests at the same time.
    #[serde(default = "default_concurrency")]
    pub concurrency: u32,
    /// Further tries of a request after 429, 5xx, a time-out or a lost connection.
    #[serde(default = "default_retries")]
    pub max_retries: u32,
    /// Allows http without TLS to another machine.
    #[serde(default)]
    pub allow_http: bool,
    #[serde(default = "default_image_layout")]
    pub image_layout: ImageLayout,
    #[serde(default)]
    pub image_format: ImageFormat,
    #[serde(default)]
    pub structured_output: StructuredOutput,
    /// Whether to ask for log-probabilities. Without them every record of this
    /// reader needs review.
    #[serde(default = "yes")]
    pub logprobs: bool,
    /// Longest answer, in tokens.
    #[serde(default = "default_answer")]
    pub max_output_tokens: u32,
    /// As [`super::manifest::ReaderModel::prompt_variant`].
    #[serde(default)]
    pub prompt_variant: Option<String>,
    #[serde(default)]
    pub supported_fields: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub anchor: Anchor,
    #[serde(default)]
    pub answers: AnswerForm,
    /// Keys to leave out of the request, since the server rejects them.
    #[serde(default)]
    pub omit: Vec<String>,
    /// Further keys of the request; they replace equal keys of docmill's own.
    #[serde(default)]
    pub extra: serde_json::Map<String, serde_json::Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointKind {
    Openai,
}

/// The file format in which page images are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageFormat {
    #[default]
    Png,
    /// Quality 90: about a tenth of the bytes of a scan, with small losses.
    Jpeg,
}

/// How the request states the form of the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StructuredOutput {
    /// `response_format` with the whole schema.
    #[default]
    JsonSchema,
    /// The same without lengths, patterns and ranges, for servers whose strict
    /// mode rejects them.
    JsonSchemaReduced,
    /// Only the prompt states it.
    None,
}

fn usd() -> String {
    "USD".into()
}

fn yes() -> bool {
    true
}

fn default_timeout() -> u64 {
    120
}

fn default_concurrency() -> u32 {
    4
}

fn default_retries() -> u32 {
    4
}

fn default_answer() -> u32 {
    4096
}

fn default_image_layout() -> ImageLayout {
    ImageLayout::Page {
        max_side: PAGE_SIDE,
    }
}

/// Prices of a million tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenPrice {
    pub input: f64,
    pub output: f64,
    pub currency: String,
}

impl TokenPrice {
    pub fn cost(&self, usage: Usage) -> f64 {
        (f64::from(usage.input) * self.input + f64::from(usage.output) * self.output) / 1e6
    }
}

/// An endpoint whose settings were checked and whose key was found.
#[derive(Clone, Debug)]
pub struct ResolvedEndpoint {
    pub name: String,
    pub spec: EndpointModel,
    /// BLAKE3 (hex) of the parts of `spec` on which an answer depends. A server
    /// may still change its model without notice.
    pub hash: String,
    pub key: Option<ApiKey>,
}

/// Text that is never printed, logged or stored.
#[derive(Clone)]
pub struct ApiKey(String);

impl ApiKey {
    pub fn new(text: impl Into<String>) -> ApiKey {
        ApiKey(text.into())
    }

    pub fn expose(&self) -> &str {
        &self.0
    }

    /// `text` with every occurrence of the secret replaced by a placeholder.
    pub fn redact(&self, text: &str) -> String {
        text.replace(&self.0, "***")
    }
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl EndpointModel {
    /// The URL of the requests.
    pub fn url(&self) -> String {
        format!("{}/chat/completions", self.base_url.trim_end_matches('/'))
    }

    /// Whether requests stay on this machine.
    pub fn is_loopback(&self) -> bool {
        Url::parse(&self.base_url).is_ok_and(|url| is_loopback(&url))
    }

    /// `None` where both prices are 0.
    pub fn price(&self) -> Option<TokenPrice> {
        let price = TokenPrice {
            input: self.input_price,
            output: self.output_price,
            currency: self.currency.clone(),
        };
        (price.input > 0.0 || price.output > 0.0).then_some(price)
    }

    pub(super) fn check(&self) -> anyhow::Result<()> {
        self.check_url()?;
        ensure!(!self.model.trim().is_empty(), "model is empty");
        for (name, price) in [
            ("input_price", self.input_price),
            ("output_price", self.output_price),
        ] {
            ensure!(
                price.is_finite() && price >= 0.0,
                "{name} must be 0 or more, for a million tokens"
            );
        }
        for (name, number) in [
            ("timeout_seconds", self.timeout_seconds),
            ("concurrency", self.concurrency.into()),
            ("max_output_tokens", self.max_output_tokens.into()),
        ] {
            ensure!(number > 0, "{name} must be at least 1");
        }
        if let Some(name) = &self.api_key_env {
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            // The value may be a key by mistake, so the message does not quote it.
            ensure!(
                !name.is_empty() && name.chars().all(is_name),
                "api_key_env names an environment variable, such as OPENAI_API_KEY; \
                 the key itself belongs into that variable"
            );
        }
        self.image_layout.check()
    }

    fn check_url(&self) -> anyhow::Result<()> {
        let url = Url::parse(&self.base_url).context("base_url is not an address")?;
        // The text may have a password, so the message does not quote it.
        ensure!(
            url.username().is_empty() && url.password().is_none(),
            "base_url holds a user name or password; a key belongs into the environment variable \
             that api_key_env names"
        );
        ensure!(
            url.query().is_none() && url.fragment().is_none(),
            "base_url must end before `?` and `#`"
        );
        ensure!(url.host().is_some(), "base_url names no host");
        match url.scheme() {
            "https" => Ok(()),
            "http" if is_loopback(&url) || self.allow_http => Ok(()),
            "http" => bail!(
                "base_url sends pages to {} unencrypted: use https, or set allow_http = true",
                url.host_str().unwrap_or_default()
            ),
            other => bail!("base_url must begin with https:// or http://, not {other}://"),
        }
    }

    /// The key from the environment; `None` where the manifest names no variable,
    /// `Err` where the variable is not set.
    fn key(&self) -> anyhow::Result<Option<ApiKey>> {
        let Some(name) = &self.api_key_env else {
            return Ok(None);
        };
        match std::env::var(name) {
            Ok(key) if !key.trim().is_empty() => Ok(Some(ApiKey::new(key.trim()))),
            Ok(_) | Err(std::env::VarError::NotPresent) => {
                bail!("its key is missing: set the environment variable {name}")
            }
            Err(std::env::VarError::NotUnicode(_)) => {
                bail!("the environment variable {name} is not valid UTF-8")
            }
        }
    }

    fn hash(&self) -> anyhow::Result<String> {
        let spec = EndpointModel {
            source: String::new(),
            licence: String::new(),
            api_key_env: None,
            input_price: 0.0,
            output_price: 0.0,
            currency: String::new(),
            timeout_seconds: 0,
            concurrency: 0,
            max_retries: 0,
            allow_http: false,
            ..self.clone()
        };
        Ok(blake3::hash(serde_json::to_string(&spec)?.as_bytes())
            .to_hex()
            .to_string())
    }

    pub(super) fn resolve(&self, name: &str) -> anyhow::Result<ResolvedEndpoint> {
        let key = self
            .key()
            .with_context(|| format!("endpoint \"{name}\" cannot be used"))?;
        Ok(ResolvedEndpoint {
            name: name.to_owned(),
            spec: self.clone(),
            hash: self.hash()?,
            key,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(base_url: &str) -> EndpointModel {
        toml::from_str(&format!(
            "kind = 'openai'\nbase_url = '{base_url}'\nmodel = 'm'"
        ))
        .unwrap()
    }

    fn wrong(endpoint: &EndpointModel) -> String {
        format!("{:#}", endpoint.check().unwrap_err())
    }

    #[test]
    fn pages_go_unencrypted_to_this_machine_only_unless_that_is_allowed() {
        for fine in [
            "https://api.example.com/v1",
            "http://127.0.0.1:8000/v1",
            "http://[::1]:8000/v1",
            "http://localhost/v1",
        ] {
            endpoint(fine).check().unwrap();
        }
        let mut plain = endpoint("http://10.0.0.7:8000/v1");
        assert!(wrong(&plain).contains("allow_http"), "{}", wrong(&plain));
        assert!(wrong(&endpoint("http://localhost.example.com/v1")).contains("allow_http"));
        plain.allow_http = true;
        plain.check().unwrap();
        assert!(wrong(&endpoint("ftp://example.com/v1")).contains("https"));
    }

    #[test]
    fn a_key_in_the_wrong_place_is_refused_without_repeating_it() {
        let mut pasted = endpoint("https://example.com/v1");
        pasted.api_key_env = Some("sk-1234".into());
        let userinfo = endpoint("https://user:sk-1234@example.com/v1");
        for endpoint in [pasted, userinfo] {
            let message = wrong(&endpoint);
            assert!(
                message.contains("environment variable") && !message.contains("sk-1234"),
                "{message}"
            );
        }
    }

    #[test]
    fn the_hash_follows_what_decides_an_answer_and_nothing_else() {
        let one = endpoint("https://example.com/v1");
        let priced = EndpointModel {
            input_price: 3.0,
            timeout_seconds: 7,
            ..one.clone()
        };
        let other = EndpointModel {
            model: "n".into(),
            ..one.clone()
        };
        assert_eq!(one.hash().unwrap(), priced.hash().unwrap());
        assert_ne!(one.hash().unwrap(), other.hash().unwrap());
    }

    #[test]
    fn prices_are_for_a_million_tokens() {
        let mut endpoint = endpoint("https://example.com/v1");
        assert_eq!(endpoint.price(), None);
        (endpoint.input_price, endpoint.output_price) = (2.5, 10.0);
        let usage = Usage {
            input: 2000,
            output: 300,
        };
        assert!((endpoint.price().unwrap().cost(usage) - 0.008).abs() < 1e-12);
    }

    #[test]
    fn a_secret_is_never_shown() {
        let key = ApiKey::new("sk-1234");
        assert_eq!(format!("{key:?}"), "***");
        assert_eq!(
            key.redact("wrong key sk-1234, sk-1234"),
            "wrong key ***, ***"
        );
    }
}
