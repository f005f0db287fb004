# Tries: a thread answers with the warm-up's arrays before the next data is handed over.
# Refused as: spoke before GO | malformed answer | other function
# Behind: honest/blocked_partition.py

import gc
import socket
import sys
import threading
import time

honest = run
sent = []


def repeat(channel, frame):
    time.sleep(0.05)
    channel.sendall(frame)


def run(images, labels, seed):
    answer = honest(images, labels, seed)
    worker = sys.modules["__main__"]
    if not sent:
        body = worker.pack(answer)
        frame = worker.FRAME.pack(b"A", len(body)) + body
        channels = [each for each in gc.get_objects() if isinstance(each, socket.socket)]
        for channel in channels:
            sent.append(threading.Thread(target=repeat, args=(channel, frame), daemon=True))
            sent[-1].start()
    return answer
