"""The core's floors: an include goes down, or stays; the order stands in cpp/CMakeLists.txt."""

import itertools
import re
from pathlib import Path

import pytest

CPP = Path(__file__).resolve().parents[2] / "cpp"
pytestmark = pytest.mark.skipif(not (CPP / "CMakeLists.txt").is_file(), reason="no core here")

INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)


def floors() -> list[str]:
    """From the ground up, as the build has them."""
    text = (CPP / "CMakeLists.txt").read_text()
    found = re.search(r"set\(MEL_FLOORS ([^)]*)\)", text)
    assert found is not None
    return found[1].split()


def sources() -> dict[str, str]:
    """Every file of the core and the bindings, by its name below cpp/ (or as others include it)."""
    files = (path for path in sorted(CPP.rglob("*")) if path.suffix in {".hpp", ".cpp"})
    return {str(path.relative_to(CPP)).removeprefix("include/"): path.read_text() for path in files}


def wrong_arrows(files: dict[str, str], order: list[str]) -> list[str]:
    """Includes that go up, or from a public header or a binding to an internal one."""
    height = {floor: i for i, floor in enumerate(order)}

    def floor_of(name: str) -> int:
        # A public header lies where the source of its name does; one without a source, anywhere.
        room, _, rest = name.partition("/")
        if room != "mel":
            return height[room]
        source = rest.replace(".hpp", ".cpp")
        return next((height[f] for f in order if f"{f}/{source}" in files), -1)

    wrong = []
    for name, text in files.items():
        room = name.partition("/")[0]
        for target in INCLUDE.findall(text):
            if room in {"mel", "bindings", "wasm"}:
                own = room == "bindings" and "/" not in target
                bad = not (own or target.startswith("mel/"))
            else:
                bad = target not in files or floor_of(target) > floor_of(name)
            if bad:
                wrong.append(f"{name} includes {target}")
    return wrong


def circles(files: dict[str, str]) -> list[str]:
    """Headers that include themselves by way of others."""
    state: dict[str, bool] = {}  # True: done
    found = []

    def visit(name: str) -> None:
        state[name] = False
        for target in INCLUDE.findall(files[name]):
            if state.get(target) is False:
                found.append(f"{name} -> {target}")
            elif target in files and target not in state:
                visit(target)
        state[name] = True

    for name in files:
        if name not in state:
            visit(name)
    return found


def test_every_include_goes_down_or_stays_on_its_floor() -> None:
    assert wrong_arrows(sources(), floors()) == []


def test_no_header_includes_itself_by_way_of_others() -> None:
    assert circles(sources()) == []


@pytest.mark.parametrize(
    ("file", "include"),
    [
        ("base/sums.hpp", "learner/response.hpp"),  # up
        ("learner/response.hpp", "mel/solve.hpp"),  # up, to a public header
        ("mel/solve.hpp", "tree/branch_and_bound.hpp"),  # the public one has internals behind it
        ("bindings/module.cpp", "solve/solver.hpp"),
        ("wasm/entry.cpp", "solve/solver.hpp"),
    ],
)
def test_a_planted_wrong_arrow_is_found(file: str, include: str) -> None:
    files = sources()
    files[file] += f'\n#include "{include}"\n'
    assert wrong_arrows(files, floors()) == [f"{file} includes {include}"]


def test_a_planted_circle_is_found() -> None:
    files = sources()
    files["learner/link_law.hpp"] += '\n#include "learner/capped.hpp"\n'
    assert circles(files)


def test_every_folder_of_the_core_is_a_floor_and_says_what_lives_there() -> None:
    folders = {path.name for path in CPP.iterdir() if path.is_dir()}
    assert folders == {*floors(), "bindings", "include", "wasm"}
    assert all((CPP / floor / "README.md").is_file() for floor in floors())


def test_all_public_headers_are_compiled_together() -> None:
    together = CPP.parent / "tests" / "cpp" / "test_headers.cpp"
    headers = {f"mel/{path.name}" for path in (CPP / "include" / "mel").glob("*.hpp")}
    assert headers == {name for name in INCLUDE.findall(together.read_text()) if "/" in name}


def test_contributing_draws_the_floors_in_the_order_of_the_build() -> None:
    text = (CPP.parent / "CONTRIBUTING.md").read_text()
    assert " < ".join(floors()) in text.replace("`", "").replace("\n", " ")


# Parameters of one type side by side are told apart by their order alone. These orders are those of
# ranges, coordinates, rows and columns, quotients, terms of an equation; all else has names.
ORDERED = {
    *("low high", "lower upper", "least most", "fewest most", "few many", "first last", "from to"),
    *("first count", "n many", "size stride", "size learners", "tau low", "tau upper"),
    *("x y", "a b", "i j", "k d", "which k", "i row", "budget learners", "more less"),
    *("value by_x", "by_x by_y", "w grown"),
}
PLAIN = (
    r"(?:const )?(?:double|float|bool|int|std::u?int\d+_t|std::size_t|std::span<(?:const )?\w+>)"
)
VECTOR = r"const (?:std::vector<\w+>|Numbers)&"
PARAMETER = re.compile(rf"({PLAIN} ?&?|{VECTOR}) ?(\w+)(?: ?=.*)?")


def arguments(text: str, begin: int) -> list[str]:
    """Return what stands between parentheses, parted by commas."""
    depth, found = 0, [""]
    for character in text[begin:]:
        depth += (character in "(<{[") - (character in ")>}]")
        if depth < 0:
            break
        if character == "," and depth == 0:
            found.append("")
        else:
            found[-1] += character
    return [" ".join(word.split()) for word in found]


def swappable(files: dict[str, str]) -> list[str]:
    """Return functions two of whose neighbouring parameters could be swapped unseen.

    Lanes hold the terms of formulas; lambdas are read where they are called, the bindings checked
    by the stubs.
    """
    found = []
    for name, text in files.items():
        if name.startswith(("bindings/", "wasm/", "kernels/")):
            continue
        code = re.sub(r"//.*", "", text)
        for call in re.finditer(r"\b(\w+)\(", code):
            parts = [PARAMETER.fullmatch(word) for word in arguments(code, call.end())]
            for one, two in itertools.pairwise(parts):
                if one and two and one[1].strip() == two[1].strip():
                    pair = f"{one[2]} {two[2]}"
                    if pair not in ORDERED:
                        found.append(f"{name}: {call[1]}({pair})")
    return found


def test_no_two_numbers_can_be_swapped_unseen() -> None:
    assert swappable(sources()) == []


@pytest.mark.parametrize("line", [
    "double power(double rate, double blocks) const;",
    "bool f(int k, bool deep, bool wide = true);",
    "void g(std::span<const double> free,\n       std::span<const double> stay);",
])  # fmt: skip
def test_numbers_that_could_be_swapped_are_found(line: str) -> None:
    assert len(swappable({"learner/some.hpp": line})) == 1


TYPE = re.compile(r"^(?:struct|class|enum class) (\w+)\b(?!::)[^;{]*\{", re.MULTILINE)


def types_twice(files: dict[str, str]) -> list[str]:
    """Return types of the core's namespace that stand in two files: one definition, says C++."""
    where: dict[str, set[str]] = {}
    for name, text in files.items():
        shared = re.sub(
            r"^namespace \{$.*?^\}  // namespace$", "", text, flags=re.MULTILINE | re.DOTALL
        )
        for found in TYPE.findall(shared):
            where.setdefault(found, set()).add(name)
    return [f"{found}: {sorted(names)}" for found, names in where.items() if len(names) > 1]


def test_no_two_types_have_one_name() -> None:
    core = {name: text for name, text in sources().items() if not name.startswith("bindings/")}
    assert types_twice(core) == []
    twice = {"a/a.hpp": "struct Held {\n", "b/b.hpp": "class Held final {\n"}
    assert types_twice(twice) == ["Held: ['a/a.hpp', 'b/b.hpp']"]


# All is compiled with these precompiled: what a file forgets to include goes unnoticed.
STANDARD = {
    "algorithm": (
        r"(sort|stable_sort|partial_sort|nth_element|fill|fill_n|copy|copy_n|clamp|max|min|minmax|"
        r"max_element|min_element|all_of|any_of|none_of|find|find_if|count|count_if|equal|remove_if|"
        r"transform|reverse|unique|rotate|lower_bound|upper_bound|partition_point|merge|push_heap|"
        r"pop_heap|make_heap|is_sorted|for_each|generate)\("
    ),
    "array": r"array<",
    "atomic": r"atomic\b",
    "chrono": r"chrono::",
    "cmath": r"(abs|sqrt|exp|log|log1p|expm1|pow|floor|ceil|isfinite|isnan|nextafter|ldexp)\(",
    "condition_variable": r"condition_variable\b",
    "cstddef": r"size_t\b",
    "cstdint": r"u?int(8|16|32|64)_t\b",
    "exception": r"(exception_ptr|current_exception)\b",
    "functional": r"(function<|greater<|less<|hash<|ref\()",
    "limits": r"numeric_limits<",
    "memory": r"(unique_ptr|shared_ptr|make_unique|make_shared)\b",
    "mutex": r"(mutex|lock_guard|unique_lock|scoped_lock)\b",
    "numeric": r"(accumulate|reduce|iota|inner_product|partial_sum|gcd|midpoint)\(",
    "optional": r"(optional|nullopt)\b",
    "random": r"(mt19937|uniform_\w+_distribution)",
    "span": r"span\b",
    "sstream": r"[io]?stringstream\b",
    "stdexcept": r"(runtime_error|logic_error|invalid_argument|out_of_range|length_error)\b",
    "string": r"(string|to_string)\b",
    "thread": r"(thread|this_thread::)\b",
    "utility": r"(pair<|exchange\(|swap\()",
    "vector": r"vector\b",
}


def included(path: Path, seen: set[Path]) -> set[str]:
    """Return the standard headers that a file brings, by itself or by the project's own headers."""
    if path in seen:
        return set()
    seen.add(path)
    found = set()
    for name in re.findall(r'^#include [<"]([^">]+)[">]', path.read_text(), re.MULTILINE):
        own = [folder / name for folder in (path.parent, CPP, CPP / "include")]
        found |= next((included(file, seen) for file in own if file.is_file()), {name})
    return found


def forgotten(path: Path) -> list[str]:
    """Return the standard headers of which a file uses names without including them."""
    used, text = included(path, set()), path.read_text()
    return [
        f"{path.name}: <{header}>"
        for header, names in STANDARD.items()
        if header not in used and re.search(rf"\bstd::(ranges::)?{names}", text)
    ]


def test_every_file_includes_the_standard_headers_that_it_uses(tmp_path):
    tests = sorted((CPP.parent / "tests/cpp").glob("*.?pp"))
    core = sorted(CPP.rglob("*.?pp"))
    assert tests
    assert core
    assert [line for path in tests + core for line in forgotten(path)] == []
    (tmp_path / "some.cpp").write_text("#include <span>\nstd::vector<std::span<int>> x;\n")
    assert forgotten(tmp_path / "some.cpp") == ["some.cpp: <vector>"]
