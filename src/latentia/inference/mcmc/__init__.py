"""Markov chain Monte Carlo: Hamiltonian trajectories for many chains at once, and what their draws are worth.

`sample` takes a log-density of vectors, `sample_parameters` a log-joint of named, constrained parameters; both return
`Samples`, whose `summary()` is a table with a verdict. `latentia.inference.mcmc.diagnostics` has the numbers alone.
"""

from latentia.inference.mcmc.metric import Mass
from latentia.inference.mcmc.samples import Samples
from latentia.inference.mcmc.sampling import Method, sample, sample_parameters
from latentia.inference.mcmc.summary import Summary
from latentia.inference.parameters import Parameter, Parameters

__all__ = ["Mass", "Method", "Parameter", "Parameters", "Samples", "Summary", "sample", "sample_parameters"]
