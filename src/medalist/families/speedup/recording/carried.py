"""Imports modules out of texts: those that lie beside a user's script travel inside its program.

Stands alone (standard library), for its text travels with them.
"""

import importlib.abc
import importlib.util
import sys

PACKAGE = ".__init__"


class Carried(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Finds and loads modules in ``sources``, texts by name; a package's own has the name ``package.__init__``."""

    def __init__(self, sources):
        self._sources = sources

    def find_spec(self, fullname, path=None, target=None):
        if fullname not in self._sources and not self.is_package(fullname):
            return None
        return importlib.util.spec_from_loader(fullname, self, is_package=self.is_package(fullname))

    def is_package(self, fullname):
        return fullname + PACKAGE in self._sources

    def get_source(self, fullname):
        return self._sources[fullname + PACKAGE if self.is_package(fullname) else fullname]


def carry(sources):
    """Let ``sources`` be imported by this process."""
    sys.meta_path.append(Carried(sources))
