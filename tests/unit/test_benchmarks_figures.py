"""What benchmarks make of what they measured: medians, ratios beside their targets, kinds of requests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from bench_lib.figures import Figure, Result, at_least, at_most, plain
from bench_lib.measure import MIB, Command, Failed, Spread, alternate, run, run_together
from bench_lib.rows.no_op import summary, superfluous

VALIDATION = "GET /v3/auth/tokens"
SIGN_IN = "POST /v3/auth/tokens"


def python(folder: Path, text: str) -> Command:
    """A command that runs some Python."""
    return Command([sys.executable, "-I", "-S", "-c", text], {}, folder, "output")


class TestMedians:
    @pytest.mark.parametrize(
        ("values", "median"), [([3.0], 3.0), ([9.0, 1.0, 2.0], 2.0), ([1.0, 2.0, 4.0, 100.0], 3.0)]
    )
    def test_one_stray_value_does_not_count(self, values: list[float], median: float) -> None:
        assert Spread.of(values).median == median

    def test_the_smallest_and_the_largest_are_reported(self) -> None:
        assert Spread.of([2.0, 1.004, 3.5]).text(".2f") == "1.00 … 3.50"
        assert Spread.of([-1.0, 2.0]).text("+.1f") == "-1.0 … +2.0"


class TestTargets:
    @pytest.mark.parametrize(
        ("values", "met"), [([1.0, 1.05, 9.0], True), ([1.05], True), ([1.06], False), ([1.0, 1.06, 1.07], False)]
    )
    def test_the_median_meets_an_upper_bound_or_not(self, values: list[float], met: bool) -> None:
        assert at_most("a", 1.05, values).met is met

    @pytest.mark.parametrize(("values", "met"), [([0.5], True), ([0.4, 0.5, 0.6], True), ([0.49], False)])
    def test_the_median_meets_a_lower_bound_or_not(self, values: list[float], met: bool) -> None:
        assert at_least("a", 0.5, values).met is met

    def test_figure_and_target_stand_side_by_side_in_one_form(self) -> None:
        assert at_most("ratio", 1.05, [1.0, 2.0, 1.5], unit=" ×") == Figure(
            "ratio", "≤ 1.05 ×", "1.50 ×", False, "1.00 … 2.00 (3)"
        )
        assert at_most("difference", 1.5, [-0.5], unit=" s", sign="+") == Figure(
            "difference", "≤ +1.50 s", "-0.50 s", True, "-0.50 … -0.50 (1)"
        )
        assert at_least("rate", 0.5, [0.5, 0.7], " ×") == Figure("rate", "≥ 0.50 ×", "0.60 ×", True, "0.50 … 0.70 (2)")

    def test_without_a_target_there_is_no_verdict(self) -> None:
        assert plain("peak", [38.4], form=".0f", unit=" MiB") == Figure("peak", "", "38 MiB", None, "38 … 38 (1)")

    def test_a_result_survives_its_file(self) -> None:
        result = Result("512 MiB", [plain("a", [1.0]), at_most("b", 1, [2.0])], ["detail"], "")
        assert Result.from_json(result.as_json()) == result


class TestPairs:
    def test_two_things_are_measured_in_turn(self) -> None:
        order: list[str] = []

        def measured(name: str) -> str:
            order.append(name)
            return f"{name}{len(order)}"

        pairs = alternate(3, lambda: measured("a"), lambda: measured("b"))
        assert order == ["a", "b"] * 3
        assert pairs == [("a1", "b2"), ("a3", "b4"), ("a5", "b6")]


class TestCommands:
    def test_the_peak_is_the_commands_own_and_its_output_is_kept(self, tmp_path: Path) -> None:
        size = 64 * MIB
        small, large = (run(python(tmp_path, f"print(len(b'x' * {count}))")) for count in (1, size))
        assert abs(large.peak - small.peak - size) < size / 8
        assert large.cpu > 0
        assert (tmp_path / "output").read_text() == f"{size}\n"

    def test_one_that_fails_gives_no_figure_but_says_why(self, tmp_path: Path) -> None:
        commands = [python(tmp_path, ""), python(tmp_path, "import sys; sys.exit('no luck')")]
        with pytest.raises(Failed, match=r"ended with 1: no luck$"):
            run_together(commands)


class TestRequests:
    def test_a_token_and_a_discovery_of_each_keystone_and_listings_are_needed(self) -> None:
        asked = {
            "keystone-a": [SIGN_IN, VALIDATION, VALIDATION, "GET /v3/"],
            "keystone-b": [SIGN_IN, "GET /"],
            "Burgos": ["GET /v2/images?owner=1", "GET /v2/images?visibility=public"],
        }
        assert superfluous(asked).met is True

    @pytest.mark.parametrize(
        ("name", "words", "first"),
        [
            ("keystone-a", [SIGN_IN, SIGN_IN], f"keystone-a: {SIGN_IN}"),
            ("keystone-a", ["GET /v3", "GET /v3/"], "keystone-a: GET /v3/"),
            ("Burgos", ["GET /v2/schemas/image"], "Burgos: GET /v2/schemas/image"),
            ("Burgos", ["GET /"], "Burgos: GET /"),
        ],
    )
    def test_anything_more_is_named(self, name: str, words: list[str], first: str) -> None:
        figure = superfluous({name: words})
        assert (figure.met, figure.figure) == (False, f"1 ({first})")

    def test_what_was_asked_is_counted_by_kind(self) -> None:
        words = [SIGN_IN, VALIDATION, "GET /v3", VALIDATION, "PATCH /v2/images/1"]
        assert summary(words) == "1 × sign in, 2 × token validation, 1 × discovery, 1 × PATCH /v2/images/1"
        assert summary([]) == "nothing"
