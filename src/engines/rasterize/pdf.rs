//! PDF through pdfium: the only file that knows `pdfium_render`.

use std::path::Path;

use anyhow::Context;
use pdfium_render::prelude::*;

use super::embedded_files::EmbeddedFiles;
use super::{MAX_XML_BYTES, RasterSpec, fit, looks_like_xml};
use crate::domain::Limits;
use crate::domain::{
    DocumentInfo, Failure, MediaType, PageImage, RasterPage, Reason, Word, XmlFile,
};

/// PDFium, loaded for the rest of the process.
pub struct PdfLibrary(&'static Pdfium);

pub struct PdfFile {
    document: PdfDocument<'static>,
    xml_files: Vec<XmlFile>,
}

impl PdfLibrary {
    /// Loads the shared library. A process loads it once.
    pub fn load(library: &Path) -> anyhow::Result<PdfLibrary> {
        let bindings = Pdfium::bind_to_library(library).with_context(|| {
            format!(
                "{} is not a PDFium library that docmill can use",
                library.display()
            )
        })?;
        // Documents borrow the library; it lives as long as the process anyway.
        Ok(PdfLibrary(Box::leak(Box::new(Pdfium::new(bindings)))))
    }

    /// `files` are what the PDF carries, where its structure could be parsed.
    pub fn open(
        &self,
        bytes: Vec<u8>,
        limits: &Limits,
        files: Option<EmbeddedFiles>,
    ) -> Result<(PdfFile, DocumentInfo), Failure> {
        let document = self
            .0
            .load_pdf_from_byte_vec(bytes, None)
            .map_err(open_failure)?;
        let pages = u32::try_from(document.pages().len()).unwrap_or(0);
        if pages == 0 {
            return Err(Failure::new(
                Reason::NoPages,
                "the PDF has no pages: get it again",
            ));
        }
        if pages > limits.max_pages {
            let message = format!(
                "{pages} pages, more than {}: split it, or set `limits.max_pages`",
                limits.max_pages
            );
            return Err(Failure::new(Reason::TooLarge, message));
        }
        if let Err(error) = document.pages().get(0) {
            return Err(corrupt("its first page cannot be loaded", &error));
        }
        let files = files.unwrap_or_else(|| name_tree_files(&document));
        let info = DocumentInfo {
            media_type: MediaType::Pdf,
            pages,
            attachments: files.names,
            warnings: files.warnings,
        };
        let xml_files = files.xml;
        Ok((
            PdfFile {
                document,
                xml_files,
            },
            info,
        ))
    }
}

/// Attachments of a damaged PDF that are looked into.
const MAX_ATTACHMENTS: u16 = 100;

/// The files in the name tree, which PDFium finds in damaged files too.
fn name_tree_files(document: &PdfDocument<'_>) -> EmbeddedFiles {
    let attachments = document.attachments();
    let mut found = EmbeddedFiles::default();
    for file in attachments.iter().take(usize::from(MAX_ATTACHMENTS)) {
        let (name, length) = (file.name(), file.len());
        found.names.push(name.clone());
        if !(1..=MAX_XML_BYTES).contains(&length) {
            continue;
        }
        match file.save_to_bytes() {
            Ok(bytes) if looks_like_xml(&bytes) => found.xml.push(XmlFile {
                name: Some(name),
                bytes,
            }),
            _ => {}
        }
    }
    if attachments.len() > MAX_ATTACHMENTS {
        let message = format!(
            "the PDF is damaged and carries {} attached files: only the first {MAX_ATTACHMENTS} were \
             searched for e-invoices",
            attachments.len()
        );
        found.warnings.push(message);
    }
    found
}

fn open_failure(error: PdfiumError) -> Failure {
    use PdfiumInternalError as Internal;
    match error {
        PdfiumError::PdfiumLibraryInternalError(Internal::PasswordError) => Failure::new(
            Reason::PasswordRequired,
            "the PDF opens only with a password: save a copy without one and run again",
        ),
        PdfiumError::PdfiumLibraryInternalError(Internal::SecurityError) => Failure::new(
            Reason::PasswordRequired,
            "the PDF is encrypted in a way that PDFium does not know: save a copy without encryption and run again",
        ),
        // PDFium reports no error of its own when the page tree is empty.
        PdfiumError::PdfiumLibraryInternalError(Internal::Unknown) => Failure::new(
            Reason::NoPages,
            "PDFium finds no pages in the PDF: get it again",
        ),
        other => corrupt("it is damaged or cut off", &other),
    }
}

/// In one line, unlike PDFium's own errors.
fn corrupt(what: &str, error: &PdfiumError) -> Failure {
    let error = match error {
        PdfiumError::PdfiumLibraryInternalError(error) => format!("{error:?}"),
        other => format!("{other:?}"),
    };
    let message = format!(
        "the PDF cannot be read, {what} (PDFium: {error}): get it again, or open it in a viewer and print it to a new PDF"
    );
    Failure::new(Reason::Corrupt, message)
}

impl PdfFile {
    pub fn xml_files(&self) -> Vec<XmlFile> {
        self.xml_files.clone()
    }

    pub fn page(&self, index: u32, spec: &RasterSpec) -> Result<RasterPage, Failure> {
        let corrupt = |error: PdfiumError| {
            let what = format!("page {} cannot be drawn", index + 1);
            corrupt(&what, &error)
        };
        let index_in_pdf = i32::try_from(index).map_err(Failure::internal)?;
        let page = self.document.pages().get(index_in_pdf).map_err(corrupt)?;
        let (width, height) = pixel_size(page.width().value, page.height().value, spec);
        let config = PdfRenderConfig::new().set_fixed_size(width as i32, height as i32);
        let bitmap = page.render_with_config(&config).map_err(corrupt)?;
        let (width, height) = (bitmap.width() as u32, bitmap.height() as u32);
        let rgb = bitmap
            .as_rgba_bytes()
            .chunks_exact(4)
            .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
            .collect();
        let image = PageImage::new(width, height, rgb).ok_or_else(|| {
            Failure::new(
                Reason::Internal,
                "PDFium's bitmap has another size than it says",
            )
        })?;
        let words = words(&page, &config, width, height);
        Ok(RasterPage { image, words })
    }
}

/// The wanted width, the height that keeps the page's shape, within the
/// pixel limit. `width` and `height` in points.
fn pixel_size(width: f32, height: f32, spec: &RasterSpec) -> (u32, u32) {
    let shape = if width > 0.0 && height > 0.0 {
        f64::from(height) / f64::from(width)
    } else {
        std::f64::consts::SQRT_2
    };
    let height = (f64::from(spec.width) * shape)
        .round()
        .clamp(1.0, f64::from(u32::MAX / 2));
    fit(spec.width, height as u32, spec.max_pixels)
}

/// The text layer's words. A page whose text cannot be read has none.
fn words(page: &PdfPage<'_>, config: &PdfRenderConfig, width: u32, height: u32) -> Vec<Word> {
    let Ok(text) = page.text() else {
        return Vec::new();
    };
    let mut words = Vec::new();
    let mut word = String::new();
    let mut bounds: Option<PdfRect> = None;
    let mut finish = |word: &mut String, bounds: &mut Option<PdfRect>| {
        if let Some(bounds) = bounds.take()
            && let Some(bbox) = share(page, config, bounds, width, height)
        {
            words.push(Word {
                text: std::mem::take(word),
                bbox,
            });
        }
        word.clear();
    };
    for character in text.chars().iter() {
        match character.unicode_char() {
            Some(c) if !c.is_whitespace() && !c.is_control() => {
                word.push(c);
                if let Ok(rect) = character.loose_bounds() {
                    bounds = Some(bounds.map_or(rect, |b| union(b, rect)));
                }
            }
            _ => finish(&mut word, &mut bounds),
        }
    }
    finish(&mut word, &mut bounds);
    words
}

fn union(a: PdfRect, b: PdfRect) -> PdfRect {
    PdfRect::new(
        a.bottom().min(b.bottom()),
        a.left().min(b.left()),
        a.top().max(b.top()),
        a.right().max(b.right()),
    )
}

/// A rectangle in PDF points as shares of the drawn page, whatever the page's
/// rotation and crop box.
fn share(
    page: &PdfPage<'_>,
    config: &PdfRenderConfig,
    rect: PdfRect,
    width: u32,
    height: u32,
) -> Option<[f32; 4]> {
    let (x0, y0) = page
        .points_to_pixels(rect.left(), rect.top(), config)
        .ok()?;
    let (x1, y1) = page
        .points_to_pixels(rect.right(), rect.bottom(), config)
        .ok()?;
    let (w, h) = (width as f32, height as f32);
    let along = |a: i32, b: i32, size: f32| {
        (
            (a.min(b) as f32 / size).clamp(0.0, 1.0),
            (a.max(b) as f32 / size).clamp(0.0, 1.0),
        )
    };
    let (left, right) = along(x0, x1, w);
    let (top, bottom) = along(y0, y1, h);
    Some([left, top, right, bottom])
}
