"""Publishes messages to JetStream as a program in another language would, with the client that people use there.

Its argument is the URL of a NATS server. It reads a JSON list of {subject, headers, data} from standard input, waits
for the acknowledgement of each, and prints how many came.
"""

import asyncio
import json
import sys

import nats


async def publish(url, messages):
    connection = await nats.connect(url)
    stream = connection.jetstream()
    for message in messages:
        await stream.publish(message["subject"], message["data"].encode(), headers=message.get("headers"))
    await connection.close()
    print(len(messages))


asyncio.run(publish(sys.argv[1], json.load(sys.stdin)))
