"""Cognito on this machine: cognito-local, whose trigger is a function behind a Lambda Invoke API.

Unlike Cognito, it ignores what a trigger answers and how long it takes. Tests therefore look at the function's log,
whose times are the function's own. Every other wait of a test has PATIENCE.
"""

import base64
import json

import boto3
from botocore.config import Config

from .program import PATIENCE, ROOT, Program, free_port

START = ROOT / "target/e2e/cognito-local/node_modules/cognito-local/lib/bin/start.js"
CREDENTIALS = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
CODE, PASSWORD = "123456", "Correct-Horse-9"
# In milliseconds: the time that Cognito waits for a trigger.
COGNITO_WAITS = 5000


class Cognito:
    """The service, with one trigger for all pools."""

    def __init__(self, folder, lambda_url, function):
        """Starts it with its files in `folder`. `function` is the name of the trigger at `lambda_url`."""
        client = {"endpoint": lambda_url, "region": "local", "maxRetries": 0}
        # From its defaults, which are not merged with these settings.
        client["credentials"] = {"accessKeyId": "local", "secretAccessKey": "local"}
        (folder / ".cognito").mkdir()
        configuration = {
            "LambdaClient": client,
            "TriggerFunctions": {"PostConfirmation": function},
            # Like Cognito's. Its own default would make every user name an e-mail address.
            "UserPoolDefaults": {"UsernameAttributes": []},
        }
        (folder / ".cognito/config.json").write_text(json.dumps(configuration))
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        variables = {"HOST": "127.0.0.1", "PORT": str(port), "CODE": CODE}
        self.program = Program("cognito-local", ["node", START], folder / "cognito-local.log", variables, folder)
        self.program.wait_for_port(port)
        self.client = boto3.client(
            "cognito-idp",
            endpoint_url=self.url,
            region_name="local",
            config=Config(read_timeout=PATIENCE, retries={"total_max_attempts": 1}),
            **CREDENTIALS,
        )

    def new_pool(self, *username_attributes):
        """A new user pool with one app client; users sign up with these attributes, or with a name."""
        pool = self.client.create_user_pool(PoolName="pool", UsernameAttributes=username_attributes)["UserPool"]
        app = self.client.create_user_pool_client(UserPoolId=pool["Id"], ClientName="app")["UserPoolClient"]
        return Pool(self.client, pool["Id"], app["ClientId"])

    def stop(self):
        """Ends it."""
        self.program.stop()


class Pool:
    """A user pool: what its users do, and its administrator."""

    def __init__(self, client, id, client_id):
        self.client, self.id, self.client_id = client, id, client_id

    def sign_up(self, username, **attributes):
        """A person signs up, with underscores for the colons in names of attributes. Returns the user's `sub`."""
        attributes = [
            {"Name": name.replace("custom_", "custom:"), "Value": value} for name, value in attributes.items()
        ]
        user = {"Username": username, "Password": PASSWORD, "UserAttributes": attributes}
        return self.client.sign_up(ClientId=self.client_id, **user)["UserSub"]

    def confirm(self, username):
        """The person enters the code that Cognito has sent."""
        self.client.confirm_sign_up(ClientId=self.client_id, Username=username, ConfirmationCode=CODE)

    def admin_confirm(self, username):
        """An administrator confirms the person."""
        self.client.admin_confirm_sign_up(UserPoolId=self.id, Username=username)

    def admin_create(self, username, **attributes):
        """An administrator makes a user and invites the person. Returns the user's `sub`."""
        attributes = [{"Name": name, "Value": value} for name, value in attributes.items()]
        user = {"Username": username, "UserAttributes": attributes, "DesiredDeliveryMediums": ["EMAIL"]}
        made = self.client.admin_create_user(UserPoolId=self.id, **user)["User"]
        return next(attribute["Value"] for attribute in made["Attributes"] if attribute["Name"] == "sub")

    def reset_password(self, username):
        """The person has forgotten the password and sets another one."""
        self.client.forgot_password(ClientId=self.client_id, Username=username)
        code = {"ConfirmationCode": CODE, "Password": PASSWORD + "!"}
        self.client.confirm_forgot_password(ClientId=self.client_id, Username=username, **code)

    def delete(self, username):
        """An administrator deletes the user."""
        self.client.admin_delete_user(UserPoolId=self.id, Username=username)

    def add_attributes(self, *names):
        """An administrator adds custom attributes, which can be changed, to the schema."""
        added = [{"Name": name, "AttributeDataType": "String", "Mutable": True} for name in names]
        self.client.add_custom_attributes(UserPoolId=self.id, CustomAttributes=added)

    def add_group(self, name):
        """An administrator makes a group."""
        self.client.create_group(UserPoolId=self.id, GroupName=name)

    def sign_in(self, username):
        """The person signs in. Returns the claims of the ID token, whose signature nobody checks here."""
        credentials = {"USERNAME": username, "PASSWORD": PASSWORD}
        asked = {"ClientId": self.client_id, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": credentials}
        token = self.client.initiate_auth(**asked)["AuthenticationResult"]["IdToken"]
        claims = token.split(".")[1]
        return json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))

    def status(self, username):
        """The user's status, `CONFIRMED` for example."""
        return self.client.admin_get_user(UserPoolId=self.id, Username=username)["UserStatus"]
