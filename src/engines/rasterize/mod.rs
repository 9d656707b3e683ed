//! A document's bytes become upright page images, one page at a time.
//!
//! PDFium (`pdf.rs`) is not thread-safe and crashes on hostile files, so a
//! [`Rasterizer`] runs only inside a worker process.

#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod library;
mod pdf;
mod picture;
mod portfolio;
mod structure;
mod text_layer;

use std::path::Path;

use serde::{Deserialize, Serialize};

pub use library::find_pdfium;

use crate::domain::{DocumentInfo, Failure, Limits, MediaType, RasterPage, Reason, XmlFile};
use pdf::{PdfFile, PdfLibrary};
use picture::PictureFile;
use portfolio::Portfolio;

/// The size at which a page is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RasterSpec {
    /// Wanted width in pixels of a drawn (PDF) page; raster images keep their
    /// size unless they are larger than `max_pixels`.
    pub width: u32,
    /// Whether OCR may read the page: it is then drawn wider than `width` where its
    /// scan has, or OCR needs, more pixels.
    pub for_ocr: bool,
    /// Most pixels of the result; larger pages are scaled down.
    pub max_pixels: u32,
}

/// The interface to PDFium and the image decoders: one open document at a time.
pub trait Rasterizer {
    /// Opens `bytes`, whose type is detected by content, and closes the previous
    /// document. `Err` where the file is rejected.
    fn open(&mut self, bytes: Vec<u8>, limits: &Limits) -> Result<DocumentInfo, Failure>;

    /// Draws page `index` (from 0) of the open document. `Err` where no document is
    /// open or the page cannot be drawn.
    fn page(&mut self, index: u32, spec: &RasterSpec) -> Result<RasterPage, Failure>;

    /// The XML files of the open document, recognised by their content: those
    /// attached to a PDF, those of each part of a portfolio, or the document itself.
    fn xml_files(&mut self) -> Vec<XmlFile>;
}

/// A [`Rasterizer`] for every format that docmill reads.
pub struct DocumentRasterizer {
    pdfium: PdfLibrary,
    open: Option<Open>,
}

enum Open {
    Pdf(Box<PdfFile>),
    Portfolio(Portfolio),
    Picture(Box<PictureFile>),
    Xml(Vec<u8>),
}

impl DocumentRasterizer {
    /// Loads PDFium: `None` for [`find_pdfium`]'s choice.
    pub fn new(pdfium: Option<&Path>) -> anyhow::Result<DocumentRasterizer> {
        Ok(DocumentRasterizer {
            pdfium: PdfLibrary::load(&find_pdfium(pdfium)?)?,
            open: None,
        })
    }
}

impl Rasterizer for DocumentRasterizer {
    fn open(&mut self, bytes: Vec<u8>, limits: &Limits) -> Result<DocumentInfo, Failure> {
        self.open = None;
        let (open, info) = match sniff(&bytes)? {
            MediaType::Pdf => {
                let (file, mut info) = self.pdfium.open(bytes, limits)?;
                if file.is_portfolio() {
                    let (portfolio, inside) = Portfolio::open(&self.pdfium, file.files(), limits)?;
                    if let Some(portfolio) = portfolio {
                        self.open = Some(Open::Portfolio(portfolio));
                        return Ok(inside);
                    }
                    info.warnings.extend(inside.warnings);
                }
                (Open::Pdf(Box::new(file)), info)
            }
            MediaType::Xml => (Open::Xml(bytes), DocumentInfo::new(MediaType::Xml, 1)),
            media_type => {
                let (file, info) = PictureFile::open(bytes, media_type, limits)?;
                (Open::Picture(Box::new(file)), info)
            }
        };
        self.open = Some(open);
        Ok(info)
    }

    fn page(&mut self, index: u32, spec: &RasterSpec) -> Result<RasterPage, Failure> {
        match &mut self.open {
            Some(Open::Pdf(file)) => file.page(index, spec),
            Some(Open::Portfolio(portfolio)) => portfolio.page(index, spec),
            Some(Open::Picture(file)) => file.page(index, spec),
            Some(Open::Xml(_)) => Err(no_page()),
            None => Err(Failure::new(Reason::Internal, "no document is open")),
        }
    }

    fn xml_files(&mut self) -> Vec<XmlFile> {
        match &self.open {
            Some(Open::Pdf(file)) => file.xml_files(),
            Some(Open::Portfolio(portfolio)) => portfolio.xml_files(),
            Some(Open::Xml(bytes)) => vec![XmlFile {
                part: 0,
                name: None,
                bytes: bytes.clone(),
            }],
            _ => Vec::new(),
        }
    }
}

/// An e-invoice without a PDF is never drawn.
fn no_page() -> Failure {
    Failure::new(Reason::UnsupportedType, "an XML file has no page")
}

/// The media type of the bytes, independent of the file's name. `Err` where docmill
/// does not read it.
pub fn sniff(bytes: &[u8]) -> Result<MediaType, Failure> {
    // Readers find a PDF's header within its first 1024 bytes (ISO 32000-2,
    // annex I).
    let head = &bytes[..bytes.len().min(1024)];
    if head.windows(5).any(|window| window == b"%PDF-") {
        return Ok(MediaType::Pdf);
    }
    let found = infer::get(bytes).map(|kind| kind.mime_type());
    Ok(match found {
        Some("image/png") => MediaType::Png,
        Some("image/jpeg") => MediaType::Jpeg,
        Some("image/tiff") => MediaType::Tiff,
        Some("image/webp") => MediaType::Webp,
        Some("image/bmp") => MediaType::Bmp,
        Some("image/gif") => MediaType::Gif,
        // Its root element decides later whether it is an e-invoice.
        Some("text/xml") => MediaType::Xml,
        None if looks_like_xml(bytes) => MediaType::Xml,
        None if is_signed(bytes) => {
            let message = "a signed file (CMS, often named .p7m): extract the document with `openssl cms -verify -noverify -inform DER -in FILE -out DOCUMENT` and run docmill on that";
            return Err(Failure::new(Reason::UnsupportedType, message));
        }
        other => {
            let message = match other {
                None => "not a PDF, PNG, JPEG, TIFF, WebP, BMP, GIF or XML invoice: convert it, or take it out of the folder".to_owned(),
                Some(mime) => format!("it is {}", unsupported(mime)),
            };
            return Err(Failure::new(Reason::UnsupportedType, message));
        }
    })
}

/// CMS signed data in DER (RFC 5652): a sequence that begins with the object
/// identifier 1.2.840.113549.1.7.2.
fn is_signed(bytes: &[u8]) -> bool {
    const SIGNED_DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
    let head = &bytes[..bytes.len().min(32)];
    bytes.first() == Some(&0x30)
        && head
            .windows(SIGNED_DATA.len())
            .any(|window| window == SIGNED_DATA)
}

/// The message for a file type that docmill does not read: what it is and what to
/// do.
fn unsupported(mime: &str) -> String {
    match mime {
        "image/heif" | "image/heic" => {
            "a HEIC picture: have the phone take JPEGs (\"most compatible\"), or convert it".into()
        }
        "image/avif" | "image/jxl" | "image/jp2" => {
            format!("a picture of the kind {mime}: save it as JPEG or PNG")
        }
        "application/zip"
        | "application/gzip"
        | "application/x-7z-compressed"
        | "application/vnd.rar" => "an archive: unpack it, its files can then be read".into(),
        mime if mime.contains("officedocument")
            || mime.contains("msword")
            || mime.contains("opendocument") =>
        {
            "an office document: save it as PDF".into()
        }
        mime => format!(
            "{mime}, not a PDF, PNG, JPEG, TIFF, WebP, BMP, GIF or XML invoice: convert it, or take it out of the folder"
        ),
    }
}

/// Whether `<` is the first character after a byte order mark and blanks, in
/// characters of one byte or two.
fn looks_like_xml(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut text = bytes
        .iter()
        .filter(|&&byte| !matches!(byte, 0 | 0xfe | 0xff));
    let first = text.find(|byte| !byte.is_ascii_whitespace());
    let second = text.next();
    first == Some(&b'<')
        && second.is_some_and(|&byte| {
            byte.is_ascii_alphabetic() || matches!(byte, b'?' | b'!' | b'_') || byte >= 0x80
        })
}

/// Width and height in pixels with the same shape and at most `max_pixels` pixels.
fn fit(width: u32, height: u32, max_pixels: u32) -> (u32, u32) {
    let pixels = f64::from(width) * f64::from(height);
    if pixels <= f64::from(max_pixels) {
        return (width, height);
    }
    let scale = (f64::from(max_pixels) / pixels).sqrt();
    // A page that is much longer than wide keeps at least one pixel of width.
    let width = ((f64::from(width) * scale) as u32).max(1);
    let height = ((f64::from(height) * scale) as u32).clamp(1, (max_pixels / width).max(1));
    (width, height)
}

#[cfg(test)]
mod pdf_tests;
#[cfg(test)]
mod tests;
