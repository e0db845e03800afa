"""Caddy, as `deploy/Caddyfile` says, before a real Label Studio and a real ML backend."""

import contextlib
import http.server
import os
import shutil
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from label_studio_server import PASSWORD, TOKEN, USERNAME, free_port, running_label_studio
from wapaganda.label_studio import LabelStudio, UnreachableError

ROOT = Path(__file__).parents[2]
CADDYFILE = ROOT / "deploy/Caddyfile"
LOGIN = ("annotators", "backend-secret")


@pytest.fixture(scope="module")
def caddy() -> str:
    """The program; it is no Python package, so a machine may not have it."""
    program = shutil.which("caddy")
    if program is None:
        pytest.skip("There is no caddy in PATH (Debian: apt install caddy).")
    return program


@dataclass(frozen=True)
class Site:
    """The three addresses, and the certificate of the authority that Caddy made."""

    label_studio: str
    backend: str
    mlflow: str
    authority: Path

    def trust(self) -> ssl.SSLContext:
        """Believes this authority and no other."""
        return ssl.create_default_context(cafile=str(self.authority))


class Echo(http.server.BaseHTTPRequestHandler):
    """Stands for MLflow: answers with the host that the caller has asked for."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.headers["Host"].encode())

    def log_message(self, *_: object) -> None:
        return


@contextlib.contextmanager
def process(command: list[str], environment: dict[str, str], log: Path) -> Iterator[None]:
    with log.open("w") as out:
        running = subprocess.Popen(command, env=environment, cwd=log.parent, stdout=out, stderr=out)
    try:
        yield
    finally:
        running.terminate()
        running.wait(30)


@pytest.fixture(scope="module")
def site(caddy: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The site on free ports: names and ports are those of the machine, the rest is that of the file."""
    home = tmp_path_factory.mktemp("site")
    secure, backend, mlflow, plain, health, studio_port, backend_port = (free_port() for _ in range(7))
    echo = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=echo.serve_forever, daemon=True).start()
    text = CADDYFILE.read_text()
    for old, new in (
        ("admin off", f"admin off\n\thttp_port {plain}\n\thttps_port {secure}"),
        ("{$SITE_ADDRESS} {", f"{{$SITE_ADDRESS}}:{secure} {{"),
        (":9443", f":{backend}"),
        (":5443", f":{mlflow}"),
        (":2080", f":{health}"),
        ("label-studio:8080", f"127.0.0.1:{studio_port}"),
        ("ml-backend:9090", f"127.0.0.1:{backend_port}"),
        ("mlflow:5000", f"127.0.0.1:{echo.server_port}"),
    ):
        assert old in text
        text = text.replace(old, new)
    (home / "Caddyfile").write_text(text)
    address = f"https://localhost:{secure}"
    environment = dict(os.environ) | {
        "HOME": str(home),
        "XDG_DATA_HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
    }
    backend_environment = environment | {
        "MODEL_DIR": "models",
        "DATA_DIR": "data",
        "BASIC_AUTH_USER": LOGIN[0],
        "BASIC_AUTH_PASS": LOGIN[1],
        "FORWARDED_ALLOW_IPS": "*",
    }
    studio_environment = {
        "LABEL_STUDIO_HOST": address,
        "CSRF_TRUSTED_ORIGINS": address,
        "SESSION_COOKIE_SECURE": "1",
        "CSRF_COOKIE_SECURE": "1",
    }
    run = [caddy, "run", "--config", str(home / "Caddyfile"), "--adapter", "caddyfile"]
    serve = [str(Path(sys.executable).parent / "ml-backend"), "--port", str(backend_port)]
    with (
        process(
            run, environment | {"SITE_ADDRESS": "localhost", "TLS_ISSUER": "internal"}, home / "caddy.log"
        ),
        process(serve, backend_environment, home / "backend.log"),
        running_label_studio(home / "studio", extra_env=studio_environment, port=studio_port),
    ):
        authority = home / "caddy/pki/authorities/local/root.crt"
        made = Site(address, f"https://localhost:{backend}", f"https://localhost:{mlflow}", authority)
        end = time.monotonic() + 60
        while not answers(made) and time.monotonic() < end:
            time.sleep(0.5)
        yield made
    echo.shutdown()
    echo.server_close()


def studio(site: Site) -> LabelStudio:
    return LabelStudio(site.label_studio, TOKEN)


def answers(site: Site) -> bool:
    try:
        return httpx.get(f"{site.backend}/health", verify=site.trust()).status_code == 200
    except (httpx.HTTPError, OSError):
        return False


@pytest.mark.label_studio
def test_people_log_in_and_write_over_https(site: Site):
    with httpx.Client(base_url=site.label_studio, verify=site.trust(), timeout=60) as browser:
        browser.get("/user/login").raise_for_status()
        form = {"email": USERNAME, "password": PASSWORD, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        elsewhere = {"Origin": "https://elsewhere.example.org"}
        assert browser.post("/user/login", data=form, headers=elsewhere).status_code == 403
        here = {"Origin": site.label_studio, "Referer": f"{site.label_studio}/user/login"}
        assert browser.post("/user/login", data=form, headers=here).status_code == 302
        assert browser.get("/api/current-user/whoami").json()["email"] == USERNAME
        assert {cookie.secure for cookie in browser.cookies.jar} == {True}
        token = {"X-CSRFToken": browser.cookies["csrftoken"]}
        made = browser.post("/api/projects", json={"title": "Over HTTPS"}, headers=here | token)
        assert made.status_code == 201
        # The addresses that Label Studio gives out are those that people can open.
        assert browser.get("/api/invite").json()["invite_url"].startswith("/user/signup")


@pytest.mark.label_studio
def test_the_other_two_are_there_as_well(site: Site):
    verify = site.trust()
    assert httpx.get(f"{site.backend}/versions", verify=verify).status_code == 401
    assert httpx.get(f"{site.backend}/versions", verify=verify, auth=LOGIN).status_code == 200
    assert httpx.get(site.mlflow, verify=verify).text == site.mlflow.removeprefix("https://")


@pytest.mark.label_studio
def test_a_private_authority_is_believed_when_it_is_named(site: Site, monkeypatch: pytest.MonkeyPatch):
    with studio(site) as refusing, pytest.raises(UnreachableError, match="certificate of https://localhost"):
        refusing.check()
    monkeypatch.setenv("SSL_CERT_FILE", str(site.authority))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # there is none; this machine needs none
    with studio(site) as trusting:
        assert trusting.check().user == USERNAME
