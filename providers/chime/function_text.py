"""The Lambda that bridges calls to a Voice Connector, as files: its text, a CloudFormation template with it, and the steps.

Documents: AWS's pages on SIP media applications and CallAndBridge (read 2026-11-28). Never deployed from here: docs/chime.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from textwrap import indent
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from providers.kernel import by_hand, marker
from providers.kernel.files import Files, signed
from providers.kernel.spec import StrictModel
from providers.kernel.values import Whole

_ARN = r"arn:aws:lambda:([a-z0-9-]{1,30}):([0-9]{12}):function:([a-zA-Z0-9-_]{1,64})"
#: A function by its ARN, without a version: what is rendered is one without.
LambdaArn = Annotated[str, StringConstraints(strip_whitespace=True, pattern=rf"^{_ARN}$")]


class Options(StrictModel):
    """What the function is told beside the connector."""

    seconds: Whole = Field(
        default=30, ge=1, le=120, description="Seconds until the Lambda's call to the connector has failed."
    )


def parts(arn: str) -> tuple[str, str, str]:
    """Region, account and name of a function. Raises ValueError for what is no ARN of one."""
    if not (match := re.fullmatch(_ARN, arn)):
        raise ValueError("must be arn:aws:lambda:REGION:ACCOUNT:function:NAME, without a version")
    return match[1], match[2], match[3]


def stack_name(function: str) -> str:
    """For CloudFormation, which takes letters, digits and `-`, a letter first: the function's name, or one made of it."""
    if re.fullmatch("[A-Za-z][A-Za-z0-9-]*", function):
        return function
    return f"xtel-{function.replace('_', '-')}-{marker.digest(function)}"  # xai_calls is not xai-calls


def of(inputs: Mapping[str, Any]) -> Files:
    """The files of one number. Raises ValueError."""
    number, seconds = str(inputs["phone_number"]), int(inputs.get("seconds") or 30)
    region, account, name = parts(str(inputs["lambda_arn"]))
    told = {"number": number, "region": region, "account": account, "name": name, "seconds": seconds}
    page = _PAGE.format(**told, stack=by_hand.stack(inputs), deployed=stack_name(name))
    template = _TEMPLATE.format(
        **told, code=indent(handler(), " " * 10).rstrip(), text=json.dumps(f"{name} bridges calls to a connector")
    )
    return Files(
        "chime",
        {
            "README.md": signed(page, ("<!-- ", " -->"), number),
            "template.yaml": signed(template, ("# ", ""), number),
            "index.py": signed(handler(), ("# ", ""), number),
        },
    )


@cache
def handler() -> str:
    """The text of the function: Python 3.9 or later, and nothing beside it."""
    return (
        files("providers.chime").joinpath("lambda_handler.py").read_text(encoding="utf-8").replace("  # noqa: T201", "")
    )


_TEMPLATE = """AWSTemplateFormatVersion: "2010-09-09"
Description: {text}
Parameters:
  ConnectorArn:
    Type: String
    Default: ""
    Description: The Voice Connector that calls are bridged to; without it every call ends.
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {{Service: lambda.amazonaws.com}}
            Action: "sts:AssumeRole"
      ManagedPolicyArns: ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"]
  Function:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: {name}
      Runtime: python3.13
      Handler: index.handler
      Timeout: 5
      Role: {{"Fn::GetAtt": [Role, Arn]}}
      Environment:
        Variables:
          CONNECTOR_ARN: {{Ref: ConnectorArn}}
          SECONDS: "{seconds}"
      Code:
        ZipFile: |
{code}
  Permission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: "lambda:InvokeFunction"
      FunctionName: {{Ref: Function}}
      Principal: voiceconnector.chime.amazonaws.com
      SourceAccount: "{account}"
"""

_PAGE = """
# The Lambda that brings callers of {number} to xAI

Amazon's SIP media application asks the function `{name}` about each call, and it answers: bridge it to the Voice
Connector, whose origination is xAI. `template.yaml` is a CloudFormation template with the function, its role, and the
permission for Amazon to invoke it; `index.py` is its text, for who deploys in another way. Amazon bills both legs of a call.

1. Before `pulumi up`, in account {account}:

       aws cloudformation deploy --region {region} --stack-name {deployed} \\
         --template-file template.yaml --capabilities CAPABILITY_IAM

   The function is there, and ends every call: it does not know the connector yet.
2. `pulumi up` for the stack {stack}. It makes the connector, the application and the SIP rule, and a warning names the
   connector's ARN. Until the next step is done, calls to {number} come to the function and end there.
3. Tell the function the connector:

       aws cloudformation deploy --region {region} --stack-name {deployed} \\
         --template-file template.yaml --capabilities CAPABILITY_IAM --parameter-overrides ConnectorArn=ARN

   Later the ARN is found by its name, which begins with xtel and the project's name:

       aws chime-sdk-voice list-voice-connectors --region {region} \\
         --query "VoiceConnectors[].[Name,VoiceConnectorArn]" --output text

4. Call {number}. `xtel trace {stack} --live` cannot look into the function: a call alone shows that it is deployed.

A new connector (another region, or a replacement) has another ARN: `pulumi up` warns again, and step 3 is done again. After
a change of these files: step 1 with them, and CloudFormation keeps the ARN.

To take it back, once no number uses the function any more: `pulumi destroy` first, or `pulumi up` without its last number,
then

    aws cloudformation delete-stack --region {region} --stack-name {deployed}

Unverified: nothing of this was deployed to an AWS account. Events and actions are as AWS's pages show them. A caller who
hides their number is shown as {number}.
"""
