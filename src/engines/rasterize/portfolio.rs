//! PDF portfolios: PDFs whose own pages are a cover and whose documents are the
//! embedded files.

use super::pdf::{PdfFile, PdfLibrary};
use super::picture::PictureFile;
use super::structure::EmbeddedFile;
use super::{RasterSpec, no_page, sniff};
use crate::documents::einvoice;
use crate::domain::{DocumentInfo, Failure, Limits, MediaType, RasterPage, Reason, XmlFile, count};

/// The embedded documents as parts of one document with consecutive pages.
pub struct Portfolio {
    parts: Vec<Part>,
    xml_files: Vec<XmlFile>,
}

struct Part {
    file: PartFile,
    pages: u32,
}

enum PartFile {
    Pdf(Box<PdfFile>),
    Picture(Box<PictureFile>),
    /// An e-invoice without a PDF, as one page that is never drawn.
    Xml(XmlFile),
}

impl Portfolio {
    /// Opens every embedded document. Warnings name those that cannot be read;
    /// `None`: no document can be read but the cover.
    pub fn open(
        library: &PdfLibrary,
        files: &[EmbeddedFile],
        limits: &Limits,
    ) -> Result<(Option<Portfolio>, DocumentInfo), Failure> {
        let mut parts = Vec::new();
        let mut warnings = Vec::new();
        for file in files {
            match part(library, file, limits) {
                Ok((part, of_part)) => {
                    parts.push(part);
                    let named = of_part.iter();
                    warnings.extend(named.map(|warning| format!("{}: {warning}", file.name)));
                }
                Err(failure) => warnings.push(not_read(&file.name, &failure)),
            }
        }
        let xml_files = assign_xml(&mut parts, &mut warnings);
        let pages = parts
            .iter()
            .fold(0, |sum: u32, part| sum.saturating_add(part.pages));
        if pages > limits.max_pages {
            let message = format!(
                "the portfolio's documents have {pages} pages, more than {}: split it, or set `limits.max_pages`",
                limits.max_pages
            );
            return Err(Failure::new(Reason::TooLarge, message));
        }
        warnings.insert(0, opened_words(parts.len()));
        let info = DocumentInfo {
            media_type: MediaType::Pdf,
            pages,
            parts: parts.iter().map(|part| part.pages).collect(),
            attachments: files.iter().map(|file| file.name.clone()).collect(),
            warnings,
        };
        let portfolio = (!parts.is_empty()).then_some(Portfolio { parts, xml_files });
        Ok((portfolio, info))
    }

    pub fn xml_files(&self) -> Vec<XmlFile> {
        self.xml_files.clone()
    }

    pub fn page(&mut self, index: u32, spec: &RasterSpec) -> Result<RasterPage, Failure> {
        let mut rest = index;
        for part in &mut self.parts {
            if rest < part.pages {
                return match &mut part.file {
                    PartFile::Pdf(file) => file.page(rest, spec),
                    PartFile::Picture(file) => file.page(rest, spec),
                    PartFile::Xml(_) => Err(no_page()),
                };
            }
            rest -= part.pages;
        }
        let message = format!("the portfolio has no page {}", index + 1);
        Err(Failure::new(Reason::Corrupt, message))
    }
}

/// Assigns each XML file to a part: one attached to an embedded PDF to that PDF, one
/// beside a single document to that document. Beside several documents, or none,
/// each e-invoice is a part of its own. Without documents, a single
/// e-invoice belongs to the cover.
fn assign_xml(parts: &mut Vec<Part>, warnings: &mut Vec<String>) -> Vec<XmlFile> {
    let is_xml = |part: &Part| matches!(part.file, PartFile::Xml(_));
    let documents = parts.iter().filter(|part| !is_xml(part)).count();
    let mut loose = Vec::new();
    if documents != 1 {
        parts.retain(|part| match &part.file {
            PartFile::Xml(xml) => match einvoice::parse(&xml.bytes) {
                Ok(_) => true,
                Err(failure) => {
                    let name = xml.name.as_deref().unwrap_or_default();
                    warnings.push(not_read(name, &failure));
                    false
                }
            },
            _ => true,
        });
    }
    if parts.len() == 1 || documents == 1 {
        loose = parts.extract_if(.., |part| is_xml(part)).collect();
    }
    let mut xml_files = Vec::new();
    for (part, index) in parts.iter().zip(0..) {
        let files = match &part.file {
            PartFile::Pdf(pdf) => pdf.xml_files(),
            PartFile::Picture(_) => Vec::new(),
            // `name` is `None`, since the XML is the whole part.
            PartFile::Xml(xml) => vec![XmlFile {
                name: None,
                ..xml.clone()
            }],
        };
        let of_part = files.into_iter().map(|file| XmlFile {
            part: index,
            ..file
        });
        xml_files.extend(of_part);
    }
    for part in loose {
        if let PartFile::Xml(xml) = part.file {
            xml_files.push(xml);
        }
    }
    xml_files
}

fn not_read(name: &str, failure: &Failure) -> String {
    format!(
        "the file {name} inside the portfolio was not read: {}",
        failure.message
    )
}

fn opened_words(documents: usize) -> String {
    match documents {
        0 => "the PDF is a portfolio and no file inside has pages that can be read: only its cover was read".to_owned(),
        1 => "the PDF is a portfolio: the document inside was read, its cover was not".to_owned(),
        documents => format!(
            "the PDF is a portfolio: the {} inside were read, each as records of its own, its cover was not",
            count(documents as u64, "document")
        ),
    }
}

/// The file inside, and the warnings of opening it.
fn part(
    library: &PdfLibrary,
    file: &EmbeddedFile,
    limits: &Limits,
) -> Result<(Part, Vec<String>), Failure> {
    let bytes = file.bytes.clone();
    let (file, info) = match sniff(&bytes)? {
        MediaType::Pdf => {
            let (file, mut info) = library.open(bytes, limits)?;
            if file.is_portfolio() {
                let warning = "it is a portfolio itself, of which only the cover was read";
                info.warnings.push(warning.to_owned());
            }
            (PartFile::Pdf(Box::new(file)), info)
        }
        MediaType::Xml => {
            let xml = XmlFile {
                part: 0,
                name: Some(file.name.clone()),
                bytes,
            };
            let file = PartFile::Xml(xml);
            return Ok((Part { file, pages: 1 }, Vec::new()));
        }
        media_type => {
            let (file, info) = PictureFile::open(bytes, media_type, limits)?;
            (PartFile::Picture(Box::new(file)), info)
        }
    };
    let pages = info.pages;
    Ok((Part { file, pages }, info.warnings))
}
