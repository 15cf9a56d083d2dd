"""What is done with a trained model: codes moved along and out of the latent space, and results written to files."""

from latentia.operate.activity import Activity, measure_activity
from latentia.operate.code_files import check_codes_path, read_codes, write_codes
from latentia.operate.data_files import check_data_path, write_data, write_grid
from latentia.operate.decoding import code_names, decode_upto, group_of, has_prior, prior_centre
from latentia.operate.density import fit_density, with_prior
from latentia.operate.image_grid import as_pixels, image_grid
from latentia.operate.imputation import Imputation, impute
from latentia.operate.interpolation import How, interpolate
from latentia.operate.lines import linear, spherical
from latentia.operate.projection import Projection, project
from latentia.operate.traversal import Track, offsets, track_of, traverse

__all__ = [
    "Activity",
    "How",
    "Imputation",
    "Projection",
    "Track",
    "as_pixels",
    "check_codes_path",
    "check_data_path",
    "code_names",
    "decode_upto",
    "fit_density",
    "group_of",
    "has_prior",
    "image_grid",
    "impute",
    "interpolate",
    "linear",
    "measure_activity",
    "offsets",
    "prior_centre",
    "project",
    "read_codes",
    "spherical",
    "track_of",
    "traverse",
    "with_prior",
    "write_codes",
    "write_data",
    "write_grid",
]
