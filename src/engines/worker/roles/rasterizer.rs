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
use crate::engines::worker::message::{Answer, Bounds, Incoming, MIB};
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
        // Libraries may lie beside the one that needs them.
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
    ) -> Option<Result<Answer, Failure>> {
        let opened = answer::<OpenDocument>(call, engine);
        opened.or_else(|| answer::<DrawPage>(call, engine))
    }
}

/// Opens a document, which stays open until the next one. Reply: what it is,
/// with the electronic invoice that it carries.
#[derive(Debug, Serialize, Deserialize)]
pub struct OpenDocument<'a> {
    #[serde(skip)]
    pub bytes: &'a [u8],
}

/// The JSON of [`OpenedDocument`]; the blob is the invoice's XML, empty where
/// there is none.
#[derive(Debug, Serialize, Deserialize)]
pub struct Opened {
    info: DocumentInfo,
    /// The attachment's name; `None` where the document is the XML.
    #[serde(default)]
    xml_name: Option<String>,
}

#[derive(Clone, Debug)]
pub struct OpenedDocument {
    pub info: DocumentInfo,
    pub einvoice: Option<XmlFile>,
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
        // Names of attachments and warnings; an electronic invoice.
        Bounds {
            json: 4 * MIB,
            blob: einvoice::MAX_BYTES as u64,
        }
    }

    fn accept(&self, json: Opened, blob: Vec<u8>) -> Result<OpenedDocument, String> {
        Ok(OpenedDocument {
            info: json.info,
            einvoice: (!blob.is_empty()).then_some(XmlFile {
                name: json.xml_name,
                bytes: blob,
            }),
        })
    }
}

impl Handle<OpenDocument<'_>> for RasterizerEngine {
    fn handle(&mut self, _: OpenDocument, blob: Vec<u8>) -> Result<(Opened, Vec<u8>), Failure> {
        let mut info = self.rasterizer.open(blob, &self.limits)?;
        let files = self.rasterizer.xml_files();
        let found = find_einvoice(&mut info, files)?;
        let (xml_name, xml) = match found {
            Some(file) => (file.name, file.bytes),
            None => (None, Vec::new()),
        };
        Ok((Opened { info, xml_name }, xml))
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

/// The electronic invoice among a document's XML files. An XML document must be
/// one; of a PDF's attachments others are skipped.
fn find_einvoice(info: &mut DocumentInfo, files: Vec<XmlFile>) -> Result<Option<XmlFile>, Failure> {
    if info.media_type == MediaType::Xml {
        for file in &files {
            einvoice::parse(&file.bytes)?;
        }
        return Ok(files.into_iter().next());
    }
    let chosen = einvoice::choose(files);
    info.warnings.extend(chosen.warnings);
    Ok(chosen.file)
}

#[cfg(test)]
mod tests {
    use super::*;

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
