"""A script becomes a program that can be called again and again, and the very same script again."""

import pytest

from medalist.core.errors import InputError
from medalist.families.speedup.recording.carrying import with_modules
from medalist.families.speedup.recording.layout import FORMS, lay_out, restore

HEAD = '"""What it does."""\n\nimport numpy as np\n'
SCRIPTS = {
    "a guard": HEAD + "\n\ndef main():\n    print(1)\n\n\nif __name__ == '__main__':\n    main()  # go\n",
    "the top level alone": HEAD
    + "\nnp.random.seed(0)\n\n# the data\nx = np.random.rand(3)\nfor v in x:\n    print(v)  # each\n# the end\n",
    "definitions between actions": HEAD
    + "\ndata = np.random.rand(9)\n\n\ndef f(k=2):\n    return data[k]\n\n\nTEXT = '''\n  kept\n'''\nprint(f(), TEXT)\n",
    "state that is shared": "count = 0\nseen = {}\n\n\ndef add(x):\n    global count\n"
    "    count += x\n    seen[x] = 1\n\n\nadd(2)\n",
    "several on a line": "import os; a = os.getpid(); print(a)\nb = 2\n\n\ndef f():\n    return a + b\n\n\nprint(f())\n",
    "a try and a with": "try:\n    import torch\nexcept ImportError:\n    torch = None\n"
    "with open('f') as f:\n    print(f)\n",
    "tabs": "def f():\n\treturn 1\n\n\nif True:\n\tx = f()\n\tprint(x)\n",
}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS.keys())
def test_what_was_laid_out_is_the_very_script_again(script):
    laid = lay_out(script)
    assert restore(laid.text, laid.whole, script) == script
    assert restore(laid.returning(sorted(laid.variables)), laid.whole, script) == script


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS.keys())
def test_modules_that_are_carried_are_taken_out_again(script):
    laid = lay_out(script)
    carrying = with_modules(laid.text, {"own": "it's = '\\\\'", "package.__init__": ""})
    assert restore(carrying, laid.whole, script) == script


@pytest.mark.parametrize("form", range(len(FORMS)))
@pytest.mark.parametrize(
    "name", ["the top level alone", "definitions between actions", "state that is shared"]
)
def test_every_form_is_a_script_that_does_the_same(name, form, capsys):
    script = SCRIPTS[name]
    laid = lay_out(script)
    exec(script, {"__name__": "__main__"})
    expected = capsys.readouterr().out
    exec(restore(laid.text, laid.whole, script, form=form), {"__name__": "__main__"})
    assert capsys.readouterr().out == expected or "random" in script


def test_importing_a_program_does_nothing_and_calling_it_twice_does_all_twice(capsys):
    laid = lay_out(
        "seen = []\n\n\ndef add(x):\n    seen.append(x)\n    print(len(seen))\n\n\nadd(1)\nadd(2)\n"
    )
    namespace = {"__name__": "program"}
    exec(laid.text, namespace)
    assert capsys.readouterr().out == ""
    namespace[laid.whole]()
    namespace[laid.whole]()
    assert capsys.readouterr().out == "1\n2\n1\n2\n"


def test_functions_that_need_what_the_script_sets_up_are_not_bare():
    laid = lay_out(
        SCRIPTS["definitions between actions"]
        + "\n\ndef g():\n    return f()\n\n\ndef h(data):\n    return data\n"
    )
    assert laid.functions == ("f", "g", "h")
    assert laid.bare == {"h"}


def test_a_function_that_can_no_longer_be_dissolved_is_called():
    script = SCRIPTS["the top level alone"]
    laid = lay_out(script)
    edited = laid.text.replace("for v in x:\n        print(v)  # each", "if len(x):\n        return")
    assert edited != laid.text
    assert restore(edited, laid.whole, script).endswith(f"\n{laid.whole}()\n")


@pytest.mark.parametrize(
    ("script", "what"),
    [
        ("def f(:\n", "not Python"),
        ("def f():\n    return 1\n\n\nX = 3\n", "does nothing when it is started"),
        ("", "does nothing"),
    ],
)
def test_what_is_no_script_is_refused(script, what):
    with pytest.raises(InputError) as error:
        lay_out(script)
    assert what in error.value.what
