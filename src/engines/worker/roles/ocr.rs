//! Reads the words of a page (PP-OCR on RTen).

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::domain::{Failure, OcrText, PageImage, Reason};
use crate::engines::models::ResolvedOcr;
use crate::engines::ocr::{OcrEngine, RtenOcr};
use crate::engines::sandbox::SandboxPolicy;
use crate::engines::worker::call::{Call, Handle, answer, finite};
use crate::engines::worker::message::{Bounds, EncodedReply, Incoming, MIB};
use crate::engines::worker::role::Role;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OcrRole {
    pub ocr: Box<ResolvedOcr>,
    pub threads: u32,
}

impl Role for OcrRole {
    const NAME: &'static str = "ocr";
    type Engine = Box<dyn OcrEngine>;
    type Ready = ();

    fn policy(&self) -> SandboxPolicy {
        let paths = self.ocr.paths();
        SandboxPolicy {
            load_paths: paths.into_iter().map(PathBuf::from).collect(),
            threads: true,
            ..SandboxPolicy::default()
        }
    }

    fn threads(&self) -> u32 {
        self.threads.max(1)
    }

    fn load(self) -> anyhow::Result<(Box<dyn OcrEngine>, ())> {
        let threads = self.threads.max(1) as usize;
        Ok((Box::new(RtenOcr::load(&self.ocr, threads)?), ()))
    }

    fn answer(
        engine: &mut Box<dyn OcrEngine>,
        call: &mut Incoming,
    ) -> Option<Result<EncodedReply, Failure>> {
        answer::<ReadText>(call, engine)
    }
}

/// Reads the words of a page. The blob is its RGB pixels, 8 bits a channel.
#[derive(Debug, Serialize, Deserialize)]
pub struct ReadText<'a> {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    #[serde(skip)]
    pub rgb: &'a [u8],
}

impl Call for ReadText<'_> {
    type Role = OcrRole;
    type Json = OcrText;
    type Reply = OcrText;
    const OP: &'static str = "ocr";
    const STAGE: &'static str = "reading the words of the page";

    fn blob(&self) -> &[u8] {
        self.rgb
    }

    fn bounds(&self) -> Bounds {
        Bounds {
            json: 32 * MIB,
            blob: 0,
        }
    }

    fn accept(&self, text: OcrText, _: Vec<u8>) -> Result<OcrText, String> {
        finite(text.is_finite())?;
        match text.quarter_turns {
            0..=3 => Ok(text),
            turns => Err(format!("{turns} quarter turns")),
        }
    }
}

impl Handle<ReadText<'_>> for Box<dyn OcrEngine> {
    fn handle(&mut self, call: ReadText, blob: Vec<u8>) -> Result<(OcrText, Vec<u8>), Failure> {
        let (width, height) = (call.width, call.height);
        let image = PageImage::new(width, height, blob).ok_or_else(|| {
            let message = format!("pixels do not fit a {width} x {height} image");
            Failure::new(Reason::Internal, message)
        })?;
        Ok((self.read(&image)?, Vec::new()))
    }
}
