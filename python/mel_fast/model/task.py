"""The learning task: what is sent, computed and returned for each sample."""

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, SupportsIndex, TypedDict, Unpack

from mel_fast._base.arithmetic import guard
from mel_fast._base.frozen import Frozen
from mel_fast._base.validation import MAX_INTEGER, choice, integer, real
from mel_fast.model import grammar

Setting = Literal["parallelized", "federated"]
Count = SupportsIndex | float

SETTINGS: tuple[Setting, ...] = ("parallelized", "federated")
COUNTS = (
    "samples",
    "features",
    "feature_bits",
    "fixed_parameters",
    "parameters_per_sample",
    "parameter_bits",
)


class LearningTaskChanges(TypedDict, total=False):
    """What `LearningTask.replace` takes: the arguments of the constructor."""

    samples: Count
    features: Count
    feature_bits: Count
    fixed_parameters: Count
    parameters_per_sample: Count
    parameter_bits: Count
    flops_per_sample: float
    setting: Setting


class LearningTask(Frozen):
    """A model to be trained on `samples` samples in every global cycle.

    Parameters
    ----------
    samples
        D, samples that the learners process together in one global cycle; at least 1.
    features, feature_bits
        F and P_d: a sample is sent as ``features * feature_bits`` bits (parallelized learning).
    fixed_parameters
        S_m, parameters of the model whatever the number of samples.
    parameters_per_sample
        S_d, parameters that each sample adds to the model; 0 for neural networks.
    parameter_bits
        P_m, bits of one parameter.
    flops_per_sample
        C_m, floating point operations of one local cycle on one sample.
    setting
        ``"parallelized"``: samples travel with the model; ``"federated"``: the learners have them.

    Raises
    ------
    ValueError, TypeError
        Naming the field, its value and the allowed range. Counts are integers up to 2**53, and so
        must be the bits of one sample and of the model.

    Notes
    -----
    Equations (1) to (8) of Abutuleb, Sorour, Hassanein: "Joint Task and Resource Allocation for
    Mobile Edge Learning". Immutable; equal by value; `replace` makes a changed copy.

    Examples
    --------
    >>> import mel_fast as mel
    >>> task = mel.LearningTask(60_000, 784, 32, 280_440, 0, 32, 1_123_736)
    >>> task.alpha_bits, task.model_bits
    (25088, 8974080)
    """

    __slots__ = (
        "feature_bits",
        "features",
        "fixed_parameters",
        "flops_per_sample",
        "parameter_bits",
        "parameters_per_sample",
        "samples",
        "setting",
    )
    _fields: ClassVar[tuple[str, ...]] = (
        "samples",
        "features",
        "feature_bits",
        "fixed_parameters",
        "parameters_per_sample",
        "parameter_bits",
        "flops_per_sample",
        "setting",
    )

    samples: int
    features: int
    feature_bits: int
    fixed_parameters: int
    parameters_per_sample: int
    parameter_bits: int
    flops_per_sample: float
    setting: Setting

    if TYPE_CHECKING:  # the arguments by name and type, which `Frozen` cannot know

        def replace(self, **changes: Unpack[LearningTaskChanges]) -> Self:  # type: ignore[override]
            """Return a copy in which the named constructor arguments are changed and validated."""

    def __init__(
        self,
        samples: Count,
        features: Count,
        feature_bits: Count,
        fixed_parameters: Count,
        parameters_per_sample: Count,
        parameter_bits: Count,
        flops_per_sample: float,
        setting: Setting = "parallelized",
    ) -> None:
        self._set("samples", integer("samples", samples, low=1))
        self._set("features", integer("features", features, low=0))
        self._set("feature_bits", integer("feature_bits", feature_bits, low=1))
        self._set("fixed_parameters", integer("fixed_parameters", fixed_parameters, low=0))
        self._set(
            "parameters_per_sample", integer("parameters_per_sample", parameters_per_sample, low=0)
        )
        self._set("parameter_bits", integer("parameter_bits", parameter_bits, low=1))
        self._set("flops_per_sample", real("flops_per_sample", flops_per_sample))
        self._set("setting", choice("setting", setting, SETTINGS))
        self._check_total("features * feature_bits", self.sample_bits)
        self._check_total("parameter_bits * fixed_parameters", self.model_bits)
        self._check_total("parameter_bits * parameters_per_sample", self.model_bits_per_sample)
        self._check_total(
            "features * feature_bits + parameter_bits * parameters_per_sample", self.alpha_bits
        )

    @staticmethod
    def _check_total(name: str, bits: int) -> None:
        if bits > MAX_INTEGER:
            raise ValueError(f"{name} = {bits} bits: must be an integer in [0, {MAX_INTEGER}]")

    @property
    def sample_bits(self) -> int:
        """Bits of one sample on the air; 0 in federated learning."""
        return self.features * self.feature_bits if self.setting == "parallelized" else 0

    @property
    def model_bits(self) -> int:
        """Bits of the model's fixed part, beta in the design."""
        return self.parameter_bits * self.fixed_parameters

    @property
    def model_bits_per_sample(self) -> int:
        """Bits that each sample adds to the model, both ways."""
        return self.parameter_bits * self.parameters_per_sample

    @property
    def alpha_bits(self) -> int:
        """Bits sent for each sample: the sample and its share of the model."""
        return self.sample_bits + self.model_bits_per_sample

    def to_dict(self) -> dict[str, Any]:
        """Return the constructor's arguments, real numbers as hexadecimal strings."""
        return {**self._arguments(), "flops_per_sample": self.flops_per_sample.hex()}

    @classmethod
    def _from_file(cls, stated: object) -> Self:
        """Read `to_dict`'s form by the grammar of plan files."""
        task = dict(grammar.members("task", stated, cls._fields))
        for name in COUNTS:
            task[name] = grammar.integer(name, task[name])
        task["flops_per_sample"] = grammar.number("flops_per_sample", task["flops_per_sample"])
        task["setting"] = grammar.word("setting", task["setting"], SETTINGS)
        return cls(**task)


guard(__name__)
