"""Where requests may go: origins by their parts, clear text to this machine alone, by its address and not by its looks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.kernel import errors, http, limits, origins, registry
from providers.kernel.vendor import checked_base_url
from tests.test_http import Line


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://api.x.ai", "https://api.x.ai"),
        ("https://API.X.ai:443/v2", "https://api.x.ai"),
        ("https://proxy.example.com:8443", "https://proxy.example.com:8443"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://127.0.0.1:1/v2", "http://127.0.0.1:1"),
        ("http://127.9.8.7", "http://127.9.8.7"),
        ("http://[::1]:9", "http://[::1]:9"),
        ("http://[0:0::1]", "http://[0:0::1]"),
    ],
)
def test_base_urls(url: str, origin: str) -> None:
    assert str(origins.read(url)) == origin
    assert checked_base_url("X_BASE_URL", f"{url}/") == url


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1.evil.example", "http://127.0.0.1@evil.example", "http://localhost.evil.example",
        "http://localhost@evil.example", "http://[::1]@evil.example", "http://[::1].evil.example", "http://127.1",
        "http://2130706433", "http://0x7f000001", "http://0177.0.0.1", "http://127.0.0.1:80@evil.example",
        "http://127.0.0.1\\@evil.example", "http://127.0.0.1%2f@evil.example", "http://127.0.0.1 .evil.example",
        "http://127.0.0.1\n.evil.example", "http://127.0.0.1#@evil.example", "http://127.0.0.1?@evil.example",
        "http://api.x.ai", "http://10.0.0.1", "http://0.0.0.0", "http://[::]", "http://[::2]", "http://[::1", "http://",
        "https://user:password@api.x.ai", "https://api.x.ai?x=1", "https://api.x.ai:0", "https://api.x.ai:99999",
        "https://", "ftp://127.0.0.1", "//127.0.0.1", "127.0.0.1", "HTTP://api.x.ai", "https://\u0430pi.x.ai",
    ],
)  # fmt: skip
def test_what_is_no_base_url(url: str) -> None:
    with pytest.raises(errors.InputError, match="X_BASE_URL must"):
        checked_base_url("X_BASE_URL", url)
    with pytest.raises(errors.InputError, match="base URL"):
        http.client("vendor", limits.Limit(4), base_url=url)


@given(st.text(alphabet="htps:/@.127localhost[]evil#?\\%\t ", max_size=40))
def test_clear_text_stays_on_this_machine_whoever_reads_the_url(rest: str) -> None:
    import httpx

    try:
        read = origins.read(f"http://{rest}")
    except ValueError:
        return
    url = httpx.URL(f"http://{rest}")
    assert origins.origin(url.scheme, url.host, url.port) == read
    assert origins.is_loopback(url.host)


ELSEWHERE = [
    "https://evil.example/", "https://api.example.com.evil.example/", "https://api.example.com@evil.example/",
    "https://api.example.com:8443/", "http://api.example.com/", "https://sub.api.example.com/", "https://example.com/",
    "https://api.example.com./", "http://127.0.0.1/",
]  # fmt: skip


@pytest.mark.parametrize("url", ELSEWHERE)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_nothing_leaves_for_another_origin(url: str, method: str) -> None:
    line = Line()
    with http.client("vendor", limits.Limit(4), base_url="https://api.example.com/v2", inner=line) as client:
        with pytest.raises(errors.Invalid, match="nothing was sent to .* alone") as caught:
            client.request(method, url, auth=("user", "password"))
        assert len(str(caught.value)) <= 300
        assert line.calls == 0
        client.get("/things")
        client.get("https://API.example.com:443/things")
        assert line.calls == 2


def test_a_client_without_an_origin_is_none() -> None:
    with pytest.raises(ValueError, match="origins"):
        http.client("vendor", limits.Limit(4))


def test_every_vendor_has_a_variable_that_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    from providers.kernel.session import Session

    for vendor in registry.vendors().values():
        if not vendor.base_url_env:
            continue
        monkeypatch.setenv(vendor.base_url_env, "http://127.0.0.1.evil.example")
        with pytest.raises(errors.XtelError):
            _ = Session(vendor, lambda key: "x" * 20).api
