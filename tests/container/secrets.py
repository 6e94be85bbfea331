"""The files that a deployment takes from outside: a certificate with its key, and the tokens of its clients."""

from dataclasses import dataclass
from pathlib import Path

import pullback
import trustme
from pullback_server.service.front.tokens import make


@dataclass
class Secrets:
    """The folder with the files, a client's token, and the authority that it trusts."""

    folder: Path
    token: str
    certificate: str
    key: str

    def tls(self):
        return pullback.TlsFiles(ca=str(self.folder / "authority.pem"))

    def client(self, target):
        """A client that trusts the authority and shows the token."""
        return pullback.Client(target, token=self.token, tls=self.tls())

    def renew_certificate(self):
        """Another certificate, of another authority, in the same files."""
        authority = trustme.CA()
        issued = authority.issue_cert("localhost", "127.0.0.1")
        self._write(self.certificate, b"".join(part.bytes() for part in issued.cert_chain_pems))
        self._write(self.key, issued.private_key_pem.bytes())
        self._write("authority.pem", authority.cert_pem.bytes())

    def _write(self, name, content):
        """In place and readable for the user of the container; the folder keeps others out."""
        with (self.folder / name).open("wb") as file:
            file.write(content)
        (self.folder / name).chmod(0o444)


def make_secrets(folder, client, certificate="server.crt", key="server.key", tokens="tokens"):
    token, line = make(client)
    secrets = Secrets(folder, token, certificate, key)
    secrets.renew_certificate()
    secrets._write(tokens, f"{line}\n".encode())
    return secrets
