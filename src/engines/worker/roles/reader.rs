//! Reads the fields of a page (llama.cpp).

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::domain::{Failure, PageImage, ReadRequest, Reading, Reason};
use crate::engines::models::ResolvedReader;
use crate::engines::reader::PageReader;
use crate::engines::sandbox::SandboxPolicy;
use crate::engines::worker::HAS_GPU;
use crate::engines::worker::call::{Call, Handle, answer, finite};
use crate::engines::worker::message::{Bounds, EncodedReply, Incoming, MIB};
use crate::engines::worker::role::Role;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReaderRole {
    pub reader: Box<ResolvedReader>,
    pub threads: u32,
}

impl Role for ReaderRole {
    const NAME: &'static str = "reader";
    const COUNTS_TOKENS: bool = true;
    type Engine = Box<dyn PageReader>;
    type Ready = ();

    fn policy(&self) -> SandboxPolicy {
        let reader = &self.reader;
        let mut load_paths: Vec<_> = reader.paths().into_iter().map(PathBuf::from).collect();
        // `name-00001-of-00003.gguf`: llama.cpp finds the others itself.
        if reader.text.to_string_lossy().contains("-of-") {
            load_paths.extend(reader.text.parent().map(PathBuf::from));
        }
        SandboxPolicy {
            load_paths,
            threads: true,
            gpu: HAS_GPU,
            ..SandboxPolicy::default()
        }
    }

    fn threads(&self) -> u32 {
        self.threads.max(1)
    }

    #[cfg(feature = "llama")]
    fn load(self) -> anyhow::Result<(Box<dyn PageReader>, ())> {
        use crate::engines::reader::llama::LlamaReader;
        Ok((Box::new(LlamaReader::load(&self.reader, self.threads)?), ()))
    }

    #[cfg(not(feature = "llama"))]
    fn load(self) -> anyhow::Result<(Box<dyn PageReader>, ())> {
        anyhow::bail!(
            "this docmill was built without llama.cpp: build it with the feature `llama` (on by default)"
        )
    }

    fn answer(
        engine: &mut Box<dyn PageReader>,
        call: &mut Incoming,
    ) -> Option<Result<EncodedReply, Failure>> {
        answer::<ReadPage>(call, engine)
    }
}

/// Reads a page. The blob is its RGB pixels, the JSON the rest of the request.
#[derive(Debug, Serialize, Deserialize)]
pub struct ReadPage(pub ReadRequest);

impl Call for ReadPage {
    type Role = ReaderRole;
    type Json = Box<Reading>;
    type Reply = Reading;
    const OP: &'static str = "read";
    const STAGE: &'static str = "reading the page";

    fn blob(&self) -> &[u8] {
        &self.0.image.rgb
    }

    fn bounds(&self) -> Bounds {
        Bounds {
            json: 8 * MIB,
            blob: 0,
        }
    }

    fn accept(&self, reading: Box<Reading>, _: Vec<u8>) -> Result<Reading, String> {
        finite(reading.is_finite())?;
        Ok(*reading)
    }
}

impl Handle<ReadPage> for Box<dyn PageReader> {
    fn handle(
        &mut self,
        ReadPage(mut request): ReadPage,
        blob: Vec<u8>,
    ) -> Result<(Box<Reading>, Vec<u8>), Failure> {
        let (width, height) = (request.image.width, request.image.height);
        request.image = PageImage::new(width, height, blob).ok_or_else(|| {
            let message = format!("pixels do not fit a {width} x {height} image");
            Failure::new(Reason::Internal, message)
        })?;
        Ok((Box::new(self.read(&request)?), Vec::new()))
    }
}
