import matplotlib.pyplot as plt

def draw(history):
    plt.plot(history)
    plt.show()

draw([1.0, 0.5])
