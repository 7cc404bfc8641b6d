"""Makes options.json: what PyTorch and scikit-learn say of the options of training, in double precision.

python options.py > options.json (torch 2.15, scikit-learn 1.9, numpy)
"""

import json
import warnings

import numpy as np
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch import nn
from torch.optim import lr_scheduler

warnings.filterwarnings("ignore")
torch.set_default_dtype(torch.float64)
torch.manual_seed(2017)


def rates(scheduler, optimiser, steps):
    out = []
    for _ in range(steps):
        out.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step()
    return out


def optimiser(rate):
    return torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=rate)


# Six epochs of four steps, 1.5 epochs of warm-up, down to 5 %.
warmup, total, rate = 6, 24, 0.02
up = optimiser(rate)
cosine = rates(lr_scheduler.LinearLR(up, 1 / warmup, 1.0, warmup - 1), up, warmup)
down = optimiser(rate)
cosine += rates(lr_scheduler.CosineAnnealingLR(down, total - warmup, 0.05 * rate), down, total - warmup)

scores = [0.9, 0.8, 0.795, 0.81, 0.82, 0.7, 0.72, 0.71, 0.705, 0.701, 0.9, 0.95, 0.4, 0.5, 0.6, 0.3, 0.299, 0.31, 0.32]
plateaus = {}
for name, mode in [("plateau", "min"), ("plateau_max", "max")]:
    sgd = optimiser(0.1)
    plateau = lr_scheduler.ReduceLROnPlateau(sgd, mode, factor=0.3, patience=1, threshold=0.01, min_lr=1e-3)
    plateaus[name] = []
    for score in scores:
        plateau.step(score)
        plateaus[name].append(sgd.param_groups[0]["lr"])


def loss_case(n, classes, smoothing, weighted, share=None):
    logits = (3 * torch.randn(n, classes)).float().double().requires_grad_()
    labels = torch.randint(classes, (n,))
    weights = (0.25 * torch.randint(1, 9, (classes,))).double() if weighted else torch.ones(classes)
    others = None
    if share is None:
        loss = nn.functional.cross_entropy(logits, labels, weight=weights, label_smoothing=smoothing)
    else:
        others = torch.randint(classes, (n,))
        one_hot = nn.functional.one_hot
        soft = share * one_hot(labels, classes) + (1 - share) * one_hot(others, classes)
        # PyTorch divides the loss of soft targets by the number of slices, whatever the weights.
        loss = nn.functional.cross_entropy(logits, soft.double(), weight=weights, label_smoothing=smoothing)
        loss = loss * n / (soft * weights).sum()
    loss.backward()
    return {
        "logits": logits.detach().flatten().tolist(),
        "labels": labels.tolist(),
        "weights": weights.tolist(),
        "smoothing": smoothing,
        "others": None if others is None else others.tolist(),
        "share": 1.0 if share is None else share,
        "loss": loss.item(),
        "gradient": logits.grad.flatten().tolist(),
    }


losses = [
    loss_case(5, 3, 0.0, False),
    loss_case(5, 4, 0.1, False),
    loss_case(6, 3, 0.0, True),
    loss_case(6, 4, 0.2, True),
    loss_case(6, 4, 0.1, True, share=0.75),
]

counts = [40, 7, 13, 1]
labels = np.repeat(np.arange(len(counts)), counts)
class_weights = compute_class_weight("balanced", classes=np.arange(len(counts)), y=labels)

# A little network's worth of parameters: kernels decay, biases do not. Gradients that anyone can make.
shapes = {"blocks.0.conv.weight": (2, 1, 3, 3), "blocks.0.conv.bias": (2,), "head.weight": (3, 4)}


def gradient(name, step, size):
    i = np.arange(size)
    return torch.tensor((((i + 1) * (len(name) + 7 * step) * 37) % 101 - 50.0) / 25.0)


def steps(make, clip=None):
    params = {name: nn.Parameter(0.5 + gradient(name, 0, np.prod(s)).reshape(s) / 10) for name, s in shapes.items()}
    groups = [
        {"params": [p for p in params.values() if p.dim() >= 2], "weight_decay": 0.3},
        {"params": [p for p in params.values() if p.dim() < 2], "weight_decay": 0.0},
    ]
    chosen = make(groups)
    norms = []
    for step in range(1, 11):
        for name, p in params.items():
            p.grad = gradient(name, step, p.numel()).reshape(p.shape)
        if clip is not None:
            norms.append(nn.utils.clip_grad_norm_(params.values(), clip).item())
        chosen.step()
    return {"norms": norms, "params": {name: p.detach().flatten().tolist() for name, p in params.items()}}


optimisers = {
    "adam": steps(lambda groups: torch.optim.Adam(groups, lr=0.01, eps=1e-8)),
    "adamw": steps(lambda groups: torch.optim.AdamW(groups, lr=0.01, eps=1e-8)),
    "adamw_clipped": steps(lambda groups: torch.optim.AdamW(groups, lr=0.01, eps=1e-8), clip=4.0),
}

print(
    json.dumps(
        {
            "torch": torch.__version__,
            "cosine": cosine,
            "plateau_scores": scores,
            **plateaus,
            "losses": losses,
            "class_counts": counts,
            "class_weights": class_weights.tolist(),
            "shapes": shapes,
            "optimisers": optimisers,
        },
        indent=1,
    )
)
