use super::*;

#[test]
fn ranks_are_fused_and_words_count_more_than_looks() {
    let fused = fuse(&[7, 8], &[8], &[(9, 0.3), (8, 0.2)]);
    let order: Vec<i64> = fused.iter().map(|(page, _)| *page).collect();
    assert_eq!(order, [8, 7, 9]);
    let (score, ranks, similarity) = fused[0].1;
    let expected = 1.0 / 62.0 + 0.5 / 61.0 + 0.5 / 62.0;
    assert!((score - expected).abs() < 1e-12);
    assert_eq!(
        (ranks.words, ranks.near_words, ranks.look),
        (Some(2), Some(1), Some(2))
    );
    assert_eq!(similarity, Some(0.2));
}

#[test]
fn only_looks_that_stand_out_count() {
    let usual = [0.2f32; 50].into_iter().chain([0.4]);
    let least = unusual(usual);
    assert!(0.2 < least && least < 0.4, "{least}");
}
