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

ROOT = pathlib.Path(__file__).resolve().parent.parent

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


def template(text):
    """The template as the SAM CLI can run it. It has names for what the template does not name: the CLI hands no other
    variable over, and without an endpoint the functions would speak to AWS itself. And an HTTP API of SAM's own, of
    all paths, is in the place of the template's, whose conditional authorizer and alias the CLI does not read."""
    text = text.replace("CodeUri: target/", "CodeUri: ")
    more = "".join(f'        {name}: ""\n' for name in beside(""))
    text, named = re.subn(r"(Globals:\n(?: .*\n)*?      Variables:\n)", lambda it: it[1] + more, text)
    assert named == 1
    text, removed = re.subn(r"  # --- the HTTP API\n.*?(?=  # --- )", "", text, flags=re.DOTALL)
    assert removed == 1
    http = "      Events:\n        Http:\n          Type: HttpApi\n"
    text, alias = re.subn(r"(      AutoPublishAlias: live\n)", lambda it: http + it[1], text)
    assert alias == 1
    # Its outputs are of what is not there any more.
    return text[: text.index("\nOutputs:")] + "\n"


def written_template():
    written = ROOT / "target/sam-local.yaml"
    written.write_text(template((ROOT / "sam-template.yaml").read_text()))
    return written


def environment(functions, name, endpoint):
    """What the stack set for a function, and where its AWS is."""
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    return variables | beside(endpoint)


def caller(credential, region):
    """The environment of the SAM CLI, whose credentials are the functions': not those of an account."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return inherited | nowhere | {"AWS_ACCESS_KEY_ID": credential, "AWS_SECRET_ACCESS_KEY": credential, "AWS_REGION": region}


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
    parser.add_argument("--serve", action="store_true", help="speak HTTP for the function api on port 3000 (`sam local start-api`) instead")
    told = parser.parse_args()
    # Not before: what reads the template alone needs no client of AWS.
    from deploy import CREDENTIAL, REGION, Cloud, on_arm

    functions = Cloud(told.endpoint, told.prefix).client("lambda")
    architecture = "arm64" if on_arm() else "x86_64"
    given_template = written_template()
    common = ["--template", given_template, "--region", REGION, "--docker-network", "host", "--parameter-overrides", f"Architecture={architecture}"]
    faults = 0
    with tempfile.TemporaryDirectory() as folder:
        variables = pathlib.Path(folder, "variables.json")
        variables.write_text(
            json.dumps({logical: environment(functions, f"{told.prefix}-{name}", told.endpoint) for logical, name, _ in FUNCTIONS})
        )
        if told.serve:
            return subprocess.run(["sam", "local", "start-api", "--env-vars", variables, *common], env=caller(CREDENTIAL, REGION), check=False).returncode
        for logical, _, events in FUNCTIONS:
            for name in events:
                given = pathlib.Path(folder, f"{name}.json")
                given.write_text(json.dumps(event(name)))
                done = subprocess.run(
                    ["sam", "local", "invoke", logical, "--event", given, "--env-vars", variables, *common],
                    env=caller(CREDENTIAL, REGION),
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
