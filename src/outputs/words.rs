//! Figures in words, the same in tables and pages.

/// A duration: `40 s`, `2 min`, `2 min 30 s`, `3 h`, `3 h 20 min`.
pub fn duration(seconds: f64) -> String {
    let whole = seconds.round().max(0.0) as u64;
    let two = |number: u64, unit: &str, rest: u64, small: &str| match rest {
        0 => format!("{number} {unit}"),
        rest => format!("{number} {unit} {rest} {small}"),
    };
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => two(whole / 60, "min", whole % 60, "s"),
        _ => two(whole / 3600, "h", whole % 3600 / 60, "min"),
    }
}

/// An amount of money with two decimals; small sums have more.
pub fn money(amount: f64) -> String {
    match amount {
        amount if amount >= 1.0 => format!("{amount:.2}"),
        amount => format!("{amount:.6}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_the_units_that_people_use() {
        let words = [0.4, 59.6, 150.0, 3600.0, 12_000.0].map(duration);
        assert_eq!(words, ["0 s", "1 min", "2 min 30 s", "1 h", "3 h 20 min"]);
    }
}
