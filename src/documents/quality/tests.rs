use image::{GrayImage, Luma, imageops};
use proptest::prelude::*;

use super::test_data::{PAPER, fill, noisy, ocr, paper, print, rgb};
use super::*;

fn measured(page: &GrayImage) -> PageQuality {
    measure(&rgb(page), PageWords::default())
}

fn with_ocr(page: &GrayImage, words: &[(&str, [f32; 4])]) -> PageQuality {
    let ocr = ocr(words);
    let words = PageWords {
        ocr: Some(&ocr),
        ..PageWords::default()
    };
    measure(&rgb(page), words)
}

#[test]
fn a_blank_scan_with_noise_shadow_and_dust_has_no_ink_and_one_line_of_print_has() {
    let mut blank = paper(900, 1200);
    for (x, _, pixel) in blank.enumerate_pixels_mut() {
        pixel.0[0] -= (x / 20) as u8;
    }
    blank.put_pixel(450, 600, Luma([90]));
    blank.put_pixel(300, 200, Luma([90]));
    let mut line = blank.clone();
    for at in 0..20 {
        fill(&mut line, 300 + 12 * at, 500, 3, 18);
    }
    let (blank, line) = (measured(&noisy(blank, 5.0)), measured(&noisy(line, 5.0)));
    assert!(blank.ink < 1e-4, "{blank:?}");
    assert!(line.ink > 5e-4, "{line:?}");
    assert_eq!(
        (blank.blur, blank.text_height, blank.skew),
        (None, None, None)
    );
}

#[test]
fn a_border_of_the_scanner_is_no_ink() {
    let mut page = paper(900, 1200);
    fill(&mut page, 0, 0, 12, 1200);
    fill(&mut page, 0, 1190, 900, 10);
    assert_eq!(measured(&page).ink, 0.0);
}

#[test]
fn blur_is_the_deviation_of_the_gaussian_whatever_the_noise() {
    let page = print(900, 1200, 36, 0.0);
    for noise in [0.0, 4.0] {
        let sharp = measured(&noisy(page.clone(), noise)).blur.unwrap();
        assert!(sharp < 0.6, "{noise}: {sharp}");
        for sigma in [1.5, 3.0, 5.0] {
            let page = noisy(imageops::blur(&page, sigma), noise);
            let blur = measured(&page).blur.unwrap();
            let ratio = blur / sigma;
            assert!((0.65..1.35).contains(&ratio), "{noise} {sigma}: {blur}");
        }
    }
}

#[test]
fn a_faint_shadow_does_not_make_a_sharp_page_blurred() {
    let mut page = print(900, 1200, 24, 0.0);
    // A soft gray picture over the lower third.
    for (x, y, pixel) in page.enumerate_pixels_mut() {
        if y > 800 {
            let wave = (x as f32 / 40.0).sin() * (y as f32 / 40.0).sin();
            pixel.0[0] = (180.0 + 25.0 * wave) as u8;
        }
    }
    let blur = measured(&page).blur.unwrap();
    assert!(blur < 0.6, "{blur}");
}

#[test]
fn the_height_of_letters_is_that_of_ocr_or_else_of_rows_of_ink() {
    for letter in [8, 16, 40] {
        let height = measured(&print(900, 1200, letter, 0.0))
            .text_height
            .unwrap();
        let line = letter as f32 * 1.9;
        assert!((height - line).abs() <= 2.0, "{letter}: {height}");
    }
    let lines = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6];
    let words = lines.map(|y| ("word", [0.1, y, 0.5, y + 0.02]));
    let quality = with_ocr(&print(900, 1200, 40, 0.0), &words);
    assert!(
        (quality.text_height.unwrap() - 24.0).abs() < 0.1,
        "{quality:?}"
    );
    assert_eq!(quality.words, 6);
    // A large box that OCR found in a blurred page is no line.
    let wrong = with_ocr(&print(900, 1200, 40, 0.0), &[("?", [0.0, 0.2, 1.0, 0.8])]);
    assert!(wrong.text_height.unwrap() < 90.0, "{wrong:?}");
    let relative = quality.relative_blur().unwrap();
    assert!(
        (relative - quality.blur.unwrap() / 24.0).abs() < 1e-3,
        "{quality:?}"
    );
}

#[test]
fn light_contrast_and_clipping_are_those_of_the_gray_levels() {
    let page = print(900, 1200, 24, 0.0);
    let quality = measured(&page);
    assert!((quality.lightest - f32::from(PAPER) / 255.0).abs() < 1e-6);
    assert!(
        (quality.contrast - 200.0 / 255.0).abs() < 0.01,
        "{quality:?}"
    );
    assert_eq!(quality.clipped, 0.0);
    let mut dark = page.clone();
    dark.pixels_mut().for_each(|pixel| pixel.0[0] /= 5);
    let dark = measured(&dark);
    assert!(dark.lightest < 0.2, "{dark:?}");
    let mut faded = page;
    faded
        .pixels_mut()
        .for_each(|pixel| pixel.0[0] = 255 - (255 - pixel.0[0]) / 6);
    let faded = measured(&faded);
    assert!((0.1..0.2).contains(&faded.contrast), "{faded:?}");
    let white = GrayImage::from_pixel(50, 50, Luma([255]));
    assert_eq!(measured(&white).clipped, 1.0);
}

#[test]
fn skew_is_the_slope_of_the_lines() {
    for degrees in [-6.0f32, -1.0, 0.0, 2.5, 7.0] {
        let page = print(900, 1200, 20, degrees.to_radians().tan());
        let skew = measured(&page).skew.unwrap();
        assert!((skew - degrees).abs() <= 0.3, "{degrees}: {skew}");
    }
}

#[test]
fn lines_that_reach_over_the_edge_are_cut_and_a_border_is_not() {
    let mut page = paper(600, 800);
    let mut words = Vec::new();
    for row in 0..6u8 {
        let y = 100 + 60 * i64::from(row);
        for at in 0..5 {
            fill(&mut page, 16 * at - 3, y, 6, 24);
        }
        fill(&mut page, -3, y + 10, 60, 3);
        let top = y as f32 / 800.0;
        words.push(("word", [0.0, top - 0.01, 0.2, top + 0.04]));
    }
    assert_eq!(with_ocr(&page, &words).cut_lines, 6);
    // The same words within the page.
    let mut inside = paper(600, 800);
    imageops::overlay(&mut inside, &page, 8, 0);
    assert_eq!(with_ocr(&inside, &words).cut_lines, 0);
    let mut border = paper(600, 800);
    fill(&mut border, 0, 0, 8, 800);
    assert_eq!(with_ocr(&border, &words).cut_lines, 0);
}

/// Lines of a receipt, `pitch` apart: a name on the left, an amount on the right.
fn receipt(left: f32, right: f32, pitch: f32) -> Vec<(&'static str, [f32; 4])> {
    let lines = (0..(0.8 / pitch) as usize).flat_map(|row| {
        let y = 0.1 + row as f32 * pitch;
        let middle = (left + right) / 2.0;
        [
            ("Coffee", [left, y, middle - 0.005, y + 0.015]),
            ("12.50", [middle + 0.005, y, right, y + 0.015]),
        ]
    });
    lines.collect()
}

#[test]
fn two_receipts_side_by_side_are_two_blocks_and_a_table_is_one() {
    let page = paper(1000, 1400);
    let blocks = |words: &[(&str, [f32; 4])]| with_ocr(&page, words).blocks;
    let one = receipt(0.05, 0.45, 0.031);
    assert_eq!(blocks(&one), 1);
    let two = [one.clone(), receipt(0.55, 0.95, 0.037)].concat();
    assert_eq!(blocks(&two), 2);
    // The lines of a table are level.
    let table = [one.clone(), receipt(0.55, 0.95, 0.031)].concat();
    assert_eq!(blocks(&table), 1);
    // Two columns of prose have no amounts.
    let prose: Vec<_> = two.iter().map(|(_, bbox)| ("words", *bbox)).collect();
    assert_eq!(blocks(&prose), 1);
    // The halves of an invoice have holes.
    let is_low = |word: &&(&str, [f32; 4])| word.1[1] < 0.4 || word.1[1] > 0.6;
    let halves: Vec<_> = two.iter().filter(is_low).copied().collect();
    assert_eq!(blocks(&halves), 1);
    // A heading over both.
    let heading = [two, vec![("Heading", [0.3, 0.05, 0.7, 0.07])]].concat();
    assert_eq!(blocks(&heading), 1);
}

#[test]
fn quarter_turns_and_the_text_layer_are_noted() {
    let page = rgb(&print(300, 400, 20, 0.0));
    let ocr = OcrText {
        quarter_turns: 3,
        ..ocr(&[("a", [0.1, 0.1, 0.2, 0.2])])
    };
    let words = PageWords {
        layer: 12,
        layer_is_enough: true,
        ocr: Some(&ocr),
    };
    let quality = measure(&page, words);
    assert_eq!((quality.turned, quality.words), (270, 12));
    assert!(quality.text_layer);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn any_pixels_and_boxes_are_measured_with_finite_numbers(
        width in 1u32..90,
        height in 1u32..90,
        seed in any::<u32>(),
        boxes in prop::collection::vec(prop::array::uniform4(-2.0f32..3.0), 0..12),
    ) {
        let mut state = seed | 1;
        let page = GrayImage::from_fn(width, height, |_, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Luma([(state >> 24) as u8])
        });
        let words: Vec<_> = boxes.iter().map(|bbox| ("9.99", *bbox)).collect();
        let quality = with_ocr(&page, &words);
        let numbers = [Some(quality.ink), quality.blur, quality.text_height, quality.skew];
        prop_assert!(numbers.iter().flatten().all(|x| x.is_finite()), "{quality:?}");
        prop_assert!((0.0..=1.0).contains(&quality.ink));
    }
}
