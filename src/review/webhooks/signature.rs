use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Begins a secret (Standard Webhooks, "Signature scheme").
const PREFIX: &str = "whsec_";

/// A new secret: 32 random bytes, which are the key, in base64.
pub fn new_secret() -> anyhow::Result<String> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).context("the system gives no random numbers")?;
    Ok(format!("{PREFIX}{}", STANDARD.encode(key)))
}

/// The value of the header `webhook-signature`: HMAC-SHA256 of `name.seconds.body`.
/// `seconds`: when it is sent, Unix time.
pub fn signature(secret: &str, name: &str, seconds: i64, body: &[u8]) -> anyhow::Result<String> {
    let key = STANDARD.decode(secret.strip_prefix(PREFIX).unwrap_or(secret));
    let key = key.context("the secret of a webhook is damaged: remove it and add it again")?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key)?;
    mac.update(format!("{name}.{seconds}.").as_bytes());
    mac.update(body);
    let signed = STANDARD.encode(mac.finalize().into_bytes());
    Ok(format!("v1,{signed}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the test of the project's own libraries
    /// (standard-webhooks/standard-webhooks, libraries).
    #[test]
    fn a_signature_is_that_of_the_published_example() {
        let signed = signature(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signed.unwrap(), expected);
    }

    #[test]
    fn secrets_are_random_and_usable() {
        let (one, two) = (new_secret().unwrap(), new_secret().unwrap());
        assert_ne!(one, two);
        assert!(signature(&one, "x", 0, b"").is_ok());
        assert!(signature("whsec_?", "x", 0, b"").is_err());
    }
}
