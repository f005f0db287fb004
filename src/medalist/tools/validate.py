"""The tool that says whether a file would be accepted as a product."""

from __future__ import annotations

from medalist.tools.desk import Desk
from medalist.tools.places import writable_place


async def validate(desk: Desk, path: str) -> str:
    """Check that a submission file is well-formed. Nothing is put in place.

    path: The file, relative to the workspace, "work/submission.csv" for instance.
    """
    place = writable_place(desk, path)
    validation = desk.session.validate(place.relative)
    desk.session.events.append(
        "validated", file=place.relative, valid=validation.valid, reason=validation.reason
    )
    if validation.valid:
        return f"{place.shown} is valid ({validation.rows} rows)."
    return f"{place.shown} is not valid: {validation.reason}"
