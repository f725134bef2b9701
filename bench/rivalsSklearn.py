"""Seconds of the clock and of CPU of scikit-learn's K-means from given centroids: rows.f32 start.f32 found.f32 channels k iterations (see rivals.ts)."""
import sys
import time
import warnings

import numpy as np
from sklearn.cluster import KMeans

rows_file, start_file, found_file = sys.argv[1:4]
channels, k, iterations = map(int, sys.argv[4:])
rows = np.fromfile(rows_file, np.float32).reshape(-1, channels)
start = np.fromfile(start_file, np.float32).reshape(k, channels)
warnings.simplefilter("ignore")
model = KMeans(k, init=start, n_init=1, max_iter=iterations, tol=0, algorithm="lloyd")
before, cpu = time.perf_counter(), time.process_time()
model.fit(rows)
print(time.perf_counter() - before, time.process_time() - cpu)
assert model.n_iter_ == iterations, model.n_iter_
model.cluster_centers_.astype(np.float32).tofile(found_file)
