//! Image projectors of LLaVA 1.5 and 1.6: llama.cpp computes other features than
//! in training, and [`repair`] corrects the file.
//!
//! The cause is in llama.cpp's `tools/mtmd/models/llava.cpp`. It appends the class
//! token after the patches, but takes it as the first row of the position
//! embedding and of the features: every patch gets its neighbour's position, the
//! first patch is dropped and the class token becomes the last feature
//! (llama.cpp#25814). Where the file names no feature layer, llama.cpp does not
//! run the last stored layer, although converters have already removed the
//! layers after the one that the projector was trained on (llama.cpp#25817).
//!
//! Both can be corrected in the file: [`repair`] names a feature layer and moves
//! the position rows up by one, the class token's row to the end. The features of
//! all patches but the first, a corner of the image, are then those of the
//! training. Each is one place earlier in the prompt, and the class token is
//! last. A llama.cpp without the first defect needs the original file.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context, ensure};
use serde::Serialize;

use super::gguf::{GgufHeader, Tensor};

const CLASS_TOKEN: &str = "v.class_embd";
const POSITIONS: &str = "v.position_embd.weight";
const LAYERS: &str = "clip.vision.block_count";
const FEATURE_LAYER: &str = "clip.vision.feature_layer";
/// Metadata key that [`repair`] writes, so that it is not applied twice.
const REPAIRED: &str = "docmill.mmproj_repaired";
/// Projector types whose graph has the defects above.
const PROJECTORS: [&str; 4] = ["mlp", "mlp_norm", "ldp", "ldpv2"];
/// Width and layers of the CLIP towers in use (B, L, H, bigG). In a complete tower
/// the layer that llama.cpp leaves out is not needed.
const TOWERS: [(u64, u64); 4] = [(768, 12), (1024, 24), (1280, 32), (1664, 48)];

/// The result of [`check`].
#[derive(Clone, Debug, Serialize)]
pub struct ProjectorReport {
    pub class_token: bool,
    /// Layers in the file.
    pub layers: u64,
    /// Layers that llama.cpp runs.
    pub layers_run: u64,
    pub repaired: bool,
    /// One sentence each; empty: llama.cpp computes the features of the training.
    pub defects: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Defect {
    ClassTokenLast,
    LayerTooFew,
}

impl Defect {
    fn describe(self) -> &'static str {
        match self {
            Defect::ClassTokenLast => {
                "the class token is put last: every patch gets its neighbour's position, and one is lost \
                 (llama.cpp#25814)"
            }
            Defect::LayerTooFew => {
                "one layer too few is run: the file names no feature layer, and holds only those up to it \
                 (llama.cpp#25817)"
            }
        }
    }
}

/// The defects that llama.cpp has with the file of this header.
pub(super) fn defects(header: &GgufHeader) -> Vec<Defect> {
    let projector = header.string("clip.projector_type").unwrap_or("mlp");
    let is_llava = header.architecture() == Some("clip")
        && header.bool("clip.has_llava_projector") != Some(false)
        && PROJECTORS.contains(&projector)
        && header.tensor(CLASS_TOKEN).is_some();
    let mut defects = Vec::new();
    if !is_llava {
        return defects;
    }
    if header.bool(REPAIRED) != Some(true) {
        defects.push(Defect::ClassTokenLast);
    }
    let names_layer = header
        .ints(FEATURE_LAYER)
        .is_some_and(|layers| !layers.is_empty());
    let width = header.unsigned("clip.vision.embedding_length").unwrap_or(0);
    let is_whole = TOWERS.contains(&(width, layers(header)));
    if !names_layer && !is_whole {
        defects.push(Defect::LayerTooFew);
    }
    defects
}

fn layers(header: &GgufHeader) -> u64 {
    header.unsigned(LAYERS).unwrap_or(0)
}

/// The header of an image projector.
fn header(path: &Path) -> anyhow::Result<GgufHeader> {
    let header =
        GgufHeader::read(path).with_context(|| format!("{} cannot be used", path.display()))?;
    ensure!(
        header.architecture() == Some("clip"),
        "{} is not an image projector (mmproj): its architecture is \"{}\" instead of \"clip\"",
        path.display(),
        header.architecture().unwrap_or("")
    );
    let bytes = std::fs::metadata(path)?.len();
    ensure!(
        bytes >= header.expected_bytes,
        "{} is cut off: it has {bytes} bytes and its own header asks for {}; copy it again",
        path.display(),
        header.expected_bytes
    );
    Ok(header)
}

/// Checks whether llama.cpp computes the right features from the image projector
/// at `path`. `Err` where the file is not an image projector.
pub fn check(path: &Path) -> anyhow::Result<ProjectorReport> {
    let header = header(path)?;
    let named = header
        .ints(FEATURE_LAYER)
        .and_then(|layers| layers.iter().max());
    let stored = layers(&header);
    Ok(ProjectorReport {
        class_token: header.tensor(CLASS_TOKEN).is_some(),
        layers: stored,
        layers_run: match named {
            Some(layer) => u64::try_from(*layer).unwrap_or(0),
            None => stored.saturating_sub(1),
        },
        repaired: header.bool(REPAIRED) == Some(true),
        defects: defects(&header)
            .into_iter()
            .map(|defect| defect.describe().to_owned())
            .collect(),
    })
}

/// Writes the repaired `input` to `output`; `input` is not changed. Returns what
/// was done, in sentences. `Err` where `output` exists or nothing is to be
/// repaired.
pub fn repair(input: &Path, output: &Path) -> anyhow::Result<Vec<String>> {
    ensure!(
        output.symlink_metadata().is_err(),
        "{} exists: nothing is overwritten, name a new file",
        output.display()
    );
    let header = header(input)?;
    let defects = defects(&header);
    ensure!(
        !defects.is_empty(),
        "{} needs no repair: llama.cpp reads it as it was trained",
        input.display()
    );
    let positions =
        positions(&header).with_context(|| format!("{} cannot be repaired", input.display()))?;
    let shifts = defects.contains(&Defect::ClassTokenLast);
    let mut done = Vec::new();
    let mut added = Vec::new();
    if defects.contains(&Defect::LayerTooFew) {
        let layer = u32::try_from(layers(&header)).context("it has too many layers")?;
        added.push(entry_of_layer(layer));
        done.push(format!(
            "{FEATURE_LAYER} = [{layer}]: every stored layer is run"
        ));
    }
    if shifts {
        added.push(entry_of_repair());
        done.push(format!(
            "{POSITIONS}: rows moved up by one, the class token's to the end"
        ));
    }
    let folder = match output.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let file = tempfile::NamedTempFile::new_in(folder)
        .with_context(|| format!("{} cannot be written", output.display()))?;
    {
        let mut to = BufWriter::new(file.as_file());
        let mut from = BufReader::new(File::open(input)?);
        write(
            &mut from,
            &mut to,
            &header,
            &added,
            shifts.then_some(positions),
        )?;
        to.flush()?;
    }
    file.as_file().sync_all()?;
    let written = check(file.path())?;
    ensure!(
        written.defects.is_empty(),
        "the repair failed: {:?}",
        written.defects
    );
    file.persist_noclobber(output)
        .map_err(|error| error.error)
        .with_context(|| format!("{} cannot be written", output.display()))?;
    Ok(done)
}

/// The position embedding: a row for the class token and one for each patch.
fn positions(header: &GgufHeader) -> anyhow::Result<&Tensor> {
    let tensor = header
        .tensor(POSITIONS)
        .with_context(|| format!("it has no tensor {POSITIONS}"))?;
    let number = |key: &str| {
        header
            .unsigned(key)
            .filter(|n| *n > 0)
            .with_context(|| format!("it does not say {key}"))
    };
    let patches = number("clip.vision.image_size")? / number("clip.vision.patch_size")?;
    let rows = patches * patches + 1;
    ensure!(
        tensor.dims.len() == 2 && tensor.dims[1] == rows,
        "{POSITIONS} has shape {:?}, expected are {rows} rows",
        tensor.dims
    );
    ensure!(
        tensor.row_bytes().is_some(),
        "{POSITIONS} is of type {}, which is not known",
        tensor.kind
    );
    Ok(tensor)
}

fn key(name: &str, kind: u32) -> Vec<u8> {
    let mut bytes = (name.len() as u64).to_le_bytes().to_vec();
    bytes.extend(name.as_bytes());
    bytes.extend(kind.to_le_bytes());
    bytes
}

/// An array (GGUF type 9) of one int32 (type 5), as llama.cpp's converter writes
/// it.
fn entry_of_layer(layer: u32) -> Vec<u8> {
    let mut bytes = key(FEATURE_LAYER, 9);
    bytes.extend(5u32.to_le_bytes());
    bytes.extend(1u64.to_le_bytes());
    bytes.extend(layer.to_le_bytes());
    bytes
}

/// A boolean (GGUF type 7).
fn entry_of_repair() -> Vec<u8> {
    let mut bytes = key(REPAIRED, 7);
    bytes.push(1);
    bytes
}

/// Copies the file with further metadata. Offsets of tensors stay the same, since
/// they count from the start of the data.
fn write(
    from: &mut (impl Read + Seek),
    to: &mut impl Write,
    header: &GgufHeader,
    added: &[Vec<u8>],
    shifted: Option<&Tensor>,
) -> anyhow::Result<()> {
    let (metadata, metadata_end) = header.metadata_at;
    let mut position = 0;
    let mut start = vec![0; 16];
    from.read_exact(&mut start)?;
    to.write_all(&start)?;
    to.write_all(&(header.metadata_count + added.len() as u64).to_le_bytes())?;
    position += metadata;
    from.seek(SeekFrom::Start(metadata))?;
    position += copy(from, to, metadata_end - metadata)?;
    for entry in added {
        to.write_all(entry)?;
        position += entry.len() as u64;
    }
    position += copy(from, to, header.tensors_end - metadata_end)?;
    let padding = position.next_multiple_of(header.alignment) - position;
    to.write_all(&vec![0; padding as usize])?;
    from.seek(SeekFrom::Start(header.data_start))?;
    if let Some(tensor) = shifted {
        let row = tensor.row_bytes().context("rows of unknown size")?;
        copy(from, to, tensor.offset)?;
        let mut first = vec![0; usize::try_from(row)?];
        from.read_exact(&mut first)?;
        copy(from, to, row * (tensor.dims[1] - 1))?;
        to.write_all(&first)?;
    }
    std::io::copy(from, to)?;
    Ok(())
}

fn copy(from: &mut impl Read, to: &mut impl Write, bytes: u64) -> anyhow::Result<u64> {
    let copied = std::io::copy(&mut from.take(bytes), to)?;
    ensure!(copied == bytes, "the file ends early");
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::gguf::tests::Builder;
    use super::*;

    /// An image of 4 x 4 px in 4 patches, two stored layers of an unknown
    /// tower, and a tensor before and one after the positions.
    fn llava() -> Builder {
        Builder::default()
            .string("general.architecture", "clip")
            .string("clip.projector_type", "mlp")
            .number("clip.vision.image_size", 4)
            .number("clip.vision.patch_size", 2)
            .number("clip.vision.embedding_length", 3)
            .number(LAYERS, 2)
            .tensor(CLASS_TOKEN, &[3])
            .tensor(POSITIONS, &[3, 5])
            .tensor("mm.2.weight", &[5, 2])
    }

    /// The file with data that show every value's place.
    fn bytes(builder: &Builder) -> Vec<u8> {
        let mut bytes = builder.bytes();
        let length = bytes.len();
        // Three tensors of 12, 60 and 40 bytes, each padded to 32.
        for (index, byte) in bytes[length - 160..].iter_mut().enumerate() {
            *byte = index as u8;
        }
        bytes
    }

    fn repaired(bytes: &[u8]) -> anyhow::Result<(Vec<u8>, Vec<String>)> {
        let folder = tempfile::tempdir().unwrap();
        let (input, output) = (
            folder.path().join("in.gguf"),
            folder.path().join("out.gguf"),
        );
        std::fs::write(&input, bytes).unwrap();
        let done = repair(&input, &output)?;
        assert_eq!(std::fs::read(&input).unwrap(), bytes, "the input stays");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
        let again = repair(&input, &output).unwrap_err().to_string();
        assert!(again.contains("exists"), "{again}");
        Ok((std::fs::read(&output).unwrap(), done))
    }

    fn header_of(bytes: &[u8]) -> GgufHeader {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.gguf");
        std::fs::write(&path, bytes).unwrap();
        GgufHeader::read(&path).unwrap()
    }

    #[test]
    fn a_repair_names_the_layer_and_moves_the_rows_and_changes_nothing_else() {
        let before = bytes(&llava());
        let (after, done) = repaired(&before).unwrap();
        assert_eq!(done.len(), 2);
        let (old, new) = (header_of(&before), header_of(&after));
        assert_eq!(new.ints(FEATURE_LAYER), Some(&[2][..]));
        assert_eq!(new.tensors, old.tensors);
        assert_eq!(new.data_start % 32, 0);
        let (old, new) = (&before[before.len() - 160..], &after[after.len() - 160..]);
        let mut expected = old.to_vec();
        // Rows of 12 bytes, from byte 32 on.
        expected[32..92].rotate_left(12);
        assert_eq!(new, expected);
        assert_eq!(
            after.len() as u64,
            header_of(&after).expected_bytes.next_multiple_of(32)
        );
    }

    #[test]
    fn what_is_repaired_is_fine_and_not_repaired_again() {
        let (after, _) = repaired(&bytes(&llava())).unwrap();
        assert!(defects(&header_of(&after)).is_empty());
        let message = repaired(&after).unwrap_err().to_string();
        assert!(message.contains("needs no repair"), "{message}");
    }

    #[test]
    fn only_llavas_with_a_class_token_are_read_wrongly() {
        let of = |builder: &Builder| defects(&header_of(&bytes(builder)));
        assert_eq!(of(&llava()), [Defect::ClassTokenLast, Defect::LayerTooFew]);
        let other = llava().string("clip.projector_type", "qwen2vl_merger");
        assert!(of(&other).is_empty());
        let whole = Builder::default()
            .string("general.architecture", "clip")
            .number("clip.vision.embedding_length", 1024)
            .number(LAYERS, 24)
            .tensor(CLASS_TOKEN, &[3])
            .tensor(POSITIONS, &[3, 5])
            .tensor("mm.2.weight", &[5, 2]);
        assert_eq!(
            of(&whole),
            [Defect::ClassTokenLast],
            "its last layer is left out rightly"
        );
        let without = Builder::default()
            .string("general.architecture", "clip")
            .number(LAYERS, 2)
            .tensor("a", &[3])
            .tensor(POSITIONS, &[3, 5])
            .tensor("mm.2.weight", &[5, 2]);
        assert!(of(&without).is_empty());
    }

    #[test]
    fn positions_of_another_shape_and_other_files_are_refused() {
        let odd = Builder::default()
            .string("general.architecture", "clip")
            .number("clip.vision.image_size", 4)
            .number("clip.vision.patch_size", 2)
            .number(LAYERS, 2)
            .tensor(CLASS_TOKEN, &[3])
            .tensor(POSITIONS, &[3, 4])
            .tensor("mm.2.weight", &[5, 2]);
        let message = format!("{:#}", repaired(&odd.bytes()).unwrap_err());
        assert!(message.contains("expected are 5 rows"), "{message}");
        let text = Builder::default().string("general.architecture", "llama");
        let message = format!("{:#}", repaired(&text.bytes()).unwrap_err());
        assert!(message.contains("not an image projector"), "{message}");
    }
}
