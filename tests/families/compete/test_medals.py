"""MLE-bench's medal table, its comparisons, and leaderboards that do not fit."""

from __future__ import annotations

import pytest

from medalist.core.errors import InputError
from medalist.core.score import Direction
from medalist.families.compete.medals import Leaderboard, medal_positions, medal_report, read_leaderboard

UP, DOWN = Direction.MAXIMIZE, Direction.MINIMIZE


@pytest.mark.parametrize(
    ("teams", "positions"),
    [
        (1, (1, 1, 1)),
        (9, (1, 1, 3)),
        (99, (9, 19, 39)),
        (100, (10, 20, 40)),
        (249, (10, 49, 99)),
        (250, (10, 50, 100)),
        (999, (11, 50, 100)),
        (1000, (12, 50, 100)),
        (4000, (18, 200, 400)),
    ],
)
def test_the_table(teams, positions):
    assert medal_positions(teams) == positions


def test_a_threshold_is_inclusive_and_the_median_strict():
    board = Leaderboard((0.9, 0.8, 0.7, 0.6, 0.5), UP)
    assert medal_report(0.9, board)["gold_medal"] is True
    assert medal_report(0.8, board)["bronze_medal"] is True
    assert medal_report(0.7, board)["above_median"] is False
    assert medal_report(0.71, board)["above_median"] is True


def test_only_the_best_medal_counts():
    report = medal_report(0.1, Leaderboard(tuple(k / 100 for k in range(20, 220)), DOWN))
    assert [report[f"{m}_medal"] for m in ("gold", "silver", "bronze")] == [True, False, False]


def test_without_a_score_there_is_no_medal_but_there_are_thresholds():
    report = medal_report(None, Leaderboard((3.0, 2.0, 1.0), UP))
    assert (report["any_medal"], report["above_median"], report["gold_threshold"]) == (False, False, 3.0)


def test_without_a_leaderboard_all_is_unknown():
    assert set(medal_report(0.9, None).values()) == {None}


def test_the_score_column_is_found_among_others(tmp_path):
    path = tmp_path / "leaderboard.csv"
    path.write_text(
        "scoreNullable,teamId,hasTeamName,submissionDate,score,hasScore\n9,1,True,x,0.2,True\n9,2,True,x,0.4,True\n"
    )
    assert read_leaderboard(path, DOWN).scores == (0.2, 0.4)


@pytest.mark.parametrize(
    ("text", "direction", "why"),
    [
        ("score\n0.2\n0.4\n", UP, "higher is better"),
        ("score\n0.4\n0.2\n", DOWN, "lower is better"),
        ("team\na\n", UP, "no column called score"),
        ("score\nnone\n", UP, "no scores"),
        ("", UP, "empty"),
    ],
)
def test_a_leaderboard_that_does_not_fit_is_refused(tmp_path, text, direction, why):
    path = tmp_path / "leaderboard.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=why) as caught:
        read_leaderboard(path, direction)
    assert caught.value.next_step
