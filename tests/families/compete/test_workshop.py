"""The competition's workshop, held as an agent or evolution holds it: one real session, scripts written by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from open_session import events_of, open_session
from small_competition import ROWS, TEST_ROWS, logistic, write_competition

from medalist.core.candidate import Candidate, CandidateState, Outcome
from medalist.core.score import Score, ScoreStatus
from medalist.families.compete.workshop import CompeteWorkshop
from medalist.search.policy import Proposal
from medalist.session.session import Session
from medalist.session.workshop import Draft
from medalist.training.review import ScriptFacts

DESCRIPTION = "# Above or below\n\n" + "The sum of two columns decides. " * 400


@pytest.fixture(scope="module")
def session(tmp_path_factory) -> Iterator[Session]:
    folder = tmp_path_factory.mktemp("workshop")
    competition = write_competition(folder / "competition", description=DESCRIPTION)
    with open_session("compete", competition, folder / "attempt") as session:
        yield session


@pytest.fixture(scope="module")
def workshop(session) -> CompeteWorkshop:
    """Prepared; each test leaves its candidates behind."""
    workshop = session.family.workshop(session)
    workshop.prepare()
    return workshop


def run(workshop: CompeteWorkshop, files: dict[str, str], **fields) -> Outcome:
    """One written candidate to its end."""
    draft = Draft(**{"operator": "draft", "title": "written by hand", **fields}, files=files)
    candidate = workshop.start(draft)
    outcomes = []
    while workshop.busy:
        outcomes += workshop.collect(0.5)
    (outcome,) = outcomes
    assert outcome.candidate == candidate
    assert workshop.population[candidate.id] == outcome
    return outcome


def write_folder(session: Session, folder: str, prediction: np.ndarray | None, **files: str) -> None:
    """A folder as an agent would leave it, its predictions included."""
    for name, text in files.items():
        session.write(f"{folder}/{name.replace('__', '.')}", text)
    if prediction is not None:
        artifacts = session.workspace.root / folder / "artifacts"
        artifacts.mkdir(parents=True)
        np.savez(artifacts / "oof.npz", prediction=prediction, fold=np.arange(len(prediction)) % 5)


# -------------------------------------------------------------------- preparing


def test_after_preparing_a_submission_stands_that_beats_a_constant(session, workshop):
    placed = [e.data["score"] for e in events_of(session, "submitted")]
    assert placed[0] is None, "something stood before anything was learned"
    assert session.best is not None
    assert session.best.value > workshop.facts.constant_score
    assert (session.submission_dir / "submission.csv").is_file()
    assert not workshop.busy


def test_preparing_again_does_nothing(session, workshop):
    before = len(events_of(session))
    workshop.prepare()
    assert len(events_of(session)) == before


def test_the_brief_says_what_is_asked_and_how_to_hand_it_in(session, workshop):
    brief = workshop.brief()
    for words in (
        "accuracy**, higher is better",
        "train.py",
        "predict.py",
        "submission.csv",
        "`id`, `above`",
    ):
        assert words in brief
    for words in (f"({ROWS},)", f"({TEST_ROWS},)", "StratifiedKFold", "artifacts/oof.npz", "RESOURCES:"):
        assert words in brief
    assert f"{session.best.value:.5g}" in brief, "the score to beat"
    assert "Shortened from" in brief
    assert len(brief) < len(DESCRIPTION) + 4000


def test_scripts_are_checked_with_the_data_in_view(workshop):
    assert workshop.script_facts() == ScriptFacts(rows=ROWS, image_pixels=None, classes=2)


# ---------------------------------------------------------------------- scoring


def test_a_score_is_recomputed_from_the_predictions(session, workshop):
    (finished,) = [e for e in events_of(session, "candidate_finished") if e.data["candidate"] == "c01"]
    assert workshop.score("candidates/c01") == Score.from_dict(finished.data["score"])


@pytest.mark.parametrize(
    ("prediction", "status", "words"),
    [
        (None, ScoreStatus.UNSCORED, "oof.npz was not written"),
        (np.zeros(7), ScoreStatus.INVALID, f"has 7 rows, the training table {ROWS}"),
        (np.full(ROWS, np.nan), ScoreStatus.INVALID, "no fold was predicted"),
        (np.array([0.5]).reshape(()), ScoreStatus.INVALID, "shape ()"),
        (np.array(["high"] * ROWS), ScoreStatus.INVALID, "could not convert"),
    ],
)
def test_what_cannot_be_scored_says_why(session, workshop, prediction, status, words, request):
    folder = f"mine/{request.node.callspec.id.replace('/', '')[:20]}"
    write_folder(session, folder, None, notes__txt="a folder")
    if prediction is not None:
        (session.workspace.root / folder / "artifacts").mkdir()
        np.savez(session.workspace.root / folder / "artifacts" / "oof.npz", prediction=prediction)
    score = workshop.score(folder)
    assert (score.status, score.value) == (status, None)
    assert words in score.reason
    assert score.metric == "accuracy"


def test_a_folder_outside_the_workspace_is_not_looked_at(workshop):
    for folder in ("../elsewhere", "/etc", "candidates/../../x"):
        score = workshop.score(folder)
        assert score.status is ScoreStatus.FAILED
        assert "outside" in score.reason


def test_scoring_goes_by_what_exploring_found_and_by_the_real_files(session, workshop):
    """An engineer's code may write in the workspace; it moves no score by that."""
    honest = workshop.score("candidates/c01")
    root = session.workspace.root
    (root / "facts.json").write_text((root / "facts.json").read_text().replace("accuracy", "f1"))
    (root / "input").unlink()
    (root / "input").mkdir()
    (root / "input" / "train.csv").write_text("id,a,b,above\n" + "1,0.5,0.5,1\n" * ROWS)
    assert workshop.score("candidates/c01") == honest
    (root / "facts.json").unlink()
    assert workshop.score("candidates/c01") == honest
    (root / "input" / "train.csv").unlink()
    (root / "input").rmdir()
    (root / "input").symlink_to(session.workspace.public)


# ------------------------------------------------------------ written candidates


def test_a_written_candidate_is_trained_scored_and_takes_part_in_an_ensemble(session, workshop):
    outcome = run(workshop, logistic())
    assert outcome.state is CandidateState.FINISHED
    assert outcome.score.value > 0.85
    name = outcome.candidate.id
    assert set(workshop.files_of(outcome.candidate)) == {"train.py", "predict.py"}
    ensemble = workshop.propose(Proposal("ensemble", ("c01", name)))
    assert ensemble.parents == ("c01", name)
    blend = run(
        workshop, dict(ensemble.files), operator="ensemble", parents=ensemble.parents, recipe=ensemble.recipe
    )
    assert blend.state is CandidateState.FINISHED
    assert session.best.value >= max(outcome.score.value, blend.score.value)


@pytest.mark.parametrize(
    ("predict", "words"),
    [
        ("prediction=prediction", ""),
        ("prediction=np.column_stack([1 - prediction, prediction])", "has the shape"),
        ("prediction=prediction[:5]", "has 5 rows"),
        ("prediction=np.where(prediction > 0.5, np.nan, prediction)", "rows without a prediction"),
    ],
)
def test_predictions_that_fit_no_others_stay_out_of_ensembles(session, workshop, predict, words):
    files = logistic(3.0)
    files["predict.py"] = files["predict.py"].replace("prediction=prediction", predict)
    outcome = run(workshop, files)
    assert outcome.state is CandidateState.FINISHED
    ensemble = workshop.propose(Proposal("ensemble", ("c01", outcome.candidate.id)))
    assert (ensemble is None) == bool(words)
    told = " ".join(e.data["text"] for e in events_of(session, "note"))
    assert not words or (f"{outcome.candidate.id} (written by hand) stays out" in told and words in told)


@pytest.mark.parametrize("fold", ["", ", fold=fold.astype(str)", ", fold=fold[:9]"])
def test_predictions_without_their_folds_stay_out_of_ensembles(workshop, fold):
    files = logistic(4.0)
    files["train.py"] = files["train.py"].replace(", fold=fold)", f"{fold})")
    outcome = run(workshop, files)
    proposed = workshop.propose(Proposal("ensemble", (outcome.candidate.id, "c01")))
    assert outcome.state is CandidateState.FAILED or proposed is None


def test_a_failure_comes_with_its_traceback(workshop):
    outcome = run(workshop, logistic(after="raise RuntimeError('broken on purpose')\n"))
    assert outcome.state is CandidateState.FAILED
    assert outcome.reason == "RuntimeError: broken on purpose"
    log = workshop.log_of(outcome.candidate)
    assert "Traceback" in log
    assert "broken on purpose" in log
    assert workshop.propose(Proposal("debug", (outcome.candidate.id,))) is None, "nothing is known of it"


def test_a_known_failure_is_mended_without_a_language_model(workshop):
    mistake = "from sklearn.preprocessing import OneHotEncoder\nencoder = OneHotEncoder(sparse=False)\n"
    failed = run(workshop, {**logistic(), "train.py": mistake})
    assert failed.state is CandidateState.FAILED
    repair = workshop.propose(Proposal("debug", (failed.candidate.id,)))
    assert "sparse_output=False" in repair.files["train.py"]
    assert repair.parents == (failed.candidate.id,)
    assert repair.hint_ids


def test_a_script_that_must_be_fixed_is_not_started_and_says_why(session, workshop):
    leak = (
        "import pandas as pd\nfrom sklearn.preprocessing import StandardScaler\n"
        "from sklearn.model_selection import cross_val_score, KFold\nfrom sklearn.svm import SVC\n"
        "train = pd.read_csv('../../input/train.csv')\n"
        "X = StandardScaler().fit_transform(train[['a', 'b']])\n"
        "print(cross_val_score(SVC(), X, train['above'], cv=KFold(5)))\n"
    )
    outcome = run(workshop, {**logistic(), "train.py": leak})
    assert outcome.state is CandidateState.FAILED
    assert "Fix:" in outcome.reason
    assert outcome.reason in workshop.log_of(outcome.candidate)
    started = [e.data["candidate"] for e in events_of(session, "job_started")]
    assert outcome.candidate.id not in started


def test_training_that_plants_a_link_fails_alone(workshop):
    planted = (
        "import os\nif os.path.exists('predict.py'):\n    os.unlink('predict.py')\n"
        "os.symlink('/etc/passwd', 'predict.py')\n"
    )
    outcome = run(workshop, logistic(after=planted))
    assert outcome.state is CandidateState.FAILED
    assert outcome.reason


def test_training_without_predictions_has_no_score(workshop):
    outcome = run(workshop, {**logistic(), "train.py": "print('RESOURCES: 1 CPU cores')\n"})
    assert outcome.state is CandidateState.FAILED
    assert "oof.npz was not written" in outcome.reason


# -------------------------------------------------------------------- submitting


def submission(session: Session) -> str:
    return (session.submission_dir / "submission.csv").read_text()


def agents(session: Session, name: str, folder: str, prediction: np.ndarray | None, value: int) -> Candidate:
    rows = "".join(f"{i},{value}\n" for i in range(ROWS, ROWS + TEST_ROWS))
    write_folder(
        session, folder, prediction, submission__csv=f"id,above\n{rows}", predict__py="# by an agent\n"
    )
    candidate = Candidate(name, "agent", folder=folder, title="an agent's")
    session.created(candidate)
    return candidate


def test_without_a_score_nothing_replaces_what_has_one(session, workshop):
    before = submission(session)
    candidate = agents(session, "guess", "mine/guess", None, 1)
    assert not workshop.submit(candidate, workshop.score(candidate.folder))
    assert submission(session) == before


def test_what_is_worse_than_a_constant_is_refused(session, workshop):
    candidate = agents(session, "worse", "mine/worse", np.zeros(ROWS), 0)
    score = workshop.score(candidate.folder)
    wrong = Score(score.metric, score.direction, "validation", 0.1)
    assert not workshop.submit(candidate, wrong)
    assert events_of(session, "submission_refused")[-1].data["reason"] == "not better than a constant"


def test_what_is_better_stands_with_its_scripts_and_counts_for_the_closing(session, workshop):
    labels = [
        int(line.rsplit(",", 1)[1]) for line in (session.task.public / "train.csv").read_text().split()[1:]
    ]
    candidate = agents(session, "mine", "mine/perfect", np.array(labels, float), 1)
    score = workshop.score(candidate.folder)
    assert score.value == 1.0
    assert workshop.submit(candidate, score)
    assert submission(session).count(",1\n") == TEST_ROWS
    assert (session.submission_dir / "predict.py").read_text() == "# by an agent\n"
    assert workshop.population["mine"].score == score


def test_another_attempts_submission_is_taken_in_and_scored_here(session, workshop, tmp_path):
    outcome = workshop.adopt(session.attempt_dir / "submission", "the other one")
    assert (outcome.state, outcome.candidate.title) == (CandidateState.FINISHED, "the other one")
    assert outcome.score.value == session.best.value
    nothing = workshop.adopt(tmp_path / "nowhere" / "submission", "one that left nothing")
    assert nothing.state is CandidateState.FAILED
    assert "There is no submission" in nothing.reason


def test_closing_leaves_nothing_running(session, workshop):
    workshop.start(Draft("draft", "slow", {**logistic(), "train.py": "import time; time.sleep(60)\n"}))
    workshop.close()
    assert not workshop.busy
    assert not session.supervisor.running
    assert workshop.population.outcomes[-1].state is not CandidateState.RUNNING
    assert Path(session.submission_dir).exists()
