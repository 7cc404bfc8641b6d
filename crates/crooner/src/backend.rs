//! The registry of compute backends: one line each.

use anyhow::{Context, Result, bail};
use burn::tensor::{Device, Tensor};
use crooner_kernels::Kernels;

macro_rules! backends {
    ($($(#[doc = $doc:literal])+ $variant:ident = $feature:literal => $device:expr;)+) => {
        /// A backend compiled into this program.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Backend {
            $($(#[doc = $doc])+ #[cfg(feature = $feature)] $variant,)+
        }

        impl Backend {
            /// Every backend that crooner can be built with: name and what it is.
            pub(crate) const KNOWN: &[(&str, &str)] = &[$(($feature, concat!($($doc),+)),)+];
            /// Those that this program was built with.
            pub(crate) const COMPILED: &[Self] = &[$(#[cfg(feature = $feature)] Self::$variant,)+];

            /// Name on the command line, and of the Cargo feature.
            pub(crate) fn name(self) -> &'static str {
                match self { $(#[cfg(feature = $feature)] Self::$variant => $feature,)+ }
            }

            #[cfg_attr(feature = "ndarray", expect(deprecated, reason = "asked for by name; `warning` tells the user"))]
            fn device(self) -> Device {
                match self { $(#[cfg(feature = $feature)] Self::$variant => $device,)+ }
            }
        }
    };
}

backends! {
    /// CPU, pure Rust
    Flex = "flex" => Device::flex();
    /// CPU, burn-ndarray: deprecated upstream and many times slower than flex
    Ndarray = "ndarray" => Device::ndarray();
    /// GPU through Vulkan, Metal or DirectX 12
    Wgpu = "wgpu" => Device::wgpu(burn::tensor::DeviceKind::default());
}

impl Backend {
    /// The backend called `name`; `cpu` means flex.
    ///
    /// # Errors
    ///
    /// A sentence with the backends there are, and the command that builds a missing one.
    pub(crate) fn find(name: &str) -> Result<Self> {
        let name = if name == "cpu" { "flex" } else { name };
        if let Some(backend) = Self::COMPILED.iter().find(|backend| backend.name() == name) {
            return Ok(*backend);
        }
        if Self::KNOWN.iter().any(|(known, _)| *known == name) {
            let compiled: Vec<_> = Self::COMPILED.iter().map(|backend| backend.name()).collect();
            bail!(
                "this crooner was built without the {name} backend (it has: {}); build it with \
                 `cargo install --path crates/crooner --features {name}`, or use `cargo xtask ... --backend {name}`",
                compiled.join(", ")
            );
        }
        let known: Vec<_> = Self::KNOWN.iter().map(|(known, _)| *known).collect();
        bail!("there is no backend `{name}`: crooner knows {} (and cpu, which is flex)", known.join(", "))
    }

    /// What a user should know before using it.
    pub(crate) fn warning(self) -> Option<&'static str> {
        (self.name() == "ndarray")
            .then_some("burn-ndarray is deprecated upstream and many times slower than flex (--backend flex)")
    }

    /// The device it computes on, proven to work by a small sum.
    ///
    /// # Errors
    ///
    /// A sentence with what the backend said, when it has no device to run on; or one that names the kernels there are,
    /// when others are asked for.
    pub(crate) fn open(self) -> Result<Device> {
        if self.name() == "flex" {
            // The networks choose the same, but have no other way to refuse than to panic.
            Kernels::chosen()?;
        }
        // burn answers a missing adapter with a panic; here it is an error like any other.
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let outcome = std::panic::catch_unwind(|| {
            let device = self.device();
            let sum = Tensor::<1>::from_floats([1.0, 2.0], &device).sum().into_data().iter::<f32>().next();
            (device, sum)
        });
        std::panic::set_hook(hook);
        let (device, sum) = outcome
            .map_err(|panic| {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                anyhow::anyhow!(
                    "{}",
                    text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given")
                )
            })
            .with_context(|| format!("the {} backend finds no device to run on", self.name()))?;
        if sum != Some(3.0) {
            bail!("the {} backend's device computes 1 + 2 = {sum:?}", self.name());
        }
        Ok(device)
    }
}

/// What burn calls a device, without its wrapping: `Flex(Cpu)`.
pub(crate) fn device_name(device: &Device) -> String {
    let name = format!("{device:?}");
    name.strip_prefix("Device<").and_then(|name| name.strip_suffix('>')).unwrap_or(&name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_means_flex() {
        if cfg!(feature = "flex") {
            assert_eq!(Backend::find("cpu").unwrap().name(), "flex");
        }
    }

    #[test]
    fn devices_have_plain_names() {
        if cfg!(feature = "flex") {
            assert_eq!(device_name(&Backend::find("flex").unwrap().open().unwrap()), "Flex(Cpu)");
        }
    }

    #[test]
    fn unknown_backends_are_told_the_known_ones() {
        let error = Backend::find("tpu").unwrap_err().to_string();
        assert_eq!(
            error,
            "there is no backend `tpu`: crooner knows flex, ndarray, wgpu (and cpu, which is flex)"
        );
    }

    #[test]
    fn every_compiled_backend_is_known() {
        for backend in Backend::COMPILED {
            assert!(Backend::KNOWN.iter().any(|(name, _)| *name == backend.name()));
        }
    }
}
