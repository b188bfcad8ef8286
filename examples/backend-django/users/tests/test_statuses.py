"""The answer to each kind of request, and the rows that it leaves in the table."""

from django.test import TestCase

from users.models import CognitoUser

from .trigger import alice, send, with_secret


@with_secret
class Statuses(TestCase):
    """One test for each answer."""

    def check_refused(self, answer, status, saying):
        """Checks that it is refused with a sentence that contains `saying`, and that nothing is written."""
        self.assertEqual(answer.status_code, status)
        self.assertIn(saying, answer.json()["error"])
        self.assertFalse(CognitoUser.objects.exists())

    def check_known(self, answer, status):
        """Checks that the answer says what is known of the only user."""
        user = CognitoUser.objects.get()
        self.assertEqual(answer.status_code, status)
        self.assertEqual(answer.json(), {"id": user.id, "plan": user.plan, "group": user.group})

    def test_201_for_a_new_user(self):
        answer = send(alice())
        self.check_known(answer, 201)
        self.assertEqual((answer.json()["plan"], answer.json()["group"]), ("gold", "members"))
        user = CognitoUser.objects.get()
        self.assertEqual(user.sub, "11111111-aaaa-4aaa-8aaa-111111111111")
        self.assertEqual((user.email, user.email_verified), ("alice@example.com", True))
        self.assertEqual((user.phone_number, user.name), ("+12025550100", ""))
        self.assertEqual((user.given_name, user.family_name), ("Alice", "Example"))
        self.assertEqual((user.custom, user.identities), ({"plan": "starter"}, []))
        self.assertEqual((user.user_pool_id, user.client_id), ("eu-central-1_Example01", "exampleclientid00000000001"))
        self.assertEqual((user.profile, user.event_id), (alice(), "evt_1"))

    def test_200_for_a_known_user_who_has_changed(self):
        send(alice())
        answer = send(alice(email="new@example.com"))
        self.check_known(answer, 200)
        self.assertEqual(CognitoUser.objects.get().email, "new@example.com")

    def test_200_for_a_repetition_which_undoes_nothing(self):
        send(alice())
        CognitoUser.objects.update(email="changed.since@example.com")
        answer = send(alice())
        self.check_known(answer, 200)
        self.assertEqual(CognitoUser.objects.get().email, "changed.since@example.com")

    def test_409_for_a_user_who_is_there_by_another_name(self):
        send(alice())
        for other in ({"username": "bob"}, {"user_pool_id": "eu-central-1_Example02"}):
            answer = send(alice(**other))
            self.check_known(answer, 409)
            self.assertEqual(CognitoUser.objects.get().profile, alice())

    def test_422_and_not_409_for_a_name_that_another_user_has(self):
        # Mappers take 409 for success.
        send(alice(username="alice"))
        self.assertEqual(send(alice(username="alice", cognito_id="another")).status_code, 422)
        self.assertEqual(CognitoUser.objects.get().sub, alice()["cognito_id"])
        # In another pool, it is another name.
        self.assertEqual(send(alice(username="alice", cognito_id="another", user_pool_id="x")).status_code, 201)

    def test_the_answer_holds_what_was_decided_and_not_what_was_sent(self):
        send(alice(plan="platinum", group="admins", id=4711))
        CognitoUser.objects.update(plan="silver")
        answer = send(alice())
        self.check_known(answer, 200)
        self.assertEqual((answer.json()["plan"], answer.json()["group"]), ("silver", "members"))

    def test_users_without_a_name_are_many(self):
        for sub in ("one", "two"):
            self.assertEqual(send({"cognito_id": sub}).status_code, 201)

    def test_400_for_a_body_that_is_no_json(self):
        for body in (b"", b"{", b'{"a": NaN}', b'{"a": 1e999}', b'{"a": "\\ud800"}', b"[" * 100_000):
            with self.subTest(body[:20]):
                self.check_refused(send(body), 400, "the body is not JSON")

    def test_400_for_a_body_that_is_no_user(self):
        for body, saying in (
            ([], "the body must be an object"),
            ({}, "`cognito_id` is missing"),
            (alice(cognito_id=""), "`cognito_id` is missing"),
            (alice(cognito_id=7), "`cognito_id` must be text"),
            (alice(email=["alice@example.com"]), "`email` must be text"),
            (alice(email_verified="true"), "`email_verified` must be true or false"),
            (alice(custom="gold"), "`custom` must be an object"),
            (alice(username="a" * 129), "`username` has more than 128 characters"),
        ):
            with self.subTest(saying):
                self.check_refused(send(body), 400, saying)

    def test_405_for_another_method(self):
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            answer = send(alice(), method=method)
            self.assertEqual((answer.status_code, answer["allow"]), (405, "POST"))
        self.assertEqual(send(alice(), "/v2/accounts/one").status_code, 405)
        self.assertFalse(CognitoUser.objects.exists())

    def test_413_for_a_body_that_is_larger_than_the_function_sends(self):
        largest = 1024 * 1024
        frame = len(b'{"cognito_id": "x", "padding": ""}')
        self.assertEqual(send({"cognito_id": "x", "padding": "a" * (largest - frame)}).status_code, 201)
        CognitoUser.objects.all().delete()
        self.check_refused(send({"cognito_id": "x", "padding": "a" * (largest - frame + 1)}), 413, "too large")

    def test_no_log_line_holds_anything_of_a_user(self):
        with self.assertLogs() as logs:
            send(alice())
            send(alice(username="bob"))
            send(alice(cognito_id="0815"))
            send(alice(email=4711))
            send(alice(), headers={"webhook-id": "evt_2"})
            send(alice(), "/users/elsewhere")
        self.assertEqual(len(logs.output), 4)
        for value in ("alice", "Alice", "bob", "0815", "4711", "Example", "11111111", "+1202"):
            self.assertNotIn(value, "".join(logs.output))
