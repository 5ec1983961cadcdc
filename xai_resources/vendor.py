"""xAI as the kernel sees it: credentials, client, account, objects."""

from __future__ import annotations

from providers.kernel import errors, limits
from providers.kernel.vendor import Credential, Settings, Vendor
from xai_resources.agent import Agent
from xai_resources.client import CONVENTIONS, Client
from xai_resources.number import PhoneNumber
from xai_resources.password import Password


def _connect(settings: Settings, limit: limits.Limit) -> Client:
    return Client(settings["api_key"], settings.base_url, limit)


def _team(api: Client) -> str:
    team = api.key().team_id
    if not team:
        raise errors.CredentialError("xAI does not say whose key this is", step="check XAI_API_KEY in xAI's console")
    return team


XAI = Vendor[Client](
    name="xai",
    title="xAI",
    credentials=(Credential("api_key", "XAI_API_KEY", "xai:apiKey"),),
    base_url_env="XAI_BASE_URL",
    objects=(PhoneNumber, Password, Agent),
    connect=_connect,
    account=_team,
    account_name="team",
    conventions=CONVENTIONS,
    max_requests=4,
)
