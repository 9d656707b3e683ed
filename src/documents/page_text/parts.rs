//! Pages longer than a reader's context: read in parts that overlap, put
//! together again. Nothing is dropped: every line is in a part.

use std::ops::Range;

/// Lines that a part repeats of the one before, so that a value of several
/// lines is whole in one of them.
const OVERLAP: usize = 6;

/// Ranges of lines of at most `max_bytes` bytes (line breaks included); a
/// longer line is a part of its own.
pub fn split(lines: &[String], max_bytes: usize) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    while start < lines.len() {
        let mut bytes = 0;
        let fitting = lines[start..].iter().take_while(|line| {
            bytes += line.len() + 1;
            bytes <= max_bytes
        });
        let end = start + fitting.count().max(1);
        parts.push(start..end);
        if end == lines.len() {
            break;
        }
        // Each part goes on by one line at least.
        start = end.saturating_sub(OVERLAP).max(start + 1);
    }
    parts
}

/// How many rows at the end of `before` stand again at the start of `after`.
pub fn repeated<T: PartialEq>(before: &[T], after: &[T]) -> usize {
    (1..=before.len().min(after.len()))
        .rev()
        .find(|count| before[before.len() - count..] == after[..*count])
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(count: usize) -> Vec<String> {
        (0..count).map(|n| format!("line {n:03}")).collect()
    }

    #[test]
    fn a_short_page_is_one_part() {
        assert_eq!(split(&lines(3), 1000), [0..3]);
        assert!(split(&[], 1000).is_empty());
    }

    #[test]
    fn parts_overlap_and_leave_no_line_out() {
        let parts = split(&lines(40), 9 * 15);
        assert_eq!(parts[0], 0..15);
        assert_eq!(parts[1].start, 9);
        assert_eq!(parts.last().unwrap().end, 40);
        assert!(parts.windows(2).all(|pair| pair[1].start < pair[0].end));
    }

    #[test]
    fn a_line_longer_than_a_part_does_not_stop_it() {
        let mut long = lines(3);
        long[1] = "x".repeat(500);
        let parts = split(&long, 20);
        assert_eq!(parts.last().unwrap().end, 3);
        assert!(parts.contains(&(1..2)));
    }

    #[test]
    fn rows_of_the_overlap_are_counted_once() {
        assert_eq!(repeated(&[1, 2, 3], &[2, 3, 4]), 2);
        assert_eq!(repeated(&[1, 2], &[3]), 0);
        assert_eq!(repeated::<u8>(&[], &[]), 0);
    }
}
