//! Published networks from audio to probabilities, against what their makers' front-ends and frameworks compute: the
//! fixtures of `crooner-model`, and the track of the demo set that they were made from.

#![cfg(feature = "models")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails, and names the line")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use crooner_store::FrontEnd;
use crooner_train::{Classifier, Listener};
use safetensors::SafeTensors;
use serde::Deserialize;

const CLIP: &str = "../../datasets/demo/artists/Juhani_Junkala/Chiptune_Adventures/Stage_1.ogg";

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Of a tensor, every `stride`-th value is in the file.
#[derive(Deserialize)]
struct Whole {
    shape: Vec<usize>,
    stride: usize,
}

struct Fixture {
    bytes: Vec<u8>,
    whole: BTreeMap<String, Whole>,
}

impl Fixture {
    fn of(name: &str) -> Self {
        let bytes =
            std::fs::read(here(&format!("../crooner-model/tests/fixtures/{name}.safetensors"))).unwrap();
        let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
        let whole = serde_json::from_str(&metadata.metadata().as_ref().unwrap()["whole"]).unwrap();
        Self { bytes, whole }
    }

    fn floats(&self, key: &str) -> Vec<f32> {
        let file = SafeTensors::deserialize(&self.bytes).unwrap();
        file.tensor(key).unwrap().data().as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
    }

    fn pcm(&self) -> Vec<f32> {
        let file = SafeTensors::deserialize(&self.bytes).unwrap();
        let pcm = file.tensor("pcm").unwrap().data().to_vec();
        pcm.as_chunks().0.iter().map(|b| f32::from(i16::from_le_bytes(*b)) / 32768.0).collect()
    }

    /// Fails unless the features of the fixture's samples are the source's, to 2e-3 dB.
    fn check_features(&self, features: &FrontEnd) {
        let FrontEnd::Audio(features) = features else { unreachable!("features of audio") };
        let frames = features.frames(&self.pcm()).unwrap();
        let Whole { shape, stride } = &self.whole["log_mel"];
        assert_eq!([frames.n_bins(), frames.n_frames()], shape[..]);
        let n_frames = frames.n_frames();
        let at = |i: usize| frames.values()[i % n_frames * frames.n_bins() + i / n_frames];
        let expected = self.floats("log_mel");
        let found = (0..frames.values().len()).step_by(*stride).map(at);
        let off = found.zip(&expected).fold(0.0, |most: f32, (a, b)| most.max((a - b).abs()));
        assert!(off <= 2e-3, "features are off by {off} dB");
    }
}

fn classifier(name: &str) -> Classifier {
    crooner_zoo::find(name).unwrap().classifier(Device::flex()).unwrap()
}

fn check(found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len());
    let off = found
        .iter()
        .zip(expected)
        .fold(0.0, |most: f32, (a, b)| if a.is_nan() { f32::INFINITY } else { most.max((a - b).abs()) });
    assert!(off <= tolerance, "probabilities are off by {off}");
}

#[test]
fn hsieh_from_samples_to_probabilities() {
    let (fixture, classifier) = (Fixture::of("hsieh-artist20"), classifier("hsieh-artist20"));
    fixture.check_features(&classifier.info().features);
    let heard = Listener::new(&classifier).hear(&fixture.pcm()).unwrap();
    assert_eq!(heard.slices.len(), 2);
    let found: Vec<f32> = heard.slices.rows().flatten().copied().collect();
    // The first two rows of the fixture are the clip's; the others are noise.
    check(&found, &fixture.floats("probs")[..40], 1e-4);
}

#[test]
fn choi_from_a_file_to_probabilities() {
    let (fixture, classifier) = (Fixture::of("choi-msd"), classifier("choi-msd"));
    fixture.check_features(&classifier.info().features);
    let heard = Listener::new(&classifier).listen(&here(CLIP)).unwrap();
    assert_eq!((heard.slices.len(), &heard.starts[..]), (1, &[0.0][..]));
    // The file goes through another decoder and resampler than the fixture's.
    check(heard.slices.rows().next().unwrap(), &fixture.floats("trained.probs"), 1e-3);
}

#[test]
fn won_from_a_file_to_probabilities() {
    let (fixture, classifier) = (Fixture::of("won-mtat"), classifier("won-mtat"));
    fixture.check_features(&classifier.info().features);
    let samples = crooner_store::samples_of(&here(CLIP), 16_000).unwrap();
    // As the fixture has it: what libsndfile decodes, 26 samples fewer than the file has, again and again for 29 s.
    let repeated: Vec<f32> = samples[..351_974].iter().copied().cycle().take(464_000).collect();
    let listener = Listener::new(&classifier);
    let heard = listener.hear(&repeated).unwrap();
    assert_eq!(heard.slices.len(), 1);
    let expected = fixture.floats("real.probs");
    check(heard.slices.rows().next().unwrap(), &expected, 1e-3);

    // Of a longer recording, the middle.
    let longer = [&[0.0; 1000][..], &repeated, &[0.0; 1001]].concat();
    let heard = listener.hear(&longer).unwrap();
    assert_eq!((heard.slices.len(), &heard.starts[..]), (1, &[1000.0 / 16_000.0][..]));
    check(heard.slices.rows().next().unwrap(), &expected, 1e-3);

    // A shorter one as it is, down to the 96 frames that the pools need.
    assert_eq!(listener.hear(&samples[..30_000]).unwrap().slices.len(), 1);
    let error = listener.hear(&samples[..16_000]).unwrap_err().to_string();
    assert_eq!(error, "a recording of 63 frames is too short: the network needs at least 96");
}

#[test]
fn every_card_is_complete() {
    let names: Vec<_> = crooner_zoo::registry().iter().map(crooner_zoo::Published::name).collect();
    assert_eq!(names, ["hsieh-artist20", "choi-msd", "won-mtat"]);
    for published in crooner_zoo::registry() {
        let card = published.card().unwrap();
        assert!(card.source.starts_with("https://") && card.licence.starts_with("MIT"));
        assert!(published.licence().contains("Copyright (c)"));
    }
    let error = crooner_zoo::find("choi").unwrap_err().to_string();
    assert_eq!(error, "there is no published model `choi`: crooner has hsieh-artist20, choi-msd, won-mtat");
}
