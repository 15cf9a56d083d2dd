"""Who watches a run: a live line for people, JSON lines and TensorBoard events for tools. Free of torch."""

from latentia.train.reporters.events import End, Live, Reporter, Row, Start
from latentia.train.reporters.metrics import MetricsFile, read_metrics
from latentia.train.reporters.tensorboard import TensorBoard

__all__ = ["End", "Live", "MetricsFile", "Reporter", "Row", "Start", "TensorBoard", "read_metrics"]
