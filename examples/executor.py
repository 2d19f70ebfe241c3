"""The rows of a sweep on two processes: the same as on one."""

from concurrent.futures import ProcessPoolExecutor

import mel_fast as mel


def main() -> None:
    over = {"learners": [10, 20], "draw": range(100)}
    with ProcessPoolExecutor(2) as executor:
        table = mel.sweep("table1", over, executor=executor)
    assert (table["tau"] == mel.sweep("table1", over)["tau"]).all()
    print(table.summary())


if __name__ == "__main__":
    main()
