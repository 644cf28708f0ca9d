"""GAN: a generator against a discriminator (Goodfellow and others, 2014)."""

import copy
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from edulib.checks import check_output, check_whole, describe, output_of_one
from edulib.training.batches import Batch
from edulib.training.distributed import rank, world_size
from edulib.training.metrics import Statistics
from edulib.training.objectives.objective import Objective
from edulib.training.optim import make_optimizer
from edulib.training.recipe import Recipe
from edulib.training.update import Update


class AdversarialNetworks(nn.Module):
    """Generator, discriminator, and the average over time of the generator's weights.

    Args:
        generator: latents (B, latent_dim) to samples (B, ...).
        discriminator: samples (B, ...) to logits (B,) or (B, 1), high where real.
        latent_dim: of the standard normal distribution from which latents are drawn.
        decay: share of the average that a step keeps: it spans 1 / (1 - decay) steps.

    Shape:
        - Input: latents (B, latent_dim).
        - Output: samples (B, ...) of the averaged generator.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        latent_dim: int,
        decay: float = 0.999,
    ) -> None:
        super().__init__()
        check_whole("latent_dim", latent_dim, 1)
        if not 0 <= decay < 1:
            raise ValueError(f"expected a decay from 0 to below 1, got {decay}")
        self.generator, self.discriminator = generator, discriminator
        self.latent_dim = latent_dim
        average = get_ema_multi_avg_fn(decay)
        self.averaged = AveragedModel(copy.deepcopy(generator), multi_avg_fn=average)
        self.averaged.requires_grad_(False)

    def forward(self, latents: Tensor) -> Tensor:
        """Return samples of the averaged generator."""
        return self.averaged(latents)

    def draw_latents(self, count: int, seed: int | None = None) -> Tensor:
        """Draw latents (count, latent_dim), from a seed or torch's global state."""
        if seed is None:
            generator = None
        else:
            generator = torch.Generator().manual_seed(seed)
        latents = torch.randn(count, self.latent_dim, generator=generator)
        return latents.to(next(self.parameters()).device)


@dataclass(frozen=True)
class GAN(Objective):
    """Train :class:`AdversarialNetworks` with the non-saturating loss.

    A step of the discriminator, on real and generated examples, then one of the
    generator, then one of its average. Examples are inputs without targets.

    Measures of training: ``discriminator_loss`` and ``generator_loss``, means in nats.
    Of validation: ``energy_distance``, between the validation set and as many samples
    of the averaged generator, from latents that are the same every time.
    """

    def make_optimizers(self, model: nn.Module, recipe: Recipe) -> dict[str, Optimizer]:
        """Return one optimizer for each of the two networks."""
        if not isinstance(model, AdversarialNetworks):
            raise ValueError(
                f"expected a model of AdversarialNetworks, got {type(model).__name__}"
            )
        return {
            "discriminator": make_optimizer(model.discriminator, recipe),
            "generator": make_optimizer(model.generator, recipe),
        }

    def check(self, model: AdversarialNetworks, batch: Batch) -> None:
        """Refuse samples unlike the examples, and a discriminator without logits."""
        logits = output_of_one(model.discriminator, batch.inputs)
        check_output(logits, "logits (B,) or (B, 1)")
        if logits.numel() != 1:
            raise ValueError(
                "expected the discriminator to return one logit for an example, got "
                f"{describe(logits)}"
            )
        samples = output_of_one(model.generator, model.draw_latents(1, seed=0))
        check_output(samples, "samples (B, ...)")
        if samples.shape != batch.inputs[:1].shape:
            raise ValueError(
                "expected samples like the examples, got "
                f"{describe(samples)} and {describe(batch.inputs[:1])}"
            )

    def step(
        self, model: AdversarialNetworks, batch: Batch, update: Update
    ) -> Statistics:
        """Train the discriminator, then the generator, then average its weights."""
        count = len(batch.inputs)
        fake = model.generator(model.draw_latents(count))
        check_output(fake, "samples (B, ...)")
        on_real = F.softplus(-model.discriminator(batch.inputs)).mean()
        on_fake = F.softplus(model.discriminator(fake.detach())).mean()
        discriminator_loss = on_real + on_fake
        update(discriminator_loss, optimizer="discriminator")

        generator_loss = F.softplus(-model.discriminator(fake)).mean()
        update(generator_loss, optimizer="generator")
        model.averaged.update_parameters(model.generator)
        return {
            "discriminator_loss": discriminator_loss * count,
            "generator_loss": generator_loss * count,
            "count": count,
        }

    def validate(self, model: AdversarialNetworks, batch: Batch) -> Statistics:
        """Return the real examples and as many samples, both flat and on the CPU."""
        count = len(batch.inputs)
        seed = batch.number * world_size() + rank()
        samples = model(model.draw_latents(count, seed))
        return {
            "real": [batch.inputs.flatten(1).cpu()],
            "samples": [samples.flatten(1).float().cpu()],
        }

    def measures(self, totals: dict[str, Tensor | list]) -> dict[str, float]:
        """Return the losses of an epoch, or the energy distance of a set."""
        if "samples" not in totals:
            return super().measures(totals)
        real, samples = torch.cat(totals["real"]), torch.cat(totals["samples"])
        return {"energy_distance": energy_distance(real, samples)}


def energy_distance(one: Tensor, other: Tensor) -> float:
    """Return the energy distance of two sets of points (N, D) (Szekely, 2002).

    ``2 E|X - Y| - E|X - X'| - E|Y - Y'|``: 0 where the distributions are equal, and
    only there. It is estimated without bias, so that it can fall below 0 by chance.
    """
    within = sum(
        torch.cdist(points, points).sum() / (len(points) * max(len(points) - 1, 1))
        for points in (one, other)
    )
    return float(2 * torch.cdist(one, other).mean() - within)
