"""The users in the admin."""

from django.contrib.auth.models import User
from django.test import TestCase

from users.models import CognitoUser

from .trigger import alice, send, with_secret


@with_secret
class Admin(TestCase):
    """A superuser can find, read and delete, and nothing else."""

    def setUp(self):
        send(alice(username="alice"))
        self.url = f"/admin/users/cognitouser/{CognitoUser.objects.get().pk}"
        self.client.force_login(User.objects.create_superuser("root"))

    def test_the_list_is_searched(self):
        for words, found in (("11111111-aaaa", True), ("alice@", True), ("evt_1", True), ("nobody", False)):
            with self.subTest(words):
                page = self.client.get("/admin/users/cognitouser/", {"q": words})
                self.assertEqual(b"alice@example.com" in page.content, found)

    def test_a_user_is_shown_and_can_not_be_changed(self):
        page = self.client.get(f"{self.url}/change/")
        self.assertContains(page, "+12025550100")
        self.assertNotContains(page, 'name="_save"')
        self.assertEqual(self.client.post(f"{self.url}/change/", {"email": "x@example.com"}).status_code, 403)
        self.assertEqual(self.client.get("/admin/users/cognitouser/add/").status_code, 403)

    def test_a_user_who_has_left_can_be_deleted(self):
        self.client.post(f"{self.url}/delete/", {"post": "yes"})
        self.assertFalse(CognitoUser.objects.exists())

    def test_without_login_nothing_is_shown(self):
        self.client.logout()
        self.assertEqual(self.client.get(f"{self.url}/change/").status_code, 302)
