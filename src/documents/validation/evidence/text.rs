//! A page's words for comparison, without differences of case, accents, ligatures, soft
//! hyphens, spacing and punctuation.

use jiff::civil::Date;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::page_values::{self, Number};
use super::page_words::{EvidenceWord, Placed, Span, on_one_line};
use crate::documents::values::currency::Candidates;
use crate::domain::{EvidenceClass, OcrWord, Word, bbox_union};

pub struct EvidencePage {
    /// Index (from 0) of the page.
    pub page: u32,
    pub class: EvidenceClass,
    pub words: Vec<EvidenceWord>,
    letters: Vec<Letter>,
    pub numbers: Vec<Placed<Number>>,
    pub dates: Vec<Placed<Date>>,
    /// Signs, codes and words of currencies.
    pub currencies: Vec<Placed<Candidates>>,
}

/// A letter or digit of the page, folded.
#[derive(Clone, Copy)]
struct Letter {
    folded: char,
    word: usize,
    /// How it is separated from the letter before it, and after it.
    starts: Edge,
    ends: Edge,
}

/// What is between a letter and its neighbour.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Edge {
    /// They are of one run of letters, or of digits.
    None,
    /// A digit follows a letter or the other way round.
    Kind,
    /// A blank, a mark, another word.
    Gap,
}

/// Fewest letters of a text that is looked for over several lines.
const LEAST_BROKEN: usize = 8;
/// Most lines of such a text.
const MOST_LINES: usize = 6;

/// Letters below which a value must be separate words on the page.
const SHORT: usize = 4;

impl EvidencePage {
    pub fn of_text_layer(page: u32, words: &[Word]) -> EvidencePage {
        let words = words
            .iter()
            .map(|word| EvidenceWord::new(&word.text, word.bbox, None));
        EvidencePage::new(page, EvidenceClass::TextLayer, words.collect())
    }

    pub fn of_ocr(page: u32, words: &[OcrWord]) -> EvidencePage {
        let words = words
            .iter()
            .map(|ocr| EvidenceWord::new(&ocr.word.text, ocr.word.bbox, Some(ocr.confidence)));
        EvidencePage::new(page, EvidenceClass::Ocr, words.collect())
    }

    fn new(page: u32, class: EvidenceClass, words: Vec<EvidenceWord>) -> EvidencePage {
        let mut letters: Vec<Letter> = Vec::new();
        for (index, word) in words.iter().enumerate() {
            push_letters(&mut letters, &word.plain, index);
        }
        let values = page_values::scan(&words);
        EvidencePage {
            page,
            class,
            words,
            letters,
            numbers: values.numbers,
            dates: values.dates,
            currencies: values.currencies,
        }
    }

    /// Places with the letters and digits of `value` in sequence, with any marks
    /// between them, not in the middle of a longer word or number.
    pub fn find(&self, value: &str) -> Vec<Span> {
        let wanted = fold(value);
        let Some(first) = wanted.first() else {
            return Vec::new();
        };
        let least = if wanted.len() < SHORT {
            Edge::Gap
        } else {
            Edge::Kind
        };
        let mut spans = Vec::new();
        let last_start = (self.letters.len() + 1).saturating_sub(wanted.len());
        for start in 0..last_start {
            let run = &self.letters[start..start + wanted.len()];
            let fits = run[0].folded == *first
                && run[0].starts >= least
                && run[run.len() - 1].ends >= least
                && run
                    .iter()
                    .zip(&wanted)
                    .all(|(letter, c)| letter.folded == *c);
            if fits {
                spans.push(Span {
                    first: run[0].word,
                    last: run[run.len() - 1].word,
                });
            }
        }
        spans
    }

    /// The lines of a text that continues below itself, with other columns between its
    /// lines in reading order: each line begins below the previous one. Only for texts
    /// of at least [`LEAST_BROKEN`] letters, by whole words.
    pub fn find_broken(&self, value: &str) -> Option<Vec<Span>> {
        let wanted = fold(value);
        if wanted.len() < LEAST_BROKEN {
            return None;
        }
        let starts = (0..self.letters.len()).filter(|&at| self.letters[at].starts == Edge::Gap);
        starts
            .into_iter()
            .find_map(|at| self.go_on(at, &wanted, MOST_LINES))
    }

    /// The lines of `wanted`, the first of which begins at letter `at`.
    fn go_on(&self, at: usize, wanted: &[char], lines: usize) -> Option<Vec<Span>> {
        let same = |(letter, c): &(&Letter, &char)| letter.folded == **c;
        let length = self.letters[at..]
            .iter()
            .zip(wanted)
            .take_while(same)
            .count();
        let run = &self.letters[at..at + length];
        let end = run.iter().rposition(|letter| letter.ends == Edge::Gap)? + 1;
        let line = Span {
            first: run[0].word,
            last: run[end - 1].word,
        };
        let rest = &wanted[end..];
        if rest.is_empty() {
            return Some(vec![line]);
        }
        if lines == 1 || !on_one_line(self.words[line.first].bbox, self.words[line.last].bbox) {
            return None;
        }
        let above = self.bbox(line);
        let next = (0..self.letters.len()).filter(|&next| {
            let letter = self.letters[next];
            letter.starts == Edge::Gap
                && letter.folded == rest[0]
                && is_under(above, self.words[letter.word].bbox)
        });
        let below = next
            .into_iter()
            .find_map(|next| self.go_on(next, rest, lines - 1))?;
        Some([vec![line], below].concat())
    }

    /// Runs of whole words or numbers of about as many letters as `wanted`
    /// (folded), each with its letters.
    pub fn runs_like(&self, wanted: usize) -> Vec<(String, Span)> {
        let mut runs = Vec::new();
        for start in 0..self.letters.len() {
            if self.letters[start].starts != Edge::Gap {
                continue;
            }
            for length in wanted.saturating_sub(1).max(1)..=wanted + 1 {
                let Some(run) = self.letters.get(start..start + length) else {
                    break;
                };
                if run[length - 1].ends == Edge::Gap {
                    let span = Span {
                        first: run[0].word,
                        last: run[length - 1].word,
                    };
                    runs.push((run.iter().map(|letter| letter.folded).collect(), span));
                }
            }
        }
        runs
    }

    pub fn bbox(&self, span: Span) -> [f32; 4] {
        let words = self.words[span.first..=span.last].iter();
        words
            .map(|word| word.bbox)
            .reduce(bbox_union)
            .unwrap_or_default()
    }

    pub fn words_of(&self, span: Span) -> String {
        let words = self.words[span.first..=span.last]
            .iter()
            .map(|word| word.text.as_str());
        words.collect::<Vec<_>>().join(" ")
    }

    /// Lowest confidence (0 to 1) of the OCR words; `None` for a text layer.
    pub fn confidence(&self, span: Span) -> Option<f32> {
        let words = self.words[span.first..=span.last].iter();
        words.filter_map(|word| word.confidence).reduce(f32::min)
    }
}

/// Letters and digits in lower case without accents; `ss` for a sharp s.
pub fn fold(text: &str) -> Vec<char> {
    text.nfkd()
        .filter(|c| !is_combining_mark(*c) && c.is_alphanumeric())
        .flat_map(fold_letter)
        .collect()
}

fn fold_letter(c: char) -> impl Iterator<Item = char> {
    let sharp_s = if matches!(c, 'ß' | 'ẞ') { "ss" } else { "" };
    let lower = sharp_s.is_empty().then(|| c.to_lowercase());
    sharp_s.chars().chain(lower.into_iter().flatten())
}

fn push_letters(letters: &mut Vec<Letter>, word: &str, index: usize) {
    // The previous word ends here.
    let mut before: Option<char> = None;
    if let Some(last) = letters.last_mut() {
        last.ends = Edge::Gap;
    }
    for c in word.nfkd().filter(|c| !is_combining_mark(*c)) {
        if !c.is_alphanumeric() {
            if before.take().is_some()
                && let Some(last) = letters.last_mut()
            {
                last.ends = Edge::Gap;
            }
            continue;
        }
        let edge = match before {
            None => Edge::Gap,
            Some(before) if before.is_numeric() != c.is_numeric() => Edge::Kind,
            Some(_) => Edge::None,
        };
        if before.is_some()
            && let Some(last) = letters.last_mut()
        {
            last.ends = edge;
        }
        for (place, folded) in fold_letter(c).enumerate() {
            letters.push(Letter {
                folded,
                word: index,
                starts: if place == 0 { edge } else { Edge::None },
                ends: Edge::Gap,
            });
            // Of a character that folds to two letters, only the last has an end.
            if place > 0 {
                let first = letters.len() - 2;
                letters[first].ends = Edge::None;
            }
        }
        before = Some(c);
    }
}

/// Whether a word begins a line below a box: near its left edge, at most two lines
/// further down.
fn is_under(above: [f32; 4], word: [f32; 4]) -> bool {
    let height = (above[3] - above[1]).min(word[3] - word[1]);
    let gap = word[1] - above[3];
    gap > -height / 2.0 && gap < 2.0 * height && (word[0] - above[0]).abs() < 3.0 * height
}
