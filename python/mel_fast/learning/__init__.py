"""The learning loop that a plan is for: distribute, train locally, average, again.

A global cycle gives learner k its d_k samples and the global model, lets it run tau local cycles
(passes over its samples) of mini-batch SGD, and replaces the global model by the average of the
learners' models weighted by d_k: equation (5) of the paper. On the simulated clock every global
cycle takes the deadline T.

Needs the extra ``[learn]`` (scikit-learn) for :class:`ScikitMLP` and the data that scikit-learn
brings; any other model is a :class:`LocalModel`.
"""

from mel_fast._base.arithmetic import guard
from mel_fast.learning.averaging import WeightedAverage, average
from mel_fast.learning.data import DataError, Dataset, digits, load, openml, read_mnist
from mel_fast.learning.hierarchy import Hierarchy, train_cells
from mel_fast.learning.idx import read_idx
from mel_fast.learning.loop import History, run
from mel_fast.learning.model import LocalModel, ScikitMLP, Weights
from mel_fast.learning.networks.network import NumpyMLP
from mel_fast.learning.networks.optimisers import OPTIMISERS, Optimiser
from mel_fast.learning.networks.torch_module import TorchModel
from mel_fast.learning.partition import Partition, dirichlet_shards, iid_shards, random_split
from mel_fast.learning.rounds.clock import Clock, Event
from mel_fast.learning.search import Search, Trial, search
from mel_fast.learning.train import Training, train

__all__ = [
    "OPTIMISERS",
    "Clock",
    "DataError",
    "Dataset",
    "Event",
    "Hierarchy",
    "History",
    "LocalModel",
    "NumpyMLP",
    "Optimiser",
    "Partition",
    "ScikitMLP",
    "Search",
    "TorchModel",
    "Training",
    "Trial",
    "WeightedAverage",
    "Weights",
    "average",
    "digits",
    "dirichlet_shards",
    "iid_shards",
    "load",
    "openml",
    "random_split",
    "read_idx",
    "read_mnist",
    "run",
    "search",
    "train",
    "train_cells",
]


guard(__name__)
