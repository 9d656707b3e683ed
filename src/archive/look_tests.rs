use std::io::Cursor;

use image::{DynamicImage, ImageFormat, RgbImage};

use super::*;

/// A page with lines of dark blocks whose lengths depend on `seed`.
fn page(width: u32, height: u32, seed: u32) -> PageImage {
    let pixel = |x: u32, y: u32| {
        let (column, row) = (x * 24 / width, y * 36 / height);
        let noise = (column * 31 + row * 17 + seed * 101).wrapping_mul(2_654_435_761) >> 28;
        let is_ink = row % 2 == 1 && noise > 6 && column > 1;
        [if is_ink { 30 } else { 245 }; 3]
    };
    let rgb = (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y)));
    PageImage::new(width, height, rgb.collect()).unwrap()
}

fn as_image(page: &PageImage) -> RgbImage {
    RgbImage::from_raw(page.width, page.height, page.rgb.clone()).unwrap()
}

fn as_page(image: RgbImage) -> PageImage {
    PageImage::new(image.width(), image.height(), image.into_raw()).unwrap()
}

#[test]
fn a_copy_that_was_scaled_encoded_or_turned_looks_the_same() {
    let original = page(480, 720, 1);
    let of_original = look(&original);
    let scaled = imageops::resize(&as_image(&original), 333, 500, FilterType::Lanczos3);
    let mut jpeg = Cursor::new(Vec::new());
    let dynamic = DynamicImage::ImageRgb8(as_image(&original));
    dynamic.write_to(&mut jpeg, ImageFormat::Jpeg).unwrap();
    let encoded = image::load_from_memory(jpeg.get_ref()).unwrap().to_rgb8();
    let copies = [
        as_page(scaled),
        as_page(encoded),
        original.clone().turned(1),
        original.clone().turned(2),
        original.clone().turned(3),
    ];
    for copy in copies {
        let bits = distance(&of_original, &look(&copy)).expect("a shape");
        assert!(bits <= SAME_LOOK_BITS, "{copy:?}: {bits} bits");
    }
    assert_eq!(look(&original.clone().turned(0)).pixels, of_original.pixels);
    assert_ne!(look(&original.turned(2)).pixels, of_original.pixels);
}

#[test]
fn another_page_looks_different_and_another_shape_is_not_compared() {
    let original = look(&page(480, 720, 1));
    let bits = distance(&original, &look(&page(480, 720, 2))).expect("a shape");
    assert!(bits > 40, "{bits} bits");
    assert_eq!(distance(&original, &look(&page(480, 640, 1))), None);
}

#[test]
fn blank_pages_do_not_look_like_each_other() {
    let blank = look(&PageImage::new(200, 300, vec![255; 200 * 300 * 3]).unwrap());
    assert_eq!(distance(&blank, &blank), None);
}
