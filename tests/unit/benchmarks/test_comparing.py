"""Only what was asked the same questions is compared, with settings chosen elsewhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lpm.benchmarks.comparing import chosen_settings, merged, reported, side_by_side
from lpm.benchmarks.results import Result
from lpm.benchmarks.rows import Row, report_rows

RESULT = Result(
    benchmark="personas", mode="short", split="report", backbone="tiny", backbone_fingerprint="f",
    method="lpm", settings={"num_slots": 32}, seed=0, overall=0.5, stderr=0.03, n=40, num_users=4,
    params_per_user=10_000, params_shared=3_000_000, bytes_per_user=40_000, kv_bytes=500,
    soft_tokens=26, prompt_tokens=80.0, seconds=12.0, by_kind={"facts": [0.5, 40]},
    by_kind_stderr={"facts": 0.03}, question_set="q0", user_set="u0",
)  # fmt: skip


def rows(*results: Result) -> list[Row]:
    made = report_rows(results)
    return [
        row | {"file": f"{index}.json", "files": [f"{index}.json"]}
        for index, row in enumerate(made)
    ]


class TestSeeds:
    def test_users_of_every_seed_count(self) -> None:
        (row,) = merged(
            rows(
                RESULT,
                replace(RESULT, seed=1, overall=0.7, stderr=0.04, user_set="u1", question_set="q1",
                        by_kind={"facts": [0.8, 30], "reasons": [0.4, 10]}),
            )
        )  # fmt: skip
        assert (row["seeds"], row["n"], row["num_users"]) == (2, 80, 8)
        assert row["overall"] == pytest.approx(0.6)
        assert row["stderr"] == pytest.approx((0.03**2 + 0.04**2) ** 0.5 / 2)
        assert row["by_kind"]["facts"] == [pytest.approx((0.5 * 40 + 0.8 * 30) / 70), 70]
        assert row["by_kind"]["reasons"] == [0.4, 10], "a kind that one seed lacks is kept"
        assert row["files"] == ["0.json", "1.json"]

    def test_the_same_users_asked_again_are_no_more_users(self) -> None:
        (row,) = merged(rows(RESULT, replace(RESULT, seed=1, overall=0.7)))
        assert (row["seeds"], row["n"], row["num_users"]) == (2, 40, 4)
        assert row["stderr"] == pytest.approx(0.03)

    def test_runs_of_other_numbers_of_users_stay_apart(self) -> None:
        assert len(merged(rows(RESULT, replace(RESULT, seed=1, num_users=5)))) == 2

    def test_another_backbone_under_the_same_name_stays_apart(self) -> None:
        assert len(merged(rows(RESULT, replace(RESULT, seed=1, backbone_fingerprint="g")))) == 2


class TestChoice:
    def test_each_method_has_the_settings_of_its_own_tuning(self) -> None:
        lora = replace(RESULT, method="lora", split="tune", mode="4k")
        found = chosen_settings(
            rows(
                replace(RESULT, split="tune", settings={"num_slots": 8}, overall=0.4),
                replace(RESULT, split="tune", settings={"num_slots": 64}, overall=0.6),
                replace(lora, settings={"rank": 4}, overall=0.3),
                replace(lora, settings={"rank": 16}, overall=0.2),
            ),
            "personas",
            "short",
        )
        assert found["lpm"] == {"num_slots": 64}
        assert found["lora"] == {"rank": 4}, "tuned in another mode alone"

    def test_controls_have_the_settings_of_lpm_and_not_their_own_best(self) -> None:
        swapped = replace(RESULT, method="swapped-user")
        table = rows(
            replace(RESULT, split="tune", settings={"num_slots": 64}, overall=0.6),
            replace(RESULT, split="tune", settings={"num_slots": 8}, overall=0.4),
            replace(swapped, split="tune", settings={"num_slots": 8}, overall=0.9),
            replace(swapped, settings={"num_slots": 8, "taught_by": "the next user"}, overall=0.8),
            replace(swapped, settings={"num_slots": 64, "taught_by": "the next user"}),
        )
        assert reported(table, "personas", "short")["swapped-user"]["overall"] == 0.5

    def test_weights_trained_since_do_not_undo_a_choice(self) -> None:
        table = rows(
            replace(RESULT, split="tune", settings={"num_slots": 8, "projector": "old"}),
            replace(RESULT, settings={"num_slots": 8, "projector": "new"}, overall=0.1),
            replace(RESULT, settings={"num_slots": 9, "projector": "new"}, overall=0.9, n=99),
        )
        assert reported(table, "personas", "short")["lpm"]["overall"] == 0.1


class TestSideBySide:
    def test_methods_are_compared_on_questions_that_both_were_asked(self) -> None:
        lora = replace(RESULT, method="lora", n=10, question_set="few")
        found = side_by_side(
            rows(RESULT, replace(RESULT, n=10, question_set="few", overall=0.25), lora),
            "personas",
            "short",
            ("lpm", "lora"),
        )
        assert found["lpm"]["overall"] == 0.25 and found["lora"]["n"] == 10

    def test_nothing_is_compared_where_all_questions_differ(self) -> None:
        lora = replace(RESULT, method="lora", question_set="others")
        assert side_by_side(rows(RESULT, lora), "personas", "short", ("lpm", "lora")) == {}
