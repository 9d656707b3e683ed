//! How spreadsheets of different countries read CSV.

use std::str::FromStr;

/// Marks a file as UTF-8 for Excel.
pub const BOM: &[u8] = b"\xef\xbb\xbf";

/// Separator between cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CellSeparator {
    #[default]
    Comma,
    Semicolon,
    Tab,
}

impl CellSeparator {
    pub fn byte(self) -> u8 {
        match self {
            CellSeparator::Comma => b',',
            CellSeparator::Semicolon => b';',
            CellSeparator::Tab => b'\t',
        }
    }
}

impl FromStr for CellSeparator {
    type Err = String;

    fn from_str(text: &str) -> Result<CellSeparator, String> {
        match text {
            "," | "comma" => Ok(CellSeparator::Comma),
            ";" | "semicolon" => Ok(CellSeparator::Semicolon),
            "\t" | "\\t" | "tab" => Ok(CellSeparator::Tab),
            _ => Err("use comma, semicolon or tab".to_owned()),
        }
    }
}

/// The form of a CSV file. The default is RFC 4180 in UTF-8.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CsvStyle {
    pub separator: CellSeparator,
    /// `1234,50` instead of `1234.50`.
    pub decimal_comma: bool,
    /// Whether the file starts with [`BOM`].
    pub bom: bool,
}

/// Languages and countries whose Excel expects a decimal comma, and therefore
/// a semicolon between cells (Unicode CLDR, `decimal` and `list` symbols).
const DECIMAL_COMMA: [&str; 27] = [
    "bg", "ca", "cs", "da", "de", "el", "es", "et", "fi", "fr", "hr", "hu", "id", "is", "it", "lt",
    "lv", "nb", "nl", "pl", "pt", "ro", "ru", "sk", "sl", "sv", "tr",
];
/// Regions that write a decimal point although their language does not.
const DECIMAL_POINT: [&str; 6] = ["de-ch", "de-li", "es-mx", "es-us", "fr-ch", "it-ch"];
/// Languages of which Excel expects a decimal point.
const POINT: [&str; 9] = ["en", "ga", "he", "ja", "ko", "mt", "th", "vi", "zh"];

impl CsvStyle {
    /// What Excel expects in a locale such as `de`, `de-AT` or `en-GB`.
    pub fn of_locale(locale: &str) -> Result<CsvStyle, String> {
        let locale = locale.to_ascii_lowercase().replace('_', "-");
        let language = locale.split('-').next().unwrap_or_default();
        if DECIMAL_POINT.contains(&locale.as_str()) {
            // Excel for Switzerland separates cells with a semicolon too.
            let separator = match locale.ends_with("-ch") || locale.ends_with("-li") {
                true => CellSeparator::Semicolon,
                false => CellSeparator::Comma,
            };
            return Ok(CsvStyle {
                separator,
                decimal_comma: false,
                bom: true,
            });
        }
        let decimal_comma = DECIMAL_COMMA.contains(&language);
        if !decimal_comma && !POINT.contains(&language) {
            let known = [&DECIMAL_COMMA[..], &POINT].concat();
            return Err(format!(
                "there is no preset for this locale; languages: {}. \
                 Use --separator, --decimal-comma and --bom instead",
                known.join(", ")
            ));
        }
        let separator = match decimal_comma {
            true => CellSeparator::Semicolon,
            false => CellSeparator::Comma,
        };
        Ok(CsvStyle {
            separator,
            decimal_comma,
            bom: true,
        })
    }
}

/// Text that no spreadsheet takes for a formula, whichever separator it reads
/// the file with (OWASP, "CSV Injection"), since documents are untrusted. With another
/// separator than the file's, quotes do not delimit a cell, so each part between separators or
/// line breaks may be a cell. A part that starts like a formula gets an apostrophe. Negative
/// amounts stay numbers.
pub fn guarded(text: &str) -> String {
    const SEPARATORS: [char; 6] = [',', ';', '\t', '|', '\n', '\r'];
    let mut out = String::with_capacity(text.len() + 1);
    for part in text.split_inclusive(SEPARATORS) {
        let formula = part.trim_start_matches([' ', '"', '\u{a0}']);
        if is_formula(formula) {
            out.push_str(&part[..part.len() - formula.len()]);
            out.push('\'');
            out.push_str(formula);
        } else {
            out.push_str(part);
        }
    }
    // A control character in front would be skipped by the spreadsheet.
    match text.starts_with(['\t', '\r', '\n']) {
        true => format!("'{out}"),
        false => out,
    }
}

/// What a formula starts with. Excel for Japanese takes full-width signs as well.
pub const FORMULA_SIGNS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

fn is_formula(part: &str) -> bool {
    let starts = part.starts_with(FORMULA_SIGNS);
    let part = part.trim_end_matches([',', ';', '\t', '|', '\n', '\r']);
    let number = part.strip_prefix('-').unwrap_or(part);
    let is_amount = number.starts_with(|c: char| c.is_ascii_digit())
        && number.bytes().all(|c| c.is_ascii_digit() || c == b'.');
    starts && !is_amount && part != "-"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_text_and_a_negative_amount_is_not() {
        for (text, expected) in [
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-2+3", "'-2+3"),
            ("=1", "'=1"),
            ("\t=1", "'\t'=1"),
            ("＝1", "'＝1"),
            ("-", "-"),
            ("-12.50", "-12.50"),
            ("Tea - green", "Tea - green"),
        ] {
            assert_eq!(guarded(text), expected, "{text}");
        }
    }

    #[test]
    fn a_formula_behind_any_separator_is_guarded() {
        for separator in [",", ";", "\t", "|", "\n", "\r\n"] {
            for before in ["", " ", "\"", " \""] {
                let text = format!("Shop{separator}{before}=HYPERLINK(1)");
                let expected = format!("Shop{separator}{before}'=HYPERLINK(1)");
                assert_eq!(guarded(&text), expected);
            }
        }
        assert_eq!(guarded("a; -3,00"), "a; -3,00");
        assert_eq!(guarded("a;-3+1;b"), "a;'-3+1;b");
    }

    /// A spreadsheet with another separator sees no cell that starts a formula.
    #[test]
    fn cells_stay_text_when_the_file_is_read_with_another_separator() {
        let hostile = "x;=cmd|' /C calc'!A0\",\"=2\n+3\t@x,-a";
        for written in [b',', b';', b'\t'] {
            let mut writer = csv::WriterBuilder::new()
                .delimiter(written)
                .from_writer(vec![]);
            writer
                .write_record(["7", &guarded(hostile), "end"])
                .unwrap();
            let file = writer.into_inner().unwrap();
            for read in [b',', b';', b'\t', b'|'] {
                let mut reader = csv::ReaderBuilder::new()
                    .delimiter(read)
                    .has_headers(false)
                    .flexible(true)
                    .from_reader(&file[..]);
                for record in reader.records() {
                    for cell in &record.unwrap() {
                        let cell = cell.trim_start_matches([' ', '"']);
                        assert!(!is_formula(cell), "{cell:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_locale_sets_separator_decimal_sign_and_mark() {
        let of = |locale: &str| CsvStyle::of_locale(locale).unwrap();
        let german = CsvStyle {
            separator: CellSeparator::Semicolon,
            decimal_comma: true,
            bom: true,
        };
        for locale in ["de", "de-AT", "fr_FR", "nl", "PL"] {
            assert_eq!(of(locale), german, "{locale}");
        }
        let swiss = CsvStyle {
            decimal_comma: false,
            ..german
        };
        assert_eq!(of("de-CH"), swiss);
        let english = CsvStyle {
            separator: CellSeparator::Comma,
            ..swiss
        };
        assert_eq!(of("en-GB"), english);
        assert!(
            CsvStyle::of_locale("xx")
                .unwrap_err()
                .contains("--separator")
        );
    }
}
