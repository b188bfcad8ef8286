"""The newest AWS CLI, and what stands between it and moto."""

import pytest

from .cognito_model import knowing, model
from .forking_cli import ForkingCli
from .intercept import Interceptor


@pytest.fixture
def interceptor(aws):
    """What answers in moto's place where moto can't."""
    interceptor = Interceptor(aws.url)
    yield interceptor
    interceptor.stop()


@pytest.fixture(scope="session")
def newest(tmp_path_factory):
    """The variables of a CLI that knows all of Cognito."""
    return knowing(model(), tmp_path_factory.mktemp("newest"))


@pytest.fixture
def cli(aws, interceptor, newest, tmp_path_factory):
    """The environment of a program that calls AWS by such a CLI."""
    forking = ForkingCli(tmp_path_factory.mktemp("cli"), interceptor.url, newest["AWS_DATA_PATH"])
    yield aws.env | newest | {"PATH": f"{forking.folder}:{aws.env['PATH']}"}
    forking.stop()
