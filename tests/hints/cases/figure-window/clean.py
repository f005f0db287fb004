import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

def draw(history):
    plt.plot(history)
    plt.savefig("curve.png")
    plt.close()

draw([1.0, 0.5])
