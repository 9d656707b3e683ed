//! Image files through the `image` crate, and the kinds of TIFF that it does not
//! decode.

mod animation;
mod fax;
mod jpeg;
mod tiff;

use std::io::Cursor;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader};

use super::{RasterSpec, fit};
use crate::domain::Limits;
use crate::domain::{DocumentInfo, Failure, MediaType, PageImage, RasterPage, Reason, count};

pub struct PictureFile {
    bytes: Vec<u8>,
    format: ImageFormat,
    limits: Limits,
    /// Byte offsets of a TIFF's pages; one entry for other formats.
    directories: Vec<u64>,
    /// The page that was decoded last; opening decodes the first one.
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
        if format == ImageFormat::Jpeg {
            jpeg::check(&bytes)?;
        }
        let directories = match format {
            ImageFormat::Tiff => tiff::pages(&bytes)?,
            _ => vec![0],
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
        // After the check of the size, since looking for a second frame decodes the
        // first.
        let mut warnings = Vec::new();
        if matches!(format, ImageFormat::Gif | ImageFormat::WebP) {
            warnings.extend(animation::warning(&file.bytes, format));
        }
        Ok((
            file,
            DocumentInfo {
                media_type,
                pages,
                parts: Vec::new(),
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
        let (mut image, orientation) = match self.format {
            ImageFormat::Tiff => self.decode_tiff(directory)?,
            format => self.decode_bytes(&self.bytes, format)?,
        };
        image.apply_orientation(orientation);
        let (width, height) = (image.width(), image.height());
        PageImage::new(width, height, over_white(image)).ok_or_else(|| {
            Failure::new(
                Reason::Internal,
                "the decoder's pixels do not fit the picture's size",
            )
        })
    }

    /// A page of a TIFF, decoded here where the `image` crate cannot do it.
    fn decode_tiff(&self, directory: u64) -> Result<(DynamicImage, Orientation), Failure> {
        let page = tiff::Page::read(&self.bytes, directory)?;
        let (width, height) = page.size()?;
        self.check_size(width, height)?;
        let orientation = page.orientation();
        match page.decode()? {
            tiff::Decoded::Pixels(image) => Ok((image, orientation)),
            tiff::Decoded::Jpeg(bytes) => {
                let (image, _) = self.decode_bytes(bytes, ImageFormat::Jpeg)?;
                Ok((image, orientation))
            }
            tiff::Decoded::Usual => {
                let bytes = tiff::starting_at(&self.bytes, directory);
                let (image, _) = self.decode_bytes(&bytes, ImageFormat::Tiff)?;
                Ok((image, orientation))
            }
        }
    }

    fn decode_bytes(
        &self,
        bytes: &[u8],
        format: ImageFormat,
    ) -> Result<(DynamicImage, Orientation), Failure> {
        let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
        let mut limits = image::Limits::no_limits();
        limits.max_alloc = Some(jpeg::MAX_DECODE_BYTES);
        reader.limits(limits);
        let mut decoder = reader.into_decoder().map_err(decode_failure)?;
        let (width, height) = decoder.dimensions();
        self.check_size(width, height)?;
        let orientation = decoder.orientation().map_err(decode_failure)?;
        let image = DynamicImage::from_decoder(decoder).map_err(decode_failure)?;
        Ok((image, orientation))
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

fn decode_failure(error: image::ImageError) -> Failure {
    match error {
        image::ImageError::Limits(_) => {
            Failure::new(Reason::TooLarge, "decoding it would take too much memory")
        }
        image::ImageError::Unsupported(error) => Failure::new(
            Reason::UnsupportedType,
            format!("this kind of picture is not supported ({error}): save it as PNG"),
        ),
        other => Failure::new(
            Reason::Corrupt,
            format!("the picture does not decode ({other}): copy or scan it again"),
        ),
    }
}

/// RGB with transparent parts over white.
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

#[cfg(test)]
mod tests;
