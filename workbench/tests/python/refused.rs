//! The mistakes that show when the mapper is loaded, before the snapshot, and what is shown of the
//! tool's own.

use test_support::languages::PYTHON;

use crate::support::{folder, refused, tool};

/// A mistake: the mapper's files, and all that is said of it.
const MISTAKES: [(&[(&str, &str)], &str); 5] = [
    (
        &[
            ("mapper.py", "from lib import plans\n\ndef transform(event): ...\n"),
            ("lib/plans.py", "PLANS = {}\nFREE = PLANS[\"free\"]\n"),
        ],
        "Traceback (most recent call last):\n  File \"mapper.py\", line 1, in <module>\n    from lib import plans\n  \
         File \"lib/plans.py\", line 2, in <module>\n    FREE = PLANS[\"free\"]\n           ~~~~~^^^^^^^^\nKeyError: 'free'",
    ),
    (
        &[(
            "mapper.py",
            "import os\n\nread = os.getenv\nPATH = read(\"USERS_PATH\", \"users/\")\ndef transform(event): ...\n",
        )],
        "Traceback (most recent call last):\n  File \"mapper.py\", line 4, in <module>\n    PATH = read(\"USERS_PATH\", \
         \"users/\")\nMisplaced: what is outside of functions runs once, when the mapper is built: read variables in \
         `transform`, or in a function that it calls, for each event",
    ),
    (
        &[(
            "mapper.py",
            "from urllib.request import urlopen\nurlopen(\"http://example.org/\")\ndef transform(event): ...\n",
        )],
        "Traceback (most recent call last):\n  File \"mapper.py\", line 2, in <module>\n    urlopen(\"http://example.org/\")\n    \
         ~~~~~~~^^^^^^^^^^^^^^^^^^^^^^^\nurllib.error.URLError: <urlopen error [Errno -4] Non-recoverable error>\na mapper has \
         no files and no network: files are read outside of functions, and the host sends the request that `transform` returns \
         as `{\"deliver\": {…}}`, and does what `conclude` returns",
    ),
    (
        &[("mapper.py", "import json\ntransform = \"users/\"\n")],
        "mapper.py: `transform` is not a function but 'users/'; write `def transform(event): …`",
    ),
    (
        &[
            ("mapper.py", "from lib.a import g\ndef transform(event): ...\n"),
            ("lib/a.py", "globals().update(f=1)\n"),
        ],
        "Traceback (most recent call last):\n  File \"mapper.py\", line 1, in <module>\n    from lib.a import g\n\
         ImportError: cannot import name 'g' from 'lib.a' (lib/a.py)",
    ),
];

#[test]
fn a_mapper_that_cannot_load_is_told_by_its_traceback_alone() {
    if !PYTHON.is_there() {
        return;
    }
    let mut wrong = Vec::new();
    for (files, says) in MISTAKES {
        let message = refused(files);
        if message != says {
            wrong.push(format!("{message}\n  expected {says}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_failure_of_the_tool_is_told_without_its_own_backtrace() {
    let before = "Traceback (most recent call last):\n  File \"/bin/componentize-py\", line 8\nAssertionError: ";
    let frames = "error while executing at wasm backtrace:\n           0: 0x39a8fc - libpython3.14.so!Py_Exit";
    for (words, says) in [
        ("it is unknown".to_owned(), "it is unknown"),
        ("it is \u{1b}]0;title\u{7}".to_owned(), "it is \\u{1b}]0;title\\u{7}"),
        (
            format!("{before}no memory\n\n\nCaused by:\n    0: {frames}\n    1: trapped"),
            "no memory: trapped",
        ),
        (
            format!("{before}\n\nCaused by:\n    0: reading\n    1: it is gone"),
            "reading: it is gone",
        ),
        (
            format!(
                "{before}\n\nCaused by:\n    0: fuel allocated for hostcalls has been exhausted"
            ),
            "the mapper's modules take more memory than it can handle: import fewer or smaller packages",
        ),
    ] {
        let folder = folder(&[("mapper.py", "def transform(event): ...\n")]);
        tool(&folder.path().join(".venv/bin/componentize-py"), &words);
        let built = PYTHON.mapper(folder.path(), &["build"]);
        assert_eq!(built.status.code(), Some(1));
        let told = String::from_utf8(built.stderr).unwrap();
        assert_eq!(told, format!("running componentize-py\ncomponentize-py failed: {says}\n"));
    }
}
