"""Table I as a scenario file that explains itself."""

from mel_fast import scenarios
from mel_fast._base.arithmetic import guard
from mel_fast.channel import Disc, paper
from mel_fast.model.columns import COLUMNS
from mel_fast.model.problem import Problem

_TEMPLATE = """\
# A scenario for mel-fast: edit it, then run `mel-fast solve THIS_FILE`.
# These are the values of Table I (Abutuleb, Sorour, Hassanein: Joint Task and Resource Allocation
# for Mobile Edge Learning). What the paper leaves open is marked. The unit is part of every key.

[task]
setting = "{setting}" ## or "federated": the samples already lie at the learners
samples = {samples} ## D, samples in one global cycle
features = {features} ## F, features of one sample
feature_bits = {feature_bits} ## P_d, bits of one feature (open)
fixed_parameters = {fixed_parameters} ## S_m, parameters of the model
parameters_per_sample = {parameters_per_sample} ## S_d, parameters that a sample adds
parameter_bits = {parameter_bits} ## P_m, bits of one parameter
flops_per_sample = {flops_per_sample} ## C_m, flops of one local cycle on one sample

# What is really sent, where it is not what the task says; each a number or a list, one each:
# [payload]
# send_bits = 8_974_080 ## to it, whatever its samples; send_bits_per_sample
# return_bits = 1_121_760 ## from it; return_bits_per_sample, flops_per_sample

[radio] ## the orchestrator's budgets, shared by all learners
bandwidth_hz = {bandwidth_hz} ## B (open: whether it grows with the learners)
power_w = {power_w} ## P, 23 dBm (open likewise)
{noise}
{block}
# shared = "return" ## the budgets are those of the way back; the learners then need
#   send_bandwidth_hz and send_power_w, and power_w may be missing: each its max_power_w

[cycle]
cycle_s = {cycle_s} ## T, the deadline of one global cycle
idle = "{idle}" ## a learner without samples: "served" with the model, or "excused"

[learners] ## a number stands for the same value at every learner
return_bandwidth_hz = {return_bandwidth_hz}
return_power_w = {return_power_w} ## 23 dBm
# Instead of drawing learners, list them:  flops_per_s = [2.4e9, 0.7e9] and gain = [1e-10, 3e-11]
# or keep them beside this file, one row each:  table = "learners.csv" (or .parquet)
# All optional, each a number or a list (also columns of the table); inf is no limit:
{limits}

[learners.draw] ## drawn at random, the same on every machine
count = {count}
seed = {seed}
draw = 0 ## number of the draw within the seed
device_flops_per_s = {devices} ## dealt to the learners in turn
placement = {{ shape = "disc", radius_m = {radius_m} }} ## open; also "annulus" and "fixed"
# 70 + 21 log10(R) dB reads the printed "7 + 2.1 log(R) dB" in bels (open). Others:
#   {{ law = "free_space", carrier_hz = 2.4e9 }}, {{ law = "indoor_office", carrier_hz = 5e9 }},
#   {{ law = "urban_micro", carrier_hz = 3.5e9 }}
attenuation = {{ law = "log_distance", at_one_metre_db = {at_one_metre_db}, slope_db = {slope_db} }}
extra_loss_db = 7.0 ## open
fading = "rayleigh" ## open; also "none", "rician:K_DB", "nakagami:M"
"""
_COMMENT_COLUMN = 46


def table1_text(problem: Problem, *, learners: int, seed: int) -> str:
    """Return `problem`, a draw of :func:`mel_fast.scenarios.table1`, as commented TOML."""
    task, radio, links = problem.task, problem.radio, problem.links
    attenuation = paper()
    noise = (
        f"noise_density_w_per_hz = {radio.noise!r} ## -174 dBm/Hz; or noise_power_w"
        if problem.law == "density"
        else f"noise_power_w = {radio.noise!r} ## -174 dBm/Hz on B; or noise_density_w_per_hz"
    )
    comment = "bandwidth comes in blocks of this width"
    block = f"# block_hz = 180e3 ## {comment} (left out: it does not)"
    if radio.block_hz is not None:
        block = f"block_hz = {radio.block_hz!r} ## {comment}"
    text = _TEMPLATE.format(
        setting=task.setting,
        samples=f"{task.samples:_}",
        features=task.features,
        feature_bits=task.feature_bits,
        fixed_parameters=f"{task.fixed_parameters:_}",
        parameters_per_sample=task.parameters_per_sample,
        parameter_bits=task.parameter_bits,
        flops_per_sample=repr(task.flops_per_sample),
        bandwidth_hz=repr(radio.bandwidth_hz),
        power_w=repr(problem.power_budget_w),
        noise=noise,
        block=block,
        cycle_s=repr(problem.cycle_s),
        idle=problem.idle,
        return_bandwidth_hz=repr(float(links.bandwidth_hz[0])),
        return_power_w=repr(float(links.power_w[0])),
        limits=_limits(),
        count=learners,
        seed=seed,
        devices=repr([scenarios.FAST_FLOPS_PER_S, scenarios.SLOW_FLOPS_PER_S]),
        radius_m=repr(Disc().radius_m),
        at_one_metre_db=repr(attenuation.at_one_metre_db),
        slope_db=repr(attenuation.slope_db),
    )
    return "\n".join(map(_aligned, text.split("\n")))


def _limits() -> str:
    """Return the columns that may be left out, commented out."""
    return "\n".join(
        f"# {name} = {column.template} ## {column.meaning}"
        for name, column in COLUMNS.items()
        if column.template is not None
    )


def _aligned(line: str) -> str:
    code, mark, comment = line.partition(" ## ")
    return f"{code:<{_COMMENT_COLUMN}}  # {comment}" if mark else line


guard(__name__)
