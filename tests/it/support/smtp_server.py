"""An SMTP relay for tests: real, except where its orders tell it to misbehave.

Its one argument is a JSON object of orders, see `Orders` in tests/it/support/smtp.rs. It prints its port, writes what
happens as JSON lines to `log` before it answers, and ends when its standard input does.
"""

import asyncio
import json
import logging
import ssl
import sys
import warnings

from aiosmtpd.smtp import SMTP, AuthResult


class Relay(SMTP):
    def __init__(self, orders, log, **options):
        self.orders = orders
        self.log = log
        self.greeted = False
        super().__init__(Handler(orders, log), **options)

    def connection_made(self, transport):
        # An upgrade to TLS comes through here again.
        if self.transport is None:
            self.log(event="connection")
        super().connection_made(transport)

    async def push(self, status):
        if not self.greeted:
            self.greeted = True
            status = self.orders.get("greeting") or status
        await super().push(status)

    async def smtp_AUTH(self, arg):
        self.log(event="auth", mechanism=arg.split()[0], encrypted=is_encrypted(self.transport))
        await super().smtp_AUTH(arg)

    async def smtp_STARTTLS(self, arg):
        answer = self.orders.get("starttls_answer")
        if answer is None:
            await super().smtp_STARTTLS(arg)
        elif answer.startswith("220"):
            # In one piece with what only the encrypted side may say.
            await self.push(answer)
            self.transport.close()
        else:
            await self.push(answer)


class Handler:
    def __init__(self, orders, log):
        self.orders = orders
        self.log = log

    def next_answer(self, command):
        answers = self.orders.get(command) or []
        return answers.pop(0) if answers else None

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        self.log(event="ehlo", name=hostname, encrypted=is_encrypted(server.transport))
        if self.orders.get("strip_starttls"):
            responses = [line for line in responses if "STARTTLS" not in line]
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        self.log(event="mail", address=address, encrypted=is_encrypted(server.transport))
        answer = self.next_answer("mail")
        if answer is None:
            envelope.mail_from = address
        return answer or "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        self.log(event="rcpt", address=address)
        answer = self.next_answer("rcpt")
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250-it is\r\n250-well\r\n250 OK"

    async def handle_RSET(self, server, session, envelope):
        self.log(event="rset")
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.log(event="letter", bytes=envelope.original_content.decode("latin-1"), to=envelope.rcpt_tos)
        answer = self.next_answer("data") or "250 OK"
        if answer == "hang":
            await asyncio.Event().wait()
        if answer == "lose":
            server.transport.abort()
        if answer == "close after":
            asyncio.get_running_loop().call_soon(server.transport.close)
            answer = "250 OK"
        return answer


def is_encrypted(transport):
    return transport.get_extra_info("sslcontext") is not None


def context(orders):
    if not orders.get("certificate"):
        return None
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(orders["certificate"], orders["key"])
    return made


async def serve(orders):
    file = open(orders["log"], "a", encoding="utf-8", buffering=1)

    def log(**event):
        file.write(json.dumps(event) + "\n")

    def authenticate(server, session, envelope, mechanism, auth_data):
        good = auth_data.login == b"tidings" and auth_data.password == orders.get("password", "").encode()
        return AuthResult(success=good, handled=False)

    tls = context(orders)
    implicit = orders.get("implicit_tls", False)
    options = {
        "hostname": "relay.test",
        "tls_context": None if implicit else tls,
        "authenticator": authenticate,
        "auth_required": orders.get("login", False),
        "auth_require_tls": orders.get("login_needs_tls", False),
        "auth_exclude_mechanism": orders.get("without_login_by"),
    }
    loop = asyncio.get_running_loop()
    factory = lambda: Relay(orders, log, loop=loop, **options)
    server = await loop.create_server(factory, "127.0.0.1", 0, ssl=tls if implicit else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


# It warns of the very things that it is ordered to do.
warnings.simplefilter("ignore")
logging.disable()
asyncio.run(serve(json.loads(sys.argv[1])))
