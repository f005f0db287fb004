"""Which feature parts a recipe uses, as the ``build_features`` function of its scripts.

A block is a named step that can be switched on and off by ``options["blocks"]``; the base blocks
(numbers, flags, categories, dates, strings) are always there where columns of their kind are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from medalist.families.compete.facts import Column, Facts
from medalist.families.compete.kit.assemble import Setting

_WIDE_SHARE = 0.3
_WIDE_VALUES = 200
_COUNTED_VALUES = 10  # columns of fewer get no column of how often each occurs


@dataclass(frozen=True)
class FeatureColumns:
    """The columns that features are made of, by what is done with them."""

    numbers: tuple[str, ...]
    flags: tuple[str, ...]
    categories: tuple[str, ...]
    wide: tuple[str, ...]  # names of so many values that only how often they occur is of use
    dates: tuple[str, ...]
    strings: tuple[str, ...]
    texts: tuple[str, ...]

    @property
    def short(self) -> tuple[str, ...]:
        """Columns that can be read as words beside a text."""
        return self.categories + self.wide

    @property
    def names(self) -> tuple[str, ...]:
        """Columns that may hold names of people or other words."""
        return self.wide + self.strings


def feature_columns(facts: Facts) -> FeatureColumns:
    """Sorts the usable columns of ``facts`` by what can be made of them."""

    def of(*kinds: str) -> tuple[Column, ...]:
        return tuple(
            c for c in facts.columns if c.kind in kinds and c.name not in facts.dropped and c.in_test
        )

    def names(columns: Sequence[Column]) -> tuple[str, ...]:
        return tuple(c.name for c in columns)

    named = of("categorical")
    wide = [c for c in named if c.unique > max(_WIDE_VALUES, _WIDE_SHARE * facts.rows_train)]
    return FeatureColumns(
        numbers=names(of("numeric")),
        flags=names(of("boolean")),
        categories=names([c for c in named if c not in wide]),
        wide=names(wide),
        dates=names(of("datetime")),
        strings=names(of("structured")),
        texts=names(of("text")),
    )


def block_names(facts: Facts) -> tuple[str, ...]:
    """The optional blocks that give this competition a column at least."""
    columns = feature_columns(facts)
    roles = [c.role for c in facts.columns if c.name in columns.numbers]
    found = [f"{role}s" for role in ("amount", "year") if roles.count(role) >= 2]
    if columns.names:
        found.append("names")
    if any(c.unique >= _COUNTED_VALUES for c in facts.columns if c.name in columns.short):
        found.append("counts")
    if any(c.missing for c in facts.columns if c.in_test):
        found.append("missing")
    if columns.texts:
        found.append("topics")
    if facts.group_column:
        found += ["groups", "others"]
    return tuple(found)


def default_blocks(facts: Facts) -> tuple[str, ...]:
    """The blocks to start with: all that helped on most tables (means over a group's others did not)."""
    return tuple(name for name in block_names(facts) if name != "others")


def feature_settings(facts: Facts) -> list[Setting]:
    """The column lists that ``build_features`` refers to."""
    columns = feature_columns(facts)
    return [
        Setting("NUMBERS", list(columns.numbers)),
        Setting("FLAGS", list(columns.flags)),
        Setting("CATEGORIES", list(columns.categories)),
        Setting("WIDE", list(columns.wide), "names of so many values that only their frequency is used"),
        Setting("DATES", list(columns.dates)),
        Setting("DAY_FIRST", list(facts.day_first), "dates written like 31/12/2020"),
        Setting("STRINGS", list(columns.strings), "strings made of parts"),
        Setting("TEXTS", list(columns.texts)),
        Setting("SHORT", list(columns.short), "short columns that are read as words beside the texts"),
        Setting("TOPICS", 60),
        Setting("GROUP", facts.group_column, "rows of a group belong together"),
    ]


def build_features_code(facts: Facts, blocks: Sequence[str]) -> str:
    """The source of ``build_features(table)`` with the base blocks and the named optional ones."""
    columns = feature_columns(facts)
    base = [
        ("numbers(table[NUMBERS])", columns.numbers),
        ("flags(table[FLAGS])", columns.flags),
        ("categories(table[CATEGORIES])", columns.categories),
        (f"date_parts(table[DATES]{', DAY_FIRST' if facts.day_first else ''})", columns.dates),
        ("string_parts(table[STRINGS])", columns.strings),
    ]
    named = " + ".join(n for n, c in (("CATEGORIES", columns.categories), ("WIDE", columns.wide)) if c)
    people = " + ".join(n for n, c in (("WIDE", columns.wide), ("STRINGS", columns.strings)) if c)
    optional = {
        "amounts": "amount_totals(numbers(table[NUMBERS]))",
        "years": "year_differences(numbers(table[NUMBERS]))",
        "names": f"name_parts(table[{people}])",
        "counts": f"frequencies(table[{named}], at_least={_COUNTED_VALUES})",
        "missing": "missing_counts(table)",
    }
    steps = [call for call, present in base if present]
    steps += [optional[name] for name in optional if name in blocks and name in block_names(facts)]
    if columns.texts:
        steps.append("text_statistics(table[TEXTS])")
        if "topics" in blocks:
            steps.append(
                f"latent_text(joined_text(table[TEXTS]{', table[SHORT]' if columns.short else ''}), TOPICS)"
            )
    if facts.group_column:
        separator = facts.group_rule.removeprefix("prefix:")
        key = f'group_key(table[GROUP], "{separator}")' if separator else "group_key(table[GROUP])"
        if "groups" in blocks:
            steps.append(f"group_size_and_place({key})")
    else:
        key = ""
    head = [
        "def build_features(table: pd.DataFrame) -> pd.DataFrame:",
        '    """Features of training and test rows alike; nothing here looks at the target."""',
        "    blocks = [",
        *(f"        {step}," for step in steps),
        "    ]",
    ]
    if key and "others" in blocks:
        head.append("    features = pd.concat(blocks, axis=1)")
        head.append(f"    return pd.concat([features, others_in_group({key}, features)], axis=1)")
    else:
        head.append("    return pd.concat(blocks, axis=1)")
    return "\n".join(head)
