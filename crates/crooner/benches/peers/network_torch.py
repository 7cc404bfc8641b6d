"""One step of the paper's network in PyTorch: python network_torch.py train|infer FRAMES STEPS THREADS"""

import resource
import sys
import time

import torch
from torch import nn

MODE, FRAMES, STEPS, THREADS = sys.argv[1], *map(int, sys.argv[2:5])
BATCH, MELS, CLASSES = 16, 128, 20
torch.set_num_threads(THREADS)
torch.manual_seed(0)


class Crnn(nn.Module):
    def __init__(self):
        super().__init__()
        norm = {"eps": 1e-3, "momentum": 0.01}
        self.input_norm = nn.BatchNorm2d(MELS, **norm)
        layers, channels = [], 1
        for filters, pool in [(64, (2, 2)), (128, (4, 2)), (128, (4, 2)), (128, (4, 2))]:
            layers += [
                nn.Conv2d(channels, filters, 3, padding=1),
                nn.ELU(),
                nn.BatchNorm2d(filters, **norm),
                nn.MaxPool2d(pool),
                nn.Dropout(0.1),
            ]
            channels = filters
        self.blocks = nn.Sequential(*layers)
        # 128 bands through pools of 2, 4, 4 and 4 leave one.
        self.gru = nn.GRU(channels, 32, batch_first=True)
        self.gru2 = nn.GRU(32, 32, batch_first=True)
        self.head = nn.Sequential(nn.Dropout(0.3), nn.Linear(32, CLASSES))

    def forward(self, x):
        x = self.input_norm(x.transpose(1, 2)).transpose(1, 2)
        # The fastest layout PyTorch has for it on a CPU.
        x = self.blocks(x.contiguous(memory_format=torch.channels_last))
        x, _ = self.gru(x.permute(0, 3, 2, 1).flatten(2))
        x, _ = self.gru2(x)
        return self.head(x[:, -1])


network = Crnn().to(memory_format=torch.channels_last)
optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
loss = nn.CrossEntropyLoss()
x = torch.rand(BATCH, 1, MELS, FRAMES) - 0.5
truth = torch.arange(BATCH)


def step():
    if MODE == "train":
        optimiser.zero_grad(set_to_none=True)
        loss(network(x), truth).backward()
        optimiser.step()
    else:
        with torch.inference_mode():
            network(x)


if MODE == "infer":
    network.eval()
times = []
for i in range(STEPS + 2):
    begun = time.perf_counter()
    step()
    times.append(time.perf_counter() - begun)
median = sorted(times[2:])[STEPS // 2] * 1e3
resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(f"RESULT torch {MODE} {FRAMES} {median:.1f} ms {resident} MB ({torch.__version__})")
