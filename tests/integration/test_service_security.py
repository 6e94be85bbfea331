"""Who may call and who may listen: tokens, TLS and mutual TLS over a real socket, and files that change."""

import hashlib
import json
import time

import grpc
import pytest
import trustme
from click.testing import CliRunner
from pullback import AsyncClient, Client, Request, TlsFiles, Unauthenticated, Unavailable
from pullback.cli import main
from pullback.errors import REQUEST_ID
from pullback.v1 import grading_pb2
from pullback_server.service.front import tokens
from pullback_server.service.protocol.methods import ROWS
from service_harness import details, listed_services, refused, request, running, start_error
from waiting import PATIENCE, eventually


@pytest.fixture(scope="module")
def secured(tmp_path_factory):
    """A service with TLS and tokens, the authority of its certificate, its files, and the token of alice."""
    folder = tmp_path_factory.mktemp("secured")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    issue(authority, folder)
    token, line = tokens.make("alice")
    (folder / "tokens").write_text(line + "\n")
    files = {"tls_certificate": "cert.pem", "tls_key": "key.pem", "token_file": "tokens"}
    with running(workers=1, **{name: str(folder / file) for name, file in files.items()}) as service:
        yield service, folder, token


def issue(authority, folder):
    """A new certificate for this machine, put in place of the one before."""
    leaf = authority.issue_cert("localhost", "127.0.0.1")
    leaf.private_key_pem.write_to_path(str(folder / "new_key.pem"))
    (folder / "new_cert.pem").write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    for name in ("key.pem", "cert.pem"):
        (folder / f"new_{name}").rename(folder / name)


def client(secured, token=None, **files):
    service, folder, _ = secured
    return Client(f"localhost:{service.port}", token=token, tls=TlsFiles(ca=folder / "ca.pem", **files))


def calls(secured, token=None, **files):
    """Whether a call succeeds; False where the caller is not known."""
    with client(secured, token, **files) as caller:
        try:
            return caller.describe_language("sum", timeout=PATIENCE).device == "cpu"
        except Unauthenticated:
            return False


def stub(secured, authority="ca.pem"):
    service, folder, _ = secured
    credentials = grpc.ssl_channel_credentials((folder / authority).read_bytes())
    return grpc.secure_channel(f"localhost:{service.port}", credentials, options=[("grpc.enable_retries", 0)])


AUTHORIZATIONS = {
    "none": ([], "NO_TOKEN"),
    "empty": ([""], "NO_TOKEN"),
    "spaces": (["  "], "NO_TOKEN"),
    "wrong": (["Bearer wrong"], "UNKNOWN_TOKEN"),
    "no scheme": (["{}"], "UNKNOWN_TOKEN"),
    "another scheme": (["Basic {}"], "UNKNOWN_TOKEN"),
    "a scheme alone": (["Bearer "], "UNKNOWN_TOKEN"),
    "half": (["Bearer {:.10}"], "UNKNOWN_TOKEN"),
    "more": (["Bearer {}x"], "UNKNOWN_TOKEN"),
    "long": (["Bearer " + 5000 * "x"], "UNKNOWN_TOKEN"),
    "two": (["Bearer {}", "Bearer {}"], "SEVERAL_TOKENS"),
    "two that differ": (["Bearer {}", "Bearer b"], "SEVERAL_TOKENS"),
    "right": (["Bearer {}"], ""),
    "right in small letters": (["bearer {}"], ""),
}


#: What a method answers; one that is not here answers an empty request.
BODIES = {
    "Differentiate": request("echo").SerializeToString(),
    "Replay": grading_pb2.ReplayRequest(token="token:right").SerializeToString(),
}


@pytest.mark.parametrize("path", ROWS)
@pytest.mark.parametrize("name", AUTHORIZATIONS)
def test_only_the_bearer_of_one_known_token_is_let_in(secured, name, path):
    headers, reason = AUTHORIZATIONS[name]
    metadata = [("authorization", header.format(secured[2])) for header in headers]
    with stub(secured) as channel:
        bodies = [] if ROWS[path].stream else [BODIES.get(ROWS[path].name, b"")]
        answers = channel.stream_stream(path)(iter(bodies), metadata=metadata, timeout=PATIENCE)
        assert outcome(lambda: list(answers)) == reason


def outcome(call):
    """Why a call is refused that has an id and is refused for its credentials; empty where it is not."""
    try:
        call()
    except grpc.RpcError as error:
        named = error.code() is grpc.StatusCode.UNAUTHENTICATED and dict(error.trailing_metadata()).get(REQUEST_ID)
        return details(error)["ErrorInfo"].reason if named else str(error)
    return ""


def test_the_stock_client_shows_its_token_and_the_service_does_not_keep_it(secured):
    _, folder, token = secured
    assert calls(secured, token)
    assert not calls(secured)
    assert not calls(secured, "wrong")
    assert token not in (folder / "tokens").read_text()


async def test_the_client_for_asyncio_shows_its_token_too(secured):
    service, folder, token = secured
    target, tls = f"localhost:{service.port}", TlsFiles(ca=folder / "ca.pem")
    async with AsyncClient(target, token=token, tls=tls) as known, AsyncClient(target, tls=tls) as stranger:
        assert await known.health() == await stranger.health() == "SERVING"
        assert (await known.describe_language("sum")).workers.wanted == 1
        answers = known.differentiate_many([Request("echo", {"x": [1.0, 2.0]})])
        assert [answer.error async for answer in answers] == [None]
        with pytest.raises(Unauthenticated):
            await stranger.describe_language("sum")


def test_the_shell_takes_the_connection_from_options_and_variables(secured):
    service, folder, token = secured
    options = ["--target", f"localhost:{service.port}", "--ca", str(folder / "ca.pem")]
    shell = CliRunner()
    assert shell.invoke(main, ["operators", "sum", *options, "--token", token]).exit_code == 0
    variables = {"PULLBACK_TARGET": options[1], "PULLBACK_CA": options[3], "PULLBACK_TOKEN": token}
    assert shell.invoke(main, ["operators", "sum"], env=variables).exit_code == 0
    unknown = shell.invoke(main, ["operators", "sum", *options, "--json"])
    assert (unknown.exit_code, json.loads(unknown.output)["error"]["reason"]) == (3, "NO_TOKEN")
    for wrong, message in (
        (["--target", "example.org:1", "--token", token], "plain text"),
        ([*options, "--token", "a b "], "printable"),
        ([*options, "--key", "key.pem"], "go together"),
        (["--target", options[1], "--ca", "/nowhere"], "/nowhere"),
    ):
        result = shell.invoke(main, ["operators", *wrong])
        assert (result.exit_code, message in result.output) == (2, True), result.output


def test_the_shell_makes_a_token_and_its_line():
    result = CliRunner().invoke(main, ["token", "bob"])
    assert tokens.parse(result.stderr)[0] == ("bob", hashlib.sha256(result.stdout.strip().encode()).digest())
    assert CliRunner().invoke(main, ["token", "no name"]).exit_code == 2


def test_a_stranger_is_refused_before_the_body_is_read(secured):
    with stub(secured) as channel:
        many = channel.stream_unary("/pullback.v1.DerivativeService/Differentiate")
        assert refused(many, never_ending(), timeout=PATIENCE).code() is grpc.StatusCode.UNAUTHENTICATED


def never_ending():
    while True:
        time.sleep(0.1)
        yield b""


def test_health_needs_no_token_and_reflection_does(secured):
    with client(secured) as caller:
        assert caller.health() == "SERVING"
    with stub(secured) as channel:
        assert refused(listed_services, channel).code() is grpc.StatusCode.UNAUTHENTICATED
        assert listed_services(channel, metadata=[("authorization", f"Bearer {secured[2]}")])


def test_a_plain_connection_is_not_answered(secured):
    with Client(f"localhost:{secured[0].port}", token=secured[2]) as plain, pytest.raises(Unavailable):
        plain.describe_language(timeout=PATIENCE)


def test_a_token_file_is_read_again_when_it_changes_and_kept_when_it_breaks(secured):
    _, folder, token = secured
    other, line = tokens.make("bob")
    before = (folder / "tokens").read_text()
    (folder / "tokens").write_text(before + line + "\n")
    eventually(lambda: calls(secured, other))
    (folder / "tokens").write_text("nonsense\n")
    time.sleep(1.5)
    assert calls(secured, other)
    (folder / "tokens").write_text(before)
    eventually(lambda: not calls(secured, other))
    assert calls(secured, token)


def test_a_certificate_is_read_again_when_it_changes_and_kept_when_it_breaks(secured):
    _, folder, token = secured
    (folder / "cert.pem").write_text("nonsense")
    time.sleep(1.5)
    assert calls(secured, token)
    authority = trustme.CA()
    issue(authority, folder)
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    eventually(lambda: connects(secured))


def connects(secured):
    with client(secured, secured[2]) as caller:
        try:
            return bool(caller.describe_language("sum", timeout=5))
        except Exception:
            return False


def test_with_mutual_tls_only_clients_of_the_authority_are_let_in(tmp_path):
    authority, stranger = trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    issue(authority, tmp_path)
    for name, of in (("friend", authority), ("stranger", stranger)):
        (tmp_path / name).mkdir()
        issue(of, tmp_path / name)
    files = {"tls_certificate": "cert.pem", "tls_key": "key.pem", "tls_client_ca": "ca.pem"}
    settings = {name: str(tmp_path / file) for name, file in files.items()}
    with running(workers=1, reflection=False, **settings) as service:
        secured = service, tmp_path, None
        friends, strangers = (
            {"certificate": tmp_path / name / "cert.pem", "key": tmp_path / name / "key.pem"}
            for name in ("friend", "stranger")
        )
        assert calls(secured, **friends)
        for files in ({}, strangers):
            with client(secured, **files) as caller, pytest.raises(Unavailable):
                caller.describe_language("sum", timeout=PATIENCE)
        files = (tmp_path / "ca.pem", friends["key"], friends["certificate"])
        credentials = grpc.ssl_channel_credentials(*(file.read_bytes() for file in files))
        with grpc.secure_channel(f"localhost:{service.port}", credentials) as channel:
            assert refused(listed_services, channel).code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("settings", [{}, {"allow_plaintext": True}, {"allow_anonymous": True}], ids=str)
def test_an_address_that_others_can_reach_is_refused_unless_settings_allow_it_by_name(settings, capfd):
    assert "which others can reach" in start_error(capfd, host="0.0.0.0", **settings)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("alice sha256:12", "line 1"),
        ("alice secret", "line 1"),
        ("", "no token"),
        ("# nobody", "no token"),
        (f"a sha256:{'0' * 64}\n\na sha256:{'1' * 64}", "twice"),
        (f"a b sha256:{'0' * 64}", "line 1"),
    ],
)
def test_an_invalid_token_file_is_refused_with_its_line(text, message):
    with pytest.raises(tokens.TokenError, match=message):
        tokens.parse(text)


def test_without_tokens_a_token_is_refused_so_that_nobody_relies_on_it():
    for headers in (["Bearer x"], [""], ["Bearer a", "Bearer b"]):
        with pytest.raises(tokens.UnknownBearer):
            tokens.bearer_name(headers, None)
    assert tokens.bearer_name([], None) == ""
