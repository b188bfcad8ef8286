//! The mistakes that are seen before anything is built, and what each of them is told.

use crate::package;
use crate::support::{folder, refused, tool};
use test_support::languages::PYTHON;

const GOOD: &str = "def transform(event):\n    return {\"skip\": \"no\"}\n";

/// A mistake: the mapper's files, and all that is said of them.
const MISTAKES: [(&[(&str, &str)], &str); 32] = [
    (
        &[("mapper.py", "def transform(event:\n    pass\n")],
        "mapper.py:1:14: SyntaxError: '(' was never closed",
    ),
    (
        &[("mapper.py", "import lib.a\ndef transform(event): ...\n"), ("lib/a.py", "\na = = 1\n")],
        "lib/a.py:2:5: SyntaxError: invalid syntax",
    ),
    (
        &[("mapper.py", "def transform(event):\nreturn 1\n")],
        "mapper.py:2:1: IndentationError: expected an indented block",
    ),
    (&[("mapper.py", "return 1\n")], "mapper.py:1:1: SyntaxError: 'return' outside function"),
    (&[("mapper.py", "a = '\u{0}'\n")], "mapper.py:1"),
    (
        &[("mapper.py", "import os\n\nimport slugify\ndef transform(event): ...\n")],
        "mapper.py:3: there is no module `slugify` in this folder and in `.venv`; `.venv/bin/pip install slugify` may get it",
    ),
    (
        &[("mapper.py", "def transform(event):\n    from stripe import api\n")],
        "mapper.py:2: there is no module `stripe` in this folder and in `.venv`",
    ),
    (
        &[
            ("mapper.py", "from lib.a import f\ndef transform(event): ...\n"),
            ("lib/a.py", "from . import b\nimport c\nf = 1\n"),
        ],
        "lib/a.py:2: there is no module `c` in this folder",
    ),
    (
        &[("mapper.py", "import lib.b\ndef transform(event): ...\n"), ("lib/a.py", "")],
        "mapper.py:1: there is no module `lib.b` in `lib`",
    ),
    (
        &[("mapper.py", "from . import lib\ndef transform(event): ...\n"), ("lib.py", "")],
        "mapper.py:1: there is no package here to import from by dots; write the module's name alone",
    ),
    (
        &[("mapper.py", "import ssl\ndef transform(event): ...\n")],
        "mapper.py:1: `ssl` is not in the Python of mappers: ",
    ),
    (
        &[("mapper.py", "import ctypes.util\ndef transform(event): ...\n")],
        "mapper.py:1: `ctypes` is not in the Python of mappers: ",
    ),
    (
        &[("mapper.py", "from cgi import escape\ndef transform(event): ...\n")],
        "mapper.py:1: `cgi` was taken out of Python before 3.14, which a mapper runs on",
    ),
    (
        &[
            ("mapper.py", "\nimport quick\ndef transform(event): ...\n"),
            (package!("quick/__init__.py"), "from quick._fast import f\n"),
            (package!("quick/_fast.cpython-311-x86_64-linux-gnu.so"), ""),
        ],
        "mapper.py:2: `quick` needs native code, which is compiled for this machine and not for a mapper's: \
         `.venv/lib/python3.14/site-packages/quick/_fast.cpython-311-x86_64-linux-gnu.so`; only packages in Python alone can be \
         bundled",
    ),
    (
        // As pydantic is: a way that can be done without leads there first, and a folder has the
        // name of the native module.
        &[
            ("mapper.py", "from model import Model\ndef transform(event): ...\n"),
            (
                package!("model/__init__.py"),
                "try:\n    import core\nexcept ImportError:\n    pass\nfrom .main import Model\n",
            ),
            (package!("model/main.py"), "from core import Model\n"),
            (package!("core/__init__.py"), "from ._core import (\n    Model,\n)\n"),
            (package!("core/_core/__init__.pyi"), ""),
            (package!("core/_core.cpython-311-x86_64-linux-gnu.so"), ""),
        ],
        "mapper.py:1: `model` needs native code, which is compiled for this machine and not for a mapper's: \
         `.venv/lib/python3.14/site-packages/core/_core.cpython-311-x86_64-linux-gnu.so`; only packages in Python alone",
    ),
    (
        &[
            ("mapper.py", "from core import _core\ndef transform(event): ...\n"),
            ("core/_core.abi3.so", ""),
        ],
        "mapper.py:1: `core._core` needs native code, which is compiled for this machine and not for a mapper's: `core/_core",
    ),
    (
        &[
            ("mapper.py", "from lib import a\ndef transform(event): ...\n"),
            ("lib/a.py", "def f():\n    import slow\n"),
            (package!("slow.py"), "import quick\n"),
            (package!("quick.abi3.so"), ""),
        ],
        "lib/a.py:2: `slow` needs native code, which is compiled for this machine and not for a mapper's: \
         `.venv/lib/python3.14/site-packages/quick.abi3.so`",
    ),
    (
        &[
            ("mapper.py", "import secure\ndef transform(event): ...\n"),
            (package!("secure.py"), "import json\nimport ssl\n"),
        ],
        "mapper.py:1: `secure` needs `ssl`, which is not in the Python of mappers",
    ),
    (
        &[("mapper.py", "import helper\ndef transform(event): ...\n"), ("helper.pyd", "")],
        "mapper.py:1: `helper` needs native code, which is compiled for this machine and not for a mapper's: `helper.pyd`",
    ),
    (
        &[
            ("mapper.py", "import requests\ndef transform(event): ...\n"),
            (package!("requests/__init__.py"), ""),
        ],
        "mapper.py:1: `requests` needs the network, which a mapper has not got: the host sends the request that `transform` \
         returns as `{\"deliver\": {…}}`, and does what `conclude` returns",
    ),
    (
        &[("mapper.py", "def transform(event):\n    from httpx import post\n    import boto3\n")],
        "mapper.py:2: `httpx` needs the network, which a mapper has not got: the host sends the request that `transform` \
         returns as `{\"deliver\": {…}}`, and does what `conclude` returns\nmapper.py:3: `boto3` needs the network, ",
    ),
    (
        &[("mapper.py", "import os\n\nPATH = os.environ[\"PATH\"]\ndef transform(event): ...\n")],
        "mapper.py:3: `os.environ['PATH']` stands outside of functions, where code runs once, when the mapper is built: read \
         variables in `transform`, or in a function that it calls, for each event",
    ),
    (
        &[
            ("mapper.py", "from lib import f\ndef transform(event): ...\n"),
            (
                "lib.py",
                "from os import environ as all, getenv\nimport os as system\nclass A:\n    a = getenv('A')\n\
                 def f(a=all.get('A')): ...\nB = [a for a in system.environ.items()]\n",
            ),
        ],
        "lib.py:4: `getenv('A')` stands outside of functions, where code runs once, when the mapper is built: read variables in \
         `transform`, or in a function that it calls, for each event\nlib.py:5: `all.get('A')` stands outside of functions, \
         where code runs once, when the mapper is built: read variables in `transform`, or in a function that it calls, for \
         each event\nlib.py:6: `system.environ.items()` stands",
    ),
    (
        &[
            ("mapper.py", "from lib.a import f, g\ndef transform(event): ...\n"),
            ("lib/a.py", "def f(): ...\n"),
        ],
        "mapper.py:1: there is no `g` in `lib/a.py`",
    ),
    (
        &[("mapper.py", "def handler(event, context): ...\n")],
        "mapper.py:1: there is no function `transform`, but `handler`; write `def transform(event): …`",
    ),
    (
        &[("mapper.py", "")],
        "mapper.py:1: there is no function `transform`; write `def transform(event): …`",
    ),
    (
        &[("mapper.py", "class Mapper:\n    def transform(self, event): ...\n")],
        "mapper.py:1: there is no function `transform`; write `def transform(event): …`",
    ),
    (
        &[("mapper.py", "def transform(event, context): ...\n")],
        "mapper.py:1: `transform` has to take one argument, the event, and takes 2",
    ),
    (
        &[("mapper.py", "\ndef transform(): ...\n")],
        "mapper.py:2: `transform` has to take one argument, the event, and takes 0",
    ),
    (
        &[("mapper.py", "def transform(event, *, now): ...\n")],
        "mapper.py:1: `transform` has to take one argument, the event, and wants `now`",
    ),
    (
        &[("mapper.py", "async def transform(event): ...\n")],
        "mapper.py:1: `transform` has to be `def`, not `async def`: it waits for nothing",
    ),
    (
        &[("mapper.py", "def transform(event): ...\nimport one\n\nimport two\n")],
        "mapper.py:2: there is no module `one` in this folder and in `.venv`; `.venv/bin/pip install one` may get it\n\
         mapper.py:4: there is no module `two`",
    ),
];

#[test]
fn every_mistake_in_the_source_is_named_with_file_and_line() {
    let mut wrong = Vec::new();
    for (files, says) in MISTAKES {
        let message = refused(files);
        if !message.starts_with(says) {
            wrong.push(format!("{message}\n  expected {says}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// What is fine, or may be: the tool is asked.
const FINE: [&[(&str, &str)]; 13] = [
    &[("mapper.py", GOOD)],
    &[("mapper.py", "from lib.a import *\n"), ("lib/a.py", GOOD)],
    &[("mapper.py", "from lib import made as transform\n"), ("lib/__init__.py", "made = len\n")],
    &[("mapper.py", "transform = lambda event: None\nimport post_confirmation, annotationlib\n")],
    &[("mapper.py", "def transform(event, plan='free', *rest, **more): ...\n")],
    &[(
        "mapper.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import boto3\ntry:\n    import ssl, nothing\n\
         except ImportError:\n    ssl = None\ndef transform(event): ...\n",
    )],
    &[
        ("mapper.py", "import pure\ndef transform(event): ...\n"),
        (
            package!("pure/__init__.py"),
            "try:\n    from ._fast import f\nexcept ImportError:\n    pass\ndef f():\n    import ssl\n",
        ),
        (package!("pure/_fast.cpython-311-x86_64-linux-gnu.so"), ""),
    ],
    &[
        ("mapper.py", "import built\ndef transform(event): ...\n"),
        (
            package!("built/__init__.py"),
            "import sys\nif sys.platform == 'win32':\n    import winreg\nimport built._fast",
        ),
        (package!("built/_fast.cpython-314-wasm32-wasi.so"), ""),
    ],
    &[
        (
            "mapper.py",
            "import os\nfrom os import environ\nvariables = environ\nread = lambda: os.environ['A']\ndef f():\n    return \
             os.getenv('A')\nif __name__ == '__main__':\n    print(environ['A'])\ndef transform(event): ...\n",
        ),
        ("requests.py", ""),
    ],
    &[
        (
            "mapper.py",
            "from lib import A, B, C, D, E, F, b\nfrom other import anything\nimport requests\ndef transform(event): ...\n",
        ),
        (
            "lib/__init__.py",
            "import os.path as A\nclass B: ...\ntry:\n    C = 1\nexcept OSError as D:\n    pass\ndef f():\n    global E\n    \
             E = 1\nfor F in (): ...\n",
        ),
        ("lib/b.py", ""),
        ("other.py", "def __getattr__(name): ...\n"),
        ("requests.py", ""),
    ],
    &[(
        "mapper.py",
        "try:\n    import requests\nexcept ImportError:\n    requests = None\ndef transform(event): ...\n",
    )],
    &[
        (
            "mapper.py",
            "import lib\nfrom names import a, __file__, __doc__\nfrom post_confirmation import Event, Outcome\n\
             try:\n    import local\nexcept Exception:\n    pass\nif __name__ == '__main__':\n    import tryout\n\
             def transform(event): ...\n",
        ),
        ("lib.py", "for name in ():\n    import requests\n"),
        ("local.py", "import os\nfrom tryout import A, B\nC = os.environ['C']\n"),
        ("tryout.py", "import os, requests\nfrom lib import nothing\nA = os.environ['A']\n"),
        ("names.py", "vars()['a'] = 1\n"),
        ("post_confirmation.py", "import requests\n"),
    ],
    &[(
        "mapper.py",
        "environ = {'A': 1}\nA = environ['A']\ndef conclud(): ...\ndef transform(event):\n    from os import environ\n    \
         return conclud()\n",
    )],
];

#[test]
fn a_function_with_nearly_the_name_of_a_follow_up_is_told() {
    for (name, line) in
        [("Conclude", 3), ("follow_up", 3), ("followUp", 3), ("conclud", 3), ("include", 0)]
    {
        let source = format!("{GOOD}def {name}(event, answer): ...\n");
        let folder = folder(&[("mapper.py", &source)]);
        tool(&folder.path().join(".venv/bin/componentize-py"), "the tool was asked");
        let says = String::from_utf8(PYTHON.mapper(folder.path(), &["build"]).stderr).unwrap();
        let warning = format!(
            "warning: mapper.py:{line}: `{name}` is not called with the backend's answer: what is called with it has \
             the name `conclude`\n"
        );
        assert_eq!(says.contains(&warning), line > 0, "{says}");
        assert_eq!(says.contains("warning: "), line > 0, "{says}");
    }
}

#[test]
fn what_can_be_done_without_or_made_later_is_not_refused() {
    for files in FINE {
        let folder = folder(files);
        let path = folder.path().join(".venv/bin/componentize-py");
        tool(&path, "the tool was asked");
        let built = PYTHON.mapper(folder.path(), &["build"]);
        let says = String::from_utf8(built.stderr).unwrap();
        assert!(says.contains("the tool was asked"), "{files:?}: {says}");
    }
}
