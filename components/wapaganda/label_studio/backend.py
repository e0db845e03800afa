"""Connect an ML backend to a project, with a correct webhook."""

import base64
from typing import TYPE_CHECKING, Any

from wapaganda.label_studio.connection import Connection
from wapaganda.label_studio.errors import LabelStudioError, OutcomeUnknownError, RejectedError
from wapaganda.label_studio.records import BackendInfo

if TYPE_CHECKING:
    from label_studio_sdk import MlBackend, Webhook

BASIC = "BASIC_AUTH"
ALLOW_LOCAL = (
    "Start Label Studio with USE_DEFAULT_BANNED_SUBNETS=false "
    "(ML_BLOCK_LOCAL_IP=false alone leaves the backend without its webhook)."
)
CHECK_BACKEND = (
    "Is it running, and is this its address as seen from Label Studio (in containers: the service's name)?"
)
NAME_WITH_DOT = (
    "Name the backend by its IP address, by localhost, or by a name with a dot "
    "(with compose: http://ml-backend.internal:9090)."
)

Credentials = tuple[str, str]


def connect_backend(
    connection: Connection, project: int, url: str, title: str, basic_auth: Credentials | None
) -> BackendInfo:
    """Connect the backend, or update its connection, and give its webhook the credentials.

    Label Studio creates the webhook itself but without credentials, so a protected backend answers 401 to
    every event, and no user sees it.

    Raises:
        LabelStudioError: Label Studio cannot reach the backend or may not.
    """
    address = url.rstrip("/")
    known = [found for found in backends(connection, project) if found.url.rstrip("/") == address]
    wanted = {"project": project, "url": address, "title": title, **_credentials(basic_auth)}
    try:
        if known:
            saved = connection.repeat(connection.sdk.ml.update, known[0].id, **wanted)
        else:
            # An annotator may also ask for one text. An update leaves this setting to the user.
            saved = _create(connection, project, address, wanted | {"is_interactive": True})
    except RejectedError as error:
        raise _explained(error, address) from error
    hook = connect_webhook(connection, project, address, basic_auth)
    return _info(saved, hook)


def backends(connection: Connection, project: int) -> "list[MlBackend]":
    """The project's backends; Label Studio requests /health and /setup of each before it answers."""
    return list(connection.repeat(connection.sdk.ml.list, project=project))


def webhooks(connection: Connection, project: int) -> "list[Webhook]":
    """The project's webhooks."""
    return list(connection.repeat(connection.sdk.webhooks.list, project=str(project)))


def webhook_address(backend_url: str) -> str:
    """The address to which Label Studio sends a backend's events."""
    return backend_url.rstrip("/") + "/webhook"


def has_credentials(webhook: "Webhook") -> bool:
    """Whether a webhook sends an Authorization header."""
    return any(name.lower() == "authorization" for name in webhook.headers or {})


def connect_webhook(
    connection: Connection, project: int, backend_url: str, basic_auth: Credentials | None
) -> "Webhook":
    """Create or update the backend's webhook: active, with all events, payload and credentials."""
    address = webhook_address(backend_url)
    known = [hook for hook in webhooks(connection, project) if hook.url.rstrip("/") == address]
    headers = {**(known[0].headers or {} if known else {}), **authorization(basic_auth)}
    wanted = {"url": address, "send_payload": True, "is_active": True, "headers": headers}
    everything = {"send_for_all_actions": True, "actions": []}
    hook: Webhook
    if not known:
        try:
            hook = connection.once(connection.sdk.webhooks.create, project=project, **wanted, **everything)
        except RejectedError as error:
            raise _explained(error, address) from error
        return hook
    hook = known[0]
    if any(getattr(hook, name) != value for name, value in wanted.items()) or not hook.send_for_all_actions:
        hook = connection.repeat(connection.sdk.webhooks.update, hook.id, **wanted, **everything)
    return hook


def authorization(basic_auth: Credentials | None) -> dict[str, str]:
    """The header of HTTP Basic authentication (RFC 7617), none without credentials."""
    if basic_auth is None:
        return {}
    return {"Authorization": "Basic " + base64.b64encode(":".join(basic_auth).encode()).decode("ascii")}


def _credentials(basic_auth: Credentials | None) -> dict[str, str]:
    if basic_auth is None:
        return {"auth_method": "NONE"}
    user, password = basic_auth
    return {"auth_method": BASIC, "basic_auth_user": user, "basic_auth_pass": password}


def _create(connection: Connection, project: int, address: str, wanted: dict[str, Any]) -> "MlBackend":
    try:
        made: list[MlBackend] = [connection.once(connection.sdk.ml.create, **wanted)]
    except OutcomeUnknownError:
        made = [found for found in backends(connection, project) if found.url.rstrip("/") == address]
        if not made:
            raise
    return made[0]


def _explained(error: RejectedError, url: str) -> LabelStudioError:
    if "reserved network address" in str(error):
        return LabelStudioError(f"Label Studio refuses to call {url}: it is a local address.", ALLOW_LOCAL)
    if "valid URL" in str(error):
        return LabelStudioError(f"Label Studio sends no events to {url}: its name has no dot.", NAME_WITH_DOT)
    if "authentication parameters" in str(error):
        return LabelStudioError(
            f"The backend at {url} does not accept the user and password.",
            "Set BASIC_AUTH_USER and BASIC_AUTH_PASS.",
        )
    if "health check failed" in str(error) or "resolve hostname" in str(error):
        return LabelStudioError(f"Label Studio cannot reach the backend at {url}.", CHECK_BACKEND)
    return error


def _info(saved: "MlBackend", hook: "Webhook") -> BackendInfo:
    return BackendInfo(
        id=int(saved.id or 0),
        url=saved.url,
        title=str(saved.title),
        model_version=str(saved.model_version or ""),
        state=str(saved.readable_state or ""),
        webhook_id=int(hook.id or 0),
        webhook_has_auth=has_credentials(hook),
    )
