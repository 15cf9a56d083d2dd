"""`latentia sample`."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from latentia.cli.answer import Answer
from latentia.cli.options import FLAGS, OPENING, WRITING, Flags, Opening, RunFolder, Writing
from latentia.names import DensityName

EXAMPLES = """\
  latentia sample runs/digits-vae-1
  latentia sample runs/digits-vae-1 -n 100 --temperature 0.7 --out samples.png
  latentia sample runs/digits-vae-1 -n 1000 --draw --seed 1 --out samples.npy
  latentia sample runs/table-vae-1 -n 500 --out new-rows.csv
  latentia sample runs/digits-rae_l2-1 --density mixture --components 20\
"""
KEYS = "run, path, num, temperature, mean, density, seed, shape"


def sample(
    run: RunFolder,
    /,
    *,
    num: Annotated[int, Parameter(name=["--num", "-n"], help="How many")] = 64,
    temperature: Annotated[float, Parameter(help="Spread of the prior; below 1 gives more typical samples")] = 1.0,
    mean: Annotated[
        bool | None,
        Parameter(
            negative="--draw",
            show_default=False,
            help="The mean of p(x|z) for each z, or a draw from it; by default means for pictures, else draws",
        ),
    ] = None,
    density: Annotated[
        DensityName | None,
        Parameter(
            show_default=False,
            help="Draw codes from a density fitted to those of the training rows, not from the model's own prior",
        ),
    ] = None,
    components: Annotated[int, Parameter(help="With --density mixture: number of Gaussians")] = 10,
    seed: Annotated[int, Parameter(help="Seed of the draws")] = 0,
    writing: Writing = WRITING,
    opening: Opening = OPENING,
    flags: Flags = FLAGS,
) -> Answer:
    """Draw new data from a model.

    Pictures are written as one grid (.png), as arrays (.npy, .npz) or one by one to a folder (no ending); other data as
    tables (.csv, .parquet) or arrays.
    """
    from latentia.cli.opened import at_least_one, opened
    from latentia.cli.outputs import destination, usual_suffix
    from latentia.data_model import seeded
    from latentia.errors import ConfigurationError
    from latentia.operate import check_data_path, write_data

    at_least_one("num", num)
    if not temperature >= 0:
        raise ConfigurationError(f"temperature is {temperature:g}; give 0 or more")
    with opened(run, opening) as loaded:
        path = destination(writing, run, "samples", usual_suffix(loaded.spec))
        check_data_path(path, loaded.spec)
        # a mean picture shows what z stands for; a table of means would understate how much the columns vary
        mean = loaded.spec.kind == "image" if mean is None else mean
        model = loaded.model
        if density is not None:
            model = loaded.with_density(density, components=components, seed=seed)
        with seeded(seed, model.device):
            drawn = model.sample(num, temperature=temperature, mean=mean)
        write_data(path, drawn, loaded.spec)
    values = {
        "run": run,
        "path": path,
        "num": num,
        "temperature": temperature,
        "mean": mean,
        "density": density,
        "seed": seed,
    }
    return Answer({**values, "shape": tuple(drawn.shape)}, [f"{num:,} samples: {path}"])
