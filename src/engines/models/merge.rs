//! Adds a LoRA adapter to the text model that it was trained for, in one GGUF file.
//! llama.cpp computes prompts faster over it than over model and adapter apart
//! (docs/decisions/0027-the-adapter-is-merged-at-set-up.md).

use std::fs::File;
use std::io::{BufReader, Seek, Write};
use std::path::Path;

use anyhow::{Context, ensure};
use candle_core::quantized::gguf_file::{self, Content, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};

/// `general.file_type` of a model whose matrices are Q8_0 (`llama_ftype` of llama.h).
const MOSTLY_Q8_0: u32 = 7;

/// Writes `text` with `adapter` added to `to`. A matrix W with a pair A, B becomes
/// W + alpha / rank · B · A (Hu et al., LoRA, <https://arxiv.org/abs/2106.09685>) as
/// Q8_0; other tensors and all metadata stay as they are. Every machine writes the
/// same bytes, since the sums have one order and no fused operation.
pub(super) fn merge(
    text: &Path,
    adapter: &Path,
    to: &mut (impl Write + Seek),
) -> anyhow::Result<()> {
    let mut text = Gguf::open(text)?;
    let mut adapter = Gguf::open(adapter)?;
    let alpha = adapter.content.metadata.get("adapter.lora.alpha");
    let alpha = alpha
        .context("the adapter does not state adapter.lora.alpha")?
        .to_f32()?;
    let names: Vec<String> = sorted(text.content.tensor_infos.keys());
    let mut tensors = Vec::with_capacity(names.len());
    let mut pairs = 0;
    for name in &names {
        let tensor = text.tensor(name)?;
        let (a, b) = (format!("{name}.lora_a"), format!("{name}.lora_b"));
        if !adapter.content.tensor_infos.contains_key(&a) {
            tensors.push(tensor);
            continue;
        }
        pairs += 1;
        let (a, b) = (adapter.matrix(&a)?, adapter.matrix(&b)?);
        let sum =
            added(Matrix::of(&tensor)?, &a, &b, alpha).with_context(|| format!("in {name}"))?;
        tensors.push(sum.quantized()?);
    }
    ensure!(
        2 * pairs == adapter.content.tensor_infos.len(),
        "the adapter changes tensors that the text model lacks: they belong to different models"
    );
    let mut metadata = text.content.metadata;
    metadata.insert("general.file_type".into(), Value::U32(MOSTLY_Q8_0));
    let keys = sorted(metadata.keys());
    let metadata: Vec<_> = keys
        .iter()
        .map(|key| (key.as_str(), &metadata[key]))
        .collect();
    let names = names.iter().map(String::as_str);
    let tensors: Vec<_> = names.zip(&tensors).collect();
    Ok(gguf_file::write(to, &metadata, &tensors)?)
}

struct Gguf {
    content: Content,
    file: BufReader<File>,
}

impl Gguf {
    fn open(path: &Path) -> anyhow::Result<Gguf> {
        let why = || format!("{} cannot be read", path.display());
        let mut file = BufReader::new(File::open(path).with_context(why)?);
        let content = Content::read(&mut file).with_context(why)?;
        Ok(Gguf { content, file })
    }

    fn tensor(&mut self, name: &str) -> anyhow::Result<QTensor> {
        Ok(self.content.tensor(&mut self.file, name, &Device::Cpu)?)
    }

    fn matrix(&mut self, name: &str) -> anyhow::Result<Matrix> {
        Matrix::of(&self.tensor(name)?)
    }
}

/// Row-major.
struct Matrix {
    rows: usize,
    columns: usize,
    values: Vec<f32>,
}

impl Matrix {
    fn of(tensor: &QTensor) -> anyhow::Result<Matrix> {
        let tensor = tensor.dequantize(&Device::Cpu)?;
        let (rows, columns) = tensor.dims2()?;
        let values = tensor.flatten_all()?.to_vec1()?;
        Ok(Matrix {
            rows,
            columns,
            values,
        })
    }

    fn quantized(self) -> anyhow::Result<QTensor> {
        let shape = (self.rows, self.columns);
        let tensor = Tensor::from_vec(self.values, shape, &Device::Cpu)?;
        Ok(QTensor::quantize(&tensor, GgmlDType::Q8_0)?)
    }
}

/// `matrix` + `alpha` / rank · `b` · `a`.
fn added(mut matrix: Matrix, a: &Matrix, b: &Matrix, alpha: f32) -> anyhow::Result<Matrix> {
    let rank = a.rows;
    ensure!(
        rank > 0 && b.columns == rank && b.rows == matrix.rows && a.columns == matrix.columns,
        "the adapter's matrices do not fit the text model's: they belong to different models"
    );
    let scale = alpha / rank as f32;
    let mut change = vec![0f32; matrix.columns];
    let rows = matrix.values.chunks_exact_mut(matrix.columns);
    for (row, weights) in rows.zip(b.values.chunks_exact(rank)) {
        change.fill(0.0);
        for (weight, line) in weights.iter().zip(a.values.chunks_exact(a.columns)) {
            for (sum, value) in change.iter_mut().zip(line) {
                *sum += weight * value;
            }
        }
        for (value, change) in row.iter_mut().zip(&change) {
            *value += scale * change;
        }
    }
    Ok(matrix)
}

fn sorted<'a>(names: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut names: Vec<String> = names.cloned().collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn matrix(rows: usize, columns: usize, values: impl Fn(usize, usize) -> f32) -> Matrix {
        let all = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        Matrix {
            rows,
            columns,
            values: all.map(|(row, column)| values(row, column)).collect(),
        }
    }

    fn write(path: &Path, metadata: &[(&str, Value)], tensors: Vec<(&str, Matrix)>) {
        let metadata: Vec<_> = metadata.iter().map(|(key, value)| (*key, value)).collect();
        let tensors: Vec<_> = tensors
            .into_iter()
            .map(|(name, matrix)| (name, matrix.quantized().unwrap()))
            .collect();
        let tensors: Vec<_> = tensors
            .iter()
            .map(|(name, tensor)| (*name, tensor))
            .collect();
        let mut file = File::create(path).unwrap();
        gguf_file::write(&mut file, &metadata, &tensors).unwrap();
    }

    /// `text.gguf` of two matrices in `folder`, and `adapter.gguf` of rank 32 for the
    /// matrix `name`.
    pub(in super::super) fn files(folder: &Path, name: &str) -> [std::path::PathBuf; 2] {
        let [text, adapter] = ["text.gguf", "adapter.gguf"].map(|file| folder.join(file));
        let ones = || matrix(64, 32, |_, _| 1.0);
        let metadata = [("general.name", Value::String("text".into()))];
        write(
            &text,
            &metadata,
            vec![("changed", ones()), ("kept", ones())],
        );
        let a = matrix(32, 32, |row, column| if row == column { 2.0 } else { 0.0 });
        let b = matrix(64, 32, |row, _| row as f32 / 63.0);
        let (a_name, b_name) = (format!("{name}.lora_a"), format!("{name}.lora_b"));
        let metadata = [("adapter.lora.alpha", Value::F32(64.0))];
        write(&adapter, &metadata, vec![(&a_name, a), (&b_name, b)]);
        [text, adapter]
    }

    #[test]
    fn the_adapter_is_added_to_its_matrices_and_the_rest_stays() {
        let folder = tempfile::tempdir().unwrap();
        let [text, adapter] = files(folder.path(), "changed");
        let target = folder.path().join("merged.gguf");
        merge(&text, &adapter, &mut File::create(&target).unwrap()).unwrap();
        let mut merged = Gguf::open(&target).unwrap();
        let name = merged.content.metadata["general.name"].to_string().unwrap();
        assert_eq!(name, "text");
        assert!(
            merged
                .matrix("kept")
                .unwrap()
                .values
                .iter()
                .all(|v| (v - 1.0).abs() < 1e-3)
        );
        let changed = merged.matrix("changed").unwrap();
        for (row, values) in changed.values.chunks_exact(32).enumerate() {
            // Scale 64 / 32, A twice the identity.
            let expected = 1.0 + 4.0 * row as f32 / 63.0;
            assert!(
                values.iter().all(|value| (value - expected).abs() < 0.04),
                "{row}"
            );
        }
    }

    #[test]
    fn an_adapter_of_another_model_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let [text, adapter] = files(folder.path(), "elsewhere");
        let mut target = tempfile::tempfile().unwrap();
        let error = merge(&text, &adapter, &mut target).unwrap_err();
        assert!(error.to_string().contains("different models"), "{error}");
    }
}
