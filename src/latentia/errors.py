"""Errors a caller can act on.

Every message says what was given, what was expected and what to do about it. The command line prints the message alone
and exits with `status`; a traceback appears only with `--debug`.
"""

from __future__ import annotations

from typing import ClassVar


class LatentiaError(Exception):
    """Base of every error that latentia raises on purpose.

    `status` is the exit status of the command line: 2 for the caller's input, 1 for a fault of ours.
    """

    status: ClassVar[int] = 2


class DataError(LatentiaError):
    """The data cannot be read or does not fit what is asked of it: names the file, row or column."""


class ConfigurationError(LatentiaError):
    """An option, or a combination of parts, that cannot work: names the option and what would fit."""


class CompatibilityError(ConfigurationError):
    """A model that lacks something the objective, bound or operation requires."""


class CheckpointError(LatentiaError):
    """A saved file that is damaged, incomplete, of a newer version or of another model."""


class RunFolderError(LatentiaError):
    """A run folder that is missing, not writable, in use by another process or not a run folder."""


class MissingExtraError(LatentiaError):
    """An optional dependency that the request needs is not installed: names the extra."""


class NonFiniteError(LatentiaError):
    """A loss, weight or gradient that became NaN or infinite: names the tensor and the batch."""

    status = 1
