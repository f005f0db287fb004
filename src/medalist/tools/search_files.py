"""The tool that searches the text of files, by grep in the sandbox: it is fast, and no pattern can hang it for long."""

from __future__ import annotations

from medalist.session.supervisor import LaunchRequest
from medalist.tools.desk import Desk
from medalist.tools.places import PUBLIC, place_to_look

_LONGEST_SECONDS = 20.0
_MOST_A_FILE = 50
_NO_MATCH = 1


async def search_files(desk: Desk, pattern: str, path: str = ".", name: str = "") -> str:
    """Search text files for a regular expression (extended, as grep -E); binary files are left out.

    pattern: The regular expression.
    path: A file or folder of the workspace, or input/.
    name: Only files whose names match this, "*.py" for instance.
    """
    place = place_to_look(desk, path)
    options = ["-rnIE", f"--max-count={_MOST_A_FILE}", "--devices=skip", "--exclude-dir=.tmp"]
    if name:
        options.append(f"--include={name}")
    where = f"{PUBLIC}/" if place.shown == PUBLIC else place.shown  # the slash follows the link to the task
    argv = (*options, "-e", pattern, "--", where)
    request = LaunchRequest(
        argv=argv, program="grep", name="search", log=desk.command_log(), seconds_limit=_LONGEST_SECONDS
    )
    job_id, watched = desk.start(request)
    await desk.ended(job_id, _LONGEST_SECONDS + 5)
    completed = desk.take_output(job_id)
    if completed.timed_out:
        return f"{completed.output}\n[... the search was ended after {_LONGEST_SECONDS:.0f} s ...]"
    if watched.completed().returncode == _NO_MATCH:
        return f"Nothing in {place.shown} matches."
    return completed.output.strip()
