//! What must hold for any bytes: see [`crate::fuzzing`].

use super::picture::PictureFile;
use super::{RasterSpec, sniff};
use crate::domain::Limits;
use crate::domain::MediaType;

/// An accepted picture gives each of its pages, within the limits, or a failure.
pub fn picture(bytes: &[u8]) {
    // Small, so that foreign decoders do not take most of the time.
    let limits = Limits {
        max_bytes: 1 << 20,
        max_pages: 4,
        max_pixels: 1 << 14,
        min_side: 1,
    };
    let spec = RasterSpec {
        width: 64,
        for_ocr: false,
        max_pixels: 1 << 10,
    };
    let Ok(media_type) = sniff(bytes) else { return };
    if media_type == MediaType::Pdf {
        return;
    }
    let Ok((mut file, info)) = PictureFile::open(bytes.to_vec(), media_type, &limits) else {
        return;
    };
    assert!((1..=limits.max_pages).contains(&info.pages));
    for index in 0..info.pages {
        if let Ok(page) = file.page(index, &spec) {
            let (width, height) = (page.image.width as usize, page.image.height as usize);
            assert!(width * height <= spec.max_pixels as usize);
            assert_eq!(page.image.rgb.len(), width * height * 3);
        }
    }
    assert!(file.page(info.pages, &spec).is_err());
}
