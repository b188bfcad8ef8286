"""A recipe that AWS refuses one call, or that is interrupted at one, says so, and leaves nothing half done unsaid."""

import re
from dataclasses import dataclass
from typing import Any

import pytest

from support.doctor import FUNCTION, USERS
from support.fault_recipes import FUNCTIONS, FaultyRecipes
from support.fault_server import DENIED, INTERRUPTED
from support.program import MAPPER
from support.redrives import Redrives

LIVE = f"arn:aws:lambda:eu-central-1:123456789012:function:{FUNCTION}:live"
PEOPLE = "anna", "bert", "carl"
# A section that WebAssembly's engines pass over: with it, a component is another one and does the same.
NOTE = b"\x00\x05\x04note"
# What a recipe says of what it leaves.
TOLD = r"nothing was changed|The pool is as it was|have their former mapper|un this again|Finish with `mapper "


@dataclass
class Case:
    """A recipe, the state of the account from which it is run, and what it has reached in the end."""

    args: tuple
    start: Any
    reached: Any
    # The operations without which it goes on, and says what it could not do.
    needless: tuple = ()


@pytest.fixture(scope="module")
def account(started_aws, tmp_path_factory):
    """The recipes on an account with both functions and a pool with users, which has two dead letters."""
    started_aws.reset()
    recipes = FaultyRecipes(started_aws, tmp_path_factory)
    recipes.create(COGNITO_GROUPS="members")
    recipes.pool = recipes.new_pool()
    for name in PEOPLE:
        recipes.cognito.admin_create_user(UserPoolId=recipes.pool, Username=name)
        recipes.cognito.admin_set_user_password(
            UserPoolId=recipes.pool, Username=name, Password="Correct-horse-1", Permanent=True
        )
    recipes.redrives = Redrives(recipes.sqs, recipes.account)
    recipes.another = recipes.folder / "another.wasm"
    recipes.another.write_bytes((MAPPER.parent / "default-mapper.wasm").read_bytes() + NOTE)
    recipes.detached = recipes.state()
    yield recipes
    recipes.stop()


def emptied(recipes):
    """Lets both queues be as they were at first: two dead letters."""
    for url in recipes.redrives.urls.values():
        while found := recipes.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                recipes.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    recipes.redrives.tasks, recipes.redrives.started = [], False
    recipes.redrives.put(2)


def attached(recipes):
    """What there is after `attach`, which is run once."""
    if not hasattr(recipes, "with_pool"):
        recipes.succeeds("attach", recipes.pool, "--yes")
        recipes.with_pool = recipes.state()
    return recipes.with_pool


def swapped(recipes):
    """What there is after `swap`, which is run once."""
    if not hasattr(recipes, "with_another"):
        recipes.succeeds("swap", str(recipes.another), "--yes")
        recipes.with_another = recipes.state()
    return recipes.with_another


def is_allowed(recipes, state):
    """Whether the pool calls the function, may do so, and both functions may write to its users; False if none is so.

    Anything between fails the test.
    """
    pools, functions, policies, *_ = state
    parts = (
        pools[recipes.pool][0].get("LambdaConfig", {}).get("PostConfirmation") == LIVE,
        functions[FUNCTION]["allowed"],
    )
    [is_so] = {bool(part) for part in (*parts, *(USERS in policies[role] for role in FUNCTIONS))}
    return is_so


def mappers(recipes):
    """The mappers that are live, by their layers' versions."""
    found = (recipes.lambda_.get_function_configuration(FunctionName=name, Qualifier="live") for name in FUNCTIONS)
    return [layer["Arn"].rpartition(":")[2] for there in found for layer in there["Layers"]]


def waiting(recipes, name):
    """How many messages are in a queue."""
    return recipes.redrives.count(name)


CASES = {
    "attach": lambda it: Case(("attach", it.pool, "--yes"), it.detached, lambda state: is_allowed(it, state)),
    "detach": lambda it: Case(("detach", it.pool, "--yes"), attached(it), lambda state: not is_allowed(it, state)),
    "swap": lambda it: Case(
        ("swap", str(it.another), "--yes"),
        it.detached,
        lambda _: "1" not in mappers(it),
        # What it compares with.
        ("GetLayerVersion",),
    ),
    "rollback": lambda it: Case(("rollback",), swapped(it), lambda _: mappers(it) == ["1", "1"]),
    "redrive": lambda it: Case(
        ("redrive",), it.detached, lambda _: (waiting(it, "dead"), waiting(it, "queue")) == (0, 2)
    ),
    "reconcile": lambda it: Case(
        ("reconcile", it.pool, "--all", "--yes"), it.detached, lambda _: waiting(it, "queue") >= len(PEOPLE)
    ),
}


def chosen(operations, fault):
    """The numbers of the calls of a recipe at which `fault` comes: from the first change on, all of them.

    Before it there is nothing to restore: of the calls that only read, the first of each kind is denied, and the last
    one interrupted.
    """
    first = next(at for at, operation in enumerate(operations) if operation.changes)
    kinds = {operation: at for at, operation in reversed([*enumerate(operations[:first])])}
    return [*(sorted(kinds.values()) if fault == DENIED else [first - 1]), *range(first, len(operations))]


def stopped(recipes, case, fault):
    """Runs a recipe once for each chosen call, at which `fault` comes; returns the Operations with the ends."""

    def start():
        recipes.restore(case.start)
        emptied(recipes)
        return recipes.state()

    start()
    recipes.succeeds(*case.args)
    operations, ends = recipes.account.asked, []
    for at in chosen(operations, fault):
        operation, before = operations[at], start()
        done = recipes.run(*case.args, fault=fault, hits=lambda number, *_, at=at: number == at)
        at_call = f"call {at} of {len(operations)}, {operation.command}:\n{done.stdout}{done.stderr}"
        assert recipes.account.hit == operation, at_call
        ends.append((operation, done))
        after = recipes.state()
        if done.returncode == 0:
            # It goes on without this call, or the interruption came too late.
            assert operation.name in case.needless or fault == INTERRUPTED, at_call
            assert case.reached(after), at_call
        else:
            assert re.search(TOLD, done.stdout + done.stderr) or after == before, at_call
        if done.returncode and after != before:
            again = re.search(r"Finish with `mapper (.*?)`", done.stderr)
            assert again or "un this again" in done.stderr, at_call
            recipes.succeeds(*(again[1].split() if again else case.args))
            assert case.reached(recipes.state()), at_call
        assert is_tried(recipes, after), at_call
    return ends


def is_tried(recipes, state):
    """Whether everything that is live has passed a dry run, and the pool calls nothing else."""
    pools, functions, *_ = state
    live = {(name, functions[name]["alias"][0]) for name in FUNCTIONS}
    called = pools[recipes.pool][0].get("LambdaConfig", {}).get("PostConfirmation", LIVE)
    return live <= recipes.account.tried and called == LIVE


def explained(operation, done):
    """Checks that a recipe says what AWS refused, and what to do."""
    said = done.stderr if done.returncode else done.stdout
    assert f"{operation.command}: AccessDenied" in done.stdout + done.stderr
    assert f"Ask for the right {operation.right}; `--print-policy` prints every right" in done.stdout + done.stderr
    assert len(re.findall(r"^error: ", done.stderr, re.MULTILINE)) == (1 if done.returncode else 0), said
    assert "panicked" not in said and "Traceback" not in said


@pytest.mark.parametrize("recipe", CASES)
def test_a_recipe_that_is_denied_a_call_names_the_right(recipe, account, proved):
    ends = stopped(account, CASES[recipe](account), DENIED)
    for operation, done in ends:
        explained(operation, done)
    proved(f"{recipe}: denied one of {len(ends)} calls, it names the right, and all is as before or can be finished")


@pytest.mark.parametrize("recipe", CASES)
def test_a_recipe_that_is_interrupted_says_what_is_left(recipe, account, proved):
    ends = stopped(account, CASES[recipe](account), INTERRUPTED)
    told = [done for _, done in ends if done.returncode]
    for done in told:
        assert re.search(r"^error: interrupted", done.stderr, re.MULTILINE), done.stderr
        assert re.search(TOLD, done.stdout + done.stderr), done.stderr
    assert told
    proved(f"{recipe}: interrupted at one of {len(ends)} calls, it says what is left, or comes to its end")


def test_a_right_that_is_missing_throughout_is_named(account, proved):
    for recipe in ("attach", "swap"):
        case = CASES[recipe](account)
        account.restore(case.start)
        account.succeeds(*case.args)
        changes = {operation for operation in account.account.asked if operation.changes}
        assert len(changes) > 2
        for missing in sorted(changes):
            account.restore(case.start)
            before = account.state()
            done = account.run(*case.args, fault=DENIED, hits=lambda _, operation, __, it=missing: operation == it)
            explained(missing, done)
            assert (done.returncode, account.state()) == (1, before), missing
            assert "Not everything could be restored" not in done.stderr
    proved("attach and swap undo what they did although the right that they lack stays missing")


def test_doctor_says_that_it_was_interrupted(account, proved):
    account.restore(attached(account))
    account.run("doctor", account.pool)
    count, told = len(account.account.asked), 0
    for at in range(count):
        done = account.run("doctor", account.pool, fault=INTERRUPTED, hits=lambda number, *_, at=at: number == at)
        was = "error: interrupted; nothing was changed\n" in done.stderr
        # The interruption may come too late.
        assert (was and done.returncode == 1) or "checks not made" in done.stdout, done.stdout + done.stderr
        told += was
    assert told
    proved(f"doctor may be interrupted at each of its {count} calls, and draws no conclusion then")

    done = account.run("doctor", account.pool, fault=DENIED, hits=lambda number, *_: number == 0)
    assert "account unknown: aws sts get-caller-identity: AccessDenied" in done.stdout
    assert done.stdout.endswith(" 0 checks not made\n")
    proved("if AWS does not say whose account it is, every check is made")


# It empties the account, so it comes last.
def each_change_once():
    """Tells a fault that comes at each change that it has not come at before."""
    seen = set()

    def hits(_, operation, call):
        key = operation, call.handler.path, call.body
        comes = operation.changes and key not in seen
        seen.add(key) if comes else None
        return comes

    return hits


@pytest.mark.parametrize("fault", [DENIED, INTERRUPTED])
def test_create_goes_on_where_it_was_stopped(fault, started_aws, tmp_path_factory, proved):
    started_aws.reset()
    recipes = FaultyRecipes(started_aws, tmp_path_factory)
    try:
        hits, stops = each_change_once(), []
        args = ("create", "--set", "BACKEND_API_URL=https://api.example.com/")
        while (done := recipes.run(*args, fault=fault, hits=hits)).returncode:
            stops.append(recipes.account.hit)
            assert "What is made stays, and nothing is live untried. Run this again to finish." in done.stderr
            if fault == DENIED:
                explained(stops[-1], done)
            else:
                assert re.search(r"^error: interrupted\n", done.stderr, re.MULTILINE)
            assert all(
                not alias or (name, alias["FunctionVersion"]) in recipes.account.tried for name, alias in live(recipes)
            )
            assert len(stops) < 40
        made = recipes.state()
        assert recipes.succeeds(*args).count("exists") == 12
        assert recipes.state() == made
        proved(f"create was stopped at {len(stops)} changes, and went on each time")

        if fault == DENIED:
            operations = recipes.account.asked
            for at in sorted({operation: at for at, operation in reversed([*enumerate(operations)])}.values()):
                done = recipes.run(*args, fault=fault, hits=lambda number, *_, at=at: number == at)
                assert done.returncode == 1
                explained(operations[at], done)
                assert recipes.state() == made
            proved("each kind of call may be denied if everything exists: nothing changes")
    finally:
        recipes.stop()


def live(recipes):
    """The functions that exist, each with its alias, None if it has none."""
    return [
        (it["FunctionName"], recipes.alias(it["FunctionName"])) for it in recipes.lambda_.list_functions()["Functions"]
    ]
