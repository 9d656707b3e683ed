//! Words as search compares them: without case and accents.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The words of a text, in its order: runs of letters and digits, in lower case
/// and without accents, as SQLite's tokenizer `unicode61 remove_diacritics 2`
/// makes them.
pub fn folded_words(text: &str) -> Vec<String> {
    let folded: String = text
        .nfd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .collect();
    folded
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The same as one text, with a blank between the words.
pub fn folded(text: &str) -> String {
    folded_words(text).join(" ")
}

/// The letters and digits of a text in upper case, for comparison.
pub fn letters_and_digits(text: &str) -> String {
    let letters = text.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_and_marks_do_not_count() {
        assert_eq!(
            folded("Café MÜLLER & Söhne, GmbH"),
            "cafe muller sohne gmbh"
        );
        assert_eq!(folded_words("INV-2024/7"), ["inv", "2024", "7"]);
        assert_eq!(folded(" – "), "");
    }
}
