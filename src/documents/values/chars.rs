//! Characters of numbers and dates in any script: digits, decimal and grouping signs,
//! dashes and blanks, each with its place in the text.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A character of a text, with its byte range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Glyph {
    pub kind: GlyphKind,
    /// As in the text.
    pub char: char,
    pub start: usize,
    pub end: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GlyphKind {
    Digit {
        value: u8,
        script: Script,
    },
    /// A superscript or underlined digit: cents in many price labels.
    Raised(u8),
    Mark(Sign),
    Dash,
    Plus,
    Percent,
    /// A blank within a line; `true`: a no-break space.
    Blank(bool),
    /// The end of a line or a tabulator: no value continues beyond it.
    Break,
    Letter,
    Currency,
    Other,
}

/// The script of a digit; all digits of a number have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Script {
    Latin,
    /// Identified by the code point of its zero.
    Other(u32),
}

/// A sign that separates the digits of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sign {
    Point,
    Comma,
    Apostrophe,
    /// Any blank: ordinary, no-break, thin.
    Space,
    /// `·`, raised.
    MiddleDot,
    /// `٫` (U+066B).
    ArabicDecimal,
    /// `٬` (U+066C).
    ArabicThousands,
    /// A currency sign between the units and the cents: `12€50`.
    Currency,
}

impl Sign {
    /// The usual character of the sign.
    pub fn char(self) -> char {
        match self {
            Sign::Point => '.',
            Sign::Comma => ',',
            Sign::Apostrophe => '\'',
            Sign::Space => ' ',
            Sign::MiddleDot => '·',
            Sign::ArabicDecimal => '٫',
            Sign::ArabicThousands => '٬',
            Sign::Currency => '¤',
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Sign::Point => "the point",
            Sign::Comma => "the comma",
            Sign::Apostrophe => "the apostrophe",
            Sign::Space => "the blank",
            Sign::MiddleDot => "the middle dot",
            Sign::ArabicDecimal => "the Arabic decimal separator",
            Sign::ArabicThousands => "the Arabic thousands separator",
            Sign::Currency => "the currency sign",
        }
    }
}

/// Zeros of the decimal digits (Unicode category Nd) of the scripts in use;
/// full-width digits count as Latin.
const ZEROS: [u32; 34] = [
    0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66,
    0x0de6, 0x0e50, 0x0ed0, 0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90,
    0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xaa50, 0xabf0,
];

/// The text's characters without invisible ones (soft hyphens, marks of direction,
/// joiners); a combining mark belongs to its character.
pub(super) fn glyphs(text: &str) -> Vec<Glyph> {
    let mut glyphs: Vec<Glyph> = Vec::with_capacity(text.len());
    for (start, char) in text.char_indices() {
        let end = start + char.len_utf8();
        if is_invisible(char) {
            continue;
        }
        if is_combining_mark(char) {
            if let Some(last) = glyphs.last_mut() {
                last.end = end;
                if let (GlyphKind::Digit { value, .. }, true) = (last.kind, is_underline(char)) {
                    last.kind = GlyphKind::Raised(value);
                }
            }
            continue;
        }
        let kind = kind(char);
        glyphs.push(Glyph {
            kind,
            char,
            start,
            end,
        });
    }
    glyphs
}

fn is_underline(char: char) -> bool {
    matches!(char, '\u{332}' | '\u{331}' | '\u{333}' | '\u{35f}')
}

/// Whether it is a soft hyphen, joiner, mark of direction or byte order mark.
pub(super) fn is_invisible(char: char) -> bool {
    matches!(char, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

fn kind(char: char) -> GlyphKind {
    // Full-width forms of ASCII (U+FF01 to U+FF5E).
    let char = match char {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(char) - 0xff01 + 0x21).unwrap_or(char),
        other => other,
    };
    match char {
        '0'..='9' => GlyphKind::Digit {
            value: char as u8 - b'0',
            script: Script::Latin,
        },
        '.' | '\u{2024}' => GlyphKind::Mark(Sign::Point),
        ',' | '\u{201a}' | '\u{60c}' => GlyphKind::Mark(Sign::Comma),
        '\'' | '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{2bc}' | '\u{2032}' | '`' | '\u{b4}' => {
            GlyphKind::Mark(Sign::Apostrophe)
        }
        '\u{b7}' | '\u{2219}' | '\u{22c5}' => GlyphKind::Mark(Sign::MiddleDot),
        '\u{66b}' => GlyphKind::Mark(Sign::ArabicDecimal),
        '\u{66c}' => GlyphKind::Mark(Sign::ArabicThousands),
        '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{207b}' | '\u{fe63}' | '\u{fe58}' => {
            GlyphKind::Dash
        }
        '+' => GlyphKind::Plus,
        '%' | '\u{66a}' | '\u{2030}' | '\u{fe6a}' => GlyphKind::Percent,
        '\u{a0}' | '\u{202f}' | '\u{2007}' => GlyphKind::Blank(true),
        '\u{2009}' | '\u{200a}' | '\u{2006}' | '\u{2008}' => GlyphKind::Blank(true),
        '\n' | '\r' | '\t' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
            GlyphKind::Break
        }
        '⁰' => GlyphKind::Raised(0),
        '¹' => GlyphKind::Raised(1),
        '²' => GlyphKind::Raised(2),
        '³' => GlyphKind::Raised(3),
        '⁴'..='⁹' => GlyphKind::Raised((u32::from(char) - 0x2070) as u8),
        _ if is_currency_sign(char) => GlyphKind::Currency,
        _ if char.is_whitespace() => GlyphKind::Blank(false),
        _ => other_kind(char),
    }
}

fn other_kind(char: char) -> GlyphKind {
    let code = u32::from(char);
    let zero = ZEROS
        .iter()
        .find(|zero| (**zero..**zero + 10).contains(&code));
    match zero {
        Some(zero) => GlyphKind::Digit {
            value: (code - zero) as u8,
            script: Script::Other(*zero),
        },
        None if char.is_alphabetic() => GlyphKind::Letter,
        None => GlyphKind::Other,
    }
}

/// Whether it is a currency sign (Unicode category Sc).
pub(super) fn is_currency_sign(char: char) -> bool {
    matches!(char, '$' | '\u{a2}'..='\u{a5}' | '\u{58f}' | '\u{60b}' | '\u{9f2}' | '\u{9f3}'
        | '\u{af1}' | '\u{bf9}' | '\u{e3f}' | '\u{17db}' | '\u{20a0}'..='\u{20c1}' | '\u{a838}'
        | '\u{fdfc}' | '\u{fe69}' | '\u{ff04}' | '\u{ffe0}' | '\u{ffe1}' | '\u{ffe5}' | '\u{ffe6}')
}

impl Glyph {
    pub fn digit(&self) -> Option<u8> {
        match self.kind {
            GlyphKind::Digit { value, .. } => Some(value),
            _ => None,
        }
    }

    pub fn is_digit(&self) -> bool {
        self.digit().is_some()
    }

    pub fn is_blank(&self) -> bool {
        matches!(self.kind, GlyphKind::Blank(_))
    }

    /// Whether it is a letter or digit of any kind.
    pub fn is_word(&self) -> bool {
        matches!(
            self.kind,
            GlyphKind::Letter | GlyphKind::Digit { .. } | GlyphKind::Raised(_)
        )
    }
}

/// The text in lower case without accents, in compatibility form (NFKD), for comparing
/// words of months, currencies and units.
pub(super) fn fold(text: &str) -> String {
    text.nfkd()
        .filter(|c| !is_accent(*c) && !is_invisible(*c))
        .flat_map(char::to_lowercase)
        .map(|c| match c {
            'ł' => 'l',
            'ø' => 'o',
            'đ' => 'd',
            'ħ' => 'h',
            'ı' => 'i',
            'ς' => 'σ',
            other => other,
        })
        // `İ` becomes `i` and a dot above.
        .filter(|c| !is_accent(*c))
        .collect()
}

/// Whether it is an accent of Latin, Greek or Cyrillic; marks of other scripts are vowels.
fn is_accent(char: char) -> bool {
    matches!(char, '\u{300}'..='\u{36f}')
}
