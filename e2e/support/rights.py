"""The rights that `create` gives the roles of both functions, which the tests of `create` and of the template expect;
and how AWS names rights.
"""

from .aws import ACCOUNT, REGION

QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:post-confirmation-undelivered"
# Operations whose rights have another name.
CALLED_OTHERWISE = {
    "Invoke": "InvokeFunction",
    "SendMessageBatch": "SendMessage",
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
}
READ = {"secretsmanager": "secretsmanager:GetSecretValue", "ssm": "ssm:GetParameter"}
OF_THE_QUEUE = {
    "post-confirmation": {"sqs:SendMessage"},
    "post-confirmation-redelivery": {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"},
}


def rights_of_create(function, *secrets):
    """The actions with their resources, for the ARNs of these secrets; an empty one is none."""
    logs = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/{function}:*"
    rights = {(action, logs) for action in ("logs:CreateLogStream", "logs:PutLogEvents")}
    rights |= {(action, QUEUE) for action in OF_THE_QUEUE[function]}
    return rights | {(READ[arn.split(":")[2]], arn) for arn in secrets if arn}
