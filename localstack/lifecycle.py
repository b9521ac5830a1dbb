"""Tests what happens to a deployment's stacks on a MiniStack. Run by localstack/lifecycle."""

import argparse
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile

from deploy import (
    CREDENTIAL,
    MINISTACK_JVM_OPTIONS,
    REGION,
    ROOT,
    Cloud,
    api_url,
    first_data,
    make_tenant,
    ministack,
    on_arm,
    say,
    with_bootstrap,
)

# MiniStack hands defaults to the SAM transform and not what parameters are given, which EventInvokeConfig would show.
PREFIX = "budget-authority"
TABLES = [f"{PREFIX}-{name}" for name in ("ledger", "decisions", "attribution")]
# What CloudFormation cannot make, behind the queues of infra/queues.yaml.
IMPOSSIBLE = """
  Impossible:
    Type: AWS::Lambda::Url
    DependsOn: [UsageQueue, EventsDeadQueue]
    Properties:
      TargetFunctionArn: there-is-none
      AuthType: AWS_IAM
"""


class Wrong(Exception):
    """Something is not as it must be."""


def require(holds, what):
    if not holds:
        raise Wrong(what)
    say(f"ok: {what}")


def stand_in(path):
    """A function's zip that starts and answers nothing."""
    with zipfile.ZipFile(path, "w") as code:
        bootstrap = zipfile.ZipInfo("bootstrap", (1980, 1, 1, 0, 0, 0))
        bootstrap.external_attr = 0o755 << 16
        code.writestr(bootstrap, "#!/bin/sh\nsleep 600\n")


@contextlib.contextmanager
def release():
    """A folder like that of a release, as MiniStack can deploy it."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        shutil.copytree(ROOT / "infra", folder / "infra")
        template = (ROOT / "sam-template.yaml").read_text()
        # MiniStack takes a parameter's number for text there.
        (folder / "sam-template.yaml").write_text(template.replace("MaximumConcurrency: !Ref UsageConcurrency", "MaximumConcurrency: 2"))
        (folder / "target").mkdir()
        for function in ("api", "events"):
            stand_in(folder / f"target/function-{function}.zip")
        yield folder


class Scripts:
    """The scripts of infra/, with the AWS CLI of this virtual environment and an endpoint for AWS."""

    def __init__(self, folder, endpoint):
        self.folder = folder
        # The CLI's first version, which is on PyPI, takes an address of its own for SQS whatever AWS_ENDPOINT_URL is.
        real = pathlib.Path(sys.executable).parent / "aws"
        cli = folder / "bin/aws"
        cli.parent.mkdir()
        cli.write_text(f'#!/bin/sh\n[ "$1" = sqs ] && set -- "$@" --endpoint-url {endpoint}\nexec {real} "$@"\n')
        cli.chmod(0o755)
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": CREDENTIAL,
            "AWS_SECRET_ACCESS_KEY": CREDENTIAL,
            "AWS_REGION": REGION,
            "PATH": f"{cli.parent}:{os.environ['PATH']}",
        }

    def run(self, script, *arguments, succeeds=True):
        done = subprocess.run(
            [self.folder / "infra" / script, "--prefix", PREFIX, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if (done.returncode == 0) != succeeds:
            raise Wrong(f"infra/{script} {arguments}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def deploy(self, *arguments, succeeds=True):
        built = ["--parameter", "Build=native", "--parameter", f"Architecture={'arm64' if on_arm() else 'x86_64'}"]
        return self.run("deploy", *built, *arguments, succeeds=succeeds)


def tables(cloud):
    return sorted(it for it in cloud.client("dynamodb").list_tables()["TableNames"] if it in TABLES)


def queues(cloud):
    return cloud.client("sqs").list_queues(QueueNamePrefix=PREFIX).get("QueueUrls", [])


def stacks(cloud):
    listed = cloud.client("cloudformation").list_stacks()["StackSummaries"]
    return {it["StackName"]: it["StackStatus"] for it in listed if it["StackStatus"] != "DELETE_COMPLETE"}


def failed_first_deployment(cloud):
    """What a failed create made goes with it, so that the next try does not find it in its way."""
    formation = cloud.client("cloudformation")
    text = (ROOT / "infra/queues.yaml").read_text()
    for policy, left in (("RetainExceptOnCreate", 0), ("Retain", 3)):
        template = text.replace("DeletionPolicy: RetainExceptOnCreate", f"DeletionPolicy: {policy}")
        template = template.replace("\nOutputs:", IMPOSSIBLE + "\nOutputs:")
        parameters = [{"ParameterKey": "Prefix", "ParameterValue": PREFIX}]
        formation.create_stack(StackName="failing", TemplateBody=template, Parameters=parameters)
        with contextlib.suppress(Exception):
            formation.get_waiter("stack_create_complete").wait(StackName="failing", WaiterConfig={"Delay": 1, "MaxAttempts": 60})
        require(stacks(cloud)["failing"] == "ROLLBACK_COMPLETE", f"a create that fails is rolled back ({stacks(cloud)['failing']})")
        require(len(queues(cloud)) == left, f"{policy} leaves {left} queues of it")
        formation.delete_stack(StackName="failing")
        formation.get_waiter("stack_delete_complete").wait(StackName="failing", WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    for url in queues(cloud):
        cloud.client("sqs").delete_queue(QueueUrl=url)


def run_all():
    with ministack() as endpoint, release() as folder:
        cloud = Cloud(endpoint, PREFIX)
        scripts = Scripts(folder, endpoint)
        failed_first_deployment(cloud)

        require("nothing is in the way" in scripts.deploy("--check"), "the account is looked at")
        require(not stacks(cloud), "--check deploys nothing")
        refused = scripts.deploy("--parameter", "EventBus=not-there", succeeds=False)
        require("There is no EventBridge bus not-there" in refused, "a bus that is not there is refused before anything is made")
        url = scripts.deploy("--email", "oncall@example.com").splitlines()
        require(any("https://" in line for line in url), "infra/deploy says where the API is")
        require(set(stacks(cloud)) == {f"{PREFIX}{it}" for it in ("-tables", "-storage", "-queues", "", "-watch")}, "five stacks are there")
        before = stacks(cloud)
        scripts.deploy()
        require(set(stacks(cloud)) == set(before), "a second infra/deploy finds them")

        scripts.run("uninstall")
        require(not stacks(cloud), "infra/uninstall leaves no stack")
        require(tables(cloud) == sorted(TABLES) and len(queues(cloud)) == 3, "and leaves the data")
        refused = scripts.deploy(succeeds=False)
        require("infra/adopt" in refused, "infra/deploy then names infra/adopt")
        scripts.run("adopt")
        require(set(stacks(cloud)) == {f"{PREFIX}{it}" for it in ("-tables", "-storage", "-queues")}, "infra/adopt makes stacks of it")
        scripts.deploy()
        require(f"{PREFIX}-watch" in stacks(cloud), "on which infra/deploy deploys again")

        scripts.run("uninstall", "--with-data", "another", succeeds=False)
        require(tables(cloud) == sorted(TABLES), "data goes by its own name alone")
        scripts.run("uninstall", "--with-data", PREFIX)
        require(not stacks(cloud) and not tables(cloud) and not queues(cloud), "infra/uninstall --with-data leaves nothing")


def call(url, key, path, body, **headers):
    """What the deployed API answers. It is asked again while no function is free."""
    request = urllib.request.Request(
        url + path,
        None if body is None else json.dumps(body).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {key}"} | headers,
    )
    for patience in range(60):
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return json.load(response)
        except urllib.error.HTTPError as failure:
            if failure.code not in (429, 500, 502, 503, 504) or patience == 59:
                raise Wrong(f"{path}: {failure.code} {failure.read().decode()}") from None
        except TimeoutError:
            if patience == 59:
                raise Wrong(f"{path}: no answer") from None
        time.sleep(1)


def outputs(cloud):
    """The outputs of all stacks."""
    found = {}
    for stack in cloud.client("cloudformation").describe_stacks()["Stacks"]:
        found |= {it["OutputKey"]: it["OutputValue"] for it in stack.get("Outputs", [])}
    return found


def live_version(cloud):
    return cloud.client("lambda").get_alias(FunctionName=f"{PREFIX}-api", Name="live")["FunctionVersion"]


def go_from_build_to_build(old, new):
    """Deploys one build, the next one, and the first again; each settles what the other one decided."""
    with ministack() as endpoint, release() as folder:
        cloud = Cloud(endpoint, PREFIX)
        scripts = Scripts(folder, endpoint)

        def install(build):
            for function in ("api", "events"):
                zipped = with_bootstrap(pathlib.Path(build) / f"function-{function}.zip", False)
                (folder / f"target/function-{function}.zip").write_bytes(zipped)
            scripts.deploy("--parameter", f"JvmOptions={MINISTACK_JVM_OPTIONS}")
            say(f"{build} is version {live_version(cloud)}")
            return live_version(cloud)

        first = install(old)
        made = outputs(cloud)
        operator = first_data(cloud, made)
        url = api_url(cloud, made, False)
        gateway = make_tenant(url, operator, "upgraded")["gateway"]
        ask = {"model": "claude-haiku-4-5", "input_tokens": 5000, "cache_write_tokens": 0, "max_output_tokens": 1000, "run_limit_usd": "1.00"}

        def decide(key):
            decided = call(url, gateway, "/budget/decisions", ask, **{"X-Run-Id": "run", "Idempotency-Key": key})
            require(decided["decision"] == "allow", f"{key} is allowed")
            return decided["reservation_id"]

        def commit(reservation, what):
            body = {"usage": {"input_tokens": 5000, "output_tokens": 200}}
            settled = call(url, gateway, f"/budget/reservations/{reservation}/commit", body)
            require(settled["state"] == "committed", what)

        of_old = decide("of-old")
        second = install(new)
        require(second != first, f"the new build is another version ({first}, then {second})")
        commit(of_old, "the new build commits what the old one decided")
        of_new = decide("of-new")
        third = install(old)
        require(third != second, f"going back is a deployment like any other ({third})")
        commit(of_new, "the old build commits what the new one decided")
        run = call(url, gateway, "/budget/runs/run", None)
        require((run["committed_usd"], run["reserved_usd"]) == ("0.012", "0.00"), f"the run has both and holds nothing: {run}")
        versions = cloud.client("lambda").list_versions_by_function(FunctionName=f"{PREFIX}-api")["Versions"]
        require({first, second} <= {it["Version"] for it in versions}, "the versions before are still there, to go back to")


def main():
    parser = argparse.ArgumentParser(prog="localstack/lifecycle", description=__doc__)
    parser.add_argument("--builds", nargs=2, metavar=("OLD", "NEW"), help="go from one build to another and back: folders of both zips")
    told = parser.parse_args()
    if told.builds:
        go_from_build_to_build(*told.builds)
    else:
        run_all()


if __name__ == "__main__":
    try:
        main()
    except Wrong as wrong:
        raise SystemExit(f"not so: {wrong}") from None
