//! Finds the document type of pages (CLIP on candle).

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::documents::types::DocTypes;
use crate::domain::{Embedding, Failure, PageImage, Reason, Routing};
use crate::engines::models::{ResolvedClip, ResolvedSearchTower};
use crate::engines::route::clip::CandleClip;
use crate::engines::route::{ClipEngine, Router};
use crate::engines::sandbox::SandboxPolicy;
use crate::engines::worker::HAS_GPU;
use crate::engines::worker::call::{Call, Handle, answer, finite};
use crate::engines::worker::message::{Bounds, EncodedReply, Incoming, MIB};
use crate::engines::worker::role::Role;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RouterRole {
    pub clip: Box<ResolvedClip>,
    /// The user's folder of document types.
    pub types: Option<PathBuf>,
}

/// Side in pixels of the square images that a router takes.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ImageSide(pub u32);

impl Role for RouterRole {
    const NAME: &'static str = "router";
    type Engine = Router<CandleClip>;
    type Ready = ImageSide;

    fn policy(&self) -> SandboxPolicy {
        let clip = &self.clip;
        let files = [
            &clip.config,
            &clip.preprocessor,
            &clip.tokenizer,
            &clip.weights,
        ];
        let files = files.into_iter().chain(&self.types).map(PathBuf::from);
        let search = clip.search.iter().flat_map(ResolvedSearchTower::paths);
        SandboxPolicy {
            load_paths: files.chain(search.map(PathBuf::from)).collect(),
            threads: true,
            gpu: HAS_GPU,
            ..SandboxPolicy::default()
        }
    }

    fn threads(&self) -> u32 {
        std::thread::available_parallelism().map_or(1, |n| n.get() as u32)
    }

    fn load(self) -> anyhow::Result<(Router<CandleClip>, ImageSide)> {
        let engine = CandleClip::load(&self.clip)?;
        let side = ImageSide(engine.image_side());
        let types = DocTypes::load(self.types.as_deref())?;
        let router = Router::from_types(engine, types.iter(), self.clip.spec.margin)?;
        Ok((router, side))
    }

    fn answer(
        engine: &mut Router<CandleClip>,
        call: &mut Incoming,
    ) -> Option<Result<EncodedReply, Failure>> {
        let routed = answer::<RoutePages>(call, engine);
        routed.or_else(|| answer::<EmbedText>(call, engine))
    }
}

/// Embeds the text of a search as the router embeds images. Reply: its embedding.
#[derive(Debug, Serialize, Deserialize)]
pub struct EmbedText {
    pub text: String,
}

impl Call for EmbedText {
    type Role = RouterRole;
    type Json = Embedding;
    type Reply = Embedding;
    const OP: &'static str = "embed_text";
    const STAGE: &'static str = "embedding the text";

    fn bounds(&self) -> Bounds {
        Bounds { json: MIB, blob: 0 }
    }

    fn accept(&self, embedding: Embedding, _: Vec<u8>) -> Result<Embedding, String> {
        finite(embedding.0.iter().all(|value| value.is_finite()))?;
        Ok(embedding)
    }
}

impl Handle<EmbedText> for Router<CandleClip> {
    fn handle(&mut self, call: EmbedText, _: Vec<u8>) -> Result<(Embedding, Vec<u8>), Failure> {
        let embedding = self.embed_query(&call.text).map_err(Failure::internal)?;
        Ok((embedding, Vec::new()))
    }
}

/// Routes `count` square images with a side of `side` pixels. `rgb` has shape `[count,
/// side, side, 3]`. Reply: the routing of each image, in their order.
#[derive(Debug, Serialize, Deserialize)]
pub struct RoutePages<'a> {
    pub count: u32,
    pub side: u32,
    #[serde(skip)]
    pub rgb: &'a [u8],
}

impl Call for RoutePages<'_> {
    type Role = RouterRole;
    type Json = Vec<Routing>;
    type Reply = Vec<Routing>;
    const OP: &'static str = "route";
    const STAGE: &'static str = "routing the page";

    fn blob(&self) -> &[u8] {
        self.rgb
    }

    fn bounds(&self) -> Bounds {
        Bounds {
            json: 4 * MIB,
            blob: 0,
        }
    }

    fn accept(&self, routings: Vec<Routing>, _: Vec<u8>) -> Result<Vec<Routing>, String> {
        finite(routings.iter().all(Routing::is_finite))?;
        match routings.len() == self.count as usize {
            true => Ok(routings),
            false => Err(format!(
                "{} routings for {} pages",
                routings.len(),
                self.count
            )),
        }
    }
}

impl Handle<RoutePages<'_>> for Router<CandleClip> {
    fn handle(
        &mut self,
        call: RoutePages,
        blob: Vec<u8>,
    ) -> Result<(Vec<Routing>, Vec<u8>), Failure> {
        let images = split(call.count, call.side, &blob)?;
        let routings = self.route(&images).map_err(Failure::internal)?;
        Ok((routings, Vec::new()))
    }
}

fn split(count: u32, side: u32, blob: &[u8]) -> Result<Vec<PageImage>, Failure> {
    let size = side as usize * side as usize * 3;
    let wrong = || {
        let message = format!("pixels do not fit {count} images of {side} pixels");
        Failure::new(Reason::Internal, message)
    };
    if size == 0 || blob.len() != size * count as usize {
        return Err(wrong());
    }
    let images = blob.chunks(size).map(|rgb| {
        let image = PageImage::new(side, side, rgb.to_vec());
        image.ok_or_else(wrong)
    });
    images.collect()
}
