//! Published music networks that work out of the box, and weights to and from other programs.
//!
//! | module | what |
//! |---|---|
//! | [`published`] | the registry: names, provenance, weights, front-ends |
//! | [`preset`] | what of an experiment's TOML a classifier needs |
//! | [`export`] | weights for other programs |
//! | [`weights_file`] | tensors out of files of other programs |
//!
//! ```
//! # #[cfg(feature = "models")] {
//! use burn::tensor::Device;
//!
//! let published = crooner_zoo::find("choi-msd")?;
//! let classifier = published.classifier(Device::default())?;
//! assert_eq!(classifier.info().labels.len(), 50);
//! # }
//! # Ok::<(), crooner_zoo::ZooError>(())
//! ```

mod error;
pub mod export;
pub mod preset;
pub mod published;
pub mod weights_file;

pub use error::ZooError;
pub use preset::Preset;
pub use published::{Card, Published, find, registry};
