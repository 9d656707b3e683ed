//! PDF portfolios: a PDF whose pages are a cover and whose documents are the
//! files inside.

use super::pdf::{PdfFile, PdfLibrary};
use super::picture::PictureFile;
use super::structure::EmbeddedFile;
use super::{RasterSpec, sniff};
use crate::domain::{DocumentInfo, Failure, Limits, MediaType, RasterPage, Reason, XmlFile};

/// The documents inside, as one: their pages follow each other.
pub struct Portfolio {
    parts: Vec<Part>,
    /// Of the only document inside.
    xml_files: Vec<XmlFile>,
}

struct Part {
    file: PartFile,
    pages: u32,
}

enum PartFile {
    Pdf(Box<PdfFile>),
    Picture(Box<PictureFile>),
}

impl Portfolio {
    /// Opens every document inside. Warnings name those that cannot be read;
    /// `None` with the warnings alone: there is no other.
    pub fn open(
        library: &PdfLibrary,
        files: &[EmbeddedFile],
        limits: &Limits,
    ) -> Result<(Option<Portfolio>, DocumentInfo), Failure> {
        let mut parts = Vec::new();
        let mut xml_files = Vec::new();
        let mut info = DocumentInfo {
            media_type: MediaType::Pdf,
            pages: 0,
            attachments: Vec::new(),
            warnings: Vec::new(),
        };
        for file in files {
            info.attachments.push(file.name.clone());
            match part(library, file, limits) {
                Ok(Opened::Xml(xml)) => xml_files.push(xml),
                Ok(Opened::Part(part, warnings)) => {
                    info.pages = info.pages.saturating_add(part.pages);
                    if let PartFile::Pdf(pdf) = &part.file {
                        xml_files.extend(pdf.xml_files());
                    }
                    parts.push(part);
                    let warnings = warnings.into_iter();
                    let named = warnings.map(|warning| format!("{}: {warning}", file.name));
                    info.warnings.extend(named);
                }
                Err(failure) => info.warnings.push(format!(
                    "the file {} inside the portfolio was not read: {}",
                    file.name, failure.message
                )),
            }
        }
        if info.pages > limits.max_pages {
            let message = format!(
                "the portfolio's documents have {} pages, more than {}: split it, or set `limits.max_pages`",
                info.pages, limits.max_pages
            );
            return Err(Failure::new(Reason::TooLarge, message));
        }
        // Whose pages an electronic invoice describes is known of one document.
        if parts.len() > 1 {
            let not_used = xml_files.drain(..).map(|xml| {
                format!(
                    "the XML file {} inside the portfolio was not used, since several documents are \
                     inside: take them out of the portfolio",
                    xml.name.unwrap_or_default()
                )
            });
            info.warnings.extend(not_used);
        }
        info.warnings.insert(0, opened_words(parts.len()));
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
                };
            }
            rest -= part.pages;
        }
        let message = format!("the portfolio has no page {}", index + 1);
        Err(Failure::new(Reason::Corrupt, message))
    }
}

fn opened_words(documents: usize) -> String {
    match documents {
        0 => "the PDF is a portfolio and no file inside has pages that can be read: only its cover was read".to_owned(),
        1 => "the PDF is a portfolio: the document inside was read, its cover was not".to_owned(),
        count => format!(
            "the PDF is a portfolio: the {count} documents inside were read, its cover was not"
        ),
    }
}

/// A file inside: one with pages and the warnings of opening it, or XML.
enum Opened {
    Part(Part, Vec<String>),
    Xml(XmlFile),
}

fn part(library: &PdfLibrary, file: &EmbeddedFile, limits: &Limits) -> Result<Opened, Failure> {
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
            let name = Some(file.name.clone());
            return Ok(Opened::Xml(XmlFile { name, bytes }));
        }
        media_type => {
            let (file, info) = PictureFile::open(bytes, media_type, limits)?;
            (PartFile::Picture(Box::new(file)), info)
        }
    };
    let pages = info.pages;
    Ok(Opened::Part(Part { file, pages }, info.warnings))
}
