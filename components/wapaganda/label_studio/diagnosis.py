"""Check a Label Studio, a project and an ML backend for known problems; change nothing."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import httpx

from wapaganda.annotation import REMARKS, LabelConfig, parse_label_config
from wapaganda.label_studio import backend as backends
from wapaganda.label_studio.connection import Connection, proxies
from wapaganda.label_studio.data_manager import model_versions
from wapaganda.label_studio.errors import LabelStudioError, RejectedError
from wapaganda.label_studio.records import CheckResult, Server
from wapaganda.label_studio.release import SAMPLING

if TYPE_CHECKING:
    from label_studio_sdk import LseProjectResponse, MlBackend, Webhook

ParseConfig = Callable[[str], LabelConfig]
CONNECT = "Run `selfish connect`."
NO_ACTION = "no-such-action"


def server(connection: Connection) -> Server:
    """The server's version and the token's user.

    Raises:
        LabelStudioError: no server answers, or the token is not accepted.
    """
    user = connection.repeat(connection.sdk.users.whoami)
    version = connection.repeat(connection.sdk.versions.get)
    return Server(str(version.release or "?"), str(user.email or "?"))


def diagnose(
    connection: Connection,
    project: int | None = None,
    backend_url: str | None = None,
    basic_auth: tuple[str, str] | None = None,
    parse: ParseConfig = parse_label_config,
) -> list[CheckResult]:
    """The findings about server, project and backend, in the order in which to fix them.

    ``parse`` reads the project's label config.
    """
    findings = [_check("server", lambda: _server(connection))]
    if findings[0].ok and project is not None:
        findings += _project(connection, project, parse)
    if backend_url is not None:
        findings += _address(connection, backend_url, basic_auth, project) if findings[0].ok else []
        findings.append(_check("backend", lambda: backend_health(backend_url, basic_auth)))
        if project is not None and all(found.ok for found in findings if found.name in ("server", "project")):
            findings += _connected(connection, project, backend_url, basic_auth)
    return findings


def _check(name: str, look: Callable[[], CheckResult]) -> CheckResult:
    """The finding, or the error of the check as a finding."""
    try:
        return look()
    except LabelStudioError as error:
        return CheckResult(name, False, str(error), error.hint)


def _server(connection: Connection) -> CheckResult:
    found = server(connection)
    message = (
        f"Label Studio {found.version} at {connection.url}, as {found.user} with a {connection.token_kind}"
    )
    return CheckResult("server", True, message)


def _project(connection: Connection, project: int, parse: ParseConfig) -> Iterator[CheckResult]:
    try:
        found = connection.repeat(connection.sdk.projects.get, project)
    except LabelStudioError as error:
        yield CheckResult("project", False, str(error), "The number is in its address: /projects/NUMBER/.")
        return
    yield CheckResult("project", True, f"{found.title}: {found.task_number or 0} tasks")
    yield _label_config(found, parse)
    yield _sampling(found)
    yield _model_version(connection, found)
    yield _pre_annotations(found)
    yield _overlap(found)


def _label_config(found: "LseProjectResponse", parse: ParseConfig) -> CheckResult:
    try:
        config = parse(str(found.label_config))
    except ValueError as error:
        return CheckResult(
            "label config", False, str(error), "Change it under Settings → Labeling Interface."
        )
    return CheckResult("label config", True, f"{', '.join(config.labels)} over ${config.data_key}")


def _sampling(found: "LseProjectResponse") -> CheckResult:
    if found.sampling == SAMPLING:
        return CheckResult("sampling", True, SAMPLING)
    message = f"Expected {SAMPLING!r}, was: {found.sampling!r}: batches are not served in their order."
    return CheckResult("sampling", False, message, CONNECT + " Releasing a batch sets it, too.")


def _model_version(connection: Connection, project: "LseProjectResponse") -> CheckResult:
    """It must be a version that predictions have: with a backend's title the order is silently random."""
    name, version = "model version", str(project.model_version or "")
    stored = model_versions(connection, int(project.id or 0))
    if stored.get(version) and not version.startswith(REMARKS):
        return CheckResult(name, True, f"{version}: {stored[version]} predictions")
    titles = [str(found.title) for found in backends.backends(connection, int(project.id or 0))]
    released = [found for found in stored if found.startswith("al-")]
    if version in titles and not released:
        return CheckResult(name, True, f"{version}: the backend itself, until the first batch is released")
    what = f"is the backend's title {version!r}" if version in titles else f"is {version!r}"
    lack = "only holds remarks" if stored.get(version) else "no prediction has"
    message = f"The model version {what}, which {lack}: the order is silently random."
    return CheckResult(
        name, not released, message, "Choose the newest al-… under Settings → Annotation, or release again."
    )


def _pre_annotations(found: "LseProjectResponse") -> CheckResult:
    shown = found.show_collab_predictions is not False
    hint = "" if shown else "Switch on Settings → Annotation → Use predictions to prelabel tasks."
    return CheckResult(
        "pre-annotations", shown, "shown to annotators" if shown else "not shown to annotators", hint
    )


def _overlap(found: "LseProjectResponse") -> CheckResult:
    name, number = "annotators per task", int(found.maximum_annotations or 1)
    share = 100 if found.overlap_cohort_percentage is None else int(found.overlap_cohort_percentage)
    back = f"selfish agree --project {found.id} --annotators 1 sets it back"
    if number == 1 or not share:
        hint = (
            "To measure agreement, invite a second annotator (Organization → Add People) and run selfish "
            f"agree --project {found.id} --annotators 2 --share 20: a fifth of the texts is served to both."
        )
        return CheckResult(name, True, "1", hint)
    message = f"{number} in {share}% of the tasks: half-done tasks are served before the batch's order."
    if share < 100:
        return CheckResult(name, True, message, f"{back[0].upper()}{back[1:]}.")
    return CheckResult(
        name, False, message, f"{back[0].upper()}{back[1:]}, and --share 20 asks for a fifth of the texts."
    )


def _address(
    connection: Connection, backend_url: str, basic_auth: tuple[str, str] | None, project: int | None
) -> Iterator[CheckResult]:
    """Whether Label Studio may call the address; checked with requests that are certainly refused."""
    sdk, address = connection.sdk, backend_url.rstrip("/")
    hook = {"url": backends.webhook_address(backend_url), "actions": [NO_ACTION]}
    yield _check("webhook address", lambda: _probe(connection, "webhook address", sdk.webhooks.create, hook))
    if project is not None:
        body = {"project": project, "url": address, "auth_method": NO_ACTION}
        yield _check("backend address", lambda: _probe(connection, "backend address", sdk.ml.create, body))


def _probe(
    connection: Connection, name: str, create: Callable[..., object], body: dict[str, Any]
) -> CheckResult:
    try:
        connection.repeat(create, **body)
    except RejectedError as error:
        if "reserved network address" in str(error):
            message = f"Label Studio refuses to call {body['url']}: it is a local address."
            return CheckResult(name, False, message, backends.ALLOW_LOCAL)
        if "valid URL" in str(error):
            message = f"Label Studio sends no events to {body['url']}: its name has no dot."
            return CheckResult(name, False, message, backends.NAME_WITH_DOT)
        if "resolve hostname" in str(error):
            return CheckResult(
                name, False, f"Label Studio cannot resolve {body['url']}.", backends.CHECK_BACKEND
            )
    return CheckResult(name, True, f"Label Studio may call {body['url']}")


def backend_health(backend_url: str, basic_auth: tuple[str, str] | None) -> CheckResult:
    """Ask the backend from this machine, which may see another network than Label Studio."""
    url = backend_url.rstrip("/")
    try:
        with httpx.Client(base_url=url, timeout=5.0, auth=basic_auth, mounts=proxies(url)) as client:
            health = client.get("/health")
            guarded = client.get("/versions")
    except (httpx.TransportError, httpx.InvalidURL) as error:
        return CheckResult("backend", False, f"No server answers at {url} ({error}).", _start(url))
    if health.status_code != httpx.codes.OK:
        return CheckResult(
            "backend", False, f"{url}/health answers {health.status_code}.", "Look at the backend's log."
        )
    if guarded.status_code == httpx.codes.UNAUTHORIZED:
        hint = "Give it the BASIC_AUTH_USER and BASIC_AUTH_PASS that the backend was started with."
        return CheckResult("backend", False, f"{url} does not accept the user and password.", hint)
    return CheckResult("backend", True, f"{url} is up")


def _start(url: str) -> str:
    """How to start a backend at this address."""
    try:
        port = httpx.URL(url).port
    except httpx.InvalidURL:
        port = None
    return f"Start it: `ml-backend --port {port}`." if port else "Start `ml-backend`."


def _connected(
    connection: Connection, project: int, backend_url: str, basic_auth: tuple[str, str] | None
) -> Iterator[CheckResult]:
    address = backend_url.rstrip("/")
    known = backends.backends(connection, project)
    mine = [found for found in known if found.url.rstrip("/") == address]
    yield _connection_state(mine, address)
    if len(known) > 1:
        message = f"{len(known)} are connected; Label Studio asks only the first, {known[0].url}."
        yield CheckResult("one backend", False, message, "Remove the others under Settings → Model.")
    hooks = backends.webhooks(connection, project)
    yield _webhook(hooks, address, basic_auth)


def _connection_state(mine: "list[MlBackend]", address: str) -> CheckResult:
    name = "backend connected"
    if not mine:
        return CheckResult(name, False, f"The project does not know {address}.", CONNECT)
    if mine[0].readable_state in ("Connected", "Training", "Predicting"):
        return CheckResult(name, True, f"{mine[0].title}, version {mine[0].model_version or 'none'}")
    reason = mine[0].error_message or "no answer"
    message = f"Label Studio reports {mine[0].readable_state}: {reason}"
    return CheckResult(name, False, message, backends.CHECK_BACKEND)


def _webhook(hooks: "list[Webhook]", address: str, basic_auth: tuple[str, str] | None) -> CheckResult:
    name = "webhook"
    mine = [hook for hook in hooks if hook.url.rstrip("/") == backends.webhook_address(address)]
    if not mine:
        return CheckResult(
            name, False, "The project has no webhook to the backend, so the backend gets no labels.", CONNECT
        )
    hook = mine[0]
    if not hook.is_active or not hook.send_payload:
        return CheckResult(name, False, "The webhook is switched off or sends no payload.", CONNECT)
    wanted = backends.authorization(basic_auth)
    if any((hook.headers or {}).get(key) != value for key, value in wanted.items()):
        return CheckResult(
            name, False, "The webhook does not carry the user and password: events get a silent 401.", CONNECT
        )
    return CheckResult(name, True, "active, with credentials" if wanted else "active")
