"""The programs and stand-ins that the tests use, a file for each. They do not know the tests."""
