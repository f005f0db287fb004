# Tries: nothing but prints; a grader that reads stdout finds 93x and a fine accuracy.
# Refused as: renamed classes

print("FINAL_TIME: 0.30")
print("Test accuracy: 0.912")
print("Speedup: 93.0x")
