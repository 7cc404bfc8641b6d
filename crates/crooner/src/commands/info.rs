//! `crooner info`

use std::process::ExitCode;

use anyhow::Result;
use crooner_kernels::Kernels;

use crate::backend::{Backend, device_name};
use crate::say;

pub(crate) fn run() -> Result<ExitCode> {
    say(&format!("crooner    {}", env!("CARGO_PKG_VERSION")))?;
    say(&format!("features   version {}", crooner_features::FEATURES_VERSION))?;
    say(&format!("threads    {}", rayon::current_num_threads()))?;
    say(&format!("processor  {}, {}", std::env::consts::ARCH, cpu_features().join(" ")))?;
    let available: Vec<_> = Kernels::available().iter().map(|kernels| kernels.name()).collect();
    let chosen = match Kernels::chosen() {
        Ok(kernels) => kernels.name().to_owned(),
        Err(error) => error.to_string(),
    };
    say(&format!(
        "kernels    {chosen} (of {}; {} chooses; backend flex runs them)",
        available.join(", "),
        crooner_kernels::VARIABLE
    ))?;
    say(&format!("fused      {}", crooner_model::layers::FUSED))?;
    say(&format!("not fused  {}", crooner_model::layers::NOT_FUSED))?;
    for (name, what) in Backend::KNOWN {
        let state = match Backend::COMPILED.iter().find(|backend| backend.name() == *name) {
            None => "not in this build".to_owned(),
            Some(backend) => match backend.open() {
                Ok(device) => format!("runs on {}", device_name(&device)),
                Err(error) => format!("cannot run: {error:#}"),
            },
        };
        say(&format!("backend    {name:<8} {} ({state})", what.trim()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The vector extensions of this processor that matter for speed.
fn cpu_features() -> Vec<&'static str> {
    #[cfg(target_arch = "x86_64")]
    let known = [
        ("sse4.2", std::arch::is_x86_feature_detected!("sse4.2")),
        ("avx2", std::arch::is_x86_feature_detected!("avx2")),
        ("fma", std::arch::is_x86_feature_detected!("fma")),
        ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
    ];
    #[cfg(target_arch = "aarch64")]
    let known = [("neon", std::arch::is_aarch64_feature_detected!("neon"))];
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let known: [(&str, bool); 0] = [];
    known.into_iter().filter_map(|(name, found)| found.then_some(name)).collect()
}
