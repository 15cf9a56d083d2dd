"""Posteriors without an encoder: Bayes' rule worked out in closed form, by optimisation and by simulation.

- `latentia.inference.linear_gaussian`: the one deep latent-variable model whose likelihood and posterior are exact.
- `latentia.inference.cavi`: mean-field variational inference by coordinate ascent, for conjugate models.
- `latentia.inference.sgvb`: stochastic gradient variational Bayes for any log-joint.
- `latentia.inference.mcmc`: Hamiltonian Monte Carlo and NUTS, their diagnostics, annealed importance sampling.
"""
