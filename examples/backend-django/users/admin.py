"""The users in Django's admin: to be found and looked at."""

from django.contrib import admin

from .models import CognitoUser

# There is no site to be viewed.
admin.site.site_url = None


@admin.register(CognitoUser)
class CognitoUserAdmin(admin.ModelAdmin):
    """Cognito has the truth, so nothing can be added or changed; who has left Cognito can be deleted."""

    list_display = ["__str__", "email", "phone_number", "name", "sub", "user_pool_id", "created"]
    list_filter = ["user_pool_id", "trigger_source", "created"]
    search_fields = ["sub", "username", "email", "phone_number", "name", "given_name", "family_name", "event_id"]
    # The admin leaves out what Django sets itself, unless it is named here.
    readonly_fields = ["created", "updated"]

    def has_add_permission(self, request):
        """Nobody."""
        return False

    def has_change_permission(self, request, obj=None):
        """Nobody."""
        return False
