//! TIFFs as scanners and fax servers write them (TIFF 6.0, and BigTIFF).
//!
//! The `image` crate decodes the usual ones. This module decodes the others: fax
//! coding, palettes, YCbCr and the JPEG compression of the TIFF 6.0 draft.

use std::collections::{BTreeMap, HashSet};
use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, RgbImage};
use tiff::decoder::{Decoder, DecodingResult, Limits};

use super::fax::{self, Coding};
use crate::domain::{Failure, Reason};

mod tag {
    pub const NEW_SUBFILE_TYPE: u16 = 254;
    pub const SUBFILE_TYPE: u16 = 255;
    pub const WIDTH: u16 = 256;
    pub const HEIGHT: u16 = 257;
    pub const BITS_PER_SAMPLE: u16 = 258;
    pub const COMPRESSION: u16 = 259;
    pub const PHOTOMETRIC: u16 = 262;
    pub const FILL_ORDER: u16 = 266;
    pub const STRIP_OFFSETS: u16 = 273;
    pub const ORIENTATION: u16 = 274;
    pub const ROWS_PER_STRIP: u16 = 278;
    pub const STRIP_BYTES: u16 = 279;
    pub const PLANAR: u16 = 284;
    pub const T4_OPTIONS: u16 = 292;
    pub const COLOUR_MAP: u16 = 320;
    pub const JPEG_START: u16 = 513;
    pub const JPEG_LENGTH: u16 = 514;

    /// The tags that are read.
    pub const READ: [u16; 17] = [
        NEW_SUBFILE_TYPE,
        SUBFILE_TYPE,
        WIDTH,
        HEIGHT,
        BITS_PER_SAMPLE,
        COMPRESSION,
        PHOTOMETRIC,
        FILL_ORDER,
        STRIP_OFFSETS,
        ORIENTATION,
        ROWS_PER_STRIP,
        STRIP_BYTES,
        PLANAR,
        T4_OPTIONS,
        COLOUR_MAP,
        JPEG_START,
        JPEG_LENGTH,
    ];
}

const PALETTE: u64 = 3;
const YCBCR: u64 = 6;
/// The compression JPEG of TIFF Technical Note 2; 6 is that of the draft.
const JPEG: u64 = 7;

/// Byte offsets of the image directories that are pages, without thumbnails and
/// masks. `Err` where the file is damaged.
pub fn pages(bytes: &[u8]) -> Result<Vec<u64>, Failure> {
    let file = File::of(bytes);
    let broken = || Failure::new(Reason::Corrupt, "the TIFF's page list is broken");
    let (mut all, mut pages, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    let mut next = file.first().ok_or_else(broken)?;
    while next != 0 && seen.insert(next) {
        let directory = file.directory(next).ok_or_else(broken)?;
        all.push(next);
        // Bit 0: reduced resolution; bit 2: a mask. In the older tag 2 means reduced
        // resolution.
        let is_page = directory.number(tag::NEW_SUBFILE_TYPE).unwrap_or(0) & 0b101 == 0
            && directory.number(tag::SUBFILE_TYPE) != Some(2);
        if is_page {
            pages.push(next);
        }
        next = directory.next;
    }
    match (pages.is_empty(), all.first()) {
        (false, _) => Ok(pages),
        (true, Some(first)) => Ok(vec![*first]),
        (true, None) => Err(broken()),
    }
}

/// The same TIFF with another page first, since decoders begin there.
pub fn starting_at(bytes: &[u8], directory: u64) -> Vec<u8> {
    let file = File::of(bytes);
    let (at, size) = if file.is_big { (8, 8) } else { (4, 4) };
    let mut bytes = bytes.to_vec();
    file.write(&mut bytes, at, size, directory);
    bytes
}

/// How a page is encoded, or its decoded image.
pub enum Decoded<'a> {
    Pixels(DynamicImage),
    /// The page is this JPEG file.
    Jpeg(&'a [u8]),
    /// The `image` crate decodes the page.
    Usual,
}

/// One page of a TIFF.
pub struct Page<'a> {
    file: File<'a>,
    directory: Directory,
    offset: u64,
}

impl<'a> Page<'a> {
    pub fn read(bytes: &'a [u8], offset: u64) -> Result<Page<'a>, Failure> {
        let file = File::of(bytes);
        let directory = file.directory(offset);
        Ok(Page {
            directory: directory.ok_or_else(|| corrupt("its page list is broken"))?,
            file,
            offset,
        })
    }

    pub fn size(&self) -> Result<(u32, u32), Failure> {
        let side = |tag| {
            let number = self.directory.number(tag);
            let side = number.and_then(|side| u32::try_from(side).ok());
            side.ok_or_else(|| corrupt("a page does not say how large it is"))
        };
        Ok((side(tag::WIDTH)?, side(tag::HEIGHT)?))
    }

    pub fn orientation(&self) -> Orientation {
        let number = self.directory.number(tag::ORIENTATION);
        number
            .and_then(|number| Orientation::from_exif(u8::try_from(number).ok()?))
            .unwrap_or(Orientation::NoTransforms)
    }

    /// The caller must have checked the page's size against the limits.
    pub fn decode(&self) -> Result<Decoded<'a>, Failure> {
        let photometric = self.directory.number(tag::PHOTOMETRIC);
        let t4 = self.directory.number(tag::T4_OPTIONS).unwrap_or(0);
        let two_dimensional = t4 & 1 == 1;
        match (self.directory.number(tag::COMPRESSION), photometric) {
            (Some(2), _) => self.fax(Coding::Rle),
            (Some(3), _) => self.fax(Coding::Group3 { two_dimensional }),
            (Some(4), _) => self.fax(Coding::Group4),
            (Some(6), _) => self.old_jpeg(),
            (_, Some(PALETTE)) => self.palette(),
            (_, Some(YCBCR)) => self.ycbcr(),
            _ => Ok(Decoded::Usual),
        }
    }

    fn fax(&self, coding: Coding) -> Result<Decoded<'a>, Failure> {
        let (width, height) = self.size()?;
        let directory = &self.directory;
        let (offsets, lengths) = (
            directory.numbers(tag::STRIP_OFFSETS),
            directory.numbers(tag::STRIP_BYTES),
        );
        if offsets.is_empty() {
            return Err(unsupported("a TIFF of fax tiles"));
        }
        let rows_per_strip = directory.number(tag::ROWS_PER_STRIP);
        let rows_per_strip = rows_per_strip.map_or(height, |rows| rows.min(height.into()) as u32);
        let is_reversed = directory.number(tag::FILL_ORDER) == Some(2);
        // With the usual 0, white of the fax coding is white.
        let white_is_black = directory.number(tag::PHOTOMETRIC) == Some(1);
        let mut pixels = Vec::with_capacity(width as usize * height as usize);
        for (index, offset) in offsets.iter().enumerate() {
            let done = (pixels.len() / width.max(1) as usize) as u32;
            let rows = rows_per_strip.min(height - done.min(height));
            let length = lengths.get(index).copied().unwrap_or(u64::MAX);
            let mut strip = self.file.slice(*offset, length).to_vec();
            if is_reversed {
                strip
                    .iter_mut()
                    .for_each(|byte| *byte = byte.reverse_bits());
            }
            // Padding, since looking a code up takes more bits than it may have.
            strip.extend([0; 4]);
            for row in fax::rows(&strip, coding, width, rows) {
                let shade = |black: bool| if black == white_is_black { 255 } else { 0 };
                pixels.extend(row.into_iter().map(shade));
            }
        }
        let image = GrayImage::from_raw(width, height, pixels);
        let image =
            image.ok_or_else(|| corrupt("a page ends early, or its fax lines are damaged"))?;
        Ok(Decoded::Pixels(image.into()))
    }

    /// A complete embedded JPEG file, as in the TIFF 6.0 draft.
    fn old_jpeg(&self) -> Result<Decoded<'a>, Failure> {
        let start = self.directory.number(tag::JPEG_START);
        let start = start.ok_or_else(|| unsupported("a TIFF with old-style JPEG in parts"))?;
        let length = self.directory.number(tag::JPEG_LENGTH).unwrap_or(u64::MAX);
        let jpeg = self.file.slice(start, length);
        super::jpeg::check(jpeg)?;
        Ok(Decoded::Jpeg(jpeg))
    }

    fn palette(&self) -> Result<Decoded<'a>, Failure> {
        let (width, height) = self.size()?;
        let bits = self.directory.number(tag::BITS_PER_SAMPLE).unwrap_or(1);
        let map = self.directory.numbers(tag::COLOUR_MAP);
        let colours = map.len() / 3;
        if !matches!(bits, 1 | 2 | 4 | 8) || colours < 1 << bits {
            return Err(unsupported("a TIFF with such a palette"));
        }
        // Declared as grey, so that the decoder gives the palette's indices.
        let mut bytes = starting_at(self.file.bytes, self.offset);
        let at = self.directory.values.get(&tag::PHOTOMETRIC);
        let at = at
            .map(|values| values.at)
            .ok_or_else(|| corrupt("it has no colours"))?;
        self.file.write(&mut bytes, at, 2, 1);
        let indices = read(bytes)?;
        let per_byte = 8 / bits as usize;
        let row_bytes = (width as usize).div_ceil(per_byte);
        let mut rgb = Vec::with_capacity(width as usize * height as usize * 3);
        for row in indices.chunks_exact(row_bytes).take(height as usize) {
            for x in 0..width as usize {
                let shift = 8 - bits as usize * (x % per_byte + 1);
                let index = usize::from(row[x / per_byte] >> shift) & ((1 << bits) - 1);
                // 16 bits a channel: all reds, then greens, then blues.
                rgb.extend([0, 1, 2].map(|c| (map[c * colours + index] >> 8) as u8));
            }
        }
        rgb_image(width, height, rgb)
    }

    fn ycbcr(&self) -> Result<Decoded<'a>, Failure> {
        if self.directory.number(tag::PLANAR) == Some(2) {
            return Err(unsupported("a TIFF with YCbCr in planes"));
        }
        let (width, height) = self.size()?;
        let mut pixels = read(starting_at(self.file.bytes, self.offset))?;
        if self.directory.number(tag::COMPRESSION) == Some(JPEG) {
            // The decoder has converted it to RGB.
            return rgb_image(width, height, pixels);
        }
        for pixel in pixels.chunks_exact_mut(3) {
            let [y, cb, cr] = [pixel[0], pixel[1], pixel[2]].map(f32::from);
            let (cb, cr) = (cb - 128.0, cr - 128.0);
            // ITU-R BT.601, full range (TIFF 6.0, section 21).
            pixel[0] = (y + 1.402 * cr).round() as u8;
            pixel[1] = (y - 0.344_136 * cb - 0.714_136 * cr).round() as u8;
            pixel[2] = (y + 1.772 * cb).round() as u8;
        }
        rgb_image(width, height, pixels)
    }
}

fn rgb_image<'a>(width: u32, height: u32, rgb: Vec<u8>) -> Result<Decoded<'a>, Failure> {
    let image = RgbImage::from_raw(width, height, rgb);
    let image = image.ok_or_else(|| corrupt("a page has fewer pixels than it says"))?;
    Ok(Decoded::Pixels(image.into()))
}

/// The samples of the first page.
fn read(bytes: Vec<u8>) -> Result<Vec<u8>, Failure> {
    let failure = |error: tiff::TiffError| match error {
        tiff::TiffError::UnsupportedError(error) => unsupported(&format!("a TIFF with {error}")),
        tiff::TiffError::LimitsExceeded => {
            Failure::new(Reason::TooLarge, "decoding it would take too much memory")
        }
        other => corrupt(&other.to_string()),
    };
    let mut limits = Limits::default();
    limits.decoding_buffer_size = super::jpeg::MAX_DECODE_BYTES as usize;
    limits.intermediate_buffer_size = super::jpeg::MAX_DECODE_BYTES as usize;
    let decoder = Decoder::new(Cursor::new(bytes)).map_err(failure)?;
    match decoder.with_limits(limits).read_image().map_err(failure)? {
        DecodingResult::U8(samples) => Ok(samples),
        _ => Err(unsupported("a TIFF with more than 8 bits a sample here")),
    }
}

fn corrupt(what: &str) -> Failure {
    let message = format!("the TIFF does not decode ({what}): copy or scan it again");
    Failure::new(Reason::Corrupt, message)
}

fn unsupported(what: &str) -> Failure {
    let message = format!("{what} is not supported: save it as PDF or PNG");
    Failure::new(Reason::UnsupportedType, message)
}

/// The bytes of a TIFF and their byte order.
#[derive(Clone, Copy)]
struct File<'a> {
    bytes: &'a [u8],
    is_little: bool,
    is_big: bool,
}

/// An image directory.
struct Directory {
    values: BTreeMap<u16, TagNumbers>,
    /// Byte offset of the next one; 0: there is none.
    next: u64,
}

/// The numbers of a field, and their byte offset.
struct TagNumbers {
    numbers: Vec<u64>,
    at: usize,
}

impl Directory {
    fn numbers(&self, tag: u16) -> Vec<u64> {
        let values = self.values.get(&tag);
        values
            .map(|values| values.numbers.clone())
            .unwrap_or_default()
    }

    fn number(&self, tag: u16) -> Option<u64> {
        self.values.get(&tag)?.numbers.first().copied()
    }
}

impl<'a> File<'a> {
    fn of(bytes: &'a [u8]) -> File<'a> {
        let is_little = bytes.starts_with(b"II");
        let file = File {
            bytes,
            is_little,
            is_big: false,
        };
        File {
            is_big: file.number(2, 2) == Some(43),
            ..file
        }
    }

    /// Byte offset of the first directory.
    fn first(&self) -> Option<u64> {
        match self.is_big {
            true => self.number(8, 8),
            false => self.number(4, 4),
        }
    }

    fn number(&self, at: usize, size: usize) -> Option<u64> {
        let bytes = self.bytes.get(at..at.checked_add(size)?)?.iter();
        let join = |number, byte: &u8| number << 8 | u64::from(*byte);
        Some(match self.is_little {
            true => bytes.rev().fold(0, join),
            false => bytes.fold(0, join),
        })
    }

    fn write(&self, bytes: &mut [u8], at: usize, size: usize, number: u64) {
        let place = &mut bytes[at..at + size];
        match self.is_little {
            true => place.copy_from_slice(&number.to_le_bytes()[..size]),
            false => place.copy_from_slice(&number.to_be_bytes()[8 - size..]),
        }
    }

    /// `length` bytes at `at`, or those up to the end of the file.
    fn slice(&self, at: u64, length: u64) -> &'a [u8] {
        let end = self.bytes.len();
        let within = |offset: u64| usize::try_from(offset).unwrap_or(end).min(end);
        &self.bytes[within(at)..within(at.saturating_add(length))]
    }

    fn directory(&self, offset: u64) -> Option<Directory> {
        let at = usize::try_from(offset).ok()?;
        let (count_size, entry_size, word) = if self.is_big { (8, 20, 8) } else { (2, 12, 4) };
        let count = usize::try_from(self.number(at, count_size)?).ok()?;
        let entries = at.checked_add(count_size)?;
        let end = entries.checked_add(count.checked_mul(entry_size)?)?;
        // A directory that extends beyond the file is ignored.
        self.bytes.get(entries..end)?;
        let mut values = BTreeMap::new();
        for entry in (entries..end).step_by(entry_size) {
            let tag = self.number(entry, 2)? as u16;
            if tag::READ.contains(&tag)
                && let Some(found) = self.values(entry, word)
            {
                values.insert(tag, found);
            }
        }
        let next = self.number(end, word).unwrap_or(0);
        Some(Directory { values, next })
    }

    /// The values of an entry; `None` unless they are integers within the file.
    fn values(&self, entry: usize, word: usize) -> Option<TagNumbers> {
        /// Most values of an entry: strips of one row each, and colour maps, have
        /// fewer.
        const MOST: u64 = 1 << 20;
        let size = match self.number(entry + 2, 2)? {
            1 => 1,
            3 => 2,
            4 | 13 => 4,
            16 | 18 => 8,
            _ => return None,
        };
        let count = self.number(entry + 4, word)?;
        if count > MOST {
            return None;
        }
        let count = count as usize;
        let field = entry + 4 + word;
        let at = match size * count <= word {
            true => field,
            false => usize::try_from(self.number(field, word)?).ok()?,
        };
        let place = |index: usize| at.checked_add(index * size);
        let numbers = (0..count).map(|index| self.number(place(index)?, size));
        Some(TagNumbers {
            numbers: numbers.collect::<Option<_>>()?,
            at,
        })
    }
}
