//! Detects that a model repeats itself.

/// Equal lines in a row from which they count as a repetition.
const SAME_LINE: usize = 4;
/// Longest cycle in lines; the shortest has 2.
const LONGEST_CYCLE: usize = 6;
/// Times that a cycle must occur in a row.
const SAME_CYCLE: usize = 3;

/// Number of the last `lines` that repeat those before them; `None`: no repetition.
pub fn repeated_lines<T: PartialEq>(lines: &[T]) -> Option<usize> {
    (1..=LONGEST_CYCLE).find_map(|cycle| {
        let times = if cycle == 1 { SAME_LINE } else { SAME_CYCLE };
        let tail = lines
            .len()
            .checked_sub(cycle * times)
            .map(|start| &lines[start..])?;
        tail.iter()
            .zip(&tail[cycle..])
            .all(|(a, b)| a == b)
            .then_some(cycle * (times - 1))
    })
}

/// Whether a free text ends in a phrase of up to 80 bytes that repeats.
pub fn is_endless(text: &[u8]) -> bool {
    const LONGEST_PHRASE: usize = 80;
    const TIMES: usize = 4;
    // Shorter repetitions occur in documents: dots, dashes, zeros.
    const LEAST_BYTES: usize = 48;
    (1..=LONGEST_PHRASE).any(|phrase| {
        let length = (phrase * TIMES).max(LEAST_BYTES);
        let Some(tail) = text.len().checked_sub(length).map(|start| &text[start..]) else {
            return false;
        };
        tail.iter().zip(&tail[phrase..]).all(|(a, b)| a == b)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_or_a_cycle_of_lines_that_comes_again_and_again_is_noticed() {
        assert_eq!(repeated_lines(b"xaaaa"), Some(3));
        assert_eq!(repeated_lines(b"xababab"), Some(4));
        assert_eq!(repeated_lines(b"xabcdefabcdefabcdef"), Some(12));
    }

    #[test]
    fn what_an_honest_list_holds_is_not() {
        for lines in [
            &b""[..],
            b"aaa",
            b"abab",
            b"aabb",
            b"abcabd",
            b"abcdefgabcdefgabcdefg",
        ] {
            assert_eq!(repeated_lines(lines), None, "{lines:?}");
        }
    }

    #[test]
    fn an_endless_text_is_noticed_and_a_long_one_is_not() {
        let phrase = "the total is 42.00 and ".repeat(4);
        assert!(is_endless(format!("I see that {phrase}").as_bytes()));
        assert!(!is_endless("the total is 42.00 and ".repeat(2).as_bytes()));
        assert!(is_endless(&[b'.'; 60]) && !is_endless(&[b'.'; 20]));
    }
}
