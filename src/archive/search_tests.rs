use super::*;

fn order(fused: &Fused) -> Vec<i64> {
    fused.iter().map(|(page, _)| *page).collect()
}

#[test]
fn pages_with_all_words_keep_their_order_before_all_others() {
    let words = ByWords {
        all: vec![7, 8],
        some: vec![5],
    };
    let fused = fuse(&words, &[8, 5], &[(9, 0.9), (8, 0.8)]);
    assert_eq!(order(&fused), [7, 8, 5, 9]);
    let (_, ranks, similarity) = fused[1].1;
    assert_eq!(
        (ranks.words, ranks.near_words, ranks.look),
        (Some(2), Some(1), Some(2))
    );
    assert_eq!(similarity, Some(0.8));
}

#[test]
fn looks_count_more_than_some_of_the_words() {
    let words = ByWords {
        some: vec![5, 6],
        ..ByWords::default()
    };
    let fused = fuse(&words, &[], &[(9, 0.5), (6, 0.4)]);
    assert_eq!(order(&fused), [6, 9, 5]);
    let expected = 0.5 / 62.0 + 1.0 / 62.0;
    assert!((fused[0].1.0 - expected).abs() < 1e-12);
}
