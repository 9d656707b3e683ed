//! Hashes of the look of a page.

use image::imageops::{self, FilterType};
use image::{GrayImage, ImageBuffer, Luma};
use image_hasher::{HashAlg, HasherConfig};

use crate::domain::{PageImage, PageLook};

/// Side in pixels of the thumbnail that is hashed: the hash uses 17 x 16 points of it.
const SIDE: u32 = 64;
/// Most bits of 256 in which hashes of one page differ after scaling or re-encoding.
/// Different pages of one layout begin to occur above it.
pub const SAME_LOOK_BITS: u32 = 6;
/// Greatest relative difference (0 to 1) of the aspects of two captures.
const SAME_SHAPE: f64 = 0.02;
/// Fewest set bits, and fewest unset bits, in the hash of a page with content.
const CONTENT_BITS: u32 = 16;

/// The look of a page. Perceptual hashes are the signs of differences between neighbours on a
/// grid of 16 x 16 (dHash,
/// Krawetz 2013, <https://www.hackerfactor.com/blog/index.php?/archives/529-Kind-of-Like-That.html>).
pub fn look(image: &PageImage) -> PageLook {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&image.width.to_le_bytes());
    hasher.update(&image.height.to_le_bytes());
    hasher.update(&image.rgb);
    let small = thumbnail(image);
    let turned = [
        small.clone(),
        imageops::rotate90(&small),
        imageops::rotate180(&small),
        imageops::rotate270(&small),
    ];
    PageLook {
        width: image.width,
        height: image.height,
        pixels: hasher.finalize().to_hex().to_string(),
        hashes: turned.map(|image| hash(&image)),
    }
}

/// A gray square thumbnail of a page with any shape, so that turning the page turns the
/// thumbnail.
fn thumbnail(image: &PageImage) -> GrayImage {
    let gray: Vec<u8> = image
        .rgb
        .chunks_exact(3)
        // Rec. 601 luma in 1/256.
        .map(|p| ((77 * u32::from(p[0]) + 150 * u32::from(p[1]) + 29 * u32::from(p[2])) >> 8) as u8)
        .collect();
    let gray: ImageBuffer<Luma<u8>, _> =
        ImageBuffer::from_raw(image.width, image.height, gray).expect("one byte a pixel");
    imageops::resize(&gray, SIDE, SIDE, FilterType::Triangle)
}

fn hash(image: &GrayImage) -> [u8; 32] {
    let config = HasherConfig::with_bytes_type::<[u8; 32]>()
        .hash_alg(HashAlg::Gradient)
        .hash_size(16, 16);
    let hash = config.to_hasher().hash_image(image);
    let mut bytes = [0; 32];
    bytes.copy_from_slice(hash.as_bytes());
    bytes
}

/// Number of bits (0 to 256) in which the hashes of two pages differ, in the best of four
/// rotations; `None` where their aspects differ or one has no content.
pub fn distance(a: &PageLook, b: &PageLook) -> Option<u32> {
    if !has_content(a) || !has_content(b) {
        return None;
    }
    let quarters = 0..4usize;
    let turned = quarters.filter(|quarter| same_shape(a, b, quarter % 2 == 1));
    turned
        .map(|quarter| bits(&a.hashes[0], &b.hashes[quarter]))
        .min()
}

pub fn has_content(look: &PageLook) -> bool {
    let set: u32 = look.hashes[0].iter().map(|byte| byte.count_ones()).sum();
    (CONTENT_BITS..=256 - CONTENT_BITS).contains(&set)
}

fn bits(a: &[u8; 32], b: &[u8; 32]) -> u32 {
    a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum()
}

fn same_shape(a: &PageLook, b: &PageLook, is_turned: bool) -> bool {
    let ratio = |width: u32, height: u32| f64::from(width) / f64::from(height.max(1));
    let of_b = match is_turned {
        true => ratio(b.height, b.width),
        false => ratio(b.width, b.height),
    };
    let quotient = ratio(a.width, a.height) / of_b;
    (1.0 - SAME_SHAPE..1.0 + SAME_SHAPE).contains(&quotient)
}

#[cfg(test)]
#[path = "look_tests.rs"]
mod tests;
