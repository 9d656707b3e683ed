//! What must hold for any text: see [`crate::fuzzing`].

use std::path::Path;

use super::Layers;

/// Accepted settings are printed so that they read back the same.
pub fn settings(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    // As a value on a command line, after its key.
    if let Some((key, value)) = text.split_once('=') {
        let flag = super::Origin::Flag("--set".into());
        let _ = Layers::defaults().set_text(key, value, flag);
    }
    let Ok(layers) = Layers::defaults().toml(Path::new("docmill.toml"), text) else {
        return;
    };
    let resolved = layers.resolve();
    let printed = resolved.to_toml(&Default::default());
    let again = Layers::defaults().toml(Path::new("docmill.toml"), &printed);
    let again = again.unwrap_or_else(|error| panic!("{error}\n{printed}"));
    assert_eq!(again.resolve().settings, resolved.settings, "{printed}");
}
