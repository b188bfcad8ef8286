"""The parts that the tests start: one file for each, and none knows of the tests."""
