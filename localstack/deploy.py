"""Deploys the stack to an endpoint with LocalStack's API. Run by localstack/deploy."""

import argparse
import concurrent.futures
import contextlib
import gzip
import io
import json
import os
import pathlib
import platform
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile

import boto3
import botocore.config
import botocore.exceptions

import gateway

ROOT = pathlib.Path(__file__).resolve().parent.parent
TEMPLATES = ["tables.yaml", "storage.yaml", "queues.yaml"]
PRICES = ROOT / "src/local/resources/prices/2026-11-24.json.gz"
CLIENT = ROOT / "target/runtime-interface-client"
REGION = "us-east-1"
# What the tests' own clients say too. A MiniStack takes it for the account's root.
CREDENTIAL = "local"
JAVA_MAJOR = 25

# What a managed Java runtime does: the runtime interface client, on the unpacked zip and its libraries.
# It would unpack its native part to one place in /tmp, which the functions of one machine share: so that comes along.
BOOTSTRAP = """#!/bin/sh
exec {java} -Dcom.amazonaws.services.lambda.runtime.api.client.runtimeapi.NativeClient.JNI="$LAMBDA_TASK_ROOT/client/jni.so" \\
  --enable-native-access=ALL-UNNAMED -cp "$LAMBDA_TASK_ROOT:$LAMBDA_TASK_ROOT/lib/*:$LAMBDA_TASK_ROOT/client/*" \\
  com.amazonaws.services.lambda.runtime.api.client.AWSLambda "$_HANDLER"
"""

# How many execution environments MiniStack may start of a function: each is a JVM of this machine. More get 429.
ENVIRONMENTS = 3

# Many JVMs on one machine: each is to start with little work, and does not live long enough for more.
MINISTACK_JVM_OPTIONS = "--add-opens=java.base/java.lang=ALL-UNNAMED -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmx384m"


def say(line):
    print(line, file=sys.stderr, flush=True)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def ministack():
    """A MiniStack on loopback; it and the functions' processes end together."""
    port = free_port()
    log = tempfile.NamedTemporaryFile(prefix="ministack-", suffix=".log", delete=False)
    environment = dict(os.environ, AUTH="true", AWS_ACCESS_KEY_ID=CREDENTIAL, AWS_SECRET_ACCESS_KEY=CREDENTIAL, BIND_HOST="127.0.0.1", GATEWAY_PORT=str(port), LOG_LEVEL="WARNING",
                       AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}", IOT_MTLS_ENABLED="0", SFTP_ENABLED="0",
                       MAX_ENVIRONMENTS=str(ENVIRONMENTS), LAMBDA_WARM_TTL_SECONDS="3600")
    process = subprocess.Popen([sys.executable, str(ROOT / "localstack/start_ministack.py")], env=environment, stdin=subprocess.DEVNULL,
                               stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        endpoint = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=2).read()
                break
            except (urllib.error.URLError, OSError) as failure:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"MiniStack did not start ({failure}): {log.name}") from None
                time.sleep(0.1)
        say(f"MiniStack at {endpoint}, its log {log.name}")
        yield endpoint
    finally:
        # Its functions are processes of its group, and outlive it otherwise.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def java_home():
    """A JDK that can run the functions: JAVA_HOME's, or one where installers put them."""
    homes = [os.environ.get("JAVA_HOME")] if os.environ.get("JAVA_HOME") else []
    homes += [str(path.parent.parent) for pattern in ("/usr/lib/jvm/*/bin/java",) for path in pathlib.Path("/").glob(pattern[1:])]
    homes += [str(path.parent.parent) for pattern in (".sdkman/candidates/java/*/bin/java", ".jdks/*/bin/java") for path in pathlib.Path.home().glob(pattern)]
    for home in homes:
        with contextlib.suppress(OSError):
            told = subprocess.run([f"{home}/bin/java", "-version"], capture_output=True, text=True).stderr
            version = re.search(r'version "(\d+)', told)
            if version and int(version.group(1)) >= JAVA_MAJOR:
                return home
    raise SystemExit(f"There is no Java {JAVA_MAJOR} here: set JAVA_HOME to one.")


def with_bootstrap(code, carry_java):
    """The bytes of a function's zip as a provided.* runtime starts it. A native one starts by itself."""
    with zipfile.ZipFile(code) as zipped:
        if "bootstrap" in zipped.namelist():
            return code.read_bytes()
    content = io.BytesIO(code.read_bytes())
    with zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as out:
        java = f"{java_home()}/bin/java"
        if carry_java:
            for path in sorted(runtime_image().rglob("*")):
                if path.is_file():
                    info = zipfile.ZipInfo(f"java/{path.relative_to(runtime_image())}", (1980, 1, 1, 0, 0, 0))
                    info.external_attr = (path.stat().st_mode & 0xFFFF) << 16
                    info.compress_type = zipfile.ZIP_DEFLATED
                    out.writestr(info, path.read_bytes())
            java = '"$LAMBDA_TASK_ROOT/java/bin/java"'
        for jar in sorted(CLIENT.glob("*.jar")):
            out.write(jar, f"client/{jar.name}")
            with zipfile.ZipFile(jar) as library:
                if native_part() in library.namelist():
                    out.writestr("client/jni.so", library.read(native_part()))
        bootstrap = zipfile.ZipInfo("bootstrap", (1980, 1, 1, 0, 0, 0))
        bootstrap.external_attr = 0o755 << 16
        out.writestr(bootstrap, BOOTSTRAP.format(java=java))
    return content.getvalue()


def on_arm():
    return platform.machine() in ("aarch64", "arm64")


def native_part():
    """The runtime interface client's library for this machine, within its jar."""
    return f"jni/libaws-lambda-jni.linux-{'aarch_64' if on_arm() else 'x86_64'}.so"


def runtime_image():
    """A Java of our own for containers that have none, made once of this machine's JDK."""
    image = ROOT / "target/java-runtime"
    if not image.exists():
        modules = "java.base,java.logging,java.management,java.naming,java.net.http,java.sql,java.xml,jdk.crypto.ec,jdk.unsupported,jdk.zipfs"
        subprocess.run([f"{java_home()}/bin/jlink", "--add-modules", modules, "--strip-debug", "--no-header-files", "--no-man-pages",
                        "--output", str(image)], check=True)
    return image


class Cloud:
    """The clients of one endpoint."""

    def __init__(self, endpoint, prefix):
        self.endpoint = endpoint
        self.prefix = prefix
        self.config = botocore.config.Config(s3={"addressing_style": "path"}, retries={"max_attempts": 3}, read_timeout=120)

    def client(self, service):
        return boto3.client(service, endpoint_url=self.endpoint, region_name=REGION, aws_access_key_id=CREDENTIAL,
                            aws_secret_access_key=CREDENTIAL, config=self.config)

    def deploy(self, stack, template, **parameters):
        """Makes or updates a stack and returns its outputs."""
        formation = self.client("cloudformation")
        name = f"{self.prefix}-{stack}"
        request = dict(StackName=name, TemplateBody=template, Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
                       Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()])
        try:
            formation.describe_stacks(StackName=name)
            formation.update_stack(**request)
            waiter = "stack_update_complete"
        except formation.exceptions.ClientError as failure:
            if "does not exist" not in str(failure):
                raise
            formation.create_stack(**request)
            waiter = "stack_create_complete"
        try:
            formation.get_waiter(waiter).wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 300})
        except Exception:
            for event in formation.describe_stack_events(StackName=name)["StackEvents"]:
                if event["ResourceStatus"].endswith("FAILED"):
                    say(f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}")
            raise
        described = formation.describe_stacks(StackName=name)["Stacks"][0]
        say(f"{name}: {described['StackStatus']}")
        return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}


def api_url(cloud, outputs, own_gateway):
    """Where the deployed API is spoken to: the endpoint's HTTP API, or what stands in for it where there is none."""
    if not own_gateway:
        try:
            cloud.client("apigatewayv2").get_api(ApiId=outputs["ApiId"])
            return f"{cloud.endpoint}/_aws/execute-api/{outputs['ApiId']}/$default"
        except botocore.exceptions.ClientError as failure:
            say(f"There is no HTTP API at {cloud.endpoint} ({failure.response['Error']['Code']}).")
    url = gateway.serve(cloud.client("lambda"), outputs["ApiFunctionName"])
    say(f"HTTP is spoken at {url} by this process, without routes, throttles and access log.")
    return url


def deploy(endpoint, prefix, zips, carry_java, sweep, own_gateway, jvm_options=None):
    """Deploys everything. Returns what a caller of the deployed API must know."""
    cloud = Cloud(endpoint, prefix)
    outputs = {}
    for template in TEMPLATES:
        outputs |= cloud.deploy(template.removesuffix(".yaml"), (ROOT / "infra" / template).read_text(), Prefix=prefix)

    code = f"{prefix}-code"
    storage = cloud.client("s3")
    storage.create_bucket(Bucket=code)
    template = (ROOT / "sam-template.yaml").read_text()
    for function in ("api", "events"):
        zipped = with_bootstrap(zips / f"function-{function}.zip", carry_java)
        storage.put_object(Bucket=code, Key=f"{function}.zip", Body=zipped)
        template = template.replace(f"CodeUri: target/function-{function}.zip", f"CodeUri: s3://{code}/{function}.zip")
    # MiniStack takes a parameter's number for text there.
    template = template.replace("MaximumConcurrency: !Ref UsageConcurrency", "MaximumConcurrency: 2")
    options = {"JvmOptions": jvm_options} if jvm_options else {}
    outputs |= cloud.deploy("functions", template, Prefix=prefix, Build="native", Architecture="arm64" if on_arm() else "x86_64",
                            SweepSchedule=sweep, **options)
    outputs |= cloud.deploy("watch", (ROOT / "infra/watch.yaml").read_text(), Prefix=prefix, ApiId=outputs["ApiId"])

    operator = first_data(cloud, outputs)
    url = api_url(cloud, outputs, own_gateway)
    if jvm_options:
        warm_up(url)
    keys = {"operator": operator}
    tenant = f"demo-{int(time.time())}"
    keys |= make_tenant(url, keys["operator"], tenant)
    return {"endpoint": endpoint, "url": url, "tenant": tenant, "keys": keys, "outputs": outputs}


def first_data(cloud, outputs):
    """Puts a price table in force, as an operator would by hand, and returns the first operator's key."""
    storage = cloud.client("s3")
    version = json.loads(gzip.decompress(PRICES.read_bytes()))["version"]
    storage.put_object(Bucket=outputs["PricesBucketName"], Key=f"prices/{version}.json.gz", Body=PRICES.read_bytes())
    storage.put_object(Bucket=outputs["PricesBucketName"], Key="prices/current", Body=version.encode())

    invoked = cloud.client("lambda").invoke(FunctionName=outputs["OperatorFunctionName"], Payload=b'{"action": "issue"}')
    answer = json.loads(invoked["Payload"].read())
    if "secret" not in answer:
        raise SystemExit(f"No operator could be made: {answer}")
    return answer["secret"]


def warm_up(url):
    """Starts the API's execution environments one after the other: at once they would all be slow."""
    def ask(_):
        with contextlib.suppress(urllib.error.HTTPError):
            urllib.request.urlopen(f"{url}/q/health/ready", timeout=120).read()

    for wanted in range(1, ENVIRONMENTS + 1):
        with concurrent.futures.ThreadPoolExecutor(wanted) as callers:
            list(callers.map(ask, range(wanted)))


def denied(endpoint, prefix):
    """What the functions' logs say of calls that their roles do not allow."""
    logs = Cloud(endpoint, prefix).client("logs")
    lines = set()
    for group in logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{prefix}-")["logGroups"]:
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"]):
            lines |= {f"{group['logGroupName']}: {event['message'].strip()}" for event in page["events"]
                      if re.search("AccessDenied|not authorized", event["message"])}
    return sorted(lines)


def make_tenant(url, operator, tenant):
    def post(path, key, body):
        request = urllib.request.Request(url + path, json.dumps(body).encode(), {"Content-Type": "application/json", "Authorization": f"Bearer {key}"})
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return json.load(response)
        except urllib.error.HTTPError as failure:
            raise SystemExit(f"POST {path}: {failure.code} {failure.read().decode()}") from None

    admin = post("/budget/tenants", operator, {"tenant_id": tenant})["admin_key"]["secret"]
    keys = {role: post("/budget/keys", admin, {"role": role})["secret"] for role in ("gateway", "viewer")}
    return {"admin": admin} | keys


def transcript(deployed):
    """Pastes the README's transcript into a shell, and requires what it promises, in its order."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    # A shell takes $default for a variable of its own.
    script = "\n".join(blocks).replace("http://127.0.0.1:8080", deployed["url"].replace("$", r"\$"))
    for role, key in deployed["keys"].items():
        script = script.replace(f"bak_demo_{role}", key)
    ran = subprocess.run(["bash", "-s"], input=script, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    position = 0
    for promise in re.findall(r"^# => (.*)$", script, re.MULTILINE):
        # A gateway may write names of headers in lower case.
        found = ran.stdout.lower().find(promise.lower(), position)
        if found < 0:
            raise SystemExit(f"not, or not in this order: {promise}\n{ran.stdout}")
        position = found
    if ran.returncode != 0 or position == 0:
        raise SystemExit(ran.stdout)
    say("The README's transcript answers what it promises.")


def main():
    parser = argparse.ArgumentParser(prog="localstack/deploy", description=__doc__)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--endpoint", help="of a LocalStack or the like, such as http://127.0.0.1:4566")
    where.add_argument("--ministack", action="store_true", help="start a MiniStack on a free port, and end it when standard input ends")
    parser.add_argument("--prefix", default="budget-authority", help="what names begin with (%(default)s)")
    parser.add_argument("--sweep", default="rate(1 minute)", help="the sweeper's schedule (%(default)s)")
    parser.add_argument("--carry-java", action="store_true", help="put a Java into the functions' zips, for containers without one")
    parser.add_argument("--own-gateway", action="store_true", help="speak HTTP in this process also where the endpoint has an HTTP API")
    parser.add_argument("--zips", type=pathlib.Path, default=ROOT / "target", help="the folder of the functions' zips (target)")
    parser.add_argument("--no-transcript", action="store_true", help="do not run the README's transcript")
    arguments = parser.parse_args()

    for needed in ("function-api.zip", "function-events.zip"):
        if not (arguments.zips / needed).exists():
            raise SystemExit(f"{arguments.zips / needed} is not there: ./mvnw package -Papi && ./mvnw package -Pevents")

    def run(endpoint, jvm_options=None):
        deployed = deploy(endpoint, arguments.prefix, arguments.zips, arguments.carry_java, arguments.sweep, arguments.own_gateway, jvm_options)
        if not arguments.no_transcript:
            transcript(deployed)
        print(json.dumps(deployed), flush=True)
        return deployed

    if arguments.endpoint:
        deployed = run(arguments.endpoint)
        if not deployed["url"].startswith(arguments.endpoint):
            # The API is gone when this process is.
            sys.stdin.read()
        return
    with ministack() as endpoint:
        run(endpoint, MINISTACK_JVM_OPTIONS)
        sys.stdin.read()
        lines = denied(endpoint, arguments.prefix)
        if lines:
            raise SystemExit("Calls were denied by the functions' own roles:\n" + "\n".join(lines))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    main()
