//! The version of the JSON form.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The version that is written, and the only one that is read.
const VERSION: u32 = 1;

/// Is written as the current version, and read from nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Version;

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(VERSION)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let version = u64::deserialize(deserializer)?;
        if version == u64::from(VERSION) {
            return Ok(Self);
        }
        let what =
            format_args!("version {version} of operator graphs is not known; this reader knows version {VERSION}");
        Err(serde::de::Error::custom(what))
    }
}
