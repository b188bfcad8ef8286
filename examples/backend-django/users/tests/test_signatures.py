"""No request without a signature is let in."""

import json
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from django.core.exceptions import ImproperlyConfigured
from django.test import SimpleTestCase, TestCase, override_settings

from backend.environment import signing_secrets
from users.models import CognitoUser

from .trigger import SECRET, alice, send, signature, with_secret

OTHER = "whsec_" + "b3RoZXIh" * 4


@with_secret
class Signatures(TestCase):
    """What must be signed, with which secret, and when."""

    body = json.dumps(alice()).encode()

    def status(self, **headers):
        """What is answered to the body with these headers."""
        return send(self.body, headers=headers).status_code

    def test_what_the_secret_signed_is_taken(self):
        self.assertEqual(self.status(), 201)

    def test_what_it_did_not_sign_is_refused(self):
        good = signature(self.body)
        for headers in (
            signature(self.body, OTHER),
            signature(b"{}"),
            good | {"webhook-id": "evt_2"},
            good | {"webhook-timestamp": str(int(good["webhook-timestamp"]) + 1)},
            {"webhook-signature": ""},
            {"webhook-signature": "v1"},
            {"webhook-signature": "v1,a"},
            {"webhook-signature": "v1,ü"},
            {"webhook-signature": good["webhook-signature"].replace("v1,", "v2,")},
            {"webhook-timestamp": "now"},
            {"webhook-id": ""},
        ):
            with self.subTest(headers):
                self.assertEqual(self.status(**good | headers), 401)
        for body, headers in ((self.body, {}), (b"\xff", good), (b"", good)):
            with self.subTest(body):
                answer = self.client.post("/users/", body, content_type="application/json", headers=headers)
                self.assertEqual(answer.status_code, 401)
        self.assertFalse(CognitoUser.objects.exists())

    def test_a_signature_is_good_for_five_minutes(self):
        for minutes, status in ((-6, 401), (6, 401), (-4, 201), (4, 200)):
            when = datetime.now(UTC) + timedelta(minutes=minutes)
            with self.subTest(minutes):
                self.assertEqual(self.status(**signature(self.body, when=when)), status)

    def test_a_secret_is_rotated_without_downtime(self):
        when = datetime.now(UTC)
        headers = signature(self.body, when=when)
        old = headers["webhook-signature"]
        new = signature(self.body, OTHER, when=when)["webhook-signature"]
        with override_settings(SIGNING_SECRETS=[SECRET, OTHER]):
            for sent in (old, new, f"{new} {old}"):
                self.assertIn(self.status(**headers | {"webhook-signature": sent}), (200, 201))
        with override_settings(SIGNING_SECRETS=[OTHER]):
            self.assertEqual(self.status(**headers | {"webhook-signature": f"{old} {new}"}), 200)
            self.assertEqual(self.status(**headers | {"webhook-signature": old}), 401)

    def test_the_other_address_is_guarded_too(self):
        answer = self.client.put("/v2/accounts/one", b"{}", content_type="application/json")
        self.assertEqual(answer.status_code, 401)


class Secrets(SimpleTestCase):
    """The backend does not start without valid secrets."""

    def of(self, value):
        """The secrets in a variable with this value."""
        with patch.dict("os.environ", {"SECRETS": value}):
            return signing_secrets("SECRETS")

    def test_one_or_more_are_taken(self):
        self.assertEqual(self.of(SECRET), [SECRET])
        self.assertEqual(self.of(f" {SECRET}  {OTHER}"), [SECRET, OTHER])

    def test_none_and_bad_ones_are_refused_without_being_shown(self):
        short, long = "whsec_" + "YWJj" * 7, "whsec_" + "YWJj" * 22
        for value in ("", " ", "hunter2", SECRET.removeprefix("whsec_"), "whsec_", "whsec_$", short, long):
            for secrets in {value, f"{value} {short}", f"{short} {value}"}:
                with self.subTest(secrets), self.assertRaises(ImproperlyConfigured) as raised:
                    self.of(secrets)
                self.assertIn("SECRETS", str(raised.exception))
                for part in secrets.replace("whsec_", "").split():
                    self.assertNotIn(part, str(raised.exception))
        with self.assertRaises(ImproperlyConfigured):
            self.of(f"{SECRET} {short}")
