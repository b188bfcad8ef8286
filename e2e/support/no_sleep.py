"""A Python that does not sleep, for recipes that wait between attempts."""


def without_sleeping(folder):
    """The environment of a Python whose `time.sleep` returns at once; it is set up in `folder`."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text("import time\n\ntime.sleep = lambda seconds: None\n")
    return {"PYTHONPATH": str(folder)}
