//! Image files through the `image` crate.

use std::collections::HashSet;
use std::io::Cursor;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader};

use super::{RasterSpec, fit};
use crate::domain::Limits;
use crate::domain::{DocumentInfo, Failure, MediaType, PageImage, RasterPage, Reason, count};

/// Bytes that decoding one page may take: 100 Mpx at 16 bits and 4 channels.
const MAX_DECODE_BYTES: u64 = 1 << 30;

pub struct PictureFile {
    bytes: Vec<u8>,
    format: ImageFormat,
    limits: Limits,
    /// Offsets of a TIFF's image directories; one entry for other formats.
    directories: Vec<u64>,
    /// The page decoded last: opening has decoded the first one already.
    decoded: Option<(u32, PageImage)>,
}

impl PictureFile {
    pub fn open(
        bytes: Vec<u8>,
        media_type: MediaType,
        limits: &Limits,
    ) -> Result<(PictureFile, DocumentInfo), Failure> {
        let format = match media_type {
            MediaType::Png => ImageFormat::Png,
            MediaType::Jpeg => ImageFormat::Jpeg,
            MediaType::Tiff => ImageFormat::Tiff,
            MediaType::Webp => ImageFormat::WebP,
            MediaType::Bmp => ImageFormat::Bmp,
            MediaType::Gif => ImageFormat::Gif,
            MediaType::Pdf | MediaType::Xml => {
                let message = format!("{} is not a picture", media_type.as_str());
                return Err(Failure::new(Reason::Internal, message));
            }
        };
        if format == ImageFormat::Jpeg && !jpeg_is_complete(&bytes) {
            // The decoder would fill the missing part with grey, and a
            // receipt's total stands at its end.
            let message = "the JPEG ends in the middle of its picture: copy or scan it again";
            return Err(Failure::new(Reason::Corrupt, message));
        }
        let directories = if format == ImageFormat::Tiff {
            tiff_directories(&bytes)?
        } else {
            vec![0]
        };
        let pages = directories.len() as u32;
        if pages > limits.max_pages {
            let message = format!(
                "{pages} pages, more than {}: split it, or set `limits.max_pages`",
                limits.max_pages
            );
            return Err(Failure::new(Reason::TooLarge, message));
        }
        let mut file = PictureFile {
            bytes,
            format,
            limits: *limits,
            directories,
            decoded: None,
        };
        file.decoded = Some((0, file.decode(0)?));
        // Only now: looking for a second frame decodes the first, whose size
        // has just been found to be within the limits.
        let mut warnings = Vec::new();
        if matches!(format, ImageFormat::Gif | ImageFormat::WebP) {
            warnings.extend(animation_warning(&file.bytes, format));
        }
        Ok((
            file,
            DocumentInfo {
                media_type,
                pages,
                attachments: Vec::new(),
                warnings,
            },
        ))
    }

    pub fn page(&mut self, index: u32, spec: &RasterSpec) -> Result<RasterPage, Failure> {
        let image = match self.decoded.take() {
            Some((decoded, image)) if decoded == index => image,
            _ => self.decode(index)?,
        };
        let (width, height) = fit(image.width, image.height, spec.max_pixels);
        let small = if (width, height) == (image.width, image.height) {
            image.clone()
        } else {
            reduce(&image, width, height)?
        };
        self.decoded = Some((index, image));
        Ok(RasterPage {
            image: small,
            words: Vec::new(),
        })
    }

    fn decode(&self, index: u32) -> Result<PageImage, Failure> {
        let directory = *self.directories.get(index as usize).ok_or_else(|| {
            Failure::new(
                Reason::Corrupt,
                format!(
                    "the file has {}, not {}",
                    count(self.directories.len() as u64, "page"),
                    index + 1
                ),
            )
        })?;
        if index == 0 {
            self.decode_bytes(&self.bytes)
        } else {
            self.decode_bytes(&tiff_starting_at(&self.bytes, directory))
        }
    }

    fn decode_bytes(&self, bytes: &[u8]) -> Result<PageImage, Failure> {
        let corrupt = |error: image::ImageError| match error {
            image::ImageError::Limits(_) => {
                Failure::new(Reason::TooLarge, "decoding it would take too much memory")
            }
            image::ImageError::Unsupported(error) => {
                Failure::new(Reason::UnsupportedType, error.to_string())
            }
            other => Failure::new(
                Reason::Corrupt,
                format!("the picture does not decode ({other}): copy or scan it again"),
            ),
        };
        let mut reader = ImageReader::with_format(Cursor::new(bytes), self.format);
        let mut limits = image::Limits::no_limits();
        limits.max_alloc = Some(MAX_DECODE_BYTES);
        reader.limits(limits);
        let mut decoder = reader.into_decoder().map_err(corrupt)?;
        let (width, height) = decoder.dimensions();
        self.check_size(width, height)?;
        let orientation = decoder.orientation().map_err(corrupt)?;
        let mut image = DynamicImage::from_decoder(decoder).map_err(corrupt)?;
        image.apply_orientation(orientation);
        let (width, height) = (image.width(), image.height());
        PageImage::new(width, height, over_white(image)).ok_or_else(|| {
            Failure::new(
                Reason::Internal,
                "the decoder's pixels do not fit the picture's size",
            )
        })
    }

    fn check_size(&self, width: u32, height: u32) -> Result<(), Failure> {
        if u64::from(width) * u64::from(height) > self.limits.max_pixels {
            let most = self.limits.max_pixels;
            let message = format!(
                "{width} x {height} pixels, more than {most} in all (setting `limits.max_pixels`)"
            );
            return Err(Failure::new(Reason::TooLarge, message));
        }
        if width.min(height) < self.limits.min_side {
            let message = format!(
                "{width} x {height} pixels hold no document: scan it larger (setting `limits.min_side`)"
            );
            return Err(Failure::new(Reason::TooSmall, message));
        }
        Ok(())
    }
}

/// RGB with transparency over white paper.
fn over_white(image: DynamicImage) -> Vec<u8> {
    if !image.color().has_alpha() {
        return image.into_rgb8().into_raw();
    }
    let blend = |c: u8, alpha: u8| {
        ((u16::from(c) * u16::from(alpha) + 255 * (255 - u16::from(alpha))) / 255) as u8
    };
    image
        .into_rgba8()
        .pixels()
        .flat_map(|p| [blend(p[0], p[3]), blend(p[1], p[3]), blend(p[2], p[3])])
        .collect()
}

fn reduce(image: &PageImage, width: u32, height: u32) -> Result<PageImage, Failure> {
    let source = ImageRef::new(image.width, image.height, &image.rgb, PixelType::U8x3)
        .map_err(Failure::internal)?;
    let mut target = Image::new(width, height, PixelType::U8x3);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
    Resizer::new()
        .resize(&source, &mut target, &options)
        .map_err(Failure::internal)?;
    PageImage::new(width, height, target.into_vec())
        .ok_or_else(|| Failure::new(Reason::Internal, "resizing failed"))
}

/// Whether an end-of-image marker follows the start of the entropy-coded data
/// (ITU-T T.81, B.1.1.2: such data never holds `FF D9` itself). Thumbnails in
/// the header segments have their own marker and are stepped over.
fn jpeg_is_complete(bytes: &[u8]) -> bool {
    let mut at = 2;
    while at + 4 <= bytes.len() && bytes[at] == 0xff {
        let marker = bytes[at + 1];
        if marker == 0xff {
            at += 1; // fill byte
        } else if marker == 0xda {
            return bytes[at..].windows(2).any(|pair| pair == [0xff, 0xd9]);
        } else if matches!(marker, 0x01 | 0xd0..=0xd8) {
            at += 2; // no length
        } else {
            at += 2 + usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]));
        }
    }
    false
}

/// Offsets of the image directories of a TIFF (TIFF 6.0, section 2). BigTIFF
/// counts as one page.
fn tiff_directories(bytes: &[u8]) -> Result<Vec<u64>, Failure> {
    let corrupt = || Failure::new(Reason::Corrupt, "the TIFF's page list is broken");
    let little = bytes.starts_with(b"II");
    let u16_at = |at: usize| -> Option<u16> {
        let b = bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if little {
            u16::from_le_bytes(b)
        } else {
            u16::from_be_bytes(b)
        })
    };
    let u32_at = |at: usize| -> Option<u32> {
        let b = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if little {
            u32::from_le_bytes(b)
        } else {
            u32::from_be_bytes(b)
        })
    };
    if u16_at(2) != Some(42) {
        return Ok(vec![0]);
    }
    let (mut directories, mut seen) = (Vec::new(), HashSet::new());
    let mut next = u32_at(4).ok_or_else(corrupt)?;
    while next != 0 && seen.insert(next) {
        directories.push(u64::from(next));
        let entries = usize::from(u16_at(next as usize).ok_or_else(corrupt)?);
        // A directory is its count, 12 bytes an entry, the next one's offset.
        next = u32_at(next as usize + 2 + 12 * entries).unwrap_or(0);
    }
    if directories.is_empty() {
        Err(corrupt())
    } else {
        Ok(directories)
    }
}

/// The same TIFF with another page first: decoders begin at the directory
/// that bytes 4 to 7 name.
fn tiff_starting_at(bytes: &[u8], directory: u64) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let offset = directory as u32;
    let offset = if bytes.starts_with(b"II") {
        offset.to_le_bytes()
    } else {
        offset.to_be_bytes()
    };
    bytes[4..8].copy_from_slice(&offset);
    bytes
}

fn animation_warning(bytes: &[u8], format: ImageFormat) -> Option<String> {
    let animated = match format {
        ImageFormat::Gif => gif_frames(bytes).nth(1).is_some(),
        _ => image::codecs::webp::WebPDecoder::new(Cursor::new(bytes))
            .ok()?
            .has_animation(),
    };
    animated.then(|| "the picture is animated; only its first frame was read".to_owned())
}

/// Offsets of a GIF's image descriptors (GIF89a, sections 15 to 25). Nothing is
/// decoded: a frame may declare 65,535 x 65,535 pixels.
fn gif_frames(bytes: &[u8]) -> impl Iterator<Item = usize> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(format: ImageFormat, image: &DynamicImage) -> Vec<u8> {
        let mut bytes = Vec::new();
        image
            .write_to(&mut Cursor::new(&mut bytes), format)
            .unwrap();
        bytes
    }

    fn open(bytes: Vec<u8>, media_type: MediaType) -> Result<(PictureFile, DocumentInfo), Failure> {
        PictureFile::open(bytes, media_type, &Limits::default())
    }

    #[test]
    fn transparency_is_drawn_over_white_paper() {
        let image = image::RgbaImage::from_pixel(20, 20, image::Rgba([0, 0, 0, 51]));
        let (mut file, _) = open(encode(ImageFormat::Png, &image.into()), MediaType::Png).unwrap();
        let page = file
            .page(
                0,
                &RasterSpec {
                    width: 100,
                    max_pixels: 1000,
                },
            )
            .unwrap();
        assert_eq!(page.image.rgb[..3], [204, 204, 204]);
    }

    #[test]
    fn a_picture_above_the_pixel_limit_is_scaled_down_and_keeps_its_shape() {
        let image = DynamicImage::new_rgb8(200, 400);
        let (mut file, _) = open(encode(ImageFormat::Png, &image), MediaType::Png).unwrap();
        let page = file
            .page(
                0,
                &RasterSpec {
                    width: 100,
                    max_pixels: 20_000,
                },
            )
            .unwrap();
        assert_eq!((page.image.width, page.image.height), (100, 200));
    }

    #[test]
    fn declared_pixels_are_judged_before_anything_is_decoded() {
        let mut bytes = encode(ImageFormat::Png, &DynamicImage::new_luma8(20, 20));
        bytes[16..24].copy_from_slice(&[0, 1, 0x86, 0xa0, 0, 1, 0x86, 0xa0]); // 100,000 x 100,000
        let crc = crc32(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&crc.to_be_bytes());
        assert_eq!(
            open(bytes, MediaType::Png).err().unwrap().reason,
            Reason::TooLarge
        );
        let tiny = encode(ImageFormat::Png, &DynamicImage::new_luma8(1, 1));
        assert_eq!(
            open(tiny, MediaType::Png).err().unwrap().reason,
            Reason::TooSmall
        );
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                if crc & 1 == 1 {
                    crc >> 1 ^ 0xedb8_8320
                } else {
                    crc >> 1
                }
            })
        })
    }

    #[test]
    fn a_gif_that_declares_a_huge_screen_is_too_large_before_a_frame_is_decoded() {
        let mut bytes = encode(ImageFormat::Gif, &DynamicImage::new_rgb8(20, 20));
        bytes[6..10].copy_from_slice(&[0xa9; 4]); // 43,433 x 43,433: 7 GiB of pixels
        let failure = open(bytes, MediaType::Gif).err().unwrap();
        assert_eq!(failure.reason, Reason::TooLarge);
    }

    #[test]
    fn a_second_frame_is_told_without_being_decoded() {
        use image::codecs::gif::GifEncoder;
        let gif = |frames: usize| {
            let mut bytes = Vec::new();
            let mut encoder = GifEncoder::new(&mut bytes);
            let frame = || image::Frame::new(image::RgbaImage::new(20, 20));
            encoder.encode_frames((0..frames).map(|_| frame())).unwrap();
            drop(encoder);
            bytes
        };
        let (_, info) = open(gif(1), MediaType::Gif).unwrap();
        assert!(info.warnings.is_empty());
        let mut two = gif(2);
        let second = gif_frames(&two).nth(1).unwrap();
        two[second + 5..second + 9].fill(0xff); // 65,535 x 65,535
        let (_, info) = open(two, MediaType::Gif).unwrap();
        assert!(info.warnings[0].contains("animated"));
    }

    #[test]
    fn a_jpeg_cut_anywhere_in_its_picture_is_corrupt() {
        let whole = encode(ImageFormat::Jpeg, &DynamicImage::new_rgb8(64, 64));
        assert!(open(whole.clone(), MediaType::Jpeg).is_ok());
        for share in [2, 3, 4] {
            let cut = whole[..whole.len() * (share - 1) / share].to_vec();
            assert_eq!(
                open(cut, MediaType::Jpeg).err().unwrap().reason,
                Reason::Corrupt
            );
        }
    }

    #[test]
    fn a_tiff_whose_page_list_loops_is_corrupt() {
        let mut bytes = encode(ImageFormat::Tiff, &DynamicImage::new_luma8(20, 20));
        let little = bytes.starts_with(b"II");
        assert!(little);
        let first = u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize;
        let entries = u16::from_le_bytes(bytes[first..first + 2].try_into().unwrap()) as usize;
        let next = first + 2 + 12 * entries;
        bytes[next..next + 4].copy_from_slice(&(first as u32).to_le_bytes());
        assert_eq!(tiff_directories(&bytes).unwrap().len(), 1);
        assert_eq!(
            open(bytes, MediaType::Tiff).err().unwrap().reason,
            Reason::Corrupt
        );
    }
}
