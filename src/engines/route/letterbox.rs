use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use crate::domain::PageImage;

/// The page as a square of `side` x `side` pixels for CLIP.
///
/// With `pad_to_square` the whole page is scaled with its aspect and centred on
/// white. Without, the shorter side becomes `side` and the centre is cropped, as
/// CLIP's own processor does except for its rounding of the longer side. Both use
/// Pillow's antialiased bicubic filter. A page of this size is not changed.
pub fn letterbox(page: &PageImage, side: u32, pad_to_square: bool) -> PageImage {
    if (page.width, page.height) == (side, side) {
        return page.clone();
    }
    if !pad_to_square {
        return scaled(page, side, side);
    }
    let scale = f64::from(side) / f64::from(page.width.max(page.height));
    // Rounds as Python's `round`, as in the training of the default weights.
    let fit = |length: u32| ((f64::from(length) * scale).round_ties_even() as u32).clamp(1, side);
    centred_on_white(&scaled(page, fit(page.width), fit(page.height)), side)
}

/// The page scaled to `width` x `height` pixels, cropped around its centre where the
/// aspects differ by more than rounding.
fn scaled(page: &PageImage, width: u32, height: u32) -> PageImage {
    let source = ImageRef::new(page.width, page.height, &page.rgb, PixelType::U8x3)
        .expect("a page image holds width x height x 3 bytes");
    let mut target = Image::new(width, height, PixelType::U8x3);
    // Pillow's BICUBIC has a = -0.5: Catmull-Rom.
    let mut options =
        ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom));
    if width == height {
        options = options.fit_into_destination(None);
    }
    Resizer::new()
        .resize(&source, &mut target, &options)
        .expect("both images are RGB with sides above 0");
    PageImage {
        width,
        height,
        rgb: target.into_vec(),
    }
}

fn centred_on_white(page: &PageImage, side: u32) -> PageImage {
    let (width, height, side_px) = (page.width as usize, page.height as usize, side as usize);
    let (left, top) = ((side_px - width) / 2, (side_px - height) / 2);
    let mut rgb = vec![255; side_px * side_px * 3];
    for (row, pixels) in page.rgb.chunks_exact(width * 3).enumerate() {
        let start = ((top + row) * side_px + left) * 3;
        rgb[start..start + width * 3].copy_from_slice(pixels);
    }
    PageImage {
        width: side,
        height: side,
        rgb,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 3]) -> PageImage {
        let rgb = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let rgb = rgb.flat_map(|(x, y)| pixel(x, y)).collect();
        PageImage::new(width, height, rgb).unwrap()
    }

    fn at(page: &PageImage, x: u32, y: u32) -> [u8; 3] {
        let start = ((y * page.width + x) * 3) as usize;
        page.rgb[start..start + 3].try_into().unwrap()
    }

    #[test]
    fn a_tall_page_is_centred_between_white_borders() {
        let boxed = letterbox(&page(20, 40, |_, _| [10, 20, 30]), 8, true);
        assert_eq!((boxed.width, boxed.height), (8, 8));
        for y in 0..8 {
            for x in 0..8 {
                let expected = if (2..6).contains(&x) {
                    [10, 20, 30]
                } else {
                    [255; 3]
                };
                assert_eq!(at(&boxed, x, y), expected, "at {x}, {y}");
            }
        }
    }

    #[test]
    fn without_padding_the_centre_of_the_longer_side_is_kept() {
        // Three squares one above the other; the middle one is red.
        let tall = page(30, 90, |_, y| {
            if (30..60).contains(&y) {
                [200, 0, 0]
            } else {
                [0, 0, 200]
            }
        });
        let cropped = letterbox(&tall, 10, false);
        // The filter mixes neighbouring pixels into the outermost rows.
        for y in 2..8 {
            assert_eq!(at(&cropped, 5, y), [200, 0, 0], "row {y}");
        }
    }

    #[test]
    fn an_absurdly_long_page_keeps_one_pixel_of_width() {
        let boxed = letterbox(&page(16, 100_000, |_, _| [0; 3]), 32, true);
        assert_eq!(at(&boxed, 15, 16), [0; 3]);
        assert_eq!(at(&boxed, 16, 16), [255; 3]);
    }

    #[test]
    fn a_page_of_the_right_size_is_not_touched() {
        let exact = page(4, 4, |x, y| [x as u8, y as u8, 7]);
        assert_eq!(letterbox(&exact, 4, true), exact);
    }
}
