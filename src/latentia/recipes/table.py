"""Models of tables: columns of different kinds, some of their cells missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from latentia.recipes.parts import PartOptions, Parts
from latentia.recipes.variant import with_parts

if TYPE_CHECKING:
    from latentia.data.spec import DataSpec
    from latentia.model import VAE
    from latentia.objectives import ELBO, IWAE


@with_parts(latent_dim=10, hidden=(128, 128), prior="mixture", components=10)
def table_vae(data: DataSpec, /, *, num_samples: int = 1, **parts: Unpack[PartOptions]) -> tuple[VAE, ELBO | IWAE]:
    """A VAE for tables (HI-VAE): a likelihood of its own for every column, and missing cells left out of the bound.

    The prior is a mixture of Gaussians, so that groups of rows of different make-up get codes of their own. Real
    columns are Gaussian, positive ones log-normal, counts negative binomial, codes categorical; the encoder sees codes
    one-hot, counts as logarithms, and of missing cells a zero and a mask. With several samples the bound is the
    importance-weighted one (MIWAE), tighter where much is missing.

    Args:
        data: What the data are: rows of columns; load them with `columns` for a likelihood by kind.
        num_samples: Posterior samples for each row; above 1 the importance-weighted bound is trained.
        **parts: See `Parts`.

    Returns:
        The model and its objective.

    References:
        Nazabal, Olmos, Ghahramani, Valera, Handling incomplete heterogeneous data using VAEs, 2020, arXiv:1807.03653.
        Mattei, Frellsen, MIWAE: Deep generative modelling and imputation of incomplete data sets, 2019,
        arXiv:1812.02633.
    """
    from latentia.errors import ConfigurationError
    from latentia.objectives import ELBO, IWAE
    from latentia.recipes.compose import check_dims, flat

    check_dims(num_samples=num_samples)
    if data.kind != "vector":
        raise ConfigurationError(
            f"table_vae is for rows of columns; {data.name!r} holds pictures of shape {data.shape}: use the recipe vae"
        )
    return flat(data, Parts(**parts)), ELBO() if num_samples == 1 else IWAE(num_samples)
