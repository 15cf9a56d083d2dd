"""`latentia report`."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from cyclopts import Parameter

from latentia.cli.answer import MEASURED, Answer
from latentia.cli.options import FLAGS, OPENING, Flags, Opening, RunFolder

EXAMPLES = """\
  latentia report runs/digits-vae-1
  latentia report runs/digits-vae-1 --measure --num-samples 1000\
"""
KEYS = f"run, report, {MEASURED}"


def report(
    run: RunFolder,
    /,
    *,
    measure: Annotated[
        bool,
        Parameter(negative="", show_default=False, help="Measure the model again, although it was measured before"),
    ] = False,
    num_samples: Annotated[
        int, Parameter(name=["--num-samples", "-k"], help="Importance samples of a measurement")
    ] = 100,
    opening: Opening = OPENING,
    flags: Flags = FLAGS,
) -> Answer:
    """Draw a run's pictures and write its report again.

    The model is measured on the test split where that was not done yet, as after a training that was cut short.
    """
    from latentia.cli.opened import opened
    from latentia.errors import DataError
    from latentia.runs.finishing import measured, place_model, write_pages
    from latentia.runs.summary import summary
    from latentia.runs.watching import Voice

    voice = Voice()
    with opened(run, opening) as loaded:
        place_model(run)
        ready = loaded
        try:
            ready = replace(loaded, data=loaded.dataset())
        except DataError as error:
            if measure or loaded.evidence is None:
                raise
            voice.say(f"pictures of the data are left out: {error}")
        if measure or ready.evidence is None:
            ready = measured(ready, voice, num_samples=num_samples)
        page = write_pages(ready, voice, seconds=None)
        assert ready.evidence is not None, "a run is measured before it is reported"
        return Answer({"run": run, "report": page, **ready.evidence.to_dict()}, list(summary(ready)))
