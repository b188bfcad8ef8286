"""The whole chain: Cognito, Lambda with the packaged functions, and the backend, with AWS's queue beside them."""

import platform

import pytest

from .cargo_lambda import REDELIVERY, TRIGGER, CargoLambda, Function
from .cognito import Cognito
from .django import Django, new_secret
from .queue import Queue

ARCHITECTURE = "arm64" if platform.machine() == "aarch64" else "x86_64"


class Stack:
    """The parts, which run as long as the tests, and what is made anew for each test: functions, queue, user pool."""

    def __init__(self, folder, package):
        """Starts the parts; what they keep is in `folder`."""
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
        """What a test begins with: an empty queue, a pool that nobody has signed up to, both functions deployed."""
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
        """Ends all parts."""
        for part in reversed(self.parts):
            part.stop()


@pytest.fixture(scope="session")
def started_stack(tmp_path_factory, packages):
    """The parts of the stack, started once."""
    stack = Stack(tmp_path_factory.mktemp("stack"), packages(ARCHITECTURE))
    yield stack
    stack.stop()


@pytest.fixture
def stack(started_stack, aws):
    """The chain with nothing under way."""
    started_stack.renew(aws)
    return started_stack
