"""A sample of measured tasks becomes hours for a contest, with an interval and a verdict for each population."""

import pytest

from medalist.core.errors import InputError
from medalist.families.arc.planning import Contest, Fit, Sample, plan

MEASURED = Sample(
    (24.2, 50.6, 103.1, 222.8, 117.2), 2, {"analyst": 100.0, "programmer": 300.0, "evaluation": 100.0}
)


def test_five_measured_tasks_plan_the_contest():
    made = plan(MEASURED, Contest(), (2, 3, 4, 5))
    told = [(f.population, round(f.hours, 1), round(f.quota_hours, 1), f.fit) for f in made.forecasts]
    assert told == [
        (2, 6.9, 13.8, Fit.SAFE),
        (3, 10.4, 20.7, Fit.TIGHT),
        (4, 13.8, 27.6, Fit.EXCEEDS),
        (5, 17.3, 34.5, Fit.EXCEEDS),
    ]
    assert made.recommended is not None
    assert made.recommended.population == 2
    assert made.shares == pytest.approx({"analyst": 0.2, "programmer": 0.6, "evaluation": 0.2})
    assert all(f.low < f.hours < f.high for f in made.forecasts)


def test_quota_that_was_used_makes_less_fit():
    assert plan(MEASURED, Contest(quota_used=15), (2,)).forecasts[0].fit is Fit.TIGHT
    assert plan(MEASURED, Contest(quota_used=20), (2,)).recommended is None


@pytest.mark.parametrize(("seconds", "population"), [((), 2), ((0.0,), 2), ((3.0,), 0)])
def test_what_is_no_sample_is_a_sentence(seconds, population):
    with pytest.raises(InputError, match="needs the seconds"):
        Sample(seconds, population)
