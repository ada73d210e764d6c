//! Checkpoints: one safetensors file with everything that prediction needs.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use cdmpp_file::NewFile;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::backend::{Backend, declared};
use crate::fitted::{Fitted, Identity};
use crate::parameters::Parameters;
use crate::{CheckpointProblem, ModelError, Predictor};

/// Names the format of the file; the number grows with every change.
const FORMAT: &str = "cdmpp-model/2";

/// The one key of the file's metadata: a single one, because several would be written in a random order.
const KEY: &str = "cdmpp";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    format: String,
    /// The version of this crate that wrote the file.
    version: String,
    identity: Identity,
    fitted: Fitted,
}

impl Predictor {
    /// The format of checkpoints that this version writes and reads.
    pub const FORMAT: &str = FORMAT;

    /// Writes a checkpoint, replacing the file at once when it is complete. The same model gives the same bytes.
    ///
    /// # Errors
    /// [`ModelError::NotTrained`], [`ModelError::Io`].
    pub fn save(&self, path: &Path) -> Result<(), ModelError> {
        write_file(path, &self.to_bytes()?)
    }

    /// The bytes of a checkpoint.
    ///
    /// # Errors
    /// [`ModelError::NotTrained`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, ModelError> {
        let fitted = self.fitted.as_ref().ok_or(ModelError::NotTrained)?;
        let header = Header {
            format: FORMAT.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            identity: Identity::clone(&self.identity),
            fitted: Fitted::clone(fitted),
        };
        Ok(to_bytes(&header, self.parameters.iter()))
    }

    /// Reads a checkpoint of a model with the built-in network.
    ///
    /// # Errors
    /// [`ModelError::Io`], or [`ModelError::Checkpoint`] if the file is truncated, of another version, or of a model
    /// with another encoder.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        Self::from_bytes(&read_file(path)?).map_err(|error| error.of_file(path))
    }

    /// Reads what [`to_bytes`](Self::to_bytes) gave of a model with the built-in network.
    ///
    /// # Errors
    /// [`ModelError::Checkpoint`] as [`load`](Self::load).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let (header, tensors) = from_bytes::<Header>(bytes, FORMAT)?;
        let (identity, fitted) = header.checked()?;
        let parameters = Parameters::saved(&declared(&identity), &tensors)?;
        Ok(Self {
            identity: Arc::new(identity),
            fitted: Some(Arc::new(fitted)),
            parameters: Arc::new(parameters),
            backend: Backend::built_in(),
        })
    }
}

impl Header {
    /// What the model is, if it can be built.
    pub(crate) fn checked(self) -> Result<(Identity, Fitted), ModelError> {
        let Self { identity, fitted, .. } = self;
        if !fitted.fits(&identity) {
            return Err(CheckpointProblem::Scaling.into());
        }
        identity.check().map_err(|error| CheckpointProblem::Shape { reason: error.to_string() })?;
        Ok((identity, fitted))
    }

    #[cfg(feature = "candle")]
    pub(crate) fn read(bytes: &[u8]) -> Result<(Self, SafeTensors<'_>), ModelError> {
        from_bytes(bytes, FORMAT)
    }
}

/// A safetensors file with a JSON header.
pub(crate) fn to_bytes<'a, H: Serialize>(
    header: &H,
    arrays: impl Iterator<Item = (&'a str, &'a [usize], &'a [f32])>,
) -> Vec<u8> {
    let json = serde_json::to_string(header).expect("structs of numbers and names have a JSON form");
    let arrays: Vec<(&str, &[usize], Vec<u8>)> = arrays
        .map(|(name, shape, values)| (name, shape, values.iter().flat_map(|x| x.to_le_bytes()).collect()))
        .collect();
    let mut views = Vec::with_capacity(arrays.len());
    for (name, shape, bytes) in &arrays {
        let view = TensorView::new(Dtype::F32, shape.to_vec(), bytes).expect("a shape has as many values");
        views.push((*name, view));
    }
    safetensors::serialize(views, Some(HashMap::from([(KEY.to_owned(), json)])))
        .expect("names and shapes of arrays can be written")
}

/// Reads what [`to_bytes`] gave, if its header says `format`.
pub(crate) fn from_bytes<'b, H: DeserializeOwned>(
    bytes: &'b [u8],
    format: &str,
) -> Result<(H, SafeTensors<'b>), ModelError> {
    #[derive(Deserialize)]
    struct Format {
        format: String,
    }
    let whole = |error: safetensors::SafeTensorError| CheckpointProblem::Incomplete { reason: error.to_string() };
    let malformed = |error: serde_json::Error| CheckpointProblem::Header { reason: error.to_string() };
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(whole)?;
    let json = metadata.metadata().as_ref().and_then(|metadata| metadata.get(KEY)).ok_or(CheckpointProblem::Foreign)?;
    let found: Format = serde_json::from_str(json).map_err(malformed)?;
    if found.format != format {
        return Err(CheckpointProblem::Format { found: found.format, expected: format.to_owned() }.into());
    }
    let header = serde_json::from_str(json).map_err(malformed)?;
    Ok((header, SafeTensors::deserialize(bytes).map_err(whole)?))
}

/// Writes a file that appears when it is complete.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), ModelError> {
    let io = |source| ModelError::Io { path: path.to_owned(), source };
    let mut file = NewFile::create(path).map_err(|error| io(std::io::Error::other(error)))?;
    file.write_all(bytes).map_err(io)?;
    file.finish().map_err(|error| io(std::io::Error::other(error)))
}

pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, ModelError> {
    std::fs::read(path).map_err(|source| ModelError::Io { path: path.to_owned(), source })
}
