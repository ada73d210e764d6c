//! Checkpoints and training states: written, read, and damaged in every way.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use cdmpp_model::train::{TrainState, fit};
use cdmpp_model::{ModelError, Predictor};
use expect_test::{Expect, expect};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use safetensors::{Dtype, SafeTensors, View};

use crate::report;
use crate::synthetic::{asts, bytes, hardware, proceed, queries, quick, samples, small, trained, untrained};

/// A folder with one file.
struct File {
    folder: tempfile::TempDir,
}

impl File {
    fn new(content: &[u8]) -> Self {
        let file = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::write(file.path(), content).unwrap();
        file
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("file.safetensors")
    }

    /// The message of an error of this file, without the folder.
    fn message(&self, error: &ModelError) -> String {
        let text = report(error);
        assert!(text.contains(&*self.path().to_string_lossy()), "{text}");
        text.replace(&format!("{}/", self.folder.path().display()), "")
    }
}

fn load(path: &Path) -> Result<Predictor, ModelError> {
    Predictor::load(path)
}

#[track_caller]
fn check(content: &[u8], expected: Expect) {
    let file = File::new(content);
    expected.assert_eq(&file.message(&load(&file.path()).unwrap_err()));
}

/// A training state after one epoch, as bytes.
fn state() -> Vec<u8> {
    let (asts, hardware) = (asts(3), hardware());
    let file = File::new(b"");
    let save = &mut |epoch: &cdmpp_model::train::Epoch<'_>| {
        epoch.state.save(&file.path()).unwrap();
        proceed()
    };
    fit(&mut untrained(&small(), 0), &samples(&asts, &hardware), &[], &quick(1), save).unwrap();
    std::fs::read(file.path()).unwrap()
}

/// An array of a safetensors file.
#[derive(Clone)]
struct Array {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Array {
    fn zeros(shape: &[usize], dtype: Dtype) -> Self {
        let n: usize = shape.iter().product();
        Self { dtype, shape: shape.to_vec(), bytes: vec![0; n * dtype.bitsize() / 8] }
    }
}

impl View for &Array {
    fn dtype(&self) -> Dtype {
        self.dtype
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        self.bytes.as_slice().into()
    }
    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// The same file with another header, of any length.
fn with_header(content: &[u8], change: impl Fn(&str) -> String) -> Vec<u8> {
    with_tensors(content, |_| {}, change)
}

fn with_tensors(
    content: &[u8],
    change: impl Fn(&mut HashMap<String, Array>),
    header: impl Fn(&str) -> String,
) -> Vec<u8> {
    let (_, metadata) = SafeTensors::read_metadata(content).unwrap();
    let json = header(&metadata.metadata().as_ref().unwrap()["cdmpp"]);
    let array = |(name, view): (&str, safetensors::tensor::TensorView<'_>)| {
        let (dtype, shape, bytes) = (view.dtype(), view.shape().to_vec(), view.data().to_vec());
        (name.to_owned(), Array { dtype, shape, bytes })
    };
    let mut tensors: HashMap<String, Array> = SafeTensors::deserialize(content).unwrap().iter().map(array).collect();
    change(&mut tensors);
    safetensors::serialize(&tensors, Some(HashMap::from([("cdmpp".to_owned(), json)]))).unwrap()
}

#[test]
fn a_loaded_model_predicts_the_same_bits() {
    let (asts, hardware) = (asts(7), hardware());
    let queries = queries(&samples(&asts, &hardware));
    let model = trained();
    let content = bytes(&model);
    let file = File::new(&content);
    let loaded = load(&file.path()).unwrap();
    assert_eq!(loaded.predict(&queries).unwrap(), model.predict(&queries).unwrap());
    let embed = |model: &Predictor| model.embed(&queries).unwrap();
    assert_eq!(embed(&loaded), embed(&model));
    assert_eq!(loaded.config(), model.config());
    assert_eq!((loaded.schema(), loaded.hardware_columns()), (model.schema(), model.hardware_columns()));
    assert_eq!(loaded.label_transform(), model.label_transform());
    assert!(bytes(&loaded) == content);

    // Without a file.
    assert!(model.to_bytes().unwrap() == content);
    let again = Predictor::from_bytes(&content).unwrap();
    assert_eq!(again.predict(&queries).unwrap(), model.predict(&queries).unwrap());
    let error = Predictor::from_bytes(&content[..99]).unwrap_err();
    expect!["not a complete safetensors file (invalid header length)"].assert_eq(&report(&error));
}

#[test]
fn every_truncation_is_an_error_with_the_path() {
    for (content, n) in [(bytes(&trained()), 120), (state(), 60)] {
        for i in 0..n {
            // Many short ones, where the header is, and some up to the last byte.
            let length = if i < n / 2 { i * 11 } else { content.len() - 1 - (n - 1 - i) * 97 };
            let file = File::new(&content[..length]);
            for error in [load(&file.path()).unwrap_err(), TrainState::load(&file.path()).unwrap_err()] {
                assert!(matches!(error, ModelError::Checkpoint { .. }), "{length}: {error}");
                assert!(file.message(&error).starts_with("file.safetensors: not a complete safetensors file ("));
            }
        }
    }
}

/// Bytes changed at random: an error or a model, but no panic.
#[test]
fn no_damage_makes_loading_panic() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    for content in [bytes(&trained()), state()] {
        let header_ends = 8 + u64::from_le_bytes(content[..8].try_into().unwrap()) as usize;
        for _ in 0..400 {
            let mut damaged = content.clone();
            for _ in 0..rng.random_range(1..4) {
                // Digits by digits, so that most files still parse and say something wrong.
                let place = rng.random_range(0..header_ends);
                let byte = rng.random_range(b'0'..=b'9');
                damaged[place] = if damaged[place].is_ascii_digit() { byte } else { rng.random() };
            }
            let file = File::new(&damaged);
            drop(load(&file.path()));
            drop(TrainState::load(&file.path()));
        }
        // One digit of cdmpp's own header after the other.
        for place in 0..300 {
            let file = File::new(&with_header(&content, |json| {
                let mut digits = json.char_indices().filter(|(_, c)| c.is_ascii_digit()).map(|(i, _)| i);
                let Some(place) = digits.nth(place) else { return json.to_owned() };
                format!("{}{}{}", &json[..place], place % 10, &json[place + 1..])
            }));
            drop(load(&file.path()));
            drop(TrainState::load(&file.path()));
        }
    }
}

#[test]
fn another_file_is_named_for_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.safetensors");
    let error = load(&missing).unwrap_err();
    assert!(matches!(error, ModelError::Io { .. }));
    assert!(report(&error).starts_with(&format!("{}\nNo such file", missing.display())));

    let foreign = HashMap::from([("w", Array::zeros(&[3], Dtype::F32))]);
    let foreign = safetensors::serialize(&foreign, None).unwrap();
    check(&foreign, expect!["file.safetensors: a safetensors file, but not one of cdmpp's"]);
    check(b"", expect!["file.safetensors: not a complete safetensors file (header too small)"]);
    check(b"{\"name\": \"t4\"}", expect!["file.safetensors: not a complete safetensors file (header too large)"]);
    check(
        &state(),
        expect!["file.safetensors: the format is `cdmpp-training-state/1`; this version reads `cdmpp-model/2`"],
    );

    let file = File::new(&bytes(&trained()));
    expect!["file.safetensors: the format is `cdmpp-model/2`; this version reads `cdmpp-training-state/1`"]
        .assert_eq(&file.message(&TrainState::load(&file.path()).unwrap_err()));
}

#[test]
fn another_header_is_refused() {
    let content = bytes(&trained());
    let check = |from: &str, to: &str, expected: Expect| {
        check(
            &with_header(&content, |json| {
                assert!(json.contains(from), "{json}");
                json.replacen(from, to, 1)
            }),
            expected,
        );
    };
    check(
        "cdmpp-model/2",
        "cdmpp-model/3",
        expect!["file.safetensors: the format is `cdmpp-model/3`; this version reads `cdmpp-model/2`"],
    );
    check(
        "\"n_heads\":2",
        "\"n_heads\":3",
        expect!["file.safetensors: model.transformer.d_model must be a multiple of n_heads"],
    );
    check(
        "\"n_layers\":1",
        "\"n_layers\":9",
        expect!["file.safetensors: there is no variable `encoder.block1.down.bias`"],
    );
    check(
        "\"d_model\":8",
        "\"d_model\":18446744073709551608",
        expect!["file.safetensors: model must have widths between 1 and 65536"],
    );
    check("\"dim\":6", "\"dim\":7", expect!["file.safetensors: the fitted scaling is of other columns than the model"]);
    check(
        "\"hardware_columns\":[\"clock_mhz\",",
        "\"hardware_columns\":[",
        expect!["file.safetensors: the fitted scaling is of other columns than the model"],
    );
    check(
        "\"marked\":[",
        "\"marked\":[true,",
        expect!["file.safetensors: the fitted scaling is of other columns than the model"],
    );
    check(
        "\"version\":",
        "\"who\":",
        expect![
            "file.safetensors: the header is malformed: unknown field `who`, expected one of `format`, `version`, `identity`, `fitted` at line 1 column 31"
        ],
    );
    check(
        "{",
        "",
        expect![[
            r#"file.safetensors: the header is malformed: invalid type: string "format", expected struct Format at line 1 column 8"#
        ]],
    );
}

#[test]
fn other_tensors_are_refused() {
    let content = bytes(&trained());
    let check = |change: &dyn Fn(&mut HashMap<String, Array>), expected: Expect| {
        check(&with_tensors(&content, change, str::to_owned), expected);
    };
    let zeros = Array::zeros;
    check(
        &|tensors| drop(tensors.remove("head.1.bias")),
        expect!["file.safetensors: there is no variable `head.1.bias`"],
    );
    check(
        &|tensors| drop(tensors.insert("encoder.extra".to_owned(), zeros(&[2], Dtype::F32))),
        expect!["file.safetensors: the encoder has no use for encoder.extra"],
    );
    check(
        &|tensors| drop(tensors.insert("head.1.bias".to_owned(), zeros(&[2], Dtype::F32))),
        expect!["file.safetensors: variable `head.1.bias` is F32 [2], not F32 [1]"],
    );
    check(
        &|tensors| drop(tensors.insert("head.1.bias".to_owned(), zeros(&[1], Dtype::F64))),
        expect!["file.safetensors: variable `head.1.bias` is F64 [1], not F32 [1]"],
    );
}

#[test]
fn another_state_is_refused() {
    let content = state();
    let check = |content: &[u8], expected: Expect| {
        let file = File::new(content);
        expected.assert_eq(&file.message(&TrainState::load(&file.path()).unwrap_err()));
    };
    let change = |name: &'static str, tensor: Option<Array>| {
        let change = |tensors: &mut HashMap<String, Array>| {
            tensors.remove(name);
            if let Some(tensor) = &tensor {
                tensors.insert(name.to_owned(), tensor.clone());
            }
        };
        with_tensors(&content, change, str::to_owned)
    };
    let n = trained().parameters().n_parameters();
    let zeros = |n: usize, dtype| Some(Array::zeros(&[n], dtype));
    check(&change("best", None), expect!["file.safetensors: there is no variable `best`"]);
    check(&change("parameters", None), expect!["file.safetensors: `first_moment` and `parameters` differ in length"]);
    check(
        &change("first_moment", zeros(n - 1, Dtype::F32)),
        expect!["file.safetensors: `first_moment` and `parameters` differ in length"],
    );
    check(&change("average", zeros(n, Dtype::F64)), expect!["file.safetensors: variable `average` is F64, not F32"]);
    let best = |json: &str| json.replace("\"best_epoch\":1", "\"best_epoch\":2");
    check(&with_header(&content, best), expect!["file.safetensors: epoch 2 is the best of 1"]);
}

#[test]
fn what_is_already_written_survives_a_failed_write() {
    // An untrained model writes nothing.
    let content = bytes(&trained());
    let file = File::new(&content);
    let error = untrained(&small(), 0).save(&file.path()).unwrap_err();
    assert!(matches!(error, ModelError::NotTrained));
    assert!(std::fs::read(file.path()).unwrap() == content);

    // Nor does one that cannot take the place of what is there; and nothing is left beside it.
    let folder = tempfile::tempdir().unwrap();
    let taken = folder.path().join("taken");
    std::fs::create_dir(&taken).unwrap();
    std::fs::write(taken.join("inside"), "kept").unwrap();
    let error = trained().save(&taken).unwrap_err();
    assert!(matches!(&error, ModelError::Io { path, .. } if *path == taken), "{error}");
    assert_eq!(std::fs::read_to_string(taken.join("inside")).unwrap(), "kept");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);

    // A folder that is not there.
    let error = trained().save(&folder.path().join("none/model.safetensors")).unwrap_err();
    assert!(matches!(error, ModelError::Io { .. }), "{error}");
}

#[test]
fn a_checkpoint_replaces_another() {
    let file = File::new(b"something else");
    let model = trained();
    model.save(&file.path()).unwrap();
    assert!(std::fs::read(file.path()).unwrap() == bytes(&model));
    assert_eq!(std::fs::read_dir(file.folder.path()).unwrap().count(), 1);
}
