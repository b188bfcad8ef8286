"""A Python that waits for nothing, for what a recipe does after a while."""


def without_sleeping(folder):
    """The environment of a Python whose `time.sleep` returns at once; what it needs is written into `folder`."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text("import time\n\ntime.sleep = lambda seconds: None\n")
    return {"PYTHONPATH": str(folder)}
