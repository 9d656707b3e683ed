//! PDF through pdfium: the only file that knows `pdfium_render`.

use std::path::Path;

use anyhow::Context;
use pdfium_render::prelude::*;

use super::structure::{self, EmbeddedFile};
use super::{RasterSpec, fit, looks_like_xml, text_layer};
use crate::domain::Limits;
use crate::domain::{
    DocumentInfo, Failure, MediaType, PageImage, RasterPage, Reason, Word, XmlFile,
};

/// PDFium, loaded for the rest of the process.
pub struct PdfLibrary(&'static Pdfium);

pub struct PdfFile {
    document: PdfDocument<'static>,
    is_portfolio: bool,
    /// The embedded files, each once.
    files: Vec<EmbeddedFile>,
}

impl PdfLibrary {
    /// Loads the shared library, once in a process. `Err` where docmill cannot use
    /// it.
    pub fn load(library: &Path) -> anyhow::Result<PdfLibrary> {
        let bindings = Pdfium::bind_to_library(library).with_context(|| {
            format!(
                "{} is not a PDFium library that docmill can use",
                library.display()
            )
        })?;
        // Documents borrow the library, which is used until the process ends.
        Ok(PdfLibrary(Box::leak(Box::new(Pdfium::new(bindings)))))
    }

    /// `Err` where the PDF is damaged, needs a password or exceeds a limit.
    pub fn open(
        &self,
        bytes: Vec<u8>,
        limits: &Limits,
    ) -> Result<(PdfFile, DocumentInfo), Failure> {
        let structure = structure::read(&bytes);
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
        let mut warnings = Vec::new();
        if structure.is_cut {
            warnings.push("the PDF carries more files than are looked at: an e-invoice may be among the others".to_owned());
        }
        if document
            .form()
            .is_some_and(|form| form.form_type() == PdfFormType::XfaFull)
        {
            warnings.push("the PDF is an XFA form, which Adobe's programs alone show filled in: print it there to a new PDF. What was read is what other programs show".to_owned());
        }
        warnings.extend(text_warning(&document));
        let file = PdfFile {
            files: files(&document, structure.files),
            is_portfolio: structure.is_portfolio,
            document,
        };
        let info = DocumentInfo {
            media_type: MediaType::Pdf,
            pages,
            parts: Vec::new(),
            attachments: file.files.iter().map(|file| file.name.clone()).collect(),
            warnings,
        };
        Ok((file, info))
    }
}

/// PDFium's attachments in their order, then files embedded elsewhere.
fn files(document: &PdfDocument<'_>, others: Vec<EmbeddedFile>) -> Vec<EmbeddedFile> {
    let attachments = document.attachments();
    let attached = attachments.iter().take(MAX_ATTACHMENTS).filter_map(|file| {
        let is_known = others.iter().any(|other| other.name == file.name());
        let bytes = match is_known {
            // The same bytes, of which PDFium would make a copy.
            true => return None,
            false => file.save_to_bytes().ok()?,
        };
        Some(EmbeddedFile {
            name: file.name(),
            bytes,
        })
    });
    let mut files: Vec<EmbeddedFile> = attached.collect();
    files.extend(others);
    files
}

/// Names the first pages whose text layer cannot be read.
fn text_warning(document: &PdfDocument<'_>) -> Option<String> {
    /// Most pages that are checked before the document is stored.
    const JUDGED: usize = 10;
    let pages = document.pages();
    let unreadable = pages.iter().take(JUDGED).enumerate().filter(|(_, page)| {
        let text = page.text().map(|text| text.all()).unwrap_or_default();
        !text_layer::is_readable(text.split_whitespace())
    });
    let unreadable: Vec<String> = unreadable
        .map(|(index, _)| (index + 1).to_string())
        .collect();
    (!unreadable.is_empty()).then(|| {
        format!(
            "the text layer of page {} cannot be read (its characters are not those that are drawn) and was not used",
            unreadable.join(", ")
        )
    })
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

/// A message on one line, unlike PDFium's own errors.
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

/// Most attachments that are read of those that PDFium alone finds.
const MAX_ATTACHMENTS: usize = 1000;

impl PdfFile {
    pub fn is_portfolio(&self) -> bool {
        self.is_portfolio
    }

    /// The embedded files, each once.
    pub fn files(&self) -> &[EmbeddedFile] {
        &self.files
    }

    pub fn xml_files(&self) -> Vec<XmlFile> {
        const MAX_BYTES: usize = crate::documents::einvoice::MAX_BYTES;
        let fitting = |file: &&EmbeddedFile| (1..=MAX_BYTES).contains(&file.bytes.len());
        let files = self.files.iter().filter(fitting);
        files
            .filter(|file| looks_like_xml(&file.bytes))
            .map(|file| XmlFile {
                part: 0,
                name: Some(file.name.clone()),
                bytes: file.bytes.clone(),
            })
            .collect()
    }

    pub fn page(&self, index: u32, spec: &RasterSpec) -> Result<RasterPage, Failure> {
        // PDFium does not say more than that it failed.
        let corrupt = |_: PdfiumError| {
            let message = format!(
                "page {} cannot be drawn: the PDF is damaged; get it again, or open it in a viewer and print it to a new PDF",
                index + 1
            );
            Failure::new(Reason::Corrupt, message)
        };
        let index_in_pdf = i32::try_from(index).map_err(Failure::internal)?;
        let mut page = self.document.pages().get(index_in_pdf).map_err(corrupt)?;
        let wanted = match spec.for_ocr {
            true => spec.width.max(ocr_width(&page)),
            false => spec.width,
        };
        let (width, height) = (page.width().value, page.height().value);
        let (width, height) = pixel_size(width, height, wanted, spec.max_pixels);
        let config = PdfRenderConfig::new().set_fixed_size(width as i32, height as i32);
        let (width, height, rgb) = {
            let bitmap = page.render_with_config(&config).map_err(corrupt)?;
            let rgb = bitmap
                .as_rgba_bytes()
                .chunks_exact(4)
                .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
                .collect();
            (bitmap.width() as u32, bitmap.height() as u32, rgb)
        };
        let image = PageImage::new(width, height, rgb).ok_or_else(|| {
            Failure::new(
                Reason::Internal,
                "PDFium's bitmap has another size than it says",
            )
        })?;
        if shows_annotations(&page) {
            // PDFium extracts the text of the page's own content alone. Flattening
            // adds the annotations and does not change what is drawn; where it
            // fails, their text is missing.
            let _ = page.flatten();
        }
        let mut words = words(&page, &config, width, height);
        if !text_layer::is_readable(words.iter().map(|word| word.text.as_str())) {
            words.clear();
        }
        Ok(RasterPage { image, words })
    }
}

/// Whether form fields or annotations show text.
fn shows_annotations(page: &PdfPage<'_>) -> bool {
    use PdfPageAnnotationType::{FreeText, Stamp, Widget};
    let annotations = page.annotations();
    annotations
        .iter()
        .any(|annotation| matches!(annotation.annotation_type(), FreeText | Stamp | Widget))
}

/// Width and height in pixels for a page of `width` x `height` points: `wanted`
/// pixels wide, or fewer so that it has at most `max_pixels` pixels.
fn pixel_size(width: f32, height: f32, wanted: u32, max_pixels: u32) -> (u32, u32) {
    let shape = if width > 0.0 && height > 0.0 {
        f64::from(height) / f64::from(width)
    } else {
        std::f64::consts::SQRT_2
    };
    let height = (f64::from(wanted) * shape)
        .round()
        .clamp(1.0, f64::from(u32::MAX / 2));
    fit(wanted, height as u32, max_pixels)
}

/// Dots per inch at which pages without a scan are drawn for OCR: text of 7 points
/// has letters of about 12 pixels.
const PRINT_DPI: f32 = 200.0;
/// Most dots per inch at which scans are drawn for OCR, which does not need more.
const MOST_DPI: f32 = 300.0;
/// Objects of a page among which a scan is looked for: it is the first or follows a
/// few others.
const MOST_OBJECTS: usize = 50;

/// Width in pixels for OCR: that of the scan where a picture covers most of the
/// page, so that it is not resampled; otherwise that of [`PRINT_DPI`].
fn ocr_width(page: &PdfPage<'_>) -> u32 {
    let area = page.width().value * page.height().value;
    let of_scan = |object: PdfPageObject<'_>| {
        let bounds = object.bounds().ok()?;
        let image = object.as_image_object()?;
        let covered = bounds.width().value * bounds.height().value;
        let dpi = image.horizontal_dpi().ok()?.max(image.vertical_dpi().ok()?);
        (covered > area / 2.0 && dpi.is_finite() && dpi > 0.0).then_some(dpi)
    };
    let scan = page.objects().iter().take(MOST_OBJECTS).find_map(of_scan);
    let dpi = scan.unwrap_or(PRINT_DPI).min(MOST_DPI);
    (page.width().to_inches() * dpi) as u32
}

/// The words of the text layer; empty where PDFium cannot extract the text.
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

/// A rectangle in PDF points as shares (0 to 1) of the drawn page: left, top,
/// right, bottom, with the page's rotation and crop box applied.
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
    // Text outside of the crop box is not text of the page.
    let (x, y) = ((x0 + x1) as f32 / 2.0, (y0 + y1) as f32 / 2.0);
    if !(0.0..=w).contains(&x) || !(0.0..=h).contains(&y) {
        return None;
    }
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
