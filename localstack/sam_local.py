"""Gives every function its example event by `sam local invoke`, beside a deployed stack. Run by localstack/sam-local."""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from deploy import CREDENTIAL, REGION, ROOT, Cloud, on_arm

# Name in the template, what follows the prefix in the deployed name, and events.
FUNCTIONS = [
    ("OperatorFunction", "operator", ["operator-issue"]),
    ("ApiFunction", "api", ["api-ready", "api-unauthenticated"]),
    ("UsageFunction", "usage", ["usage"]),
    ("SweepFunction", "sweep", ["sweep"]),
    ("AttributionFunction", "attribution", ["attribution"]),
    ("PricesFunction", "prices", ["prices"]),
]
STATUS = {"api-ready": 200, "api-unauthenticated": 401}


def beside(endpoint):
    """What the functions are told beside the template's variables."""
    return {"AWS_ENDPOINT_URL": endpoint, "QUARKUS_S3_PATH_STYLE_ACCESS": "true"}


def template():
    """The template with names for what it does not name: the SAM CLI hands no other variable over, and without an
    endpoint the functions would speak to AWS itself."""
    text = (ROOT / "sam-template.yaml").read_text().replace("CodeUri: target/", "CodeUri: ")
    more = "".join(f'        {name}: ""\n' for name in beside(""))
    text, named = re.subn(r"(Globals:\n(?: .*\n)*?      Variables:\n)", lambda it: it[1] + more, text)
    assert named == 1
    written = ROOT / "target/sam-local.yaml"
    written.write_text(text)
    return written


def environment(functions, name, endpoint):
    """What the stack set for a function, and where its AWS is."""
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    return variables | beside(endpoint)


def caller():
    """The environment of the SAM CLI, whose credentials are the functions': not those of an account."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return inherited | nowhere | {"AWS_ACCESS_KEY_ID": CREDENTIAL, "AWS_SECRET_ACCESS_KEY": CREDENTIAL, "AWS_REGION": REGION}


def event(name):
    """An example; a record of a stream that is older than 30 days is refused, so it is of now."""
    example = json.loads((ROOT / "events" / f"{name}.json").read_text())
    for record in example.get("Records", []):
        if "dynamodb" in record:
            record["dynamodb"]["ApproximateCreationDateTime"] = int(time.time())
    return example


def fault(name, done):
    """Why an answer is not what the example is to get; None where it is."""
    lines = done.stdout.strip().splitlines()
    if done.returncode != 0 or not lines:
        return f"exit code {done.returncode}"
    answer = json.loads(lines[-1])
    if "errorMessage" in answer:
        return answer["errorMessage"]
    if name in STATUS and answer.get("statusCode") != STATUS[name]:
        return f"status {answer.get('statusCode')}, not {STATUS[name]}"
    return None


def main():
    parser = argparse.ArgumentParser(prog="localstack/sam-local", description=__doc__)
    parser.add_argument("--endpoint", default="http://127.0.0.1:4566", help="where the stack was deployed (%(default)s)")
    parser.add_argument("--prefix", default="budget-authority", help="what its names begin with (%(default)s)")
    told = parser.parse_args()
    functions = Cloud(told.endpoint, told.prefix).client("lambda")
    architecture = "arm64" if on_arm() else "x86_64"
    given_template = template()
    faults = 0
    with tempfile.TemporaryDirectory() as folder:
        variables = pathlib.Path(folder, "variables.json")
        variables.write_text(
            json.dumps({logical: environment(functions, f"{told.prefix}-{name}", told.endpoint) for logical, name, _ in FUNCTIONS})
        )
        for logical, _, events in FUNCTIONS:
            for name in events:
                given = pathlib.Path(folder, f"{name}.json")
                given.write_text(json.dumps(event(name)))
                done = subprocess.run(
                    ["sam", "local", "invoke", logical, "--event", given, "--env-vars", variables, "--docker-network", "host"]
                    + ["--template", given_template, "--region", REGION, "--parameter-overrides", f"Architecture={architecture}"],
                    env=caller(),
                    capture_output=True,
                    text=True,
                    check=False,
                )
                wrong = fault(name, done)
                faults += wrong is not None
                print(f"{logical} {name}: {wrong or 'ok'}", flush=True)
                if wrong:
                    print(done.stdout, done.stderr, sep="\n", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
