"""The frame of image scripts: which files hold the images, and ``train.py`` and ``predict.py`` around them.

Estimators on features share the table frame's pieces (target, folds, rule, submission); networks
have a main of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

from medalist.families.compete.facts import Facts, ImageFacts
from medalist.families.compete.kit.assemble import LINES, Setting, assemble
from medalist.families.compete.kit.scripts import (
    LAST_LINES,
    LOG_METRICS,
    Pieces,
    choose_rule_source,
    common_settings,
    final_columns_source,
    fit_fold_source,
    metric_function,
    predict_fold_source,
    read_target_source,
    script_docstring,
    split_rows_source,
    table_source,
    working_problem,
)
from medalist.families.compete.recipes import Recipe

_PARTS = ("reading", "other_tables", "image_reading", "postprocess", "training", "submission", LINES)
_TRAIN_PARTS = ("folds", "groups", "metrics")


def image_of(facts: Facts) -> ImageFacts:
    """The facts about images. Raises ValueError for a competition that has none."""
    if facts.image is None or facts.image.column is None:
        raise ValueError("no column of this competition names images")
    return facts.image


def learns_logarithm(facts: Facts) -> bool:
    """Whether the target's logarithm is learned: the metric compares ratios, and no value is negative."""
    ratios = facts.metric in LOG_METRICS and facts.problem in ("regression", "multiregression")
    return ratios and (facts.target_minimum or 0.0) >= 0


def image_settings(facts: Facts, recipe: Recipe) -> list[Setting]:
    """Constants of both scripts: files, columns, and the size at which images are looked at."""
    image = image_of(facts)
    in_test = any(c.name == image.column and c.in_test for c in facts.columns)
    test_column = image.column if facts.test_file and in_test else facts.id_column
    settings = [
        s for s in common_settings(facts, recipe) if facts.test_file or not s.name.startswith("TEST_")
    ]
    if not facts.test_file:
        sample = next(s for s in settings if s.name == "SAMPLE_OPTIONS")
        as_text = {"dtype": {facts.id_column: "str"}} if facts.id_column else {}
        settings += [
            Setting("TEST_FILE", facts.sample_file, "the only list of test rows"),
            Setting("TEST_OPTIONS", {**sample.value, **as_text}),
        ]
    return [
        *settings,
        Setting("TRAIN_IMAGES", image.train_source, "folders or zip files in the data folder"),
        Setting("TEST_IMAGES", image.test_source),
        Setting("IMAGE_COLUMN", image.column),
        Setting("TEST_IMAGE_COLUMN", test_column),
        Setting("SIZE", recipe.options["size"], "images are looked at as squares of so many pixels"),
        Setting("CHANNELS", 3 if recipe.options.get("weights") else channels(facts)),
    ]


def channels(facts: Facts) -> int:
    """1 for grey images, else 3."""
    return 1 if image_of(facts).channels <= 2 else 3


def write_feature_scripts(facts: Facts, recipe: Recipe, pieces: Pieces) -> dict[str, str]:
    """Scripts that train an estimator on features; ``pieces.features`` is an expression over ``images``, ``table``."""
    settings = [*image_settings(facts, recipe), *pieces.settings]
    parts = [*_PARTS, *pieces.parts]
    build = f'''def build_features(table: pd.DataFrame, images: np.ndarray):
    """What the estimator sees of each row; nothing here looks at the target."""
    return {pieces.features}'''
    predict_fold = predict_fold_source(facts, pieces)
    train = [build, read_target_source(facts), split_rows_source(facts, recipe), fit_fold_source(facts, pieces),
             predict_fold, choose_rule_source(facts), _feature_train_main(facts), LAST_LINES]  # fmt: skip
    predict = [build, predict_fold, _feature_predict_main(facts), LAST_LINES]
    return {
        "train.py": assemble(
            script_docstring(facts, recipe, "train"), settings, "\n\n\n".join(train), [*parts, *_TRAIN_PARTS]
        ),
        "predict.py": assemble(
            script_docstring(facts, recipe, "predict"), settings, "\n\n\n".join(predict), parts
        ),
    }


def write_joined_scripts(facts: Facts, recipe: Recipe, pieces: Pieces) -> dict[str, str]:
    """Scripts whose features are a table's, from ``build_features(table)``, beside its images'."""
    settings = [*image_settings(facts, recipe), *pieces.settings]
    parts = [*_PARTS, *pieces.parts]
    predict_fold = predict_fold_source(facts, pieces)
    train = [pieces.features, _JOINED_FEATURES, read_target_source(facts), split_rows_source(facts, recipe),
             fit_fold_source(facts, pieces), predict_fold, choose_rule_source(facts), _joined_train_main(facts),
             LAST_LINES]  # fmt: skip
    predict = [pieces.features, _JOINED_FEATURES, predict_fold, _joined_predict_main(facts), LAST_LINES]
    return {
        "train.py": assemble(
            script_docstring(facts, recipe, "train"), settings, "\n\n\n".join(train), [*parts, *_TRAIN_PARTS]
        ),
        "predict.py": assemble(
            script_docstring(facts, recipe, "predict"), settings, "\n\n\n".join(predict), parts
        ),
    }


@dataclass(frozen=True)
class NetworkPieces:
    """What a network script adds: the source of ``build_network()``, and settings."""

    build: str
    settings: tuple[Setting, ...]


def write_network_scripts(facts: Facts, recipe: Recipe, pieces: NetworkPieces) -> dict[str, str]:
    """Scripts that train a network on the images themselves."""
    settings = [*image_settings(facts, recipe), *pieces.settings]
    parts = [*_PARTS, "image_features", "network_images", "network_models", "network_training"]
    train = [read_target_source(facts), split_rows_source(facts, recipe), pieces.build, choose_rule_source(facts),
             _network_train_main(facts, recipe), LAST_LINES]  # fmt: skip
    predict = [pieces.build, _network_predict_main(facts), LAST_LINES]
    return {
        "train.py": assemble(
            script_docstring(facts, recipe, "train"), settings, "\n\n\n".join(train), [*parts, *_TRAIN_PARTS]
        ),
        "predict.py": assemble(
            script_docstring(facts, recipe, "predict"), settings, "\n\n\n".join(predict), parts
        ),
    }


def output_kind(facts: Facts) -> str:
    """What a network's outputs are: binary, multiclass or values."""
    problem = working_problem(facts)
    return "values" if problem == "regression" else problem


def output_count(facts: Facts) -> int:
    """How many numbers a network gives for an image."""
    if working_problem(facts) == "multiclass":
        return len(facts.classes)
    return len(facts.targets) if facts.problem in ("multilabel", "multiregression") else 1


def _read_train(facts: Facts) -> str:
    return f"    train = read_training_table({table_source(facts, 'TRAIN')}, TRAIN_OPTIONS, TARGETS)"


def _read_test(facts: Facts) -> str:
    return f"    test = read_table({table_source(facts, 'TEST')}, TEST_OPTIONS)"


_TRAIN_PICTURES = """\
    images = read_images(arguments.data, TRAIN_IMAGES, train[IMAGE_COLUMN].map(str).tolist(), SIZE, CHANNELS)"""
_TEST_PICTURES = """\
    images = read_images(arguments.data, TEST_IMAGES, test[TEST_IMAGE_COLUMN].map(str).tolist(), SIZE, CHANNELS)"""


def _scored(facts: Facts) -> str:
    back = "    oof = np.expm1(oof)\n" if learns_logarithm(facts) else ""
    return f"""{back}    known = rows_predicted(oof)
    rule = choose_rule(target[known], oof[known])
    score = {metric_function(facts)}(target[known], apply_rule(rule, oof[known]))
    save_results(oof, folds, rule, "{facts.metric}", score, started)"""


def _written(facts: Facts) -> str:
    back = "    prediction = np.expm1(prediction)\n" if learns_logarithm(facts) else ""
    sample = "arguments.data / SAMPLE_FILE" if facts.sample_file else "None"
    return f"""{back}    np.savez(ARTIFACTS / "test.npz", prediction=prediction)
    final = apply_rule(json.loads((ARTIFACTS / "postprocess.json").read_text()), prediction)
    columns = {final_columns_source(facts)}
    write_submission(columns, test, ID_COLUMN, SUBMISSION_COLUMNS, {sample}, SAMPLE_OPTIONS)"""


def _feature_train_main(facts: Facts) -> str:
    learned = "np.log1p(target)" if learns_logarithm(facts) else "target"
    return f"""def main() -> None:
    started = time.monotonic()
    arguments = parse_arguments("Train the models of all folds.")
    print_resources()
{_read_train(facts)}
{_TRAIN_PICTURES}
    features = build_features(train, images)
    target = read_target(train)
    folds = split_rows(train, target)
    seconds = arguments.seconds and arguments.seconds - (time.monotonic() - started)
    oof = train_folds(features, {learned}, folds, fit_fold, predict_fold, seconds, arguments.resume)
{_scored(facts)}"""


def _feature_predict_main(facts: Facts) -> str:
    return f"""def main() -> None:
    arguments = parse_arguments("Predict the test rows.")
{_read_test(facts)}
{_TEST_PICTURES}
    features = build_features(test, images)
    prediction = np.mean([predict_fold(model, features) for model in load_models()], axis=0)
{_written(facts)}"""


_JOINED_FEATURES = '''def join_features(folder: Path, train: pd.DataFrame, test: pd.DataFrame) -> pd.DataFrame:
    """Features of the table and of the images, training rows before test rows."""
    seen = read_images(folder, TRAIN_IMAGES, train[IMAGE_COLUMN].map(str).tolist(), SIZE, CHANNELS)
    unseen = read_images(folder, TEST_IMAGES, test[TEST_IMAGE_COLUMN].map(str).tolist(), SIZE, CHANNELS)
    described = pd.DataFrame(np.vstack([describe_images(seen), describe_images(unseen)])).add_prefix("image_")
    table = pd.concat([train, test], join="inner", ignore_index=True)
    return pd.concat([build_features(table), described], axis=1)'''


def _joined_train_main(facts: Facts) -> str:
    learned = "np.log1p(target)" if learns_logarithm(facts) else "target"
    return f"""def main() -> None:
    started = time.monotonic()
    arguments = parse_arguments("Train the models of all folds.")
    print_resources()
{_read_train(facts)}
{_read_test(facts)}
    features = join_features(arguments.data, train, test)
    save_test_features(features[len(train) :])
    target = read_target(train)
    folds = split_rows(train, target)
    seconds = arguments.seconds and arguments.seconds - (time.monotonic() - started)
    oof = train_folds(
        features[: len(train)], {learned}, folds, fit_fold, predict_fold, seconds, arguments.resume
    )
{_scored(facts)}"""


def _joined_predict_main(facts: Facts) -> str:
    return f"""def main() -> None:
    arguments = parse_arguments("Predict the test rows.")
{_read_train(facts)}
{_read_test(facts)}
    features = load_test_features()
    if features is None:
        features = join_features(arguments.data, train, test)[len(train) :]
    prediction = np.mean([predict_fold(model, features) for model in load_models()], axis=0)
{_written(facts)}"""


def _network_train_main(facts: Facts, recipe: Recipe) -> str:
    learned = "np.log1p(target)" if learns_logarithm(facts) else "target"
    symmetries = "find_symmetries(images, target)" if recipe.options["flips"] else "[]"
    return f"""def main() -> None:
    started = time.monotonic() - time.process_time()  # importing torch took a while
    arguments = parse_arguments("Train the networks of all folds.")
    torch.manual_seed(SEED)
    np.random.seed(SEED)
{_read_train(facts)}
{_TRAIN_PICTURES}
    target = read_target(train)
    folds = split_rows(train, target)
    options = Training(
        kind=KIND,
        batch=BATCH,
        epochs=EPOCHS,
        learning_rate=LEARNING_RATE,
        weight_decay=WEIGHT_DECAY,
        workers=WORKERS,
        prefetch=PREFETCH,
        symmetries={symmetries},
        shift=SHIFT,
        zoom=ZOOM,
    )
    deadline = arguments.seconds and started + arguments.seconds
    oof, rate = train_networks(
        images, {learned}, folds, build_network, options, RUN_FOLDS, deadline, arguments.resume
    )
{_scored(facts)}
    add_to_report(folds=RUN_FOLDS, samples_per_second=rate)"""


def _network_predict_main(facts: Facts) -> str:
    return f"""def main() -> None:
    arguments = parse_arguments("Predict the test rows.")
    torch.set_num_threads(thread_count())
{_read_test(facts)}
{_TEST_PICTURES}
    rows = np.arange(len(images))
    checkpoints = sorted(ARTIFACTS.glob("fold_*_best.pt"))
    prediction = np.mean([predict_images(c, build_network, images, rows, KIND) for c in checkpoints], axis=0)
{_written(facts)}"""
