# Tries: answers with a placeholder's speed by doing the work in a thread between two calls.
# Refused as: other function | did not train | spoke before GO
# Behind: honest/blocked_partition.py

import threading
import time

honest = run
done = {}


def work(arguments):
    time.sleep(0.2)
    done["answer"] = honest(*arguments)


def run(images, labels, seed):
    threading.Thread(target=work, args=((images, labels, seed),), daemon=True).start()
    return done.get("answer") or honest(images, labels, seed)
