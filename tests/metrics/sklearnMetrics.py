"""Writes sklearnMetrics.json: random contingency tables and scikit-learn's metrics of them. Needs scikit-learn (1.2 was used).

python3 tests/metrics/sklearnMetrics.py > tests/metrics/sklearnMetrics.json
"""
import json

import numpy as np
from sklearn import metrics

random = np.random.RandomState(0)
cases = []
for case in range(40):
    classes, clusters = random.randint(1, 9, 2)
    table = random.randint(0, (2, 5, 40, 1000)[case % 4], (classes, clusters))
    if case % 3 == 0:  # Mostly agreeing, as clusterings are.
        for i in range(min(classes, clusters)):
            table[i, i] += table.sum()
    if table.sum() < 2:
        continue
    truth, labels = (np.repeat(index.ravel(), table.ravel()) for index in np.indices(table.shape))
    cases.append(
        {
            "table": table.tolist(),
            "adjustedMutualInfo": metrics.adjusted_mutual_info_score(truth, labels),
            "adjustedRandIndex": metrics.adjusted_rand_score(truth, labels),
            "randIndex": metrics.rand_score(truth, labels),
            "fowlkesMallows": metrics.fowlkes_mallows_score(truth, labels),
            "homogeneity": metrics.homogeneity_score(truth, labels),
            "completeness": metrics.completeness_score(truth, labels),
            "vMeasure": metrics.v_measure_score(truth, labels),
        }
    )
print(json.dumps(cases, indent=None, separators=(",", ":")))
