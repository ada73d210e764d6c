//! Checkpoints: one safetensors file with everything that prediction needs.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;
use cdmpp_file::NewFile;
use safetensors::SafeTensors;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::network::MakeEncoder;
use crate::predictor::{Fitted, Identity};
use crate::variables::Variables;
use crate::{Encoder, ModelError, Predictor};

/// Names the format of the file; the number grows with every change.
const FORMAT: &str = "cdmpp-model/2";

/// The one key of the file's metadata: a single one, because several would be written in a random order.
const KEY: &str = "cdmpp";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
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
        let header = Header {
            format: FORMAT.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            identity: self.identity.clone(),
            fitted: self.fitted.clone().ok_or(ModelError::NotTrained)?,
        };
        let variables = self.network.variables.iter();
        let tensors = variables.into_iter().map(|(name, var)| (name, var.as_tensor().clone())).collect();
        write_tensors(path, &header, &tensors)
    }

    /// Reads a checkpoint of a model with the [`TransformerEncoder`](crate::TransformerEncoder).
    ///
    /// # Errors
    /// [`ModelError::Io`], or [`ModelError::Checkpoint`] if the file is truncated, of another version, or of a model
    /// with another encoder.
    pub fn load(path: &Path, device: &Device) -> Result<Self, ModelError> {
        let (header, tensors) = read_tensors::<Header>(path, FORMAT, device)?;
        Self::restore(path, device, header, tensors, None)
    }

    /// Reads a checkpoint of a model with an encoder of your own.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_with_encoder(
        path: &Path,
        device: &Device,
        encoder: impl Fn(usize, VarBuilder<'_>) -> candle_core::Result<Box<dyn Encoder>>,
    ) -> Result<Self, ModelError> {
        let (header, tensors) = read_tensors::<Header>(path, FORMAT, device)?;
        Self::restore(path, device, header, tensors, Some(&encoder))
    }

    fn restore(
        path: &Path,
        device: &Device,
        header: Header,
        tensors: BTreeMap<String, Tensor>,
        encoder: Option<MakeEncoder<'_>>,
    ) -> Result<Self, ModelError> {
        let fail = |problem: String| ModelError::checkpoint(path, problem);
        let variables = Variables::saved(tensors, device);
        if !header.fitted.fits(&header.identity) {
            return Err(fail("the fitted scaling is of other columns than the model".to_owned()));
        }
        let mut model =
            Self::build(header.identity, variables, encoder, device).map_err(|error| fail(error.in_one_line()))?;
        let unused = model.network.variables.unused();
        if !unused.is_empty() {
            return Err(fail(format!("the encoder has no use for {}", unused.join(", "))));
        }
        model.fitted = Some(header.fitted);
        Ok(model)
    }
}

/// Writes tensors with a JSON header as a whole file.
pub(crate) fn write_tensors<H: Serialize>(
    path: &Path,
    header: &H,
    tensors: &BTreeMap<String, Tensor>,
) -> Result<(), ModelError> {
    let io = |source| ModelError::Io { path: path.to_owned(), source };
    let invalid =
        |error: &dyn std::fmt::Display| io(std::io::Error::new(std::io::ErrorKind::InvalidData, error.to_string()));
    let json = serde_json::to_string(header).map_err(|error| invalid(&error))?;
    let bytes = safetensors::serialize(tensors, Some(HashMap::from([(KEY.to_owned(), json)])))
        .map_err(|error| invalid(&error))?;
    let mut file = NewFile::create(path).map_err(|error| io(error.into()))?;
    std::io::Write::write_all(&mut file, &bytes).map_err(io)?;
    file.finish().map_err(|error| io(error.into()))
}

/// Reads what [`write_tensors`] wrote, if its header says `format`.
pub(crate) fn read_tensors<H: DeserializeOwned>(
    path: &Path,
    format: &str,
    device: &Device,
) -> Result<(H, BTreeMap<String, Tensor>), ModelError> {
    #[derive(Deserialize)]
    struct Format {
        format: String,
    }
    let bytes = std::fs::read(path).map_err(|source| ModelError::Io { path: path.to_owned(), source })?;
    let fail = |problem: String| ModelError::checkpoint(path, problem);
    let whole = |error| fail(format!("not a complete safetensors file ({error})"));
    let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(whole)?;
    let json = metadata
        .metadata()
        .as_ref()
        .and_then(|metadata| metadata.get(KEY))
        .ok_or_else(|| fail("a safetensors file, but not one of cdmpp's".to_owned()))?;
    let found: Format =
        serde_json::from_str(json).map_err(|error| fail(format!("the header is malformed: {error}")))?;
    if found.format != format {
        return Err(fail(format!("the format is `{}`; this version reads `{format}`", found.format)));
    }
    let header = serde_json::from_str(json).map_err(|error| fail(format!("the header is malformed: {error}")))?;
    SafeTensors::deserialize(&bytes).map_err(whole)?;
    let tensors = candle_core::safetensors::load_buffer(&bytes, device)
        .map_err(|error| fail(ModelError::from(error).in_one_line()))?;
    Ok((header, tensors.into_iter().collect()))
}
