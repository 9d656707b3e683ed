//! The user's name and reason, which the database keeps with decisions.

use crate::config::UsageError;

/// The system's name of the user.
pub fn user() -> String {
    let named = ["USER", "LOGNAME"].into_iter().find_map(|name| {
        let value = std::env::var(name).ok()?;
        (!value.is_empty()).then_some(value)
    });
    named.unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()))
}

/// The trimmed reason; `Err` for an empty text.
pub fn reason(text: &str) -> Result<&str, UsageError> {
    match text.trim() {
        "" => Err(UsageError("--reason is empty: say why".to_owned())),
        text => Ok(text),
    }
}
