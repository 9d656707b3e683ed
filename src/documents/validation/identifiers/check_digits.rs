//! Check digit rules that several countries use.

/// The digits (0 to 9) of a text; `None` where it has other characters.
pub fn digits(text: &str) -> Option<Vec<u32>> {
    text.chars().map(|c| c.to_digit(10)).collect()
}

/// The sum of each digit times its weight; missing digits count as 0.
pub fn weighted(digits: &[u32], weights: &[u32]) -> u32 {
    digits
        .iter()
        .zip(weights)
        .map(|(digit, weight)| digit * weight)
        .sum()
}

pub fn number(digits: &[u32]) -> u64 {
    digits
        .iter()
        .fold(0, |number, digit| number * 10 + u64::from(*digit))
}

/// Luhn's check (ISO/IEC 7812-1, annex B) over all digits, the last of which
/// is the check digit.
pub fn luhn(digits: &[u32]) -> bool {
    let doubled = |digit: u32| if digit > 4 { 2 * digit - 9 } else { 2 * digit };
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| {
            if place % 2 == 1 {
                doubled(digit)
            } else {
                digit
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// ISO/IEC 7064, MOD 11,10, over all digits.
pub fn mod_11_10(digits: &[u32]) -> bool {
    let Some((last, body)) = digits.split_last() else {
        return false;
    };
    let product = body.iter().fold(10, |product, digit| {
        let sum = (product + digit) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (product + last) % 10 == 1
}
