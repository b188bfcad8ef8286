"""What CORS does for a browser's frontend, and that it does nothing to the function."""

from django.test import TestCase, override_settings

from users.models import CognitoUser

from .trigger import alice, send, with_secret

FRONTEND, STRANGER = "https://app.example.com", "https://stranger.example"
ALLOWS = "access-control-allow-origin"


@with_secret
@override_settings(CORS_ALLOWED_ORIGINS=[FRONTEND])
class Cors(TestCase):
    """A browser sends `Origin`, the function does not."""

    def test_the_function_gets_in_by_its_signature_without_an_origin(self):
        with override_settings(CORS_ALLOWED_ORIGINS=[]):
            answer = send(alice())
        self.assertEqual(answer.status_code, 201)
        self.assertNotIn(ALLOWS, answer)

    def test_the_frontend_can_read_an_answer_and_a_stranger_cannot(self):
        self.assertEqual(self.client.get("/users/", headers={"origin": FRONTEND})[ALLOWS], FRONTEND)
        self.assertNotIn(ALLOWS, self.client.get("/users/", headers={"origin": STRANGER}))

    def test_a_browser_that_asks_beforehand_is_told(self):
        asking = {"access-control-request-method": "POST"}
        self.assertEqual(self.client.options("/users/", headers=asking | {"origin": FRONTEND})[ALLOWS], FRONTEND)
        self.assertNotIn(ALLOWS, self.client.options("/users/", headers=asking | {"origin": STRANGER}))

    def test_it_keeps_nobody_out_and_lets_nobody_in(self):
        self.assertEqual(send(alice(), headers={"origin": STRANGER}).status_code, 201)
        unsigned = self.client.post("/users/", alice(), "application/json", headers={"origin": FRONTEND})
        self.assertEqual(unsigned.status_code, 401)
        self.assertEqual(CognitoUser.objects.count(), 1)

    def test_also_an_answer_that_no_view_gave_has_the_header(self):
        answer = self.client.get("/admin", headers={"origin": FRONTEND})
        self.assertEqual((answer.status_code, answer[ALLOWS]), (301, FRONTEND))
