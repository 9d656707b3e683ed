//! Image projectors of the LLaVA-1.5 kind through llama.cpp itself, against
//! what PyTorch makes of the same weights (tests/golden/llava/make.py).

use std::ffi::CString;
use std::fs;
use std::path::{Path, PathBuf};

use llama_cpp_sys_2 as sys;

use crate::context::Context;
use crate::harness::test;

const SIDE: u32 = 56;
const PATCHES: usize = 16;
const WIDTH: usize = 256;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden/llava")
        .join(name)
}

fn reference() -> Vec<f32> {
    let bytes = fs::read(golden("features.f32")).unwrap();
    bytes
        .chunks_exact(4)
        .map(|four| f32::from_le_bytes(four.try_into().unwrap()))
        .collect()
}

/// Features of the golden image, as llama.cpp hands them to the text model.
fn features(mmproj: &Path) -> Vec<f32> {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let path = |path: &Path| CString::new(path.to_str().unwrap()).unwrap();
    let image = fs::read(golden("image.rgb")).unwrap();
    let text = CString::new("<image>").unwrap();
    // SAFETY: as `mtmd.h` documents; what is made lives until it is freed at
    // the end, pointers are checked, and the features are as many as the chunk
    // has tokens of the text model's width.
    unsafe {
        sys::llama_backend_init();
        let model = sys::llama_model_load_from_file(
            path(&models.join("text.gguf")).as_ptr(),
            sys::llama_model_default_params(),
        );
        assert!(!model.is_null());
        let mut parameters = sys::mtmd_context_params_default();
        parameters.use_gpu = false;
        parameters.n_threads = 1;
        parameters.warmup = false;
        parameters.media_marker = text.as_ptr();
        let context = sys::mtmd_init_from_file(path(mmproj).as_ptr(), model, parameters);
        assert!(!context.is_null(), "{}", mmproj.display());
        let bitmap = sys::mtmd_bitmap_init(SIDE, SIDE, image.as_ptr());
        let mut bitmaps = [bitmap.cast_const()];
        let chunks = sys::mtmd_input_chunks_init();
        let input = sys::mtmd_input_text {
            text: text.as_ptr(),
            text_len: text.as_bytes().len(),
            add_special: false,
            parse_special: true,
        };
        let made = sys::mtmd_tokenize(context, chunks, &raw const input, bitmaps.as_mut_ptr(), 1);
        assert_eq!(made, 0);
        let chunk = (0..sys::mtmd_input_chunks_size(chunks))
            .map(|index| sys::mtmd_input_chunks_get(chunks, index))
            .find(|chunk| {
                sys::mtmd_input_chunk_get_type(*chunk) == sys::MTMD_INPUT_CHUNK_TYPE_IMAGE
            })
            .expect("an image among the chunks");
        assert_eq!(sys::mtmd_input_chunk_get_n_tokens(chunk), PATCHES);
        assert_eq!(sys::mtmd_encode_chunk(context, chunk), 0);
        let output = sys::mtmd_get_output_embd(context);
        let features = std::slice::from_raw_parts(output, PATCHES * WIDTH).to_vec();
        sys::mtmd_input_chunks_free(chunks);
        sys::mtmd_bitmap_free(bitmap);
        sys::mtmd_free(context);
        sys::llama_model_free(model);
        features
    }
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// Cosines of what llama.cpp hands on in place `n` with the patch `n + shift`
/// by PyTorch.
fn cosines(features: &[f32], shift: usize) -> Vec<f32> {
    let reference = reference();
    let pairs = features
        .chunks(WIDTH)
        .zip(reference.chunks(WIDTH).skip(shift));
    pairs.map(|(is, should)| cosine(is, should)).collect()
}

fn mean(values: &[f32]) -> f32 {
    values.iter().sum::<f32>() / values.len() as f32
}

test!(a_repaired_projector_gives_every_patch_but_the_corner_as_it_was_trained);
fn a_repaired_projector_gives_every_patch_but_the_corner_as_it_was_trained(context: Context) {
    let before = features(&golden("mmproj.gguf"));
    let reported = context.run(&["models", "check", golden("mmproj.gguf").to_str().unwrap()]);
    assert_eq!(reported.code, Some(1), "{reported:?}");
    assert!(
        reported.stdout.contains("25814") && reported.stdout.contains("25817"),
        "{reported:?}"
    );
    let repaired = context.path("repaired.gguf");
    let (from, to) = (golden("mmproj.gguf"), repaired.to_str().unwrap());
    let ran = context.run(&["models", "repair", from.to_str().unwrap(), to]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(context.run(&["models", "check", to]).code, Some(0));
    let after = features(&repaired);
    let (wrong, wrong_shifted) = (cosines(&before, 0), cosines(&before, 1));
    let right = cosines(&after, 1);
    eprintln!("before, by place: {wrong:?}, mean {}", mean(&wrong));
    eprintln!(
        "before, by patch: {wrong_shifted:?}, mean {}",
        mean(&wrong_shifted)
    );
    eprintln!("after, by patch: {right:?}, mean {}", mean(&right));
    assert_eq!(right.len(), PATCHES - 1);
    assert!(right.iter().all(|cosine| *cosine > 0.999), "{right:?}");
    assert!(mean(&wrong) < 0.95 && mean(&wrong_shifted) < 0.95);
    let again = context.run(&["models", "repair", from.to_str().unwrap(), to]);
    assert!(
        again.code == Some(1) && again.stderr.contains("exists"),
        "{again:?}"
    );
}
