//! Small pictures of pages for HTML pages that need nothing else.

use std::io::Cursor;

use anyhow::Context;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use image::{ImageBuffer, ImageFormat, Rgb, imageops};
use minijinja::Value;

use crate::domain::PageImage;

/// Pixels of the longer side.
const SIDE: u32 = 360;

/// A small JPEG of a page.
pub fn jpeg(page: &PageImage) -> anyhow::Result<Vec<u8>> {
    let image: Option<ImageBuffer<Rgb<u8>, &[u8]>> =
        ImageBuffer::from_raw(page.width, page.height, &page.rgb);
    let image = image.context("pixels that do not fit the page")?;
    let scale = f64::from(SIDE) / f64::from(page.width.max(page.height));
    let side = |pixels: u32| ((f64::from(pixels) * scale.min(1.0)) as u32).max(1);
    let small = imageops::thumbnail(&image, side(page.width), side(page.height));
    let mut jpeg = Cursor::new(Vec::new());
    small.write_to(&mut jpeg, ImageFormat::Jpeg)?;
    Ok(jpeg.into_inner())
}

/// The address of a JPEG file inside a page, for a page template.
pub fn embedded(jpeg: &[u8]) -> Value {
    let encoded = BASE64_STANDARD.encode(jpeg);
    Value::from_safe_string(format!("data:image/jpeg;base64,{encoded}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_any_shape_becomes_small() {
        for (page, small) in [
            ((600, 800), (270, 360)),
            ((9000, 3), (360, 1)),
            ((40, 30), (40, 30)),
        ] {
            let pixels = vec![200; page.0 * page.1 * 3];
            let page = PageImage::new(page.0 as u32, page.1 as u32, pixels).unwrap();
            let decoded = image::load_from_memory(&jpeg(&page).unwrap()).unwrap();
            assert_eq!((decoded.width(), decoded.height()), small);
        }
    }
}
