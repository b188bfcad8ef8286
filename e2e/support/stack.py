"""The stack of a sign-up: Cognito, Lambda with the packaged functions, the backend, and AWS's queue."""

import platform

import pytest

from .cargo_lambda import REDELIVERY, TRIGGER, CargoLambda, Function
from .cognito import Cognito
from .django import Django, new_secret
from .queue import Queue

ARCHITECTURE = "arm64" if platform.machine() == "aarch64" else "x86_64"


class Stack:
    """The programs, which run as long as the tests; functions, queue and user pool are new for each test."""

    def __init__(self, folder, package):
        """Starts the programs; their files are in `folder`."""
        folders = {name: folder / name for name in ("lambda", "cognito", "django", TRIGGER, REDELIVERY)}
        for each in folders.values():
            each.mkdir()
        self.parts = []
        try:
            self.lambda_ = self._part(CargoLambda(folders["lambda"]))
            self.cognito = self._part(Cognito(folders["cognito"], self.lambda_.url, TRIGGER))
            self.django = self._part(Django(folders["django"], new_secret()))
            self.function = self._part(Function(self.lambda_, TRIGGER, package, folders[TRIGGER]))
            self.redelivery = self._part(Function(self.lambda_, REDELIVERY, package, folders[REDELIVERY]))
            self.django.start()
        except BaseException:
            self.stop()
            raise

    def _part(self, part):
        self.parts.append(part)
        return part

    def renew(self, aws):
        """Prepares a test: an empty queue, an empty pool, and both functions deployed."""
        self.aws = aws
        self.queue = Queue(aws.client("sqs"), "post-confirmation-undelivered")
        self.pool = self.cognito.new_pool("email")
        self.deploy()

    def deploy(self, **settings):
        """Deploys both functions, with `settings` in place of those that a deployment has."""
        usual = {"BACKEND_API_URL": self.django.url, "BACKEND_SIGNING_SECRET": self.django.secret}
        self.function.deploy(**self.aws.env, **usual | {"UNDELIVERED_QUEUE_URL": self.queue.url} | settings)
        self.redelivery.deploy(**self.aws.env, **usual | settings)

    def stop(self):
        """Ends all programs."""
        for part in reversed(self.parts):
            part.stop()


@pytest.fixture(scope="session")
def started_stack(tmp_path_factory, packages):
    """The programs of the stack, started once."""
    stack = Stack(tmp_path_factory.mktemp("stack"), packages(ARCHITECTURE))
    yield stack
    stack.stop()


@pytest.fixture
def stack(started_stack, aws):
    """The stack with new functions, queue and pool."""
    started_stack.renew(aws)
    return started_stack
