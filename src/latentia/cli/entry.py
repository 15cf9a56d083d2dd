"""The entry point: from arguments to an exit status.

0 done, 2 the caller's input, 1 a fault of ours, 130 stopped by Ctrl-C, 143 by SIGTERM.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from cyclopts import CycloptsError

from latentia.cli.answer import Answer, print_answer, print_object
from latentia.cli.app import build
from latentia.cli.messages import explained
from latentia.errors import LatentiaError
from latentia.runs.signals import Termination


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: The arguments; by default those of the process.

    Returns:
        The exit status.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    as_json, debug = "--json" in options, "--debug" in options
    try:
        try:
            with _terminable(as_json=as_json):
                answer = _invoke(arguments)
            if answer is not None:
                print_answer(answer, as_json=as_json)
            sys.stdout.flush()
            return 0
        except BrokenPipeError:
            raise
        except KeyboardInterrupt as error:
            status = 143 if isinstance(error, Termination) else 130
            return _failed("stopped", status, error, as_json=as_json, debug=debug)
        except CycloptsError as error:
            return _failed(explained(error, arguments), 2, error, as_json=as_json, debug=debug)
        except LatentiaError as error:
            return _failed(str(error), error.status, error, as_json=as_json, debug=debug)
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            return _failed(f"{where}{error.strerror or error}", 2, error, as_json=as_json, debug=debug)
        except Exception as error:  # noqa: BLE001 # whatever it is, the promise of one line and a status holds
            what = f"{type(error).__name__}: {error}"
            text = f"a fault of latentia's own ({what}); --debug shows the traceback: please report it"
            return _failed(text, 1, error, as_json=as_json, debug=debug)
    except BrokenPipeError:
        # Nobody reads standard output any more (`| head -1`). What Python flushes at its end must go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _invoke(arguments: list[str]) -> Answer | None:
    try:
        app = build(arguments)
        command, bound, _ = app.parse_args(arguments, print_error=False, exit_on_error=False)
        result = command(*bound.args, **bound.kwargs)
    except SystemExit:
        # rich ends the program where its help meets a closed pipe, with standard output turned away already
        return None
    return result if isinstance(result, Answer) else None


def _failed(message: str, status: int, error: BaseException, *, as_json: bool, debug: bool) -> int:
    line = " ".join(message.split())
    try:
        if debug:
            traceback.print_exception(error)
        print(f"latentia: error: {line}", file=sys.stderr, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    if as_json:
        print_object({"error": line, "status": status})
        sys.stdout.flush()
    return status


@contextmanager
def _terminable(*, as_json: bool) -> Iterator[None]:
    """A scope in which SIGTERM unwinds the program as Ctrl-C does; training has its own, gentler way with both.

    Neither may unwind an import: extension modules swallow the exception, stay half imported and fail later, or abort.
    Whatever is on disk is whole at any moment, so the program then ends where it stands.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, frame: FrameType | None) -> NoReturn:
        if _importing(frame):
            status = 128 + number
            os.write(2, b"latentia: error: stopped\n")
            if as_json:
                os.write(1, f'{{"error": "stopped", "status": {status}}}\n'.encode())
            os._exit(status)
        raise Termination if number == signal.SIGTERM else KeyboardInterrupt

    # Ignored signals stay ignored; None stands for a handler that Python could not put back.
    wanted = (signal.SIGINT, signal.SIGTERM)
    ours = [number for number in wanted if signal.getsignal(number) not in (signal.SIG_IGN, None)]
    before = {number: signal.signal(number, handle) for number in ours}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False
