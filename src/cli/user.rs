//! The user's name and reason, which the database keeps with decisions.

use crate::config::UsageError;

/// The system's name of the user; under sudo, of the user who called it.
pub fn user() -> String {
    let named = ["SUDO_USER", "USER", "LOGNAME"]
        .into_iter()
        .find_map(|name| {
            let value = std::env::var(name).ok()?;
            (!value.is_empty()).then_some(value)
        });
    let uid = rustix::process::getuid().as_raw();
    named
        .or_else(|| account_name(uid))
        .unwrap_or_else(|| format!("uid {uid}"))
}

/// The name of the user's account: cron, su and containers often set no `USER`.
fn account_name(uid: u32) -> Option<String> {
    let mut buffer = vec![0; 16 * 1024];
    // SAFETY: all-zero bytes are a valid `passwd`, which has integers and pointers alone.
    let mut account: libc::passwd = unsafe { std::mem::zeroed() };
    let mut found = std::ptr::null_mut();
    // SAFETY: the pointers are valid for the call, and the length is the buffer's.
    let code = unsafe {
        libc::getpwuid_r(
            uid,
            &raw mut account,
            buffer.as_mut_ptr(),
            buffer.len(),
            &raw mut found,
        )
    };
    if code != 0 || found.is_null() || account.pw_name.is_null() {
        return None;
    }
    // SAFETY: on success the name is a C string inside the buffer, which is alive.
    let name = unsafe { std::ffi::CStr::from_ptr(account.pw_name) };
    let name = name.to_str().ok().filter(|name| !name.is_empty());
    name.map(str::to_owned)
}

/// Most characters of a name.
const LONGEST: usize = 40;

/// `Err` for a name that cannot stand in the history. `whose`: such as `a token's`.
pub fn check_name(name: &str, whose: &str) -> Result<(), UsageError> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    match !name.is_empty() && name.len() <= LONGEST && name.chars().all(is_allowed) {
        true => Ok(()),
        false => Err(UsageError(format!(
            "`{name}` cannot be {whose} name: use 1 to {LONGEST} letters, digits, `-`, `_` and `.`"
        ))),
    }
}

/// The trimmed reason; `Err` for an empty text.
pub fn reason(text: &str) -> Result<&str, UsageError> {
    match text.trim() {
        "" => Err(UsageError("--reason is empty: say why".to_owned())),
        text => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_a_name_and_an_unknown_number_has_none() {
        assert_eq!(account_name(0).as_deref(), Some("root"));
        assert_eq!(account_name(4_000_000_123), None);
    }
}
