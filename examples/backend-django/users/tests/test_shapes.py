"""What the example mappers send, by their own cases."""

from django.test import TestCase

from users.models import CognitoUser

from .trigger import CASES, OTHER_CASES, alice, delivered, send, with_secret


@with_secret
class Shapes(TestCase):
    """Every request that a mapper of this repository makes becomes a row."""

    def check(self, folder, path=None):
        """Sends every case of a folder, each for itself; returns the rows by the case's name.

        `path` stands for those of the cases, which may come from a variable of the mapper.
        """
        rows = {}
        for case in sorted(folder.glob("*.expected.json")):
            if request := delivered(case):
                answer = send(request["body"], path or f"/{request['path']}", request["method"])
                self.assertEqual((case.name, answer.status_code), (case.name, 201))
                rows[case.name.split(".")[0]] = user = CognitoUser.objects.get()
                self.assertEqual(user.profile, request["body"])
                user.delete()
        return rows

    def test_what_the_default_mapper_and_its_ports_send_becomes_rows(self):
        # The ports in JavaScript and Python have the same cases.
        rows = self.check(CASES, "/users/")
        self.assertGreater(len(rows), 15)
        self.assertEqual((rows["phone-only"].email, rows["phone-only"].email_verified), ("", None))
        self.assertEqual(rows["phone-only"].phone_number, "+12025550103")
        federated = rows["federated"]
        self.assertEqual(federated.identities[0]["providerName"], "Google")
        self.assertEqual((federated.name, federated.email_verified), ("Zoë Example", False))

    def test_what_the_mapper_in_rust_to_start_from_sends(self):
        rows = self.check(OTHER_CASES)
        self.assertEqual((rows["federated"].name, rows["federated"].email), ("Zoë Example", "zoe@example.com"))
        self.assertEqual((rows["phone-only"].email, rows["phone-only"].phone_number), ("", "+12025550103"))

    def test_what_a_shape_does_not_know_stays_as_it_was(self):
        send(alice())
        sub = alice()["cognito_id"]
        account = {"account": {"id": sub, "contact": {"email": "new@example.com"}, "displayName": "Al"}}
        self.assertEqual(send(account, f"/v2/accounts/{sub}", "PUT").status_code, 200)
        user = CognitoUser.objects.get()
        self.assertEqual((user.email, user.name, user.phone_number), ("new@example.com", "Al", ""))
        self.assertEqual((user.given_name, user.custom), ("Alice", {"plan": "starter"}))

    def test_an_account_that_is_none_is_refused(self):
        for account, saying in (
            ([], "`account` must be an object"),
            ({"account": {"id": "one"}}, "`contact` must be an object"),
            ({"account": {"contact": {}}}, "`id` is missing"),
            ({"account": {"id": "two", "contact": {}}}, "`id` is not the id in the path"),
        ):
            with self.subTest(saying):
                answer = send(account, "/v2/accounts/one", "PUT")
                self.assertEqual((answer.status_code, answer.json()["error"]), (400, saying))
