#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Stands between two nodes and hands on what they say, in small pieces or late.

    relay.py A_IP B_IP AS_A_IP AS_B_IP SEGMENT PACE_MS DELAY_MS

It has two addresses: a connects to AS_B and is handed on to b from AS_A, and the other way
round. So either node takes it for the other one, and checks of source addresses hold. TCP is
handed on in pieces of at most SEGMENT bytes (0: as they come), PACE_MS apart; TCP and UDP
DELAY_MS late."""
import asyncio
import socket
import sys

PORT = 5060
QUEUE = 1024  # pieces under way in one direction of a connection


class Options:
    def __init__(self, segment, pace, delay):
        self.segment, self.pace, self.delay = int(segment), int(pace) / 1000, int(delay) / 1000


async def hand_on(reader, writer, options):
    """One direction of a connection, until its end."""
    loop = asyncio.get_running_loop()
    queue = asyncio.Queue(QUEUE)

    async def read():
        try:
            while data := await reader.read(options.segment or 65536):
                await queue.put((loop.time() + options.delay, data))
        except OSError:
            pass
        await queue.put((0, b""))

    task = asyncio.create_task(read())
    try:
        while True:
            due, data = await queue.get()
            if not data:
                break
            await asyncio.sleep(max(0, due - loop.time()))
            writer.write(data)
            await writer.drain()
            if options.pace:
                await asyncio.sleep(options.pace)
    except OSError:
        pass
    task.cancel()
    writer.close()


def at_once(writer):
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


async def serve_tcp(here, there, source, options):
    """What connects to `here` is connected to `there`, from `source`."""
    async def connection(reader, writer):
        try:
            other_reader, other_writer = await asyncio.open_connection(
                there, PORT, local_addr=(source, 0))
        except OSError:
            writer.close()
            return
        at_once(writer)
        at_once(other_writer)
        await asyncio.gather(hand_on(reader, other_writer, options),
                             hand_on(other_reader, writer, options))
    await asyncio.start_server(connection, here, PORT)


class Datagrams(asyncio.DatagramProtocol):
    """One of the two addresses. What comes in leaves from the other one."""

    def __init__(self, options):
        self.options = options
        self.transport = self.other = self.target = None

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        asyncio.get_running_loop().call_later(
            self.options.delay, self.other.transport.sendto, data, (self.target, PORT))

    def error_received(self, exc):
        pass  # the target is not there: a datagram is lost


async def serve_udp(as_a, as_b, a, b, options):
    loop = asyncio.get_running_loop()
    ends = []
    for here in (as_a, as_b):
        ends.append((await loop.create_datagram_endpoint(
            lambda: Datagrams(options), local_addr=(here, PORT)))[1])
    ends[0].other, ends[0].target = ends[1], a  # from b, to a
    ends[1].other, ends[1].target = ends[0], b


async def main(a, b, as_a, as_b, *options):
    options = Options(*options)
    await serve_tcp(as_b, b, as_a, options)
    await serve_tcp(as_a, a, as_b, options)
    await serve_udp(as_a, as_b, a, b, options)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
