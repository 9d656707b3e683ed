//! Tokens of programs and of people who sign in. Only their hashes are stored.

use super::session::Secret;

/// A new token, and its hash.
pub fn new_token() -> anyhow::Result<(String, String)> {
    let token = format!("docmill_{}", Secret::new()?.as_str());
    let hash = hash_of(&token).to_hex().to_string();
    Ok((token, hash))
}

/// The hash of a token. It has 256 random bits, so that its hash needs neither salt nor many
/// rounds.
fn hash_of(token: &str) -> blake3::Hash {
    blake3::hash(token.as_bytes())
}

/// The one that has the token, of those with the hashes (hex) of theirs. Hashes are compared
/// in constant time, and all of them, so that the duration says nothing about a token.
pub fn with_token<T>(all: Vec<T>, hash: impl Fn(&T) -> &str, token: &str) -> Option<T> {
    let given = hash_of(token);
    let is_same = |one: &T| blake3::Hash::from_hex(hash(one)).is_ok_and(|hash| hash == given);
    all.into_iter().filter(is_same).last()
}
