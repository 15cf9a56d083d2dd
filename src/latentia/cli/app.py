"""The commands brought together. Each is imported when it is called for."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from textwrap import fill

from cyclopts import App, Group

from latentia._version import __version__
from latentia.cli.commands import COMMANDS

_EPILOGUE = """\
Start with:

  latentia fit digits                    train on the embedded digits
  latentia inspect pictures/             what would be read and chosen
  latentia fit pictures/ --resize 64     train on a folder of pictures
  latentia evaluate runs/digits-vae-1    measure a trained model
  latentia fit --recipe iwae --help      the options of one recipe

Exit status: 0 done, 2 something in what was given is to be mended, 1 a fault
of latentia's own, 130 stopped by Ctrl-C, 143 by SIGTERM. With --json, an error
is an object too: error, status.\
"""


def build(arguments: Sequence[str]) -> App:
    """The command line for these arguments: `fit` has the options of the recipe that they name.

    Args:
        arguments: All arguments.

    Returns:
        The app.

    Raises:
        ConfigurationError: A recipe or a configuration file that cannot be used.
    """
    app = App(
        name="latentia",
        help="Variational autoencoders: data in, a trained, measured and explained model out.",
        help_format="plaintext",
        help_epilogue=_EPILOGUE,
        version=f"latentia {__version__}",
        group_parameters=Group("Options", sort_key=60),
    )
    called = arguments[0] if arguments else None
    for order, (name, summary) in enumerate(COMMANDS.items()):
        if name == called == "fit":
            from latentia.cli.fit import KEYS, command

            function, config, epilogue = command(arguments[1:])
            epilogue = f"{epilogue}\n\n{keys(KEYS)}"
            app.command(function, name=name, config=config, help=flowing(function.__doc__), help_epilogue=epilogue)
        elif name == called:
            module = import_module(f"latentia.cli.{name}")
            function, epilogue = getattr(module, name), f"Examples:\n\n{module.EXAMPLES}\n\n{keys(module.KEYS)}"
            app.command(function, name=name, help=flowing(function.__doc__), help_epilogue=epilogue)
        else:
            app.command(f"latentia.cli.{name}:{name}", name=name, sort_key=order, help=summary)
    return app


def keys(names: str) -> str:
    """The line of help that names what `--json` prints.

    >>> keys("run, path")
    '--json prints one object: run, path'
    """
    return fill(f"--json prints one object: {names}", 79)


def flowing(text: str | None) -> str:
    """A docstring with one line a paragraph, so that it flows into the width of the terminal.

    >>> flowing("A docstring,  with     gaps.")
    'A docstring, with gaps.'
    """
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in (text or "").split("\n\n")).strip()
