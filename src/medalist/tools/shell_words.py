"""Programs by what they do to a command line: run nothing else, run what follows, hide what they run, train."""

from __future__ import annotations

import re

PYTHON = re.compile(r"(python|pypy)[\d.]*")
SHELLS = {"bash", "sh", "dash", "zsh", "ksh", "ash"}

WRAPPERS = {
    "builtin", "chrt", "command", "doas", "env", "exec", "ionice", "nice", "nohup", "parallel", "setsid",
    "stdbuf", "strace", "sudo", "taskset", "time", "timeout", "unbuffer", "xargs",
}  # fmt: skip
"""Run the program that follows them."""

HARMLESS = {
    "[", "[[", "alias", "base64", "basename", "bc", "break", "cat", "cd", "chmod", "cksum", "cmp", "column", "comm",
    "continue", "cp", "cut", "date", "declare", "df", "diff", "dirname", "du", "echo", "exit", "export", "expr",
    "false", "file", "find", "fold", "free", "git", "grep", "egrep", "fgrep", "groups", "gunzip", "gzip", "hash",
    "head", "hexdump", "history", "hostname", "iconv", "id", "install", "jobs", "join", "jq", "kill", "less", "let",
    "ln", "local", "ls", "lscpu", "md5sum", "mkdir", "mktemp", "more", "mv", "nl", "nproc", "numfmt", "nvidia-smi",
    "od", "paste", "pip", "pip3", "pkill", "popd", "printenv", "printf", "ps", "pwd", "read", "readlink", "readonly",
    "realpath", "return", "rev", "rg", "rm", "rmdir", "rsync", "ruff", "sed", "seq", "set", "sha256sum", "shift",
    "shopt", "shuf", "sort", "split", "stat", "strings", "sum", "tac", "tar", "tee", "test", "touch",
    "tr", "tree", "true", "truncate", "type", "typeset", "ulimit", "umask", "uname", "uniq", "unset", "unzip", "uptime",
    "wait", "wc", "whereis", "which", "whoami", "xxd", "yes", "zcat", "zip", "zipinfo", ":",
}  # fmt: skip
"""Run no program that they are handed, or only in ways that the watch over a running job sees."""

HIDES_CODE = {
    "awk", "crontab", "at", "expect", "gawk", "gdb", "julia", "lua", "make", "mawk", "node", "ninja", "perl", "php",
    "R", "Rscript", "ruby", "screen", "script", "tclsh", "tmux", "vi", "vim",
}  # fmt: skip
"""May run whatever their own scripts say, which nobody reads here."""

NOTEBOOKS = {
    "ipykernel_launcher", "ipython", "ipython3", "IPython", "jupyter", "jupyter-nbconvert", "nbconvert", "papermill",
}  # fmt: skip

READS_SCRIPTS = {"ast", "compileall", "dis", "mypy", "py_compile", "pyflakes", "ruff", "tokenize"}
"""Modules that read the scripts they are handed and run nothing."""

TRAINERS = {"autogluon", "catboost", "fasttext", "lightgbm", "ludwig", "vw", "xgboost", "yolo"}
TRAINS_WORD = re.compile(r"fit|train|supervised|experiment|-d|config=.*|task=train|mode=train")
"""Programs that train by themselves, and the words with which they do."""
