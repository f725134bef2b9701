/** What the words of the parts' view mean, in a sentence each. */
export const TERMS = {
  iou: "intersection over union of the pixels that a cluster's SVM accepts (score above 0) and the pixels labelled with it. High: linearly separable. A very large cluster has a high IoU by its size alone.",
  argmax: "the highest of the K one-vs-rest SVM scores at each pixel: exact, at every K.",
  merged: "the start clusters after the merges so far, by look-up: what the SVMs were trained on.",
  largest: "its share of the area, as in the list. Near 100 %, one cluster has swallowed the rest.",
  effective: "exp(H), H the entropy of the areas: how many equally large clusters would be as diverse.",
  r2rel:
    "R2 is the share of the features' variance that lies between the clusters; R2rel the same relative to K-means at the same K. Low beside a high IoU: one cluster has swallowed the rest.",
  confidence: "confidence of a pixel, (clamp(score, -1, 1) + 1) / 2.",
  ecos: "the cosine of two clusters' confidence maps: how often both claim the same pixels. With the pair criterion, S: the same with the overlap expected by chance subtracted, as far as the balance says.",
  id: "a cluster is named by the start cluster that it grew from; it keeps name and colour when others join it.",
} as const;
