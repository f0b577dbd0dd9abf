import threading
from pathlib import Path

import pytest

from value_personas.experiments.workspace.folders import replace_text, whole


def test_a_file_is_there_whole_or_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    with whole(path) as partial:
        partial.write_text("first", encoding="utf-8")
    with pytest.raises(KeyboardInterrupt), whole(path) as partial:  # noqa: PT012
        partial.write_text("half", encoding="utf-8")
        raise KeyboardInterrupt
    assert path.read_text(encoding="utf-8") == "first"
    assert list(tmp_path.iterdir()) == [path]


def test_threads_that_write_one_file_do_not_write_into_each_other_s(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with whole(path) as partial:
        partial.write_text("first", encoding="utf-8")
        other = threading.Thread(target=replace_text, args=(path, "second"))
        other.start()
        other.join()
        assert path.read_text(encoding="utf-8") == "second"
    assert path.read_text(encoding="utf-8") == "first"
    assert list(tmp_path.iterdir()) == [path]
