"""The fixtures of the newest AWS CLI, and of the interceptor between it and moto."""

import pytest

from .cognito_model import cli_with, model
from .forking_cli import ForkingCli
from .intercept import Interceptor


@pytest.fixture
def interceptor(aws):
    """The interceptor, which answers operations that moto lacks."""
    interceptor = Interceptor(aws.url)
    yield interceptor
    interceptor.stop()


@pytest.fixture(scope="session")
def newest(tmp_path_factory):
    """The variables of a CLI with Cognito's newest model."""
    return cli_with(model(), tmp_path_factory.mktemp("newest"))


@pytest.fixture
def cli(aws, interceptor, newest, tmp_path_factory):
    """The environment of a program that calls AWS with such a CLI."""
    forking = ForkingCli(tmp_path_factory.mktemp("cli"), interceptor.url, newest["AWS_DATA_PATH"])
    yield aws.env | newest | {"PATH": f"{forking.folder}:{aws.env['PATH']}"}
    forking.stop()
