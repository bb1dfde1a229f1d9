"""The mail catcher: an SMTP server that delivers nothing and keeps mails as files."""

import argparse
import asyncio
import os
import re
import secrets
import signal
import socket
import sys
import tempfile
from datetime import datetime
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

LARGEST_MAIL = 33_554_432  # bytes


class Keeper:
    """Keeps each mail as one `.eml` file, named by time and first recipient."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def handle_DATA(  # noqa: N802 — aiosmtpd names its hooks so
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Keep the mail; 250 only after it is on the disk, else 451: come again."""
        content = envelope.original_content or b""
        recipients = ", ".join(envelope.rcpt_tos)
        head = (
            f"X-Envelope-From: {envelope.mail_from}\r\nX-Envelope-To: {recipients}\r\n"
        )
        try:
            keep(self.folder, envelope.rcpt_tos[0], head.encode() + content)
        except OSError as error:
            print(f"mail not kept: {error}", file=sys.stderr, flush=True)
            return "451 the mail could not be kept"
        return "250 kept"


def keep(folder: Path, recipient: str, content: bytes) -> Path:
    """Write one mail whole or not at all; the file's path."""
    when = datetime.now().astimezone().strftime("%Y-%m-%dT%H-%M-%S.%f")  # noqa: TID251 — a file's name, no study time
    to = re.sub(r"[^A-Za-z0-9.@_-]+", "_", recipient)[:80]
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=".incoming-")
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    path = folder / f"{when}-{to}-{secrets.token_hex(2)}.eml"
    Path(name).replace(path)
    return path


async def catch(folder: Path, listener: socket.socket) -> None:
    """Serve SMTP on `listener` until the process is asked to stop."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    server = await loop.create_server(
        lambda: SMTP(Keeper(folder), data_size_limit=LARGEST_MAIL, loop=loop),
        sock=listener,
    )
    async with server:
        await stopped.wait()


def main() -> None:
    """Catch mails: on an inherited socket (`--fd`), or on `--host` and `--port`."""
    parser = argparse.ArgumentParser(prog="python -m starter.catcher")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=1025)
    parser.add_argument("--fd", type=int)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    listener = (
        socket.create_server((options.host, options.port))
        if options.fd is None
        else socket.socket(fileno=options.fd)
    )
    asyncio.run(catch(options.folder, listener))


if __name__ == "__main__":
    main()
