"""Makes pytorch.safetensors and keras211.safetensors: the paper's network, narrower, in PyTorch, with PyTorch's GRU and
with that of Keras 2.1.1: initial weights, logits, gradients, statistics and the losses of 100 steps of Adam, in double
precision.

python pytorch.py OUT (torch 2.15, numpy, safetensors)
"""

import sys

import numpy as np
import torch
from safetensors.numpy import save_file
from torch import nn

torch.set_default_dtype(torch.float64)
BATCH, BATCHES, MELS, FRAMES, CLASSES, STEPS = 8, 4, 128, 32, 4, 100
BLOCKS = [(16, (2, 2)), (20, (4, 2)), (24, (4, 2)), (24, (4, 2))]
UNITS = [12, 8]


class Keras211Gru(nn.Module):
    """Resets before the recurrent product, with one bias; gates r, z are hard sigmoids."""

    def __init__(self, d_input, units, batch_first):
        super().__init__()
        assert batch_first
        bound = units**-0.5
        shapes = {"weight_ih_l0": (3 * units, d_input), "weight_hh_l0": (3 * units, units), "bias_ih_l0": (3 * units,)}
        for name, shape in shapes.items():
            self.register_parameter(name, nn.Parameter(torch.empty(shape).uniform_(-bound, bound)))

    def forward(self, x):
        h = torch.zeros(len(x), self.weight_hh_l0.shape[1])
        u_r, u_z, u_n = self.weight_hh_l0.chunk(3)
        states = []
        for i in nn.functional.linear(x, self.weight_ih_l0, self.bias_ih_l0).unbind(1):
            i_r, i_z, i_n = i.chunk(3, dim=1)
            r = torch.clip(0.2 * (i_r + h @ u_r.T) + 0.5, 0.0, 1.0)
            z = torch.clip(0.2 * (i_z + h @ u_z.T) + 0.5, 0.0, 1.0)
            n = torch.tanh(i_n + (r * h) @ u_n.T)
            h = (1 - z) * n + z * h
            states.append(h)
        return torch.stack(states, 1), h


class Crnn(nn.Module):
    def __init__(self, gru):
        super().__init__()
        norm = {"eps": 1e-3, "momentum": 0.01}
        self.input_norm = nn.BatchNorm1d(MELS, **norm)
        self.conv, self.norm, channels = nn.ModuleList(), nn.ModuleList(), 1
        for filters, _ in BLOCKS:
            self.conv.append(nn.Conv2d(channels, filters, 3, padding=1))
            self.norm.append(nn.BatchNorm2d(filters, **norm))
            channels = filters
        self.gru = nn.ModuleList()
        for units in UNITS:
            self.gru.append(gru(channels, units, batch_first=True))
            channels = units
        self.head = nn.Linear(channels, CLASSES)

    def forward(self, x):
        x = self.input_norm(x).unsqueeze(1)
        for conv, norm, (_, pool) in zip(self.conv, self.norm, BLOCKS):
            x = nn.functional.max_pool2d(norm(nn.functional.elu(conv(x))), pool)
        x = x.permute(0, 3, 2, 1).flatten(2)
        for gru in self.gru:
            x, _ = gru(x)
        return self.head(x[:, -1])


def batch(b):
    """Spectrograms in dB that any language can make: whole hundredths, and a louder quarter for each class."""
    i = np.arange(BATCH * MELS * FRAMES)
    values = ((i * 7919 + b * 104729) % 8009) / -100.0
    x = values.reshape(BATCH, MELS, FRAMES).astype(np.float32)
    classes = np.arange(BATCH) % CLASSES
    for n, c in enumerate(classes):
        x[n, 32 * c : 32 * c + 32] += np.float32(5.0)
    return torch.tensor(x, dtype=torch.float64), torch.tensor(classes)


def named(network, of):
    """crooner's names and layouts; `of` maps a parameter to the tensor wanted."""
    out = {}

    def put(name, tensor, transform=lambda t: t):
        out[name] = transform(of(tensor)).detach().numpy()

    def norm(name, module):
        put(f"{name}.gamma", module.weight)
        put(f"{name}.beta", module.bias)

    norm("input_norm", network.input_norm)
    for i, (conv, bn) in enumerate(zip(network.conv, network.norm)):
        put(f"blocks.{i}.conv.weight", conv.weight)
        put(f"blocks.{i}.conv.bias", conv.bias)
        norm(f"blocks.{i}.norm", bn)
    for i, gru in enumerate(network.gru):
        put(f"gru.{i}.input", gru.weight_ih_l0, lambda t: t.T)
        put(f"gru.{i}.recurrent", gru.weight_hh_l0, lambda t: t.T)
        put(f"gru.{i}.input_bias", gru.bias_ih_l0)
        if hasattr(gru, "bias_hh_l0"):
            put(f"gru.{i}.recurrent_bias", gru.bias_hh_l0)
    put("head.weight", network.head.weight, lambda t: t.T)
    put("head.bias", network.head.bias)
    return out


def statistics(network, counts):
    """Running statistics, the variance without PyTorch's correction for the number of values."""
    out = {}
    modules = {"input_norm": network.input_norm}
    modules |= {f"blocks.{i}.norm": module for i, module in enumerate(network.norm)}
    for name, module in modules.items():
        n = counts[name]
        out[f"{name}.running_mean"] = module.running_mean.numpy()
        out[f"{name}.running_var"] = ((module.running_var - 0.99) * (n - 1) / n + 0.99).numpy()
    return out


def make(name, gru):
    torch.manual_seed(1901)
    network = Crnn(gru)
    with torch.no_grad():
        # What f32 can hold, and no norm left at its start.
        for parameter_name, parameter in network.named_parameters():
            if "norm" in parameter_name:
                parameter += 0.2 * torch.randn_like(parameter)
            parameter.copy_(parameter.float().double())
    tensors = {f"init.{name}": value.copy() for name, value in named(network, lambda p: p).items()}
    x, truth = batch(0)
    network.eval()
    tensors["logits.running"] = network(x).detach().numpy()
    network.train()
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3, eps=1e-8)
    counts = {"input_norm": BATCH * FRAMES}
    height, width = MELS, FRAMES
    for i, (_, pool) in enumerate(BLOCKS):
        counts[f"blocks.{i}.norm"] = BATCH * height * width
        height, width = height // pool[0], width // pool[1]
    losses = []
    for step in range(STEPS):
        x, truth = batch(step % BATCHES)
        logits = network(x)
        loss = nn.functional.cross_entropy(logits, truth)
        optimiser.zero_grad()
        loss.backward()
        if step == 0:
            tensors["logits.batch"] = logits.detach().numpy()
            tensors |= {f"gradient.{name}": value.copy() for name, value in named(network, lambda p: p.grad).items()}
            tensors |= {f"after.{name}": value.copy() for name, value in statistics(network, counts).items()}
        optimiser.step()
        losses.append(loss.item())
    tensors["losses"] = np.array(losses)
    save_file(
        {key: np.ascontiguousarray(value, dtype=np.float32) for key, value in tensors.items()},
        f"{sys.argv[1]}/{name}.safetensors",
        {"torch": torch.__version__},
    )
    print(f"{name}: loss {losses[0]:.4f} -> {losses[-1]:.4f}")


make("pytorch", nn.GRU)
make("keras211", Keras211Gru)
