//! Pictures of several frames.

use std::io::Cursor;

use image::ImageFormat;

/// The warning for an animated picture, of which one frame is read.
pub fn warning(bytes: &[u8], format: ImageFormat) -> Option<String> {
    let animated = match format {
        ImageFormat::Gif => gif_frames(bytes).nth(1).is_some(),
        _ => image::codecs::webp::WebPDecoder::new(Cursor::new(bytes))
            .ok()?
            .has_animation(),
    };
    animated.then(|| "the picture is animated; only its first frame was read".to_owned())
}

/// Byte offsets of a GIF's image descriptors (GIF89a, sections 15 to 25). Nothing is
/// decoded: a frame may declare 65,535 x 65,535 pixels.
pub fn gif_frames(bytes: &[u8]) -> impl Iterator<Item = usize> {
    const HEADER: usize = 13;
    let colours = |flags: Option<&u8>| match flags {
        Some(flags) if flags & 0x80 != 0 => 3 << ((flags & 7) + 1),
        _ => 0,
    };
    // Blocks of at most 255 bytes, each after its length, until an empty one.
    let after_blocks = |mut at: usize| {
        while let Some(&length) = bytes.get(at)
            && length > 0
        {
            at += 1 + usize::from(length);
        }
        at + 1
    };
    let mut at = HEADER + colours(bytes.get(10));
    std::iter::from_fn(move || {
        loop {
            let block = at;
            match bytes.get(block)? {
                0x21 => at = after_blocks(block + 2),
                0x2c => {
                    // The descriptor, its colours, the size of the first code.
                    at = after_blocks(block + 10 + colours(bytes.get(block + 9)) + 1);
                    return Some(block);
                }
                _ => return None,
            }
        }
    })
}
