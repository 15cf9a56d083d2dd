"""The parts of the beta-TC objective against pythae's on equal weights and noise."""

from __future__ import annotations

import torch

from latentia.names import Aggregate
from latentia.objectives import ELBO, Step
from latentia.objectives.penalties import DecomposedKL, decompose
from latentia.objectives.penalties.decomposition import log_shares
from tests.exact.mutants import killed
from tests.peers.pythae_vae import losses, theirs
from tests.peers.small_vae import LATENT, ROWS, batch, drawn_noise, equal, same_gradients, small_vae, traced

INFORMATION, CORRELATION, DIMENSIONS = 0.8, 6.0, 1.5
WEIGHTS = {"alpha": INFORMATION, "beta": CORRELATION, "gamma": DIMENSIONS}
NUM_DATA = 50
FLOAT32 = 1e-5
"""pythae takes logarithms of the sizes in float32 whatever the precision of the data."""


def test_with_weighted_batches_the_loss_is_pythaes_but_for_the_closed_kl() -> None:
    model, x = small_vae(), batch()
    eps = drawn_noise(model, x)
    found = losses(
        theirs("BetaTCVAE", model, eps[0], use_mss=False, reconstruction_loss="bce", **WEIGHTS),
        x,
        dataset_size=NUM_DATA,
    )
    parts = DecomposedKL(NUM_DATA, INFORMATION, CORRELATION, DIMENSIONS, "weighted")
    torch.manual_seed(3)
    ours = ELBO(penalties=(parts,))(model, x, Step()).loss
    # Ours counts the KL once in closed form, pythae all of it from the sample: the three parts add up to that.
    trace = traced(model, x, eps)
    closed_less_sampled = (trace.kl - (trace.log_qz - trace.log_pz)).mean()
    equal(ours - closed_less_sampled, found.loss, FLOAT32)
    same_gradients(ours - closed_less_sampled, found.loss, model, FLOAT32)
    with killed():  # another size of the data
        other = DecomposedKL(NUM_DATA + 1, INFORMATION, CORRELATION, DIMENSIONS, "weighted")
        torch.manual_seed(3)
        equal(ELBO(penalties=(other,))(model, x, Step()).loss - closed_less_sampled, found.loss, FLOAT32)


def test_pythaes_stratified_shares_stand_in_the_first_columns_where_ours_stand_at_each_row_itself() -> None:
    # Its matrix is filled with a stride of the batch size, [::B] and [1::B], for a stride of B + 1: every row gives
    # the share 1/N of its own code to the first row of the batch, and the rest's correction to the second.
    model = theirs("BetaTCVAE", small_vae(), use_mss=True)
    found = model._log_importance_weight_matrix(ROWS, NUM_DATA).exp().double()
    own, others = 1 / NUM_DATA, 1 / (ROWS - 1)
    correction = (NUM_DATA - ROWS + 1) / (NUM_DATA * (ROWS - 1))
    expected = torch.tensor([own, correction, others, others, others]).expand(ROWS, ROWS).clone().double()
    expected[-2, 0] = correction
    equal(found, expected, 1e-6)
    ours = log_shares(ROWS, NUM_DATA, "stratified", torch.float64).exp()
    equal(ours.diagonal(), torch.full((ROWS,), own, dtype=torch.float64))
    equal(ours.sum(1), torch.ones(ROWS, dtype=torch.float64))


def test_codes_that_tell_their_rows_apart_know_log_n_and_pythae_says_much_less() -> None:
    # With narrow posteriors log q(z) is log q(z|x) plus the logarithm of the row's own share, and that should be 1/N.
    model, x = small_vae(), batch()
    with torch.no_grad():
        model.latents.groups[0].q.linear.bias[LATENT:] -= 7.0  # type: ignore[attr-defined] # the diagonal head
    eps = drawn_noise(model, x)

    def information(aggregate: Aggregate) -> torch.Tensor:
        return decompose(traced(model, x, eps), NUM_DATA, aggregate).information.mean()

    equal(information("stratified"), torch.tensor(NUM_DATA, dtype=x.dtype).log())
    with killed():  # biased: the own share is 1 / (N B)
        equal(information("weighted"), torch.tensor(NUM_DATA, dtype=x.dtype).log())

    # All weight on the information shows pythae's estimate.
    only = {"alpha": 1.0, "beta": 0.0, "gamma": 0.0, "reconstruction_loss": "bce"}
    peer = theirs("BetaTCVAE", model, eps[0], use_mss=True, **only)
    found = losses(peer, x, dataset_size=NUM_DATA)
    own = peer._log_importance_weight_matrix(ROWS, NUM_DATA).diagonal()
    equal(found.loss - found.recon_loss, -own.mean().to(x.dtype), FLOAT32)
    assert found.loss - found.recon_loss < 0.7 * information("stratified")
