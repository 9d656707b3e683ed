//! The worker's side: one engine, one request at a time, until the pipe closes.

use std::io::{BufReader, BufWriter, Read, Write};
use std::time::Duration;

use anyhow::Context;

use super::protocol::{Reply, Request, RoleInit, read_frame, write_frame};
use crate::doctypes::DocTypes;
use crate::domain::{DocumentInfo, Failure, MediaType, PageImage, ReadRequest, Reason, XmlFile};
use crate::einvoice;
use crate::generate::Reader;
use crate::rasterize::{DocumentRasterizer, Limits, Rasterizer};
use crate::route::clip::CandleClip;
use crate::route::{ClipEngine, Router};

/// Runs a worker on this process's stdin and stdout until stdin ends.
pub fn main() -> anyhow::Result<()> {
    // Native code may print; frames go to a private copy of stdout and
    // whatever else is printed goes to stderr.
    let out = std::os::fd::AsFd::as_fd(&std::io::stdout()).try_clone_to_owned()?;
    rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
    exit_with_parent();
    panic_without_text();
    serve(
        BufReader::new(std::io::stdin().lock()),
        BufWriter::new(std::fs::File::from(out)),
    )
}

/// A supervisor killed in mid-request leaves no reader behind: the pipe alone
/// would be noticed only after the page in hand.
fn exit_with_parent() {
    let parent = std::os::unix::process::parent_id();
    std::thread::spawn(move || {
        while std::os::unix::process::parent_id() == parent {
            std::thread::sleep(Duration::from_millis(500));
        }
        std::process::exit(0);
    });
}

/// A panic's words may quote what a page says, and a worker's last line is
/// told as the cause of its death: that line is where it was, not what it said.
fn panic_without_text() {
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or(payload.downcast_ref::<String>().map(String::as_str));
        let words = text.unwrap_or("no words");
        eprintln!("panic: {words}");
        match panic.location() {
            Some(place) => eprintln!("it panicked at {place}"),
            None => eprintln!("it panicked"),
        }
    }));
}

fn serve(mut input: impl Read, mut output: impl Write) -> anyhow::Result<()> {
    let Some((Request::Init { init, memory }, _)) = read_frame(&mut input)? else {
        anyhow::bail!("a worker's first message must be `init`");
    };
    let mut engine = match limit_resources(memory).and_then(|()| Engine::start(init)) {
        Ok(engine) => engine,
        Err(error) => {
            let failure = Failure::internal(error);
            return Ok(write_frame(&mut output, &Reply::Failed { failure }, &[])?);
        }
    };
    write_frame(
        &mut output,
        &Reply::Ready {
            side: engine.side(),
        },
        &[],
    )?;
    while let Some((request, blob)) = read_frame(&mut input)? {
        let (reply, blob) = engine
            .answer(request, blob)
            .unwrap_or_else(|failure| (Reply::Failed { failure }, Vec::new()));
        write_frame(&mut output, &reply, &blob)?;
    }
    Ok(())
}

fn limit_resources(memory: u64) -> anyhow::Result<()> {
    // DATA counts what the process writes to, not the weights it maps.
    rlimit::setrlimit(rlimit::Resource::DATA, memory, memory)
        .context("cannot limit the worker's memory")?;
    rlimit::setrlimit(rlimit::Resource::CORE, 0, 0).context("cannot switch core dumps off")
}

#[cfg_attr(not(feature = "llama"), allow(dead_code))]
enum Engine {
    Rasterizer(Box<DocumentRasterizer>, Limits),
    Router(Box<Router<CandleClip>>, u32),
    Reader(Box<dyn Reader>),
}

impl Engine {
    fn start(init: RoleInit) -> anyhow::Result<Engine> {
        Ok(match init {
            RoleInit::Rasterizer { pdfium, limits } => {
                Engine::Rasterizer(Box::new(DocumentRasterizer::new(Some(&pdfium))?), limits)
            }
            RoleInit::Router { clip, types } => {
                let engine = CandleClip::load(&clip)?;
                let side = engine.image_side();
                let types = DocTypes::load(types.as_deref())?;
                let router = Router::from_types(engine, types.iter(), clip.spec.margin)?;
                Engine::Router(Box::new(router), side)
            }
            #[cfg(feature = "llama")]
            RoleInit::Reader { reader, threads } => Engine::Reader(Box::new(
                crate::generate::llama::LlamaReader::load(&reader, threads)?,
            )),
            #[cfg(not(feature = "llama"))]
            RoleInit::Reader { .. } => anyhow::bail!(
                "this docmill was built without llama.cpp: build it with the feature `llama` (on by default)"
            ),
        })
    }

    fn side(&self) -> u32 {
        match self {
            Engine::Router(_, side) => *side,
            _ => 0,
        }
    }

    fn answer(&mut self, request: Request, blob: Vec<u8>) -> Result<(Reply, Vec<u8>), Failure> {
        match (self, request) {
            (Engine::Rasterizer(rasterizer, limits), Request::Open) => {
                let mut info = rasterizer.open(blob, limits)?;
                let files = rasterizer.xml_files(einvoice::MAX_BYTES);
                let found = find_einvoice(&mut info, files)?;
                let (xml_name, xml) = match found {
                    Some(file) => (file.name, file.bytes),
                    None => (None, Vec::new()),
                };
                Ok((Reply::Opened { info, xml_name }, xml))
            }
            (Engine::Rasterizer(rasterizer, _), Request::Page { index, spec }) => {
                let page = rasterizer.page(index, &spec)?;
                let (width, height) = (page.image.width, page.image.height);
                Ok((
                    Reply::Page {
                        width,
                        height,
                        words: page.words,
                    },
                    page.image.rgb,
                ))
            }
            (Engine::Router(router, _), Request::Route { count, side }) => {
                let images = split_images(count, side, &blob)?;
                let routings = router.route(&images).map_err(Failure::internal)?;
                Ok((Reply::Routed { routings }, Vec::new()))
            }
            (
                Engine::Reader(reader),
                Request::Read {
                    width,
                    height,
                    doc_type,
                    prompt,
                    schema,
                    max_tokens,
                },
            ) => {
                let image = image(width, height, blob)?;
                let request = ReadRequest {
                    image,
                    doc_type,
                    prompt,
                    schema,
                    max_tokens,
                };
                Ok((
                    Reply::Read {
                        reading: Box::new(reader.read(&request)?),
                    },
                    Vec::new(),
                ))
            }
            (_, request) => Err(Failure::new(
                Reason::Internal,
                format!("{} is not this worker's work", request.stage()),
            )),
        }
    }
}

/// Names that the specifications give to the invoice of a PDF, the more binding
/// first.
const NAMES: [&str; 4] = [
    "factur-x.xml",
    "xrechnung.xml",
    "zugferd-invoice.xml",
    "ger-factur-x.xml",
];

/// The electronic invoice among a document's XML files. An XML file must be one;
/// of a PDF's attachments those that are none are passed over, and broken ones
/// told as warnings.
fn find_einvoice(
    info: &mut DocumentInfo,
    mut files: Vec<XmlFile>,
) -> Result<Option<XmlFile>, Failure> {
    let rank = |file: &XmlFile| {
        let name = file.name.as_deref().unwrap_or_default().to_lowercase();
        NAMES
            .iter()
            .position(|known| *known == name)
            .unwrap_or(NAMES.len())
    };
    files.sort_by_key(rank);
    let mut found: Option<XmlFile> = None;
    for file in files {
        let name = file.name.clone().unwrap_or_default();
        match (einvoice::parse(&file.bytes), &found) {
            (Err(failure), _) if info.media_type == MediaType::Xml => return Err(failure),
            (Err(failure), _) if failure.reason == Reason::UnsupportedType => {}
            (Err(failure), _) => info.warnings.push(format!(
                "the attached {name} is an electronic invoice that cannot be read: {}",
                failure.message
            )),
            (Ok(_), None) => found = Some(file),
            (Ok(_), Some(first)) if first.bytes == file.bytes => {}
            (Ok(_), Some(first)) => info.warnings.push(format!(
                "the PDF carries several electronic invoices: {} is used, {name} is not",
                first.name.as_deref().unwrap_or_default()
            )),
        }
    }
    Ok(found)
}

fn image(width: u32, height: u32, rgb: Vec<u8>) -> Result<PageImage, Failure> {
    PageImage::new(width, height, rgb).ok_or_else(|| {
        Failure::new(
            Reason::Internal,
            format!("pixels do not fit a {width} x {height} image"),
        )
    })
}

fn split_images(count: u32, side: u32, blob: &[u8]) -> Result<Vec<PageImage>, Failure> {
    let size = side as usize * side as usize * 3;
    if size == 0 || blob.len() != size * count as usize {
        return Err(Failure::new(
            Reason::Internal,
            format!("pixels do not fit {count} images of {side} pixels"),
        ));
    }
    blob.chunks(size)
        .map(|rgb| image(side, side, rgb.to_vec()))
        .collect()
}
