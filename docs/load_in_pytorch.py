"""Logits of an exported network in PyTorch: python load_in_pytorch.py WEIGHTS.safetensors MEL.npy

MEL.npy is what `crooner features song.mp3 --feature log-mel ... -o MEL.npy` writes, [bands, frames]. For networks like
the presets demo, card and paper: blocks of convolution, ELU, batch norm, max pool; GRU; dense.
"""
import json, sys
import numpy as np, torch
import torch.nn.functional as F
from safetensors import safe_open

with safe_open(sys.argv[1], "pt") as file:
    w, info = {name: file.get_tensor(name) for name in file.keys()}, json.loads(file.metadata()["crooner"])
crnn, frames = info["model"]["crnn"], info["slice_frames"]
mel = torch.from_numpy(np.load(sys.argv[2]))
x = torch.stack(mel[:, : mel.shape[1] // frames * frames].split(frames, dim=1))  # [slices, bands, frames]


def norm(x, name):
    statistics = [w[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]
    return F.batch_norm(x, *statistics, eps=crnn["batch_norm"]["epsilon"])


x = norm(x, "bn0")[:, None]
for k, block in enumerate(crnn["blocks"], 1):
    x = norm(F.elu(F.conv2d(x, w[f"conv{k}.weight"], w[f"conv{k}.bias"], padding="same")), f"bn{k}")
    x = F.max_pool2d(x, block["pool"])
x = x.permute(0, 3, 2, 1).flatten(2)  # [slices, frames, bands * channels]
gru = torch.nn.GRU(x.shape[2], crnn["gru"][0], len(crnn["gru"]), batch_first=True)
gru.load_state_dict({name[len("gru."):]: tensor for name, tensor in w.items() if name.startswith("gru.")})
with torch.no_grad():
    logits = F.linear(gru(x)[0][:, -1], w["fc.weight"], w["fc.bias"])
for row in logits.softmax(1):
    print(*(f"{p:.4f}" for p in row))
print("mean:", *(f"{label} {100 * p:.1f} %" for p, label in zip(logits.softmax(1).mean(0), info["labels"])))
