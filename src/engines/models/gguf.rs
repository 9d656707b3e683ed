//! Reads the header of a GGUF file (version 2 or 3, little-endian): its
//! metadata and the list of tensors, never the weights.
//!
//! Format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>. Every
//! count and length comes from the file, so each is bounded before it is used.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use anyhow::{Context, bail, ensure};

/// Longest string of a header in bytes; chat templates take tens of kilobytes.
const MAX_STRING: u64 = 1 << 20;
/// Most metadata entries, and most tensors.
const MAX_ENTRIES: u64 = 1 << 20;
/// Most elements of an array; vocabularies and merges are skipped element by
/// element.
const MAX_ARRAY: u64 = 1 << 24;
/// Arrays of integers up to this length are kept.
const SHORT_ARRAY: u64 = 64;
/// Alignment of tensor data in bytes where the metadata do not state one (GGUF
/// specification).
const DEFAULT_ALIGNMENT: u64 = 32;

/// What the header of a GGUF file says.
#[derive(Debug)]
pub struct GgufHeader {
    metadata: BTreeMap<String, Value>,
    pub tensors: Vec<Tensor>,
    /// Least length of the file in bytes by its own tensor list.
    pub expected_bytes: u64,
    /// Number of metadata entries.
    pub metadata_count: u64,
    /// Byte offsets at which the metadata begin and end.
    pub metadata_at: (u64, u64),
    /// Byte offset at which the list of tensors ends.
    pub tensors_end: u64,
    /// Byte offset at which the tensors' data begin.
    pub data_start: u64,
    /// Bytes; `data_start` is a multiple of it.
    pub alignment: u64,
}

/// A value of the metadata. Of arrays only short ones of integers are kept.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Int(i128),
    Float(f64),
    Bool(bool),
    String(String),
    Ints(Vec<i64>),
    Array,
}

/// An entry of the tensor list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    pub name: String,
    /// In ggml's order, the contiguous dimension first: a linear layer is
    /// `[in, out]`.
    pub dims: Vec<u64>,
    /// `ggml_type` of ggml.h.
    pub kind: u32,
    /// Bytes from the start of the data.
    pub offset: u64,
}

impl Tensor {
    /// Bytes of one row (the contiguous dimension); `None` for an unknown type or
    /// one whose block does not divide the row.
    pub fn row_bytes(&self) -> Option<u64> {
        let (block, bytes) = block_of(self.kind)?;
        let row = *self.dims.first()?;
        (row % block == 0).then(|| (row / block).checked_mul(bytes))?
    }
}

impl GgufHeader {
    /// Reads the header of the file at `path`. An error says what is wrong with the
    /// file; the caller adds the path.
    pub fn read(path: &Path) -> anyhow::Result<GgufHeader> {
        let file = File::open(path)?;
        GgufHeader::parse(BufReader::with_capacity(1 << 16, file))
    }

    /// As [`GgufHeader::read`], from any stream.
    pub fn parse(input: impl Read) -> anyhow::Result<GgufHeader> {
        Parser { input, position: 0 }.header()
    }

    pub fn string(&self, key: &str) -> Option<&str> {
        match self.metadata.get(key)? {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    pub fn unsigned(&self, key: &str) -> Option<u64> {
        match self.metadata.get(key)? {
            Value::Int(number) => u64::try_from(*number).ok(),
            _ => None,
        }
    }

    pub fn bool(&self, key: &str) -> Option<bool> {
        match self.metadata.get(key)? {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// A short array of integers.
    pub fn ints(&self, key: &str) -> Option<&[i64]> {
        match self.metadata.get(key)? {
            Value::Ints(numbers) => Some(numbers),
            _ => None,
        }
    }

    pub fn tensor(&self, name: &str) -> Option<&Tensor> {
        self.tensors.iter().find(|tensor| tensor.name == name)
    }

    /// `general.architecture`: `llama`, `qwen2vl`, …, `clip` for an mmproj.
    pub fn architecture(&self) -> Option<&str> {
        self.string("general.architecture")
    }

    /// Dimensions of a text model's token embeddings.
    pub fn embedding_width(&self) -> Option<u64> {
        self.unsigned(&format!("{}.embedding_length", self.architecture()?))
    }

    /// Tokens of context that a text model was trained with.
    pub fn context_length(&self) -> Option<u64> {
        self.unsigned(&format!("{}.context_length", self.architecture()?))
    }
}

struct Parser<R> {
    input: R,
    /// Bytes read so far.
    position: u64,
}

impl<R: Read> Parser<R> {
    fn header(mut self) -> anyhow::Result<GgufHeader> {
        let magic: [u8; 4] = self.bytes().context("it is too short to be a GGUF file")?;
        ensure!(
            &magic == b"GGUF",
            "it is not a GGUF file (it does not begin with \"GGUF\")"
        );
        self.body().context("its GGUF header is cut off or damaged")
    }

    fn body(&mut self) -> anyhow::Result<GgufHeader> {
        let version = self.u32()?;
        ensure!(
            (2..=3).contains(&version),
            "GGUF version {version} is not 2 or 3"
        );
        let tensor_count = self.count(MAX_ENTRIES, "tensors")?;
        let metadata_count = self.count(MAX_ENTRIES, "metadata entries")?;
        let metadata_start = self.position;
        let mut metadata = BTreeMap::new();
        for _ in 0..metadata_count {
            let key = self.string()?;
            let kind = self.u32()?;
            metadata.insert(key, self.value(kind)?);
        }
        let metadata_end = self.position;
        let mut tensors = Vec::new();
        let mut data_end = 0u64;
        for _ in 0..tensor_count {
            let (tensor, end) = self.tensor()?;
            data_end = data_end.max(end);
            tensors.push(tensor);
        }
        let alignment = match metadata.get("general.alignment") {
            Some(Value::Int(n)) => u64::try_from(*n).ok().filter(|n| *n > 0),
            _ => Some(DEFAULT_ALIGNMENT),
        };
        let alignment = alignment.context("general.alignment is not a positive number")?;
        let data_start = self.position.next_multiple_of(alignment);
        let expected_bytes = data_start
            .checked_add(data_end)
            .context("tensors are too large")?;
        Ok(GgufHeader {
            metadata,
            tensors,
            expected_bytes,
            metadata_count,
            metadata_at: (metadata_start, metadata_end),
            tensors_end: self.position,
            data_start,
            alignment,
        })
    }

    /// A tensor and where its data end, counted from the start of the data.
    fn tensor(&mut self) -> anyhow::Result<(Tensor, u64)> {
        let name = self.string()?;
        let rank = self.u32()?;
        ensure!(rank <= 8, "tensor {name} has {rank} dimensions");
        let dims = (0..rank)
            .map(|_| self.u64())
            .collect::<anyhow::Result<Vec<u64>>>()?;
        let kind = self.u32()?;
        let offset = self.u64()?;
        let elements = dims
            .iter()
            .try_fold(1u64, |product, n| product.checked_mul(*n));
        let elements = elements.with_context(|| format!("tensor {name} is too large"))?;
        // The offset of an unknown type is checked all the same.
        let bytes = match block_of(kind) {
            Some((block, bytes)) => elements.div_ceil(block).saturating_mul(bytes),
            None => 0,
        };
        let tensor = Tensor {
            name,
            dims,
            kind,
            offset,
        };
        Ok((tensor, offset.saturating_add(bytes)))
    }

    fn value(&mut self, kind: u32) -> anyhow::Result<Value> {
        Ok(match kind {
            0 => Value::Int(self.bytes::<1>()?[0].into()),
            1 => Value::Int(i8::from_le_bytes(self.bytes()?).into()),
            2 => Value::Int(u16::from_le_bytes(self.bytes()?).into()),
            3 => Value::Int(i16::from_le_bytes(self.bytes()?).into()),
            4 => Value::Int(self.u32()?.into()),
            5 => Value::Int(i32::from_le_bytes(self.bytes()?).into()),
            6 => Value::Float(f32::from_le_bytes(self.bytes()?).into()),
            7 => Value::Bool(self.bytes::<1>()?[0] != 0),
            8 => Value::String(self.string()?),
            9 => self.array()?,
            10 => Value::Int(self.u64()?.into()),
            11 => Value::Int(i64::from_le_bytes(self.bytes()?).into()),
            12 => Value::Float(f64::from_le_bytes(self.bytes()?)),
            _ => bail!("metadata type {kind} is unknown"),
        })
    }

    fn array(&mut self) -> anyhow::Result<Value> {
        let kind = self.u32()?;
        let length = self.count(MAX_ARRAY, "array elements")?;
        let is_int = matches!(kind, 0..=5 | 10 | 11);
        if is_int && length <= SHORT_ARRAY {
            let int = |_| match self.value(kind)? {
                Value::Int(number) => i64::try_from(number).context("an integer is too large"),
                _ => bail!("metadata type {kind} is not an integer"),
            };
            return Ok(Value::Ints((0..length).map(int).collect::<Result<_, _>>()?));
        }
        self.skip_array(kind, length)?;
        Ok(Value::Array)
    }

    fn skip_array(&mut self, kind: u32, length: u64) -> anyhow::Result<()> {
        match kind {
            8 => (0..length).try_for_each(|_| {
                let bytes = self.count(MAX_STRING, "bytes of a string")?;
                self.skip(bytes)
            }),
            0 | 1 | 7 => self.skip(length),
            2 | 3 => self.skip(length * 2),
            4..=6 => self.skip(length * 4),
            10..=12 => self.skip(length * 8),
            _ => bail!("an array of type {kind} is not supported"),
        }
    }

    fn skip(&mut self, bytes: u64) -> anyhow::Result<()> {
        let skipped = std::io::copy(&mut (&mut self.input).take(bytes), &mut std::io::sink())?;
        self.position += skipped;
        ensure!(skipped == bytes, "the file ends early");
        Ok(())
    }

    fn string(&mut self) -> anyhow::Result<String> {
        let length = self.count(MAX_STRING, "bytes of a string")?;
        let mut buffer = Vec::new();
        (&mut self.input).take(length).read_to_end(&mut buffer)?;
        self.position += buffer.len() as u64;
        ensure!(buffer.len() as u64 == length, "the file ends early");
        Ok(String::from_utf8_lossy(&buffer).into_owned())
    }

    fn count(&mut self, most: u64, what: &str) -> anyhow::Result<u64> {
        let count = self.u64()?;
        ensure!(count <= most, "{count} {what} are more than a model has");
        Ok(count)
    }

    fn u32(&mut self) -> anyhow::Result<u32> {
        Ok(u32::from_le_bytes(self.bytes()?))
    }

    fn u64(&mut self) -> anyhow::Result<u64> {
        Ok(u64::from_le_bytes(self.bytes()?))
    }

    fn bytes<const N: usize>(&mut self) -> anyhow::Result<[u8; N]> {
        let mut buffer = [0; N];
        self.input
            .read_exact(&mut buffer)
            .context("the file ends early")?;
        self.position += N as u64;
        Ok(buffer)
    }
}

/// Elements and bytes of one block of a tensor type (`ggml_type` of ggml.h).
fn block_of(kind: u32) -> Option<(u64, u64)> {
    Some(match kind {
        0 | 26 => (1, 4),      // F32, I32
        1 | 25 | 30 => (1, 2), // F16, I16, BF16
        24 => (1, 1),          // I8
        27 | 28 => (1, 8),     // I64, F64
        2 => (32, 18),         // Q4_0
        3 => (32, 20),         // Q4_1
        6 => (32, 22),         // Q5_0
        7 => (32, 24),         // Q5_1
        8 => (32, 34),         // Q8_0
        10 => (256, 84),       // Q2_K
        11 => (256, 110),      // Q3_K
        12 => (256, 144),      // Q4_K
        13 => (256, 176),      // Q5_K
        14 => (256, 210),      // Q6_K
        20 => (32, 18),        // IQ4_NL
        23 => (256, 136),      // IQ4_XS
        _ => return None,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A little GGUF file with f32 tensors, as a test needs it.
    #[derive(Default)]
    pub struct Builder {
        metadata: Vec<(String, u32, Vec<u8>)>,
        tensors: Vec<(String, Vec<u64>)>,
    }

    impl Builder {
        pub fn string(mut self, key: &str, value: &str) -> Builder {
            self.metadata.push((key.into(), 8, lengthened(value)));
            self
        }

        pub fn number(mut self, key: &str, value: u32) -> Builder {
            self.metadata
                .push((key.into(), 4, value.to_le_bytes().into()));
            self
        }

        pub fn strings(mut self, key: &str, values: &[&str]) -> Builder {
            let mut bytes = 8u32.to_le_bytes().to_vec();
            bytes.extend((values.len() as u64).to_le_bytes());
            bytes.extend(values.iter().flat_map(|value| lengthened(value)));
            self.metadata.push((key.into(), 9, bytes));
            self
        }

        pub fn tensor(mut self, name: &str, dims: &[u64]) -> Builder {
            self.tensors.push((name.into(), dims.into()));
            self
        }

        pub fn bytes(&self) -> Vec<u8> {
            let mut out = b"GGUF\x03\0\0\0".to_vec();
            out.extend((self.tensors.len() as u64).to_le_bytes());
            out.extend((self.metadata.len() as u64).to_le_bytes());
            for (key, kind, value) in &self.metadata {
                out.extend(lengthened(key));
                out.extend(kind.to_le_bytes());
                out.extend(value);
            }
            let mut offset = 0u64;
            for (name, dims) in &self.tensors {
                out.extend(lengthened(name));
                out.extend((dims.len() as u32).to_le_bytes());
                out.extend(dims.iter().flat_map(|n| n.to_le_bytes()));
                out.extend(0u32.to_le_bytes());
                out.extend(offset.to_le_bytes());
                offset += (dims.iter().product::<u64>() * 4).next_multiple_of(32);
            }
            out.resize(out.len().next_multiple_of(32), 0);
            out.resize(out.len() + offset as usize, 0);
            out
        }
    }

    fn lengthened(text: &str) -> Vec<u8> {
        [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat()
    }

    fn parse(bytes: &[u8]) -> anyhow::Result<GgufHeader> {
        GgufHeader::parse(bytes)
    }

    fn text_model() -> Builder {
        Builder::default()
            .string("general.architecture", "llama")
            .strings("tokenizer.ggml.tokens", &["<s>", "a", "é"])
            .number("llama.embedding_length", 8)
            .number("llama.context_length", 512)
            .tensor("token_embd.weight", &[8, 3])
    }

    #[test]
    fn metadata_and_tensors_are_read_and_arrays_skipped() {
        let bytes = text_model().bytes();
        let header = parse(&bytes).unwrap();
        assert_eq!(header.architecture(), Some("llama"));
        assert_eq!(header.embedding_width(), Some(8));
        assert_eq!(header.context_length(), Some(512));
        assert_eq!(
            header.tensors,
            [Tensor {
                name: "token_embd.weight".into(),
                dims: vec![8, 3],
                kind: 0,
                offset: 0,
            }]
        );
        // 8 x 3 x 4 bytes of data are a multiple of the alignment: no padding.
        assert_eq!(header.expected_bytes, bytes.len() as u64);
    }

    #[test]
    fn a_header_cut_off_anywhere_is_an_error_in_words() {
        let bytes = text_model().bytes();
        let header_length = bytes.len() - 96;
        for length in 0..header_length - 31 {
            let message = format!("{:#}", parse(&bytes[..length]).unwrap_err());
            assert!(
                message.contains("short") || message.contains("cut off"),
                "{message}"
            );
        }
    }

    #[test]
    fn another_kind_of_file_is_not_a_gguf_file() {
        let message = format!("{:#}", parse(b"PK\x03\x04and so on").unwrap_err());
        assert!(message.contains("not a GGUF file"), "{message}");
    }

    #[test]
    fn a_count_that_no_model_has_is_refused_before_anything_is_allocated() {
        let mut bytes = text_model().bytes();
        bytes[8..16].copy_from_slice(&u64::MAX.to_le_bytes());
        let message = format!("{:#}", parse(&bytes).unwrap_err());
        assert!(message.contains("more than a model has"), "{message}");
    }
}
