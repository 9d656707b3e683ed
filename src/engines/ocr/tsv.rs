//! Tesseract's TSV: a row for each page, block, paragraph, line and word.

use crate::domain::{OcrWord, Word};

/// The level of rows that are words.
const WORD: &str = "5";

/// The words with boxes as shares of a page of `width` x `height` pixels. Rows
/// that are no words, or are not what they should be, are passed over.
pub fn words(tsv: &str, width: u32, height: u32) -> Vec<OcrWord> {
    tsv.lines()
        .filter_map(|row| word(row, width, height))
        .collect()
}

/// Columns: level, page, block, paragraph, line, word, left, top, width,
/// height, confidence (0 to 100), text.
fn word(row: &str, width: u32, height: u32) -> Option<OcrWord> {
    let columns: Vec<&str> = row.split('\t').collect();
    let [level, _, _, _, _, _, left, top, w, h, confidence, text] = columns.as_slice() else {
        return None;
    };
    let text = text.trim();
    if *level != WORD || text.is_empty() {
        return None;
    }
    let number = |text: &str| text.parse::<f32>().ok().filter(|number| number.is_finite());
    let (left, top, w, h) = (number(left)?, number(top)?, number(w)?, number(h)?);
    let share = |at: f32, of: u32| (at / of.max(1) as f32).clamp(0.0, 1.0);
    Some(OcrWord {
        word: Word {
            text: text.to_owned(),
            bbox: [
                share(left, width),
                share(top, height),
                share(left + w, width),
                share(top + h, height),
            ],
        },
        confidence: (number(confidence)? / 100.0).clamp(0.0, 1.0),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rows_of_words_are_taken_with_their_boxes_and_confidences() {
        let tsv = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n\
            1\t1\t0\t0\t0\t0\t0\t0\t200\t100\t-1\t\n\
            5\t1\t1\t1\t1\t1\t20\t10\t60\t20\t96.5\tTOTAL\n\
            5\t1\t1\t1\t1\t2\t100\t10\t80\t20\t91\t69.86\n\
            5\t1\t1\t1\t1\t3\t190\t10\t5\t20\t95\t \n\
            5\t1\t1\n";
        let words = words(tsv, 200, 100);
        let texts: Vec<_> = words.iter().map(|ocr| ocr.word.text.as_str()).collect();
        assert_eq!(texts, ["TOTAL", "69.86"]);
        assert_eq!(words[0].word.bbox, [0.1, 0.1, 0.4, 0.3]);
        assert_eq!(words[0].confidence, 0.965);
    }

    proptest! {
        #[test]
        fn nothing_panics_and_boxes_stay_on_the_page(text in "([5\\-0-9.\\tA-Z\\n]|NaN){0,80}") {
            for ocr in words(&text, 10, 10) {
                prop_assert!(ocr.word.bbox.iter().all(|share| (0.0..=1.0).contains(share)));
            }
        }
    }
}
