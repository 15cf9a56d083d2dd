"""`latentia fit`: its options are those of the recipe that the arguments name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cyclopts.config import Dict

from latentia.cli.answer import MEASURED, Answer
from latentia.cli.fit_signature import signature
from latentia.errors import ConfigurationError, LatentiaError
from latentia.runs.resolve import recipe_of
from latentia.runs.settings import FILE as CONFIG
from latentia.runs.settings import LIMITS, read_settings

_EPILOGUE = """\
Examples:

  latentia fit digits
  latentia fit mnist --likelihood bernoulli --hidden 200,200 --epochs 100
  latentia fit photos/ --resize 64 --minutes 30 --out runs/photos
  latentia fit rows.npz:x_train --recipe beta_vae --beta 2 --seed 1
  latentia fit --resume runs/photos --minutes 60
  latentia fit --config runs/photos/config.toml --seed 2

These are the options of the recipe {recipe}.
For those of another: latentia fit --recipe NAME --help
All recipes: latentia recipes\
"""

KEYS = f"run, report, data, recipe, steps, epochs, seconds, parameters, split, {MEASURED}"


def fit(*args: Any, **options: Any) -> Answer:
    """Train a model on data, measure it and write its report.

    Everything goes into one folder: settings, model, metrics, pictures and report.html. Stopped by Ctrl-C or killed, a
    run goes on with --resume, to the same weights as if it had never stopped.
    """
    function, _, _ = command([])
    result: Answer = function(*args, **options)
    return result


def command(arguments: Sequence[str]) -> tuple[Callable[..., Answer], Sequence[Dict], str]:
    """The command for these arguments.

    Args:
        arguments: What follows `fit`.

    Returns:
        The function with the signature of the recipe; the configuration file's values; examples.

    Raises:
        ConfigurationError: A recipe or a configuration file that cannot be used.
    """
    file = value_of("--config", arguments)
    values = dict(read_settings(Path(file))) if file else {}
    asked = value_of("--recipe", arguments) or values.pop("recipe", None)
    data_of_file = values.pop("data", None)
    values.pop("recipe", None)
    if any(value_of(f"--{limit}", arguments) is not None for limit in LIMITS):
        values = {name: value for name, value in values.items() if name not in LIMITS}
    info, _ = recipe_of(asked or _recipe_of_run(arguments) or "vae")

    # The signature is handed over as a value: nothing may be annotated here, for annotations would win over it.
    def function(*args, **options):  # type: ignore[no-untyped-def]
        return train(args[0] if args and args[0] is not None else data_of_file, asked, options)

    function.__doc__ = fit.__doc__
    function.__signature__ = signature(info)  # type: ignore[attr-defined] # what inspect.signature looks for first
    config = [Dict(values, source=str(file), use_commands_as_keys=False)] if values else []
    return function, config, _EPILOGUE.format(recipe=info.name)


def value_of(option: str, arguments: Sequence[str]) -> str | None:
    """The value that an option has in arguments that are not parsed yet, the last one if there are several.

    >>> value_of("--recipe", ["digits", "--recipe", "iwae"]), value_of("--recipe", ["--recipe=vae"])
    ('iwae', 'vae')
    """
    found = None
    for place, word in enumerate(arguments):
        if word == "--":
            break
        if word == option and place + 1 < len(arguments):
            found = arguments[place + 1]
        elif word.startswith(f"{option}="):
            found = word.removeprefix(f"{option}=")
    return found


def _recipe_of_run(arguments: Sequence[str]) -> str | None:
    """The recipe of the run to be resumed, where it can be told."""
    folder = value_of("--resume", arguments) or value_of("--out", arguments)
    if folder is None or not any(word.startswith("--resume") for word in arguments):
        return None
    try:
        return str(read_settings(Path(folder) / CONFIG)["recipe"])
    except (LatentiaError, KeyError):
        return None  # what is wrong with the folder is told when it is opened


def train(data: str | None, recipe: str | None, options: Mapping[str, Any]) -> Answer:
    """Carry the command out.

    Args:
        data: The data, if they were given.
        recipe: The recipe, if it was named.
        options: All options that were given, those of the command itself among them.

    Returns:
        Figures of the run.
    """
    given = {name: value for name, value in options.items() if name not in ("config", "recipe", "flags")}
    out, again = given.pop("out", None), given.pop("resume", None)
    checkpoint, report = given.pop("checkpoint", "current"), given.pop("report", True)
    if again and out is not None and Path(again[0]) != Path(out):
        # `fit --out DIR --resume digits` can only mean that digits are the data
        if data is not None:
            raise ConfigurationError(f"--resume {again[0]} and --out {out} name two runs; give one of them")
        data = again[0]
    elif again:
        out = Path(again[0])
    if data is None and again is None:
        raise ConfigurationError("DATA is missing: give a name, a file or a folder, such as latentia fit digits")
    from latentia.runs.fitting import carry_out, make_job
    from latentia.runs.summary import summary
    from latentia.runs.watching import Voice

    job = make_job(data, recipe, out=out, plan=None, resume=again is not None, options=given)
    run = carry_out(job, Voice(), checkpoint=checkpoint, report=report)
    evidence = run.evidence.to_dict() if run.evidence is not None else dict.fromkeys(MEASURED.split(", "))
    last = run.metrics[-1] if run.metrics else {}
    values = {
        "run": run.folder,
        "report": run.report,
        "data": run.spec.name,
        "recipe": run.recipe.name,
        "steps": last.get("step"),
        "epochs": last.get("epoch"),
        "seconds": last.get("seconds"),
        "parameters": sum(parameter.numel() for parameter in run.model.parameters()),
        "split": "test" if run.evidence is not None else None,
        **evidence,
    }
    return Answer(values, list(summary(run)))
