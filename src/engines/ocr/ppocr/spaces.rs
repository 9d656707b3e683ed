//! Decides where the words of a line end. The recogniser leaves out spaces of
//! tightly set lines (`SANYUSTATIONERYSHOP`): it gives them some probability, and the
//! ink has a gap, but another class wins. Logistic regressions weigh the two.
//!
//! The weights were fitted on 380 real receipts whose words are known (the training
//! part of SROIE): `training/weights/word_spaces.py`, on features that the test
//! `writes_features_for_training` writes.

use super::crop::HEIGHT;

/// Weights of [`Pair::measures`] between two letters.
const LETTERS: [f32; 7] = [1.046, 9.535, 1.203, 4.012, -5.696, 0.107, -0.043];
const LETTERS_BIAS: f32 = -0.002;
/// Weights of [`Pair::measures`] beside a digit or a sign.
const OTHERS: [f32; 7] = [0.753, 8.586, -1.006, 3.675, 6.377, -1.257, -0.019];
/// Weights of [`Pair::kinds`].
const KINDS: [f32; 7] = [-1.191, 0.529, -0.082, 0.301, 0.358, 0.414, 0.917];
const OTHERS_BIAS: f32 = -0.415;

/// A character that is not a space.
#[derive(Clone, Debug)]
pub struct LineGlyph<'a> {
    pub text: &'a str,
    /// Centre in pixels of the line image.
    pub centre: f32,
    /// Widest run of columns without ink since the glyph before, in pixels.
    pub gap: usize,
    /// Highest probability (0 to 1) of a space since the glyph before.
    pub space: f32,
    /// Whether the recogniser read a space before it.
    pub read_space: bool,
}

/// Shorter lines have too few gaps to compare with: the recogniser decides.
const SHORTEST: usize = 3;
/// Where a space has less probability than this, the gap is one between letters.
const BETWEEN_LETTERS: f32 = 0.05;

/// What was decided about the place before a glyph.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WordStart {
    /// Whether a word begins with the glyph.
    pub starts: bool,
    /// Probability (0.5 to 1) that this is right. It is 1 beside digits and signs,
    /// where a space rarely changes what is said, and where the recogniser decides.
    pub confidence: f32,
}

/// Decides for each glyph whether a word begins with it.
pub fn word_starts(glyphs: &[LineGlyph]) -> Vec<WordStart> {
    let read = |(i, glyph): (usize, &LineGlyph)| WordStart {
        starts: i == 0 || glyph.read_space,
        confidence: 1.0,
    };
    let mut found: Vec<WordStart> = glyphs.iter().enumerate().map(read).collect();
    for (start, pair) in found.iter_mut().skip(1).zip(pairs(glyphs)) {
        if pair.foreign {
            continue;
        }
        let logit = pair.logit();
        start.starts = logit > 0.0;
        if pair.between_letters() {
            start.confidence = 1.0 / (1.0 + (-logit.abs()).exp());
        }
    }
    found
}

/// What is known of the place between two glyphs.
#[derive(Clone, Debug)]
pub struct Pair {
    before: Kind,
    after: Kind,
    /// One of the glyphs is of a script that the weights were not fitted on.
    foreign: bool,
    /// The log-odds of a space, the gap and the distance beside those of the line's
    /// letters, in line heights.
    pub measures: [f32; 7],
}

/// The pairs of neighbours of a line; empty where it is too short.
pub fn pairs(glyphs: &[LineGlyph]) -> Vec<Pair> {
    if glyphs.len() < SHORTEST {
        return Vec::new();
    }
    let neighbours = || glyphs.iter().zip(&glyphs[1..]);
    let distance = |(a, b): (&LineGlyph, &LineGlyph)| b.centre - a.centre;
    let inner: Vec<(&LineGlyph, &LineGlyph)> = neighbours()
        .filter(|(_, b)| b.space < BETWEEN_LETTERS)
        .collect();
    let inner = match inner.len() {
        0 | 1 => neighbours().collect(),
        _ => inner,
    };
    let gaps = sorted(inner.iter().map(|(_, b)| b.gap as f32));
    let pitch = quantile(&sorted(inner.iter().map(|&pair| distance(pair))), 0.5);
    let (median, wide) = (quantile(&gaps, 0.5), quantile(&gaps, 0.9));
    let height = HEIGHT as f32;
    neighbours()
        .map(|(a, b)| {
            let probability = b.space.clamp(0.001, 0.999);
            let odds = (probability / (1.0 - probability)).ln();
            let gap = (b.gap as f32 - median) / height;
            Pair {
                before: Kind::of(a.text),
                after: Kind::of(b.text),
                foreign: foreign(a.text) || foreign(b.text),
                measures: [
                    odds,
                    gap,
                    (b.gap as f32 - wide).max(0.0) / height,
                    (distance((a, b)) - pitch) / height,
                    median / height,
                    odds * gap,
                    odds * odds,
                ],
            }
        })
        .collect()
}

impl Pair {
    pub fn between_letters(&self) -> bool {
        self.before == Kind::Letter && self.after == Kind::Letter
    }

    /// The kinds of the two, as 0 or 1 each.
    pub fn kinds(&self) -> [f32; 7] {
        let (a, b) = (self.before, self.after);
        let mixed = [(Kind::Letter, Kind::Digit), (Kind::Digit, Kind::Letter)];
        [
            a == Kind::Digit && b == Kind::Digit,
            a == Kind::Closing,
            b == Kind::Closing,
            a == Kind::Opening,
            b == Kind::Opening,
            a == Kind::Other || b == Kind::Other,
            mixed.contains(&(a, b)),
        ]
        .map(|is| f32::from(u8::from(is)))
    }

    /// The log-odds of a space.
    fn logit(&self) -> f32 {
        let sum = |values: &[f32], weights: &[f32]| -> f32 {
            values.iter().zip(weights).map(|(v, w)| v * w).sum()
        };
        match self.between_letters() {
            true => LETTERS_BIAS + sum(&self.measures, &LETTERS),
            false => OTHERS_BIAS + sum(&self.measures, &OTHERS) + sum(&self.kinds(), &KINDS),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Digit,
    Letter,
    Closing,
    Opening,
    Other,
}

impl Kind {
    fn of(text: &str) -> Kind {
        match text.chars().next_back() {
            Some(c) if c.is_ascii_digit() => Kind::Digit,
            Some(c) if c.is_alphabetic() => Kind::Letter,
            Some(c) if ".,;:)]!?%".contains(c) => Kind::Closing,
            Some(c) if "([#@&$".contains(c) => Kind::Opening,
            _ => Kind::Other,
        }
    }
}

/// Whether a glyph is a letter of another script than the Latin one.
fn foreign(text: &str) -> bool {
    text.chars()
        .any(|c| c.is_alphabetic() && !matches!(c, '\0'..='\u{24f}' | '\u{1e00}'..='\u{1eff}'))
}

fn sorted(values: impl Iterator<Item = f32>) -> Vec<f32> {
    let mut values: Vec<f32> = values.collect();
    values.sort_by(f32::total_cmp);
    values
}

/// The quantile of sorted values, interpolated linearly.
fn quantile(values: &[f32], share: f32) -> f32 {
    let place = share * (values.len() - 1) as f32;
    let (below, above) = (values[place as usize], values[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Letters 24 pixels apart with gaps of 2 pixels.
    fn line(text: &str) -> Vec<LineGlyph<'_>> {
        let mut glyphs: Vec<LineGlyph> = Vec::new();
        let mut space = false;
        for (i, c) in text.char_indices() {
            if c == ' ' {
                space = true;
                continue;
            }
            glyphs.push(LineGlyph {
                text: &text[i..i + c.len_utf8()],
                centre: glyphs.last().map_or(12.0, |g| g.centre + 24.0),
                gap: 2,
                space: if space { 0.99 } else { 0.0 },
                read_space: space,
            });
            space = false;
        }
        glyphs
    }

    fn text(glyphs: &[LineGlyph]) -> String {
        let starts = word_starts(glyphs);
        let parts = glyphs.iter().zip(starts).enumerate();
        parts
            .map(|(i, (g, start))| match start.starts && i > 0 {
                true => format!(" {}", g.text),
                false => g.text.to_owned(),
            })
            .collect()
    }

    #[test]
    fn a_wide_gap_with_a_likely_space_ends_a_word() {
        let mut glyphs = line("SANYUSTATIONERY");
        assert_eq!(text(&glyphs), "SANYUSTATIONERY");
        glyphs[5].space = 0.37;
        assert_eq!(text(&glyphs), "SANYUSTATIONERY", "the gap is not wider");
        glyphs[5].gap = 8;
        assert_eq!(text(&glyphs), "SANYU STATIONERY");
        glyphs[5].space = 0.0;
        assert_eq!(text(&glyphs), "SANYUSTATIONERY", "letters spaced unevenly");
        glyphs[5].space = 0.13;
        glyphs[5].gap = 5;
        let confidences = word_starts(&glyphs);
        assert!(confidences[5].confidence < 0.9, "{confidences:?}");
        assert!(confidences[6].confidence > 0.99, "{confidences:?}");
    }

    #[test]
    fn a_space_that_was_read_stays_unless_nothing_speaks_for_it() {
        let mut glyphs = line("TOTAL DUE 12.00");
        for i in [5, 8] {
            glyphs[i].gap = 14;
            glyphs[i].centre += 2.0;
        }
        assert_eq!(text(&glyphs), "TOTAL DUE 12.00");
        glyphs[2].space = 0.51;
        glyphs[2].read_space = true;
        assert_eq!(text(&glyphs), "TOTAL DUE 12.00");
    }

    #[test]
    fn short_lines_and_other_scripts_are_left_to_the_recogniser() {
        for sample in ["A", "A B", "合 计金额", "ИТОГО К"] {
            let mut glyphs = line(sample);
            for glyph in &mut glyphs {
                glyph.gap = 20;
            }
            assert_eq!(text(&glyphs), sample);
        }
        assert_eq!(word_starts(&[]), []);
    }

    #[test]
    fn quantiles_are_interpolated() {
        assert_eq!(quantile(&[1.0], 0.9), 1.0);
        assert_eq!(quantile(&[0.0, 10.0], 0.5), 5.0);
        assert_eq!(quantile(&[0.0, 1.0, 2.0], 1.0), 2.0);
    }
}
