"""One step of the paper's network in Keras: python network_keras.py train|infer FRAMES STEPS THREADS"""

import os
import resource
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import keras
import numpy as np
import tensorflow as tf
from keras import layers

MODE, FRAMES, STEPS, THREADS = sys.argv[1], *map(int, sys.argv[2:5])
BATCH, MELS, CLASSES = 16, 128, 20
tf.config.threading.set_intra_op_parallelism_threads(THREADS)
tf.config.threading.set_inter_op_parallelism_threads(THREADS)
keras.utils.set_random_seed(0)

network = keras.Sequential([keras.Input((MELS, FRAMES, 1)), layers.BatchNormalization(axis=1)])
for filters, pool in [(64, (2, 2)), (128, (4, 2)), (128, (4, 2)), (128, (4, 2))]:
    network.add(layers.Conv2D(filters, 3, padding="same", activation="elu"))
    network.add(layers.BatchNormalization())
    network.add(layers.MaxPooling2D(pool))
    network.add(layers.Dropout(0.1))
network.add(layers.Permute((2, 1, 3)))
frames, bands, filters = network.output_shape[1:]
network.add(layers.Reshape((frames, bands * filters)))
network.add(layers.GRU(32, return_sequences=True))
network.add(layers.GRU(32))
network.add(layers.Dropout(0.3))
network.add(layers.Dense(CLASSES, activation="softmax"))
network.compile(loss="sparse_categorical_crossentropy", optimizer=keras.optimizers.Adam(1e-3))

x = (np.random.default_rng(0).random((BATCH, MELS, FRAMES, 1)) - 0.5).astype("float32")
truth = np.arange(BATCH)
times = []
for i in range(STEPS + 2):
    begun = time.perf_counter()
    if MODE == "train":
        network.train_on_batch(x, truth)
    else:
        network.predict_on_batch(x)
    times.append(time.perf_counter() - begun)
median = sorted(times[2:])[STEPS // 2] * 1e3
resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(f"RESULT keras {MODE} {FRAMES} {median:.1f} ms {resident} MB ({keras.__version__}, TensorFlow {tf.__version__})")
