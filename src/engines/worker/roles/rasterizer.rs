//! Opens documents and draws their pages (PDFium and the image decoders).

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::documents::einvoice;
use crate::domain::{
    DocumentInfo, Failure, Limits, MediaType, PageImage, RasterPage, Word, XmlFile,
};
use crate::engines::rasterize::{DocumentRasterizer, RasterSpec, Rasterizer};
use crate::engines::sandbox::{SandboxPolicy, font_folders};
use crate::engines::worker::call::{Call, Handle, answer, finite};
use crate::engines::worker::message::{Bounds, EncodedReply, Incoming, MIB};
use crate::engines::worker::role::Role;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RasterizerRole {
    pub pdfium: PathBuf,
    pub limits: Limits,
}

pub struct RasterizerEngine {
    rasterizer: DocumentRasterizer,
    limits: Limits,
}

impl Role for RasterizerRole {
    const NAME: &'static str = "rasterizer";
    type Engine = RasterizerEngine;
    type Ready = ();

    fn policy(&self) -> SandboxPolicy {
        // Libraries that PDFium needs may be beside it.
        let folder = self.pdfium.parent().map(PathBuf::from);
        SandboxPolicy {
            load_paths: folder.into_iter().chain([self.pdfium.clone()]).collect(),
            runtime_paths: font_folders(),
            ..SandboxPolicy::default()
        }
    }

    fn threads(&self) -> u32 {
        1
    }

    fn load(self) -> anyhow::Result<(RasterizerEngine, ())> {
        let engine = RasterizerEngine {
            rasterizer: DocumentRasterizer::new(Some(&self.pdfium))?,
            limits: self.limits,
        };
        Ok((engine, ()))
    }

    fn answer(
        engine: &mut RasterizerEngine,
        call: &mut Incoming,
    ) -> Option<Result<EncodedReply, Failure>> {
        let opened = answer::<OpenDocument>(call, engine);
        opened.or_else(|| answer::<DrawPage>(call, engine))
    }
}

/// Opens a document, which stays open until the next one. Reply: its media type and
/// pages, and its e-invoices.
#[derive(Debug, Serialize, Deserialize)]
pub struct OpenDocument<'a> {
    #[serde(skip)]
    pub bytes: &'a [u8],
}

/// The JSON of [`OpenedDocument`]; the blob is the XML of its invoices, concatenated.
#[derive(Debug, Serialize, Deserialize)]
pub struct Opened {
    info: DocumentInfo,
    einvoices: Vec<OpenedXml>,
}

/// An [`XmlFile`] without its bytes.
#[derive(Debug, Serialize, Deserialize)]
struct OpenedXml {
    part: u32,
    name: Option<String>,
    bytes: usize,
}

#[derive(Clone, Debug)]
pub struct OpenedDocument {
    pub info: DocumentInfo,
    /// The e-invoices that are attached to it, or the document itself; at
    /// most one for each part.
    pub einvoices: Vec<XmlFile>,
}

impl Call for OpenDocument<'_> {
    type Role = RasterizerRole;
    type Json = Opened;
    type Reply = OpenedDocument;
    const OP: &'static str = "open";
    const STAGE: &'static str = "opening the document";

    fn blob(&self) -> &[u8] {
        self.bytes
    }

    fn bounds(&self) -> Bounds {
        // JSON: names of attachments and warnings. Blob: e-invoices.
        Bounds {
            json: 4 * MIB,
            blob: MAX_EINVOICES as u64,
        }
    }

    fn accept(&self, json: Opened, blob: Vec<u8>) -> Result<OpenedDocument, String> {
        let mut rest = blob.as_slice();
        let mut einvoices = Vec::new();
        for OpenedXml { part, name, bytes } in json.einvoices {
            let split = rest.split_at_checked(bytes);
            let (xml, others) = split.ok_or("less XML than it says")?;
            rest = others;
            einvoices.push(XmlFile {
                part,
                name,
                bytes: xml.to_vec(),
            });
        }
        if !rest.is_empty() {
            return Err("more XML than it says".into());
        }
        Ok(OpenedDocument {
            info: json.info,
            einvoices,
        })
    }
}

impl Handle<OpenDocument<'_>> for RasterizerEngine {
    fn handle(&mut self, _: OpenDocument, blob: Vec<u8>) -> Result<(Opened, Vec<u8>), Failure> {
        let mut info = self.rasterizer.open(blob, &self.limits)?;
        let files = self.rasterizer.xml_files();
        let found = find_einvoices(&mut info, files)?;
        let mut blob = Vec::new();
        let mut einvoices = Vec::new();
        for XmlFile { part, name, bytes } in found {
            blob.extend_from_slice(&bytes);
            let bytes = bytes.len();
            einvoices.push(OpenedXml { part, name, bytes });
        }
        Ok((Opened { info, einvoices }, blob))
    }
}

/// Draws page `index` (from 0) of the open document.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct DrawPage {
    pub index: u32,
    pub spec: RasterSpec,
}

/// The JSON of a [`RasterPage`]; the blob is its RGB pixels.
#[derive(Debug, Serialize, Deserialize)]
pub struct Drawn {
    width: u32,
    height: u32,
    words: Vec<Word>,
}

impl Call for DrawPage {
    type Role = RasterizerRole;
    type Json = Drawn;
    type Reply = RasterPage;
    const OP: &'static str = "page";
    const STAGE: &'static str = "drawing the page";

    fn bounds(&self) -> Bounds {
        // A page full of words takes some hundred KiB.
        Bounds {
            json: 16 * MIB,
            blob: 3 * u64::from(self.spec.max_pixels),
        }
    }

    fn accept(&self, json: Drawn, blob: Vec<u8>) -> Result<RasterPage, String> {
        finite(json.words.iter().all(Word::is_finite))?;
        let image = PageImage::new(json.width, json.height, blob);
        Ok(RasterPage {
            image: image.ok_or("pixels that do not fit the page")?,
            words: json.words,
        })
    }
}

impl Handle<DrawPage> for RasterizerEngine {
    fn handle(&mut self, call: DrawPage, _: Vec<u8>) -> Result<(Drawn, Vec<u8>), Failure> {
        let page = self.rasterizer.page(call.index, &call.spec)?;
        let drawn = Drawn {
            width: page.image.width,
            height: page.image.height,
            words: page.words,
        };
        Ok((drawn, page.image.rgb))
    }
}

/// Most bytes of all e-invoices of a document together: the limit of a
/// single one.
const MAX_EINVOICES: usize = einvoice::MAX_BYTES;

/// The e-invoices among a document's XML files, at most one for each part.
/// `Err` where an XML document is not an e-invoice; other attachments of a PDF are skipped.
fn find_einvoices(
    info: &mut DocumentInfo,
    mut files: Vec<XmlFile>,
) -> Result<Vec<XmlFile>, Failure> {
    if info.media_type == MediaType::Xml {
        for file in &files {
            einvoice::parse(&file.bytes)?;
        }
        return Ok(files);
    }
    files.sort_by_key(|file| file.part);
    let mut bytes_left = MAX_EINVOICES;
    let mut found = Vec::new();
    for files in files.chunk_by(|a, b| a.part == b.part) {
        let chosen = einvoice::choose(files.to_vec());
        info.warnings.extend(chosen.warnings);
        let Some(file) = chosen.file else { continue };
        match bytes_left.checked_sub(file.bytes.len()) {
            Some(left) => {
                bytes_left = left;
                found.push(file);
            }
            None => info.warnings.push(format!(
                "the e-invoice {} was not used, since those of the document have more than \
                 {} MiB together: take it out of the PDF",
                file.name.as_deref().unwrap_or("of one part"),
                MAX_EINVOICES >> 20
            )),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_e_invoice_has_its_own_bytes_of_the_blob() {
        let opened = |sizes: &[usize]| Opened {
            info: DocumentInfo::new(MediaType::Pdf, 2),
            einvoices: (0..)
                .zip(sizes)
                .map(|(part, &bytes)| OpenedXml {
                    part,
                    name: None,
                    bytes,
                })
                .collect(),
        };
        let call = OpenDocument { bytes: b"" };
        let accept = |sizes: &[usize]| call.accept(opened(sizes), b"abcde".to_vec());
        let einvoices = accept(&[2, 3]).unwrap().einvoices;
        let xml: Vec<_> = einvoices
            .iter()
            .map(|file| (file.part, &file.bytes[..]))
            .collect();
        assert_eq!(xml, [(0, &b"ab"[..]), (1, b"cde")]);
        assert!(accept(&[2, 2]).is_err() && accept(&[2, 4]).is_err());
        assert!(accept(&[usize::MAX, 3]).is_err());
    }

    fn drawn(left: &str) -> Result<Drawn, serde_json::Error> {
        let json = format!(
            r#"{{"width": 1, "height": 1, "words": [{{"text": "a", "bbox": [{left}, 0, 1, 1]}}]}}"#
        );
        serde_json::from_str(&json)
    }

    #[test]
    fn a_page_needs_its_pixels_and_numbers_of_32_bits() {
        let call = DrawPage {
            index: 0,
            spec: RasterSpec {
                width: 1,
                for_ocr: false,
                max_pixels: 1,
            },
        };
        assert!(call.accept(drawn("0.5").unwrap(), vec![0; 3]).is_ok());
        assert!(call.accept(drawn("0.5").unwrap(), vec![0; 2]).is_err());
        // Refused by the parser or, where that makes it infinite, by the call.
        let far = drawn("1e300").map(|drawn| call.accept(drawn, vec![0; 3]).is_err());
        assert!(far.unwrap_or(true));
    }
}
