//! The worker's side: one engine, shut into its cage, one request at a time,
//! until the pipe closes.

use std::io::{BufReader, BufWriter, Read, Write};
use std::path::PathBuf;
use std::time::Duration;

use super::probe;
use super::protocol::{Init, Reply, Request, RoleInit, read_frame, write_frame};
use crate::documents::einvoice;
use crate::documents::types::DocTypes;
use crate::domain::Limits;
use crate::domain::{DocumentInfo, Failure, MediaType, PageImage, ReadRequest, Reason, XmlFile};
use crate::engines::rasterize::{DocumentRasterizer, Rasterizer};
use crate::engines::reader::Reader;
use crate::engines::route::clip::CandleClip;
use crate::engines::route::{ClipEngine, Router};
use crate::engines::sandbox::{Cage, Policy, font_folders};

/// Runs a worker on this process's stdin and stdout until stdin ends.
pub fn main() -> anyhow::Result<()> {
    close_inherited();
    // Native code may print; frames go to a private copy of stdout and
    // whatever else is printed goes to stderr.
    let out = std::os::fd::AsFd::as_fd(&std::io::stdout()).try_clone_to_owned()?;
    rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
    panic_without_text();
    serve(
        BufReader::new(std::io::stdin().lock()),
        BufWriter::new(std::fs::File::from(out)),
    )
}

/// Files that whoever started docmill left open are no business of an engine.
fn close_inherited() {
    #[cfg(target_os = "linux")]
    // SAFETY: nothing of this process has opened a file yet.
    unsafe {
        libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0);
    }
}

/// A supervisor killed in mid-request leaves no reader behind: the pipe alone
/// would be noticed only after the page in hand.
fn exit_with_parent(parent: u32) {
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
    let parent = std::os::unix::process::parent_id();
    let Some((Request::Init(init), _)) = read_frame(&mut input)? else {
        anyhow::bail!("a worker's first message must be `init`");
    };
    let (mut engine, ready) = match start(*init, parent) {
        Ok(started) => started,
        Err(error) => {
            let failure = Failure::internal(error);
            return Ok(write_frame(&mut output, &Reply::Failed { failure }, &[])?);
        }
    };
    write_frame(&mut output, &ready, &[])?;
    while let Some((request, blob)) = read_frame(&mut input)? {
        let (reply, blob) = engine
            .answer(request, blob)
            .unwrap_or_else(|failure| (Reply::Failed { failure }, Vec::new()));
        write_frame(&mut output, &reply, &blob)?;
    }
    Ok(())
}

/// Loads the engine between the cage's two steps.
fn start(init: Init, parent: u32) -> anyhow::Result<(Engine, Reply)> {
    let policy = policy(&init);
    // Threads that are there already keep the files of the first step: with
    // fonts to read, the watch must start after the second.
    let watch_at_once = policy.keeps.is_empty();
    let cage = Cage::before_loading(policy)?;
    if watch_at_once {
        exit_with_parent(parent);
    }
    let engine = Engine::start(init.role)?;
    let walls = cage.close(|| {
        if !watch_at_once {
            exit_with_parent(parent);
        }
    })?;
    let side = engine.side();
    Ok((engine, Reply::Ready { side, walls }))
}

/// What each role needs.
fn policy(init: &Init) -> Policy {
    let gpu = cfg!(any(feature = "cuda", feature = "metal", feature = "vulkan"));
    let mut policy = Policy {
        memory: init.memory,
        cpu_seconds: init.cpu_seconds,
        ..Policy::default()
    };
    match &init.role {
        RoleInit::Rasterizer { pdfium, .. } => {
            // Libraries may lie beside the one that needs them.
            policy.loads.extend(pdfium.parent().map(PathBuf::from));
            policy.loads.push(pdfium.clone());
            policy.keeps = font_folders();
        }
        RoleInit::Router { clip, types } => {
            let files = [
                &clip.config,
                &clip.preprocessor,
                &clip.tokenizer,
                &clip.weights,
            ];
            policy.loads.extend(files.map(PathBuf::from));
            policy.loads.extend(types.clone());
            (policy.threads, policy.gpu) = (true, gpu);
        }
        RoleInit::Reader { reader, .. } => {
            policy.loads = vec![reader.text.clone(), reader.mmproj.clone()];
            // `name-00001-of-00003.gguf`: llama.cpp finds the others itself.
            if reader.text.to_string_lossy().contains("-of-") {
                policy.loads.extend(reader.text.parent().map(PathBuf::from));
            }
            (policy.threads, policy.gpu) = (true, gpu);
        }
    }
    policy
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
                crate::engines::reader::llama::LlamaReader::load(&reader, threads)?,
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
            (_, Request::Probe { attempt }) => {
                let (escaped, message) = match probe::attempt(attempt) {
                    Ok(message) => (true, message),
                    Err(error) => (false, error.to_string()),
                };
                let blob = match attempt {
                    probe::Attempt::LongAnswer => vec![0; 1 << 20],
                    _ => Vec::new(),
                };
                Ok((Reply::Probed { escaped, message }, blob))
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
