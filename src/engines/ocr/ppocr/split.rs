//! Cuts a line image before it is read: at wide gaps, which separate columns, and
//! where it is too long for the recogniser.

use std::ops::Range;

use super::crop::HEIGHT;

/// Least gap between columns, in pixels of the line image.
const WIDE: usize = 2 * HEIGHT;
/// Longest piece, in pixels of the line image.
const LONG: usize = 1280;
/// Blank pixels that are kept on each side of the ink.
const MARGIN: usize = 10;
/// Least gap in pixels at which a long piece is cut; without one it is cut in the
/// middle.
const BLANK: usize = 8;

/// The pieces of a line image, left to right, as ranges of columns; empty without
/// ink.
pub fn pieces(inked: &[bool]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for part in columns(inked) {
        shorten(inked, part, &mut found);
    }
    found
}

/// The parts between wide gaps, without the blank columns at their ends.
fn columns(inked: &[bool]) -> Vec<Range<usize>> {
    let mut parts = bands(inked, WIDE);
    for part in &mut parts {
        part.start = part.start.saturating_sub(MARGIN);
        part.end = (part.end + MARGIN).min(inked.len());
    }
    parts
}

/// The ranges of columns with ink; gaps in them are shorter than `gap` pixels.
pub fn bands(inked: &[bool], gap: usize) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for x in (0..inked.len()).filter(|&x| inked[x]) {
        match found.last_mut() {
            Some(band) if x - band.end < gap => band.end = x + 1,
            _ => found.push(x..x + 1),
        }
    }
    found
}

/// Cuts a part that is too long in the middle of the widest gap of its middle half,
/// repeatedly until no piece is too long.
fn shorten(inked: &[bool], part: Range<usize>, found: &mut Vec<Range<usize>>) {
    if part.len() <= LONG {
        found.push(part);
        return;
    }
    let quarter = part.len() / 4;
    let middle = part.start + quarter..part.end - quarter;
    let cut = match widest_gap(inked, middle) {
        Some(gap) if gap.len() >= BLANK => (gap.start + gap.end) / 2,
        _ => part.start + part.len() / 2,
    };
    shorten(inked, part.start..cut, found);
    shorten(inked, cut..part.end, found);
}

/// The widest run of columns without ink, the first of equal ones.
pub fn widest_gap(inked: &[bool], within: Range<usize>) -> Option<Range<usize>> {
    let mut best: Option<Range<usize>> = None;
    let mut start = None;
    for x in within.start..=within.end {
        let blank = x < within.end && inked.get(x) == Some(&false);
        match (blank, start) {
            (true, None) => start = Some(x),
            (false, Some(from)) => {
                if best.as_ref().is_none_or(|b| x - from > b.len()) {
                    best = Some(from..x);
                }
                start = None;
            }
            _ => {}
        }
    }
    best
}

#[cfg(test)]
// A range in a list is a run of ink here.
#[allow(clippy::single_range_in_vec_init)]
mod tests {
    use super::*;

    fn inked(width: usize, ink: &[Range<usize>]) -> Vec<bool> {
        (0..width)
            .map(|x| ink.iter().any(|range| range.contains(&x)))
            .collect()
    }

    #[test]
    fn columns_are_read_apart_and_words_together() {
        let line = inked(600, &[20..100, 120..200, 400..500]);
        assert_eq!(pieces(&line), [10..210, 390..510]);
        assert!(pieces(&inked(300, &[])).is_empty());
        assert_eq!(pieces(&inked(30, &[0..30])), [0..30]);
    }

    #[test]
    fn a_long_line_is_cut_in_its_widest_gap() {
        let line = inked(2000, &[0..900, 905..1200, 1240..2000]);
        assert_eq!(pieces(&line), [0..1220, 1220..2000]);
        let solid = inked(6000, &[0..6000]);
        let parts = pieces(&solid);
        assert!(parts.iter().all(|part| part.len() <= LONG));
        assert_eq!((parts[0].start, parts.last().unwrap().end), (0, 6000));
        assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start));
    }

    #[test]
    fn of_equal_gaps_the_first_counts() {
        assert_eq!(widest_gap(&inked(20, &[5..6, 11..12]), 0..17), Some(0..5));
        assert_eq!(widest_gap(&inked(5, &[0..5]), 0..5), None);
    }
}
