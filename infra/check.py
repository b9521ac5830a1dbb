"""What the SAM CLI makes of the template, by its own classes, and what parliament says of the policies. Run by infra/check."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile

import parliament
from samcli.cli.context import Context
from samcli.lib.config.samconfig import SamConfig
from samcli.lib.providers.api_provider import ApiProvider
from samcli.lib.providers.sam_function_provider import SamFunctionProvider
from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider
from samcli.local.lambdafn.env_vars import EnvironmentVariables
from samcli.yamlhelper import yaml_parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "sam-template.yaml"
# Where nothing listens.
NOWHERE = "http://127.0.0.1:9"
SAMPLES = {
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::AccountId": "123456789012",
    "Prefix": "budget-authority",
    "EventBus": "default",
    "KmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-4000-8000-000000000000",
}
EXPORTS = {
    "TableArn": "arn:aws:dynamodb:us-east-1:123456789012:table/budget-authority-table",
    "StreamArn": "arn:aws:dynamodb:us-east-1:123456789012:table/budget-authority-table/stream/label",
    "QueueArn": "arn:aws:sqs:us-east-1:123456789012:budget-authority-queue",
    "BucketArn": "arn:aws:s3:::budget-authority-bucket",
}

sys.path.insert(0, str(ROOT / "localstack"))
import sam_local  # noqa: E402


def sample(value):
    """A part of a template with sample values for what CloudFormation would put there."""
    if isinstance(value, list):
        return [it for it in map(sample, value) if it is not None]
    if not isinstance(value, dict):
        return value
    if "Ref" in value:
        return SAMPLES.get(value["Ref"])
    if "Fn::If" in value:
        return sample(value["Fn::If"][1])
    if "Fn::ImportValue" in value:
        name = sample(value["Fn::ImportValue"])
        return next(arn for suffix, arn in EXPORTS.items() if name.endswith(suffix))
    if "Fn::Sub" in value:
        text, names = value["Fn::Sub"] if isinstance(value["Fn::Sub"], list) else (value["Fn::Sub"], {})
        known = SAMPLES | {name: sample(given) for name, given in names.items()}
        return re.sub(r"\$\{([\w:]+)}", lambda it: known[it[1]], text)
    return {name: sample(given) for name, given in value.items()}


def stacks(template):
    return SamLocalStackProvider.get_stacks(str(template))[0]


class TemplateTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        Context().region = "us-east-1"
        cls.template = yaml_parse(TEMPLATE.read_text())
        cls.functions = [name for name, it in cls.template["Resources"].items() if it["Type"] == "AWS::Serverless::Function"]

    def copy(self, folder):
        """The files of a deployment beside zips that stand for the functions'."""
        for name in ("sam-template.yaml", "samconfig.toml"):
            shutil.copy(ROOT / name, folder)
        target = pathlib.Path(folder, "target")
        target.mkdir()
        for name in ("api", "events"):
            with zipfile.ZipFile(target / f"function-{name}.zip", "w") as code:
                code.writestr("bootstrap", name)

    def test_when_samconfig_is_read_deploy_has_its_template(self):
        config = SamConfig(str(ROOT))
        for command in ("deploy", "build", "validate"):
            template = config.get_all([command], "parameters", "default")["template_file"]
            self.assertTrue((ROOT / template).is_file(), template)

    def test_when_guided_adds_answers_the_template_stays(self):
        with tempfile.TemporaryDirectory() as folder:
            self.copy(folder)
            config = SamConfig(folder)
            config.put(["deploy"], "parameters", "parameter_overrides", 'Prefix="a b" SnapStart="on"')
            config.flush()
            answers = SamConfig(folder).get_all(["deploy"], "parameters", "default")
            self.assertEqual(answers["template_file"], "sam-template.yaml")
            self.assertEqual(answers["parameter_overrides"], 'Prefix="a b" SnapStart="on"')

    def test_when_deploy_is_alone_it_gets_as_far_as_aws(self):
        with tempfile.TemporaryDirectory() as folder:
            self.copy(folder)
            environment = {"AWS_ENDPOINT_URL": NOWHERE, "AWS_MAX_ATTEMPTS": "1"}
            done = self.sam(folder, environment, "deploy", "--region", "us-east-1")
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(NOWHERE, done.stdout + done.stderr)

    def test_when_sam_builds_the_zips_stay_as_they_are(self):
        with tempfile.TemporaryDirectory() as folder:
            self.copy(folder)
            done = self.sam(folder, {}, "build")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            built = pathlib.Path(folder, ".aws-sam/build")
            resources = yaml_parse((built / "template.yaml").read_text())["Resources"]
            for name in self.functions:
                code = (built / resources[name]["Properties"]["CodeUri"]).resolve()
                self.assertEqual(code, pathlib.Path(folder, self.code(name)).resolve())

    def code(self, function):
        return self.template["Resources"][function]["Properties"]["CodeUri"]

    def sam(self, folder, environment, *command):
        return subprocess.run(["sam", *command], cwd=folder, env=os.environ | environment, capture_output=True, text=True, check=False)

    def test_when_start_api_reads_its_template_all_paths_are_the_apis(self):
        with tempfile.TemporaryDirectory() as folder:
            written = pathlib.Path(folder, "template.yaml")
            written.write_text(sam_local.template(TEMPLATE.read_text()))
            routes = list(ApiProvider(stacks(written)).routes)
        self.assertEqual([(it.function_name, it.path) for it in routes], [("ApiFunction", "$default")])

    def test_when_a_function_is_invoked_locally_no_variable_is_empty(self):
        given = json.loads((ROOT / "events/env.json").read_text())
        self.assertEqual(sorted(given), sorted(self.functions))
        provider = SamFunctionProvider(stacks(TEMPLATE))
        for name in self.functions:
            function = provider.get(name)
            named = function.environment["Variables"]
            self.assertEqual(sorted(given[name]), sorted(named), name)
            resolved = EnvironmentVariables(
                name, 512, 10, function.handler, variables=named, shell_env_values={}, override_values=given[name]
            ).resolve()
            self.assertEqual([it for it in named if not resolved[it]], [], name)

    def test_when_the_docs_invoke_a_function_they_hand_variables_over(self):
        lines = [it for it in (ROOT / "docs/how-to/operate.md").read_text().splitlines() if it.startswith("sam local invoke")]
        self.assertEqual(len(lines), len(self.functions))
        for line in lines:
            self.assertIn("--env-vars events/env.json", line)
            self.assertTrue((ROOT / re.search(r"--event (\S+)", line)[1]).is_file(), line)

    def test_when_parliament_reads_the_policies_it_finds_nothing(self):
        policies = []
        for name, resource in self.template["Resources"].items():
            properties = resource["Properties"]
            if resource["Type"] == "AWS::IAM::ManagedPolicy":
                policies.append((name, properties["PolicyDocument"]))
            if resource["Type"] == "AWS::IAM::Role":
                policies += [(name, it["PolicyDocument"]) for it in properties.get("Policies", [])]
        self.assertEqual(len(policies), 1 + len(self.functions))
        for name, policy in policies:
            findings = parliament.analyze_policy_string(json.dumps(sample(policy)), ignore_private_auditors=True).findings
            self.assertEqual([str(it) for it in findings], [], name)


if __name__ == "__main__":
    unittest.main()
