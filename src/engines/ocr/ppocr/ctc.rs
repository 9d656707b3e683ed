//! Greedy CTC decoding (Graves et al., ICML 2006) with the places and the
//! confidences of the characters.

/// The characters of the recogniser's classes: class 0 is the blank, the last
/// one the space.
#[derive(Clone, Debug)]
pub struct Dictionary {
    entries: Vec<String>,
}

impl Dictionary {
    /// One entry a line.
    pub fn parse(text: &str) -> Dictionary {
        let entries = text.split('\n').map(|l| l.trim_end_matches('\r'));
        let mut entries: Vec<String> = entries.map(normalised).collect();
        if entries.last().is_some_and(String::is_empty) {
            entries.pop();
        }
        Dictionary { entries }
    }

    /// The entries, the blank and the space.
    pub fn classes(&self) -> usize {
        self.entries.len() + 2
    }

    /// `None` for the blank.
    fn text(&self, class: usize) -> Option<&str> {
        match class {
            0 => None,
            c if c <= self.entries.len() => Some(&self.entries[c - 1]),
            _ => Some(" "),
        }
    }
}

/// Converts full-width forms to ASCII: documents in Latin script do not have them,
/// and the recogniser confuses the two.
fn normalised(entry: &str) -> String {
    entry
        .chars()
        .map(|c| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
            '\u{3000}' => ' ',
            '\u{ffe5}' => '¥',
            c => c,
        })
        .collect()
}

#[derive(Clone, Debug, PartialEq)]
pub struct Character {
    pub text: String,
    /// First and last time step that has it, from 0.
    pub steps: (usize, usize),
    /// Highest probability (0 to 1) among these steps.
    pub confidence: f32,
    /// Highest probability (0 to 1) of a space from the last character that is not one
    /// to this one.
    pub space_before: f32,
}

/// Decodes probabilities (0 to 1) of shape `[steps, classes]`.
pub fn decode(probabilities: &[f32], dictionary: &Dictionary) -> Vec<Character> {
    let mut found: Vec<Character> = Vec::new();
    let mut before = 0;
    let mut space = 0.0f32;
    for (step, row) in probabilities.chunks_exact(dictionary.classes()).enumerate() {
        let (class, confidence) = best(row);
        space = space.max(row[dictionary.classes() - 1]);
        if class == before {
            if let (Some(last), true) = (found.last_mut(), class != 0) {
                last.steps.1 = step;
                last.confidence = last.confidence.max(confidence);
            }
        } else if let Some(text) = dictionary.text(class) {
            found.push(Character {
                text: text.to_owned(),
                steps: (step, step),
                confidence,
                space_before: space,
            });
            if !text.trim().is_empty() {
                space = 0.0;
            }
        }
        before = class;
    }
    found
}

/// The class with the greatest probability, the first of equal ones.
fn best(row: &[f32]) -> (usize, f32) {
    let greatest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let class = row.iter().position(|&v| v == greatest).unwrap_or(0);
    (class, greatest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of 4 classes: blank, `a`, `，`, space.
    fn rows(winners: &[(usize, f32)]) -> Vec<f32> {
        winners
            .iter()
            .flat_map(|&(class, p)| {
                (0..4).map(move |i| if i == class { p } else { (1.0 - p) / 3.0 })
            })
            .collect()
    }

    #[test]
    fn repeats_fall_together_unless_a_blank_parts_them() {
        let dictionary = Dictionary::parse("a\n，\n");
        let read = decode(
            &rows(&[(1, 0.5), (1, 0.9), (0, 0.8), (1, 0.7), (3, 0.6), (2, 0.75)]),
            &dictionary,
        );
        let seen: Vec<_> = read
            .iter()
            .map(|c| (c.text.as_str(), c.steps, c.confidence))
            .collect();
        assert_eq!(
            seen,
            [
                ("a", (0, 1), 0.9),
                ("a", (3, 3), 0.7),
                (" ", (4, 4), 0.6),
                (",", (5, 5), 0.75)
            ]
        );
    }

    #[test]
    fn a_dictionary_has_two_classes_more_than_lines() {
        assert_eq!(Dictionary::parse("a\n\u{3000}\nb").classes(), 5);
        assert_eq!(Dictionary::parse("a\r\nb\r\n").classes(), 4);
        assert_eq!(Dictionary::parse("").classes(), 2);
    }

    #[test]
    fn decoding_agrees_with_the_python_reference() {
        #[derive(serde::Deserialize)]
        struct Case {
            rows: Vec<Vec<f32>>,
            text: String,
            confidence: f32,
        }
        let cases: Vec<Case> = serde_json::from_str(include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/golden/ctc.json"
        )))
        .unwrap();
        let dictionary = Dictionary::parse("a\nb\nc\nd");
        for case in cases {
            let read = decode(&case.rows.concat(), &dictionary);
            let text: String = read.iter().map(|c| c.text.as_str()).collect();
            assert_eq!(text, case.text);
            // The reference takes a character's first step, the engine its best.
            let at = |step: usize| case.rows[step].iter().copied().fold(0.0, f32::max);
            let first: f32 = read.iter().map(|c| at(c.steps.0)).sum();
            assert!((first / read.len() as f32 - case.confidence).abs() < 1e-4);
            for c in &read {
                let best = (c.steps.0..=c.steps.1).map(at).fold(0.0, f32::max);
                assert_eq!(c.confidence, best);
            }
        }
    }
}
