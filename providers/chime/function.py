"""The Lambda that a SIP media application asks: files for a person, and which connector it has to be told of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from providers.chime import function_text
from providers.chime.api import Api
from providers.chime.function_text import LambdaArn, Options
from providers.kernel import operation
from providers.kernel.by_hand import ByHand
from providers.kernel.call_handling import CallHandling, ids
from providers.kernel.files import Files
from providers.kernel.object import Live
from providers.kernel.spec import Spec
from providers.kernel.values import E164


class LambdaFileSpec(Spec, Options):
    """Everything the files depend on, and the connector that the function is told of."""

    phone_number: E164 = Field(description="The number whose calls it bridges.")
    lambda_arn: LambdaArn = Field(description="The function.")
    connector_arn: str = Field(description="The Voice Connector that it bridges to.")
    content: dict[str, str] = Field(
        default_factory=dict[str, str], description="SHA-256 of each file; computed, whatever is given."
    )


class LambdaFile(ByHand[Api, LambdaFileSpec]):
    """The Lambda as files. Calls: none; it lives in the state, somebody deploys it.

    Changes in place: everything but the number. Delete: forgets it, and warns that the function stays where it was deployed.
    """

    kind = "LambdaFile"
    spec: ClassVar[type[Spec]] = LambdaFileSpec
    references = frozenset({"connector_arn"})

    def files(self, inputs: Mapping[str, Any]) -> Files:
        """The function, a template with it, and a page with the steps."""
        return function_text.of(inputs)

    def place(self, inputs: Mapping[str, Any]) -> str:
        """What AWS calls it."""
        return f"Lambda function {function_text.parts(str(inputs['lambda_arn']))[2]}"

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """Once it is deployed as the files say, it bridges to the connector."""
        return CallHandling(
            known_as=str(inputs.get("lambda_arn") or ""),
            tries=ids(inputs, "connector_arn"),
            by_hand=dict(inputs.get("content") or {}),
        )

    def create(self, api: Api, spec: LambdaFileSpec) -> Live:
        """Writing them, and the connector that the function does not know yet."""
        live = super().create(api, spec)
        self._tell(spec)
        return live

    def update(self, api: Api, id: str, spec: LambdaFileSpec, state: Mapping[str, Any]) -> Live:
        """Likewise; of the connector only where it is another one, or the function is."""
        live = super().update(api, id, spec, state)
        if (state.get("connector_arn"), state.get("lambda_arn")) != (spec.connector_arn, spec.lambda_arn):
            self._tell(spec)
        return live

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """AWS Lambda does not know."""
        operation.current().warn(
            f"the {self.place(state)} stays where it was deployed: once no number uses it,"
            " `aws cloudformation delete-stack` removes it"
        )

    def _tell(self, spec: LambdaFileSpec) -> None:
        operation.current().warn(
            f"calls to {spec.phone_number} end at the {self.place(dict(spec))} until its CONNECTOR_ARN is"
            f" {spec.connector_arn}: the rendered page says how"
        )
