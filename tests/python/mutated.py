"""Files with random faults: JSON documents as trees or as text, TOML as text; seeds are fixed."""

import copy
import json
import math
import random

SPELLINGS = (
    "0X1.0P+0", " 0x1p+0", "0x1p+0 ", "0x1p+0", "0x1.0p+0", "0x1.0000000000000p+0",
    "0x1.0000000000000p0", "0x1.0000000000000P+0", "0x1.0000000000000p+00", "+0x1.8000000000000p+1",
    "0x1.00000000000000p+0", "0x1.00000000000001p+0", "0x10.0p-4", "0x0.8p+1", "0x0.0p+0",
    "-0x0.0p+0", "0x0p+0", "0x1.0000000000000p-1074", "0x0.0000000000001p-1022",
    "0x1.fffffffffffffp+1023", "0x1.0000000000000p+1024", "-0x1.0000000000000p+0", "1.0", "1",
    "1e0", "1_0", "inf", "-inf", "infinity", "Infinity", "INF", "nan", "NaN", "", " ", "x",
    "\u0661", "0x1.8000000000000p+1\n", "\ud800", "\x1b[2J",
)  # fmt: skip
ODD = (
    None, True, False, [], {}, [[]], [None], {"": 0}, 0, 1, -1, 2, 3, 4, 12, 2**31, 2**53,
    2**53 + 1, 2**63 - 2, 2**63 - 1, 2**63, 2**64, 10**60, 10**61, 10**308, 10**309, -(10**400),
    0.0, -0.0, 0.1, 0.5, 1.0, 9.0, 1e-61, 1e-60, 1e60, 1e61, 1e300, 5e-324, 1.7976931348623157e308,
    math.inf, -math.inf, math.nan, "joint", "task_only", "resource_only", "optimal", "feasible",
    "undecided",
    "infeasible", "served", "excused", "prices", "equal_shares", "federated", "mel_fast.plan",
    {"learner": 0, "at": 3}, {"learner": 99, "at": 0}, {"learner": 0, "at": 2**53 + 1},
    {"lambda_per_hz": 1, "mu_per_w": 1}, {"lambda_per_hz": 0, "mu_per_w": 1e300},
)  # fmt: skip


def places(data, path=()):
    """Return the path of everything in nested lists and dictionaries, the whole first."""
    items = ()
    if isinstance(data, dict):
        items = data.items()
    elif isinstance(data, list):
        items = enumerate(data)
    return [path] + [place for key, value in items for place in places(value, (*path, key))]


def at(data, path):
    for key in path:
        data = data[key]
    return data


def mutant(data, rng):
    """Return a JSON document with one to three places changed."""
    data = copy.deepcopy(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        paths = places(data)
        path = rng.choice(paths)
        if not path:
            data = _replaced(data, paths, data, rng) if rng.random() < 0.05 else data
            continue
        holder, key = at(data, path[:-1]), path[-1]
        edit = rng.randrange(10)
        if edit < 6:
            holder[key] = _replaced(holder[key], paths, data, rng)
        elif edit == 6:
            del holder[key]
        elif isinstance(holder, list):
            other = rng.randrange(len(holder))
            if edit == 7:
                holder.insert(other, copy.deepcopy(holder[key]))
            else:
                holder[key], holder[other] = holder[other], holder[key]
        elif edit == 7:
            holder[rng.choice(("x", f"{key}_", "\u202e", "blocks", "reasons"))] = holder[key]
        elif edit == 8:
            holder[rng.choice((f"{key}".upper(), f"{key}x"))] = holder.pop(key)
        else:
            other = rng.choice(list(holder))
            holder[key], holder[other] = holder[other], holder[key]
    return data


def _replaced(old, paths, data, rng):
    kind = rng.randrange(6)
    if kind == 0:
        return copy.deepcopy(rng.choice(ODD))
    if kind == 1:
        return rng.choice(SPELLINGS)
    if kind == 2:
        return copy.deepcopy(at(data, rng.choice(paths)))
    if isinstance(old, str) and "0x" in old:
        try:
            number = float.fromhex(old)
        except ValueError:  # a mutant of a mutant
            number = 1.0
        return rng.choice(
            (
                number, -number, old.upper(), f"{old} ", old.replace("p", "0p"), number * 2,
                (number * 1.001).hex(), (number / 1.001).hex(), str(number), old[:-1],
                math.nextafter(number, math.inf).hex(), [old], {"hex": old},
            )
        )  # fmt: skip
    if isinstance(old, int | float) and not isinstance(old, bool):
        return rng.choice(
            (old + 1, old - 1, -old, old * 2, _float(old) + 0.5, str(old), [old], _float(old))
        )
    if isinstance(old, list):
        return rng.choice((old[:-1], old[1:], old + old, old[::-1], dict(enumerate(map(str, old)))))
    if isinstance(old, dict):
        return rng.choice((list(old), list(old.values()), {**old, "more": 1}, None))
    return copy.deepcopy(rng.choice(ODD))


def _float(number):
    return float(number) if abs(number) < 2**1000 else 0


def text_mutant(text, rng, alphabet):
    """Return a text with a few characters replaced, dropped or doubled."""
    letters = list(text)
    for _ in range(rng.randint(1, 4)):
        if not letters:
            break
        at = rng.randrange(len(letters))
        edit = rng.randrange(4)
        if edit == 0:
            letters[at] = rng.choice(alphabet)
        elif edit == 1:
            del letters[at : at + rng.randint(1, 12)]
        elif edit == 2:
            letters[at:at] = letters[at : at + rng.randint(1, 40)]
        else:
            letters.insert(at, rng.choice(alphabet))
    return "".join(letters)


def json_text_mutant(data, rng):
    """Return the text of a JSON document with faults of spelling, or with keys given twice."""
    text = json.dumps(data)
    if rng.random() < 0.2:
        key = rng.choice([path[-1] for path in places(data) if path and isinstance(path[-1], str)])
        return text.replace(f'"{key}": ', f'"{key}": 1, "{key}": ', 1)
    return text_mutant(text, rng, '0123456789.-+eExp"{}[],: \\u\n\ttfnNI\x00\u202e')


def seeded(*words):
    return random.Random(":".join(map(str, words)))
