"""The digits with Keras: the callback measures ``fit()`` and adds its figures to the logs."""

import keras
from sklearn.datasets import load_digits

from tracker.hooks.keras import EmissionsCallback

EPOCHS = 5

images, labels = load_digits(return_X_y=True)
keras.utils.set_random_seed(0)
network = keras.Sequential(
    [
        keras.layers.Input((64,)),
        keras.layers.Dense(128, activation="relu"),
        keras.layers.Dense(10, activation="softmax"),
    ]
)
network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])

history = network.fit(
    images / 16.0,
    labels,
    epochs=EPOCHS,
    validation_split=0.25,
    verbose=0,
    callbacks=[EmissionsCallback(name="keras-digits", project="examples")],
)

print(f"accuracy {history.history['val_accuracy'][-1]:.1%}")
for epoch, energy_kwh in enumerate(history.history.get("energy_kwh", [])):
    carbon_g = history.history["carbon_g"][epoch]
    print(f"epoch {epoch}: {energy_kwh:.3g} kWh, {carbon_g:.2g} g CO2e")
