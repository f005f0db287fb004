"""Any program (SPEC S8): a user's own slow script becomes a speed-up task, and what came of it a script again."""

from medalist.families.speedup.recording.product import FastScript, is_recorded, write_fast_script
from medalist.families.speedup.recording.room import Limits
from medalist.families.speedup.recording.task import record_task

__all__ = ["FastScript", "Limits", "is_recorded", "record_task", "write_fast_script"]
