//! A classifier in a file, and what it says of recordings.

use super::*;

fn classifier(frames: &Frames) -> Classifier {
    let outcome = train(frames, &config(1), 0, None, None).unwrap();
    let info = ClassifierInfo {
        features: toml::from_str::<FrontEnd>(&format!("[log-mel]\nn_mels = {N_MELS}")).unwrap(),
        slice_frames: SLICE_FRAMES,
        model: model(),
        recording: Recording::default(),
        labels: ["Ada", "Bob", "Cyd"].map(str::to_owned).to_vec(),
        label: "singer".to_owned(),
        split: "none".to_owned(),
        seed: 0,
    };
    Classifier::new(info, outcome.network, Device::flex())
}

#[test]
fn a_saved_classifier_says_the_same() {
    let frames = frames();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let original = classifier(&frames);
    original.save(&path).unwrap();
    let loaded = Classifier::load(&path, Device::flex()).unwrap();
    assert_eq!(loaded.info(), original.info());
    assert_eq!(loaded.classify(frames.frames(3)).unwrap(), original.classify(frames.frames(3)).unwrap());
    assert_eq!(loaded.classify(frames.frames(3)).unwrap().len(), 41 / SLICE_FRAMES);

    let again = folder.path().join("again.safetensors");
    loaded.save(&again).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), std::fs::read(again).unwrap());
}

#[test]
fn the_embedding_is_the_mean_of_what_the_last_layer_gets() {
    let frames = frames();
    let classifier = classifier(&frames);
    let single: Vec<f32> = frames.frames(3).iter().map(|value| value.to_f32()).collect();
    let found = classifier.embed(&single).unwrap();

    let Network::Crnn(network) = classifier.network();
    let mut sum: Vec<f32> = Vec::new();
    for slice in single.chunks_exact(SLICE_FRAMES * N_MELS) {
        let mel = (0..N_MELS).flat_map(|bin| slice.iter().copied().skip(bin).step_by(N_MELS)).collect();
        let mel = Tensor::from_data(TensorData::new(mel, [1, N_MELS, SLICE_FRAMES]), &Device::flex());
        let mut summary = Vec::new();
        network.forward_watched(Layers::Stock, mel, Mode::Inference, |stage| {
            if let Stage::Summary(x) = stage {
                summary = x.into_data().iter::<f32>().collect();
            }
        });
        sum.resize(summary.len(), 0.0);
        sum.iter_mut().zip(summary).for_each(|(sum, value)| *sum += value);
    }
    let n_slices = (41 / SLICE_FRAMES) as f32;
    assert_eq!(found.len(), sum.len());
    for (found, sum) in found.iter().zip(sum) {
        assert!((found - sum / n_slices).abs() < 1e-5, "{found} {}", sum / n_slices);
    }
}

#[test]
fn what_its_labels_are_called_is_known() {
    let info = classifier(&frames()).info().clone();
    assert_eq!(info.noun(), "singer");
    let mut older = serde_json::to_value(&info).unwrap();
    older.as_object_mut().unwrap().remove("label");
    assert_eq!(serde_json::from_value::<ClassifierInfo>(older).unwrap().noun(), "artist");
}

#[test]
fn a_recording_shorter_than_a_slice_is_one_slice() {
    let frames = frames();
    let predictions = classifier(&frames).classify(&frames.frames(0)[..3 * N_MELS]).unwrap();
    assert_eq!(predictions.len(), 1);
    let sum: f64 = predictions.mean().iter().sum();
    assert!((sum - 1.0).abs() < 1e-6, "{sum}");
}
