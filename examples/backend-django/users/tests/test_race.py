"""The same user from several invocations at once, as Cognito's retries overlap."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import connection
from django.test import TransactionTestCase

from users.models import CognitoUser

from .trigger import alice, send, with_secret

AT_ONCE, ROUNDS = 8, 10


@with_secret
class Race(TransactionTestCase):
    """Each thread has a connection of its own to the database."""

    def answers(self, users):
        """The sorted statuses of the answers to users who are sent at once."""
        barrier = Barrier(len(users))

        def one(user):
            barrier.wait()
            try:
                return send(user).status_code
            finally:
                connection.close()

        with ThreadPoolExecutor(len(users)) as pool:
            return sorted(pool.map(one, users))

    def test_one_user_is_one_row(self):
        for sub in map(str, range(ROUNDS)):
            user = alice(cognito_id=sub, username=sub)
            self.assertEqual(self.answers([user] * AT_ONCE), [200] * (AT_ONCE - 1) + [201])
        self.assertEqual(CognitoUser.objects.count(), ROUNDS)

    def test_a_name_is_one_users(self):
        for name in map(str, range(ROUNDS)):
            users = [alice(cognito_id=f"{name} {n}", username=name) for n in range(AT_ONCE)]
            self.assertEqual(self.answers(users), [201] + [422] * (AT_ONCE - 1))
        self.assertEqual(CognitoUser.objects.count(), ROUNDS)
