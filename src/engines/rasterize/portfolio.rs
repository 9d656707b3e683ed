//! PDF portfolios: a PDF whose pages are a cover and whose documents are the
//! files inside.

use super::pdf::{PdfFile, PdfLibrary};
use super::picture::PictureFile;
use super::structure::EmbeddedFile;
use super::{RasterSpec, sniff};
use crate::domain::{DocumentInfo, Failure, Limits, MediaType, RasterPage, Reason};

/// The documents inside, as one: their pages follow each other.
pub struct Portfolio {
    parts: Vec<Part>,
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
        files: Vec<EmbeddedFile>,
        limits: &Limits,
    ) -> Result<(Option<Portfolio>, DocumentInfo), Failure> {
        let mut portfolio = Portfolio { parts: Vec::new() };
        let mut info = DocumentInfo {
            media_type: MediaType::Pdf,
            pages: 0,
            attachments: Vec::new(),
            warnings: Vec::new(),
        };
        for file in files {
            info.attachments.push(file.name.clone());
            match part(library, file.bytes, limits) {
                Ok((part, warnings)) => {
                    info.pages = info.pages.saturating_add(part.pages);
                    portfolio.parts.push(part);
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
        let first = match portfolio.parts.len() {
            0 => "the PDF is a portfolio and no file inside can be read: only its cover was"
                .to_owned(),
            1 => {
                "the PDF is a portfolio: the document inside was read, its cover was not".to_owned()
            }
            count => format!(
                "the PDF is a portfolio: the {count} documents inside were read, its cover was not"
            ),
        };
        info.warnings.insert(0, first);
        let has_parts = !portfolio.parts.is_empty();
        Ok((has_parts.then_some(portfolio), info))
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

fn part(
    library: &PdfLibrary,
    bytes: Vec<u8>,
    limits: &Limits,
) -> Result<(Part, Vec<String>), Failure> {
    let (file, info) = match sniff(&bytes)? {
        MediaType::Pdf => {
            let (file, mut info) = library.open(bytes, limits)?;
            if file.is_portfolio() {
                let warning = "it is a portfolio itself, of which only the cover was read";
                info.warnings.push(warning.to_owned());
            }
            if !file.xml_files().is_empty() {
                let warning = "its electronic invoice was not used: take it out of the portfolio";
                info.warnings.push(warning.to_owned());
            }
            (PartFile::Pdf(Box::new(file)), info)
        }
        MediaType::Xml => {
            let message = "an XML file has no page: take it out of the portfolio";
            return Err(Failure::new(Reason::UnsupportedType, message));
        }
        media_type => {
            let (file, info) = PictureFile::open(bytes, media_type, limits)?;
            (PartFile::Picture(Box::new(file)), info)
        }
    };
    let part = Part {
        file,
        pages: info.pages,
    };
    Ok((part, info.warnings))
}
