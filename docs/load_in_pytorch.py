"""Logits of an exported network in PyTorch: python load_in_pytorch.py WEIGHTS.safetensors MEL.npy

MEL.npy is what `crooner features song.mp3 --feature log-mel ... -o MEL.npy` writes, [bands, frames]. For networks like
the presets demo, card and paper: blocks of convolution, ELU, batch norm, max pool; GRU; dense.
"""
import json, sys, numpy as np, torch, torch.nn.functional as F
from safetensors import safe_open

file = safe_open(sys.argv[1], "pt")
w, info = {name: file.get_tensor(name) for name in file.keys()}, json.loads(file.metadata()["crooner"])
crnn, frames, statistics = info["model"]["crnn"], info["slice_frames"], ("running_mean", "running_var", "weight", "bias")
norm = lambda x, name: F.batch_norm(x, *(w[f"{name}.{s}"] for s in statistics), eps=crnn["batch_norm"]["epsilon"])
x = norm(torch.from_numpy(np.load(sys.argv[2])).unfold(1, frames, frames).transpose(0, 1), "bn0")[:, None]
for k, block in enumerate(crnn["blocks"], 1):  # [slices, channels, bands, frames]
    x = norm(F.elu(F.conv2d(x, w[f"conv{k}.weight"], w[f"conv{k}.bias"], padding="same")), f"bn{k}")
    x = F.max_pool2d(x, block["pool"])
x = x.permute(0, 3, 2, 1).flatten(2)  # [slices, frames, bands * channels]
gru = torch.nn.GRU(x.shape[2], crnn["gru"][0], len(crnn["gru"]), batch_first=True)
gru.load_state_dict({name[len("gru."):]: w[name] for name in w if name.startswith("gru.")})
logits = F.linear(gru(x)[0][:, -1], w["fc.weight"], w["fc.bias"])
for label, p in zip(info["labels"], logits.softmax(1).mean(0).tolist()):
    print(f"{label:24} {100 * p:5.1f} %")
