"""The dashboard and the alarms show metrics that exist: those of our own are in the lines of the real `bootstrap`."""

import json

import pytest

from support.cargo_lambda import REDELIVERY, TRIGGER, CargoLambda, Function
from support.intercept import Interceptor
from support.program import ROOT
from support.queue import Queue
from support.stack import ARCHITECTURE
from support.template import alarms, dashboard, template_stack

CASES = ROOT / "guest/cases"
NAMESPACE = "PostConfirmation"
EFFECTS = {
    "COGNITO_ATTRIBUTES": "custom:backend_id",
    "COGNITO_GROUPS": "members",
    "MAPPER_ENV_ATTRIBUTES_FROM_ANSWER": "custom:backend_id=/id",
    "MAPPER_ENV_GROUPS_FROM_ANSWER": "/group",
}
TAKES, REFUSES = (201, {"id": "42", "group": "members"}), (422, {})


def shown():
    """The metrics of the dashboard, each with its namespace, its dimension and that one's value."""
    graphs = [widget["properties"] for widget in dashboard()["DashboardBody"]["widgets"]]
    return {tuple(metric[:4]) for graph in graphs for metric in graph["metrics"]}


class Functions:
    """Both functions of the package with a backend that answers as it is told."""

    def __init__(self, aws, package, folder):
        """Starts them."""
        self.backend = Interceptor(aws.url)
        self.queue = Queue(aws.client("sqs"), "post-confirmation-undelivered")
        self.pool = new_pool(aws.client("cognito-idp"))
        (folder / "lambda").mkdir()
        self.lambda_, self.functions = CargoLambda(folder / "lambda"), {}
        settings = aws.env | EFFECTS | {"BACKEND_API_URL": f"{self.backend.url}/", "BACKEND_ALLOW_HTTP": "on"}
        for name, own in ((TRIGGER, {"UNDELIVERED_QUEUE_URL": self.queue.url}), (REDELIVERY, {})):
            (folder / name).mkdir()
            function = Function(self.lambda_, name, package, folder / name)
            function.deploy(**settings | own)
            self.functions[name] = function

    def confirmed(self, answer, case="native", **own):
        """Gives an event of the cases to the trigger, while the backend gives this answer."""
        self.backend.answers["POST /users/"] = lambda _: answer
        event = json.loads((CASES / f"{case}.event.json").read_bytes())
        self.functions[TRIGGER].invoke(
            json.dumps(event | {"userPoolId": self.pool, "userName": "alice"} | own).encode()
        )

    def redelivered(self, answer):
        """Gives what is in the queue to redelivery, while the backend gives this answer."""
        self.backend.answers["POST /users/"] = lambda _: answer
        self.queue.hand_over(self.functions[REDELIVERY], self.queue.receive())

    def stop(self):
        """Ends all of it."""
        for part in (*self.functions.values(), self.lambda_, self.backend):
            part.stop()


def new_pool(cognito):
    """The id of a pool with the user `alice`, to whom something can be written."""
    schema = [{"Name": "backend_id", "AttributeDataType": "String", "Mutable": True}]
    pool = cognito.create_user_pool(PoolName="users", Schema=schema)["UserPool"]["Id"]
    cognito.create_group(UserPoolId=pool, GroupName="members")
    cognito.admin_create_user(UserPoolId=pool, Username="alice")
    return pool


@pytest.fixture(scope="module")
def lines(started_aws, packages, tmp_path_factory):
    """The lines of events with every end, by function."""
    started_aws.reset()
    functions = Functions(started_aws, packages(ARCHITECTURE), tmp_path_factory.mktemp("functions"))
    try:
        functions.confirmed(TAKES)
        functions.confirmed(TAKES, "password-reset")
        functions.confirmed(TAKES, userName="nobody")
        functions.confirmed(REFUSES)
        functions.redelivered(REFUSES)
        functions.redelivered(TAKES)
        functions.queue.sqs.delete_queue(QueueUrl=functions.queue.url)
        functions.confirmed(REFUSES)
        yield {name: function.ends() for name, function in functions.functions.items()}
    finally:
        functions.stop()


def written(lines):
    """The metrics with values that CloudWatch takes out of lines, each with its namespace and dimension."""
    found = set()
    for line in (line for own in lines.values() for line in own):
        for directive in line["_aws"]["CloudWatchMetrics"]:
            ((dimension,),) = directive["Dimensions"]
            names = [metric["Name"] for metric in directive["Metrics"]]
            assert all(isinstance(line[name], int | float) for name in names)
            found |= {(directive["Namespace"], name, dimension, line[dimension]) for name in names}
    return found


def test_bootstrap_writes_every_metric_of_the_dashboard(lines, proved):
    ends = {name: {line["end"] for line in own} for name, own in lines.items()}
    assert ends == {TRIGGER: {"delivered", "skipped", "queued", "undelivered"}, REDELIVERY: {"delivered", "queued"}}
    done = [line["EffectsFailed"] for line in lines[TRIGGER] if "EffectsFailed" in line]
    assert done == [0, 1]
    proved(
        "both functions ran: events were delivered, skipped, queued, redelivered and lost, and effects done and refused"
    )
    own = {metric for metric in shown() if metric[0] == NAMESPACE}
    assert len(own) > 10 and own - written(lines) == set()
    proved(f"each of the dashboard's {len(own)} own metrics is in their lines, with its dimension and its function")
    watched = {
        (it["Namespace"], it["MetricName"], it["Dimensions"][0]["Name"], it["Dimensions"][0]["Value"])
        for it in alarms().values()
    }
    own = {metric for metric in watched if metric[0] == NAMESPACE}
    assert own and own - written(lines) == set()
    proved("so is each of the alarms")


def test_the_other_metrics_are_the_queues(proved):
    queue, dead = "post-confirmation-undelivered", "post-confirmation-dead-letters"
    assert {metric for metric in shown() if metric[0] != NAMESPACE} == {
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue),
        ("AWS/SQS", "ApproximateNumberOfMessagesNotVisible", "QueueName", queue),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", dead),
        ("AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", queue),
        ("AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", dead),
    }
    proved("the dashboard shows depth and age of the queue and of the dead letters")


def test_the_graphs_fill_their_rows_and_cost_nothing_extra(proved):
    widgets = dashboard()["DashboardBody"]["widgets"]
    places = [
        (row, column)
        for it in widgets
        for row in range(it["y"], it["y"] + it["height"])
        for column in range(it["x"], it["x"] + it["width"])
    ]
    assert sorted(places) == [(row, column) for row in range(24) for column in range(24)]
    graphs = [it["properties"] for it in widgets]
    assert {graph["region"] for graph in graphs} == {"eu-central-1"}
    assert len({graph["title"] for graph in graphs}) == len(graphs)
    # CloudWatch's free dashboards have at most 50 metrics.
    assert sum(len(graph["metrics"]) for graph in graphs) <= 50
    proved(f"{len(graphs)} graphs fill a grid of 24 columns, with no more metrics than a free dashboard has")


def test_the_dashboard_can_be_left_out_and_has_a_name_of_its_own(proved):
    assert "DashboardStack" in template_stack().resources
    assert "DashboardStack" not in template_stack(Dashboard="false").resources
    assert dashboard(FunctionName="sign-ups")["DashboardName"] == "sign-ups-eu-central-1"
    proved("the dashboard is there unless `Dashboard=false`, and its name has function and region")
