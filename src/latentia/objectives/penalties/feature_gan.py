"""Reconstructions judged by a critic's features, and a decoder that the critic should not see through: VAE-GAN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent

from latentia import bounds
from latentia.conditionals import Need
from latentia.distributions import DiscretizedLogistic
from latentia.latents import Trace
from latentia.model import VAE
from latentia.nets import Critic
from latentia.objectives.penalties.contest import cross_entropy, unconvinced
from latentia.objectives.protocol import Step


def shown(px: Distribution) -> Tensor:
    """What a critic looks at: the mean of p(x|z), or the location where the mean is a sum over all levels.

    Args:
        px: Batch `[*lead]`.

    Returns:
        `[*lead, *shape]`, differentiable.
    """
    base = px.base_dist if isinstance(px, Independent) else px
    return base.loc if isinstance(base, DiscretizedLogistic) else px.mean


@dataclass(frozen=True, slots=True, eq=False)
class FeatureGAN:
    r"""Feature loss, adversarial loss and the weight of the pixels.

    With f the critic's features, \(\hat x\) the reconstruction and \(\tilde x\) decoded from the prior:
    \(w_f \frac12 \|f(x) - f(\hat x)\|^2 - \frac{w_a}{2} E[\log D(\hat x) + \log D(\tilde x)] -
    (w_p - 1) E_q[\log p(x|z)]\). The gradient of the adversarial part reaches the decoder only; that of the feature
    loss decoder and encoder. The paper has no pixel likelihood (w_p = 0) and the saturating log(1 - D).

    Args:
        critic: Over x, with features.
        features: w_f; the loss is that of a unit Gaussian over features, in nats up to a constant.
        adversarial: w_a.
        pixels: w_p, the whole weight of the log-likelihood.

    References:
        Larsen, Sønderby, Larochelle, Winther, Autoencoding beyond pixels using a learned similarity metric, 2016,
        arXiv:1512.09300.
    """

    critic: Critic
    features: float = 1.0
    adversarial: float = 1.0
    pixels: float = 1.0
    name: ClassVar[str] = "feature_gan"
    requires: ClassVar[frozenset[Need]] = frozenset({Need.REPARAMETERISED, Need.SAMPLES})

    def __call__(self, model: VAE, trace: Trace, step: Step) -> Tensor:
        """The weighted sum of the three."""
        with torch.no_grad():
            target, _ = self.critic.held(trace.x)
            from_prior = model.latents.generate(torch.Size([1, trace.lead[1]])).state
        seen, _ = self.critic.held(shown(trace.px))
        mismatch = 0.5 * (seen - target).square().sum(-1).mean()
        # The codes are held, so that this part moves the decoder alone.
        codes = trace.draw.state.detach()
        recognised = [unconvinced(self.critic.held(shown(model.px(state)))[1]) for state in (codes, from_prior)]
        adversarial = 0.5 * (recognised[0] + recognised[1])
        pixels = -bounds.reconstruction(trace).mean()
        return self.features * mismatch + self.adversarial * adversarial + (self.pixels - 1) * pixels

    def critic_loss(self, model: VAE, trace: Trace, step: Step) -> Tensor:
        """The cross-entropy of telling data from reconstructions and from what the prior decodes to, half and half."""
        with torch.no_grad():
            generated = shown(model.generate(trace.lead[1]).px)[0]
        fake = torch.cat([shown(trace.px)[0].detach(), generated])
        return cross_entropy(self.critic(trace.x), self.critic(fake))
