/// `1 page`, `2 pages`.
pub fn count(number: u64, one: &str) -> String {
    format!("{number} {}", noun(number, one))
}

/// `page` for 1, otherwise `pages`.
pub fn noun(number: u64, one: &str) -> String {
    match number {
        1 => one.to_owned(),
        _ => format!("{one}s"),
    }
}

/// The sum; 0 for an empty iterator, for which `Iterator::sum` gives -0.
pub fn sum(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.fold(0.0, |sum, one| sum + one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_one_and_zero_are_written_right() {
        assert_eq!(
            [0, 1, 2].map(|n| count(n, "page")),
            ["0 pages", "1 page", "2 pages"]
        );
        assert_eq!(format!("{:.1}", sum(std::iter::empty())), "0.0");
        assert_eq!(sum([0.5, 1.0].into_iter()), 1.5);
    }
}
