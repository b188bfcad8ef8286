"""A package whose functions import the rest of it."""

import importlib


def polite():
    from greeting import courtesy

    return courtesy.WORD


def word_of(language):
    return importlib.import_module(f"greeting.{language}").WORD


def by_name():
    return importlib.import_module("farewell").WORD


def deep():
    from .inner import deep

    return deep.WORD
