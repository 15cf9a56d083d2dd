"""A flow fitted to codes by maximum likelihood, with early stopping."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from latentia.conditionals.fitted_prior import FittedFlow
from latentia.conditionals.flow_prior import FlowPrior
from latentia.data_model import seeded

TRANSFORMS = 3
BATCH = 256
RATE = 2e-3
STEPS = 2000
"""The most steps of a fit."""
EVERY = 50
"""Steps between two looks at the held-out codes."""
PATIENCE = 6
"""Looks without a better one after which the fit ends."""
HELD_OUT = 0.1
MOST_HELD_OUT = 5000


def fit_flow(
    codes: Tensor, loc: Tensor, scale: Tensor, *, seed: int, dtype: torch.dtype, device: torch.device
) -> FittedFlow:
    """Fit a neural spline flow to codes; the weights are those that described held-out codes best.

    Args:
        codes: `[N, D]`, standardised: (z - loc) / scale.
        loc: `[D]`.
        scale: `[D]`.
        seed: Of the weights, of which codes are held out and of the batches.
        dtype: Of the flow.
        device: Where the fit runs.

    Returns:
        A prior over z.

    References:
        Durkan, Bekasov, Murray, Papamakarios, Neural spline flows, 2019, arXiv:1906.04032.
    """
    with seeded(seed, device), torch.enable_grad():
        flow = FlowPrior(codes.shape[1], "spline", TRANSFORMS).to(dtype=dtype, device=device)
        order = torch.randperm(len(codes))
        held = min(max(1, round(HELD_OUT * len(codes))), MOST_HELD_OUT)
        shuffled = codes[order].to(dtype=dtype, device=device)
        test, train = shuffled[:held], shuffled[held:]
        optimiser = torch.optim.Adam(flow.parameters(), lr=RATE)
        best, kept, since = math.inf, _weights(flow), 0
        for step in range(STEPS + 1):
            if step % EVERY == 0:
                loss = _loss_on(flow, test)
                since = 0 if loss < best else since + 1
                if loss < best:
                    best, kept = loss, _weights(flow)
                if since >= PATIENCE:
                    break
            rows = torch.randint(len(train), (min(BATCH, len(train)),), device=device)
            optimiser.zero_grad()
            (-flow(train).log_prob(train[rows]).mean()).backward()
            optimiser.step()
        flow.load_state_dict(kept)
    return FittedFlow(flow, loc.to(dtype=dtype, device=device), scale.to(dtype=dtype, device=device))


def _weights(flow: FlowPrior) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in flow.state_dict().items()}


def _loss_on(flow: FlowPrior, codes: Tensor) -> float:
    with torch.no_grad():
        return float(-flow(codes).log_prob(codes).mean())
