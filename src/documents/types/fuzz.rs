//! What must hold for any text: see [`crate::fuzzing`].

use super::parse;
use crate::domain::PromptTemplate;

/// An accepted schema has a field, a label and the hash of its text.
pub fn schema(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let prompt = PromptTemplate {
        variant: String::new(),
        template: "Read it.".into(),
    };
    let Ok(doc_type) = parse::doc_type("fuzzed", text, vec![prompt]) else {
        return;
    };
    assert!(
        doc_type
            .labels
            .iter()
            .all(|(_, sentences)| !sentences.is_empty())
    );
    let has_fields = doc_type.schema["properties"].is_object();
    assert!(has_fields || doc_type.read.is_none());
    assert_eq!(doc_type.schema_hash.len(), 64);
}
