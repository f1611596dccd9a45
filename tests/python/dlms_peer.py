"""A second DLMS/COSEM implementation (gurux-dlms) at either end of the meter's protocol.

usage: dlms_peer.py read               hexadecimal frames on standard input, a line each; what they say as JSON lines
       dlms_peer.py push HOST PORT     {"invocation", "start", "register"} as JSON lines; pushes them to a hub, one after
                                       another, and prints each confirmation in hexadecimal
"""

import json
import socket
import sys
from datetime import datetime, timezone

from gurux_dlms import GXByteBuffer, GXDateTime, GXDLMSClient, GXDLMSNotify, GXReplyData
from gurux_dlms.enums import Command, DataType, InterfaceType, ServiceClass
from gurux_dlms.internal._GXCommon import _GXCommon

CONFIRMATION = 14


def meter():
    return GXDLMSNotify(True, 1, 1, InterfaceType.WRAPPER)


def read(line):
    data = GXReplyData()
    assert meter().getData(GXByteBuffer(bytes.fromhex(line)), data) and data.complete
    assert data.command == Command.DATA_NOTIFICATION
    clock, register = data.value
    moment = GXDLMSClient.changeType(clock, DataType.DATETIME).value
    return {
        "invocation": data.invokeId & 0xFFFFFF,
        "confirmed": bool(data.invokeId & 0x40000000),
        "start": int(moment.timestamp()),
        "register": register,
    }


def frame(push):
    notify = meter()
    notify.settings.serviceClass = ServiceClass.CONFIRMED
    notify.settings.longInvokeID = push["invocation"]
    body = GXByteBuffer()
    body.setUInt8(DataType.STRUCTURE)
    body.setUInt8(2)
    clock = GXDateTime(datetime.fromtimestamp(push["start"], timezone.utc))
    _GXCommon.setData(notify.settings, body, DataType.OCTET_STRING, clock)
    _GXCommon.setData(notify.settings, body, DataType.UINT64, push["register"])
    (message,) = notify.generateDataNotificationMessages(None, body)
    return bytes(message)


def confirmation(connection):
    received = b""
    while len(received) < CONFIRMATION:
        more = connection.recv(CONFIRMATION - len(received))
        if not more:
            sys.exit(f"the hub hung up after {received.hex()}")
        received += more
    return received.hex()


def main(mode, *address):
    if mode == "read":
        for line in sys.stdin:
            print(json.dumps(read(line)))
    else:
        host, port = address
        with socket.create_connection((host, int(port))) as connection:
            for line in sys.stdin:
                connection.sendall(frame(json.loads(line)))
                print(confirmation(connection))


if __name__ == "__main__":
    main(*sys.argv[1:])
