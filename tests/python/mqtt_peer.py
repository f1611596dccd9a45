"""A party of the relay on paho-mqtt: subscribes, and answers each message with its bytes in reverse.

Arguments: port, CA file, chain file, key file, client id, filter, topic to answer to.
Prints `connected <reason>`, then `subscribed <reason>`, and ends after the message `end`.
"""
import ssl
import sys

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

port, ca, chain, key, client_id, topic_filter, answer_to = sys.argv[1:]


def on_connect(client, _userdata, _flags, reason, _properties):
    print("connected", reason.value, flush=True)
    if reason.is_failure:
        client.disconnect()
    else:
        client.subscribe(topic_filter, qos=1)


def on_subscribe(client, _userdata, _mid, reasons, _properties):
    print("subscribed", reasons[0].value, flush=True)
    if reasons[0].is_failure:
        client.disconnect()


def on_message(client, _userdata, message):
    if message.payload == b"end":
        client.disconnect()
    else:
        client.publish(answer_to, message.payload[::-1], qos=1)


client = mqtt.Client(
    mqtt.CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5, reconnect_on_failure=False
)
client.on_connect, client.on_subscribe, client.on_message = on_connect, on_subscribe, on_message
client.tls_set(ca, chain, key, cert_reqs=ssl.CERT_REQUIRED)
session = Properties(PacketTypes.CONNECT)
session.SessionExpiryInterval = 3600
client.connect("localhost", int(port), clean_start=False, properties=session)
client.loop_forever(retry_first_connection=False)
