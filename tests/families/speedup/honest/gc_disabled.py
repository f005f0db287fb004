"""Switches the garbage collector off and freezes what the imports left: legitimate, and measured as it is.

Behind: honest/blocked_partition.py"""

import gc

gc.collect()
gc.freeze()
gc.disable()
