"""`xtel webhook listen`: a receiver on this machine, which tells what comes in, and answers calls where it is told to.

It is the receiver of :mod:`xai_resources.webhook` behind a server of its own; it listens on this machine alone.
"""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Literal

from providers.kernel.errors import InputError, XtelError
from providers.kernel.secrecy import one_line
from providers.kernel.wording import counted
from xai_resources.webhook import UNKNOWN_SIGNER, Endpoint, Event, Webhook, WebhookError
from xtel import terminal
from xtel.proof import deliveries

PATH = "/calls"
#: Seconds until a server that was asked to end is left alone.
_END = 5.0

Kind = Literal["refused", "test", "incoming", "joined", "key", "said", "failed", "ended"]


@dataclass(frozen=True)
class Heard:
    """What came in. ``text``: a refusal's reason, a key, what the agent said, why a call could not be joined."""

    kind: Kind
    call_id: str = ""
    text: str = ""
    caller: str = ""
    called: str = ""

    def as_json(self) -> dict[str, Any]:
        """For ``--json``, a line each."""
        told = {"call_id": self.call_id, "text": self.text, "from": self.caller, "to": self.called}
        return {
            "at": round(time.time(), 3),
            "kind": self.kind,
            **{name: value for name, value in told.items() if value},
        }

    def __str__(self) -> str:
        if self.kind == "refused":
            return f"refused: {self.text}"
        who = f"{self.caller} calls {self.called}" if self.kind in {"test", "incoming"} else self.text
        return f"{self.call_id}  {self.kind}{f': {who}' if who else ''}"


@dataclass(frozen=True)
class Answer:
    """What is said to callers, and with what key calls are joined where."""

    text: str
    key: str
    origin: str


class Listener:
    """Takes deliveries from its making to ``close``. ``heard``: what came in, in order."""

    def __init__(self, secrets: Sequence[str], port: int, answer: Answer | None = None) -> None:
        if answer and find_spec("websockets") is None:
            raise InputError("answering needs websockets", step="pip install 'xai-telephony[calls]'")
        self.heard: queue.SimpleQueue[Heard] = queue.SimpleQueue()
        self._answer = answer
        try:
            webhook = Webhook(secrets)
        except ValueError as error:
            raise InputError(str(error), step="xtel webhook listen STACK") from None
        self._socket = _bound(port)
        endpoint = Endpoint(self._take, webhook, path=PATH, drain=0, refused=self._refused)
        self._server = _server(endpoint)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            time.sleep(0.01)

    @property
    def answers(self) -> bool:
        """Whether it joins calls."""
        return self._answer is not None

    @property
    def url(self) -> str:
        """Where it takes deliveries."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}{PATH}"

    def _refused(self, error: WebhookError) -> None:
        self.heard.put(Heard("refused", text=one_line(str(error))))

    async def _take(self, event: Event) -> None:
        # A test is of a call that there is not: nobody can join it.
        test = event.data.get("metadata") == {"test": deliveries.MARK}
        kind: Kind = "test" if test else "incoming"
        self.heard.put(Heard(kind, event.call_id, caller=one_line(event.caller), called=one_line(event.called)))
        if self._answer is None or test:
            return
        from xai_resources.realtime import SessionError

        try:
            await self._join(event, self._answer)
        except (SessionError, ValueError) as error:
            self.heard.put(Heard("failed", event.call_id, one_line(str(error))))
        self.heard.put(Heard("ended", event.call_id))

    async def _join(self, event: Event, answer: Answer) -> None:
        """Says it, and stays until the caller hangs up."""
        from xai_resources.calls import Call
        from xai_resources.realtime import Failed, KeyPressed, ResponseDone, Words

        said = ""
        async with Call(event.call_id, api_key=answer.key, base_url=answer.origin).join() as session:
            self.heard.put(Heard("joined", event.call_id))
            await session.say(answer.text)
            async for each in session:
                match each:
                    case KeyPressed(key=key):
                        self.heard.put(Heard("key", event.call_id, one_line(key)))
                    case Words(text=text):
                        said += text
                    case ResponseDone():
                        self.heard.put(Heard("said", event.call_id, one_line(said)))
                        said = ""
                    case Failed(message=message):
                        self.heard.put(Heard("failed", event.call_id, one_line(message)))
                    case _:
                        pass

    def close(self) -> None:
        """Takes nothing more; calls that stand end."""
        self._server.should_exit = True
        self._thread.join(_END)
        self._socket.close()


def _bound(port: int) -> socket.socket:
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind(("127.0.0.1", port))
    except OSError as error:
        found.close()
        raise XtelError(f"port {port} cannot be used: {error.strerror}", step="name another: --port 9001") from None
    return found


def _server(app: Any) -> Any:
    import uvicorn

    config = uvicorn.Config(app, log_config=None, log_level="critical", access_log=False, lifespan="on", ws="none")
    return uvicorn.Server(config)


def follow(listener: Listener, *, calls: int, json: bool) -> None:
    """Shows what comes in until so many calls have ended (0: until Ctrl-C), and at the end how many did."""
    last: Kind = "ended" if listener.answers else "incoming"
    done, hinted = 0, False
    try:
        while not calls or done < calls:
            heard = listener.heard.get()
            if json:
                terminal.entry(heard.as_json())
            else:
                terminal.line(str(heard))
            done += heard.kind == last
            if heard.kind == "refused" and heard.text == UNKNOWN_SIGNER and not hinted:
                hinted = True
                terminal.note(
                    "it has the secrets of its start: where a number was applied since, end it and start it again"
                )
    finally:
        terminal.note(counted(done, "call"))
