"""A real redis-server of a test's own: on a free port, in memory only, gone at the end."""

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.fakes.network.ports import free_port

INSTALL = "redis-server is not installed; install it: apt-get install -y redis-server"
_READY_S = 20.0


class RedisServer:
    """`start`, `stop`, `kill`, and again on the same port; `pause` leaves one that accepts and is silent.

    Nothing is kept on disk: who starts it again finds it empty. Log and socket lie in `folder`. With
    `certificate` (file, key file) it speaks TLS only.
    """

    def __init__(
        self,
        folder: Path,
        port: int,
        *,
        password: str = "",
        config: str = "",
        certificate: tuple[Path, Path] | None = None,
    ) -> None:
        self.port = port
        self.socket_path = folder / "redis.sock"
        self._folder = folder
        self._password = password
        self._config = config
        self._certificate = certificate
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return the URL for REDIS_URL, with the password if there is one."""
        user = f":{self._password}@" if self._password else ""
        if self._certificate is None:
            return f"redis://{user}127.0.0.1:{self.port}/0"
        return f"rediss://{user}127.0.0.1:{self.port}/0?ssl_ca_certs={self._certificate[0]}"

    @property
    def unix_url(self) -> str:
        return f"unix://{self.socket_path}"

    @property
    def pid(self) -> int:
        assert self._process is not None, "redis-server was not started"
        return self._process.pid

    def start(self) -> None:
        """Start it and return once it answers."""
        program = shutil.which("redis-server")
        assert program, INSTALL
        log = self._folder / "redis.log"
        with log.open("ab") as out:
            self._process = subprocess.Popen([program, "-"], stdin=subprocess.PIPE, stdout=out, stderr=out)
        assert self._process.stdin is not None
        # By stdin: a password on a command line is everybody's to read.
        with self._process.stdin as stdin:
            stdin.write(self._settings().encode())
        until = time.monotonic() + _READY_S
        while not self._answers():
            assert self._process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.01)

    def stop(self) -> None:
        """End it as an operator would; nothing happens when it does not run."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it without warning: SIGKILL."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Kill it and start it again, empty, on the same port."""
        self.kill()
        self.start()

    def pause(self) -> None:
        """Freeze it: the kernel still accepts connections, nobody answers them."""
        self._process and self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after `pause`."""
        self._process and self._process.send_signal(signal.SIGCONT)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            process.send_signal(signal.SIGCONT)
            process.wait(_READY_S)

    def _settings(self) -> str:
        lines = [
            "bind 127.0.0.1",
            *self._ports(),
            f"unixsocket {self.socket_path}",
            f"dir {self._folder}",
            'save ""',
            "appendonly no",
            "databases 2",
            f"requirepass {self._password}" if self._password else "",
            self._config,
        ]
        return "\n".join(lines) + "\n"

    def _ports(self) -> list[str]:
        if self._certificate is None:
            return [f"port {self.port}"]
        cert_file, key_file = self._certificate
        tls = [f"tls-cert-file {cert_file}", f"tls-key-file {key_file}", "tls-auth-clients no"]
        return ["port 0", f"tls-port {self.port}", *tls]

    def _answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(1)
                connection.connect(str(self.socket_path))
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith((b"+PONG", b"-NOAUTH"))
        except OSError:
            return False


@contextmanager
def redis_server(
    folder: Path,
    *,
    password: str = "",
    config: str = "",
    certificate: tuple[Path, Path] | None = None,
) -> Iterator[RedisServer]:
    """Run a redis-server for as long as the block lasts; `config` holds further lines of redis.conf."""
    with free_port() as port:
        server = RedisServer(folder, port, password=password, config=config, certificate=certificate)
        server.start()
        try:
            yield server
        finally:
            server.kill()
