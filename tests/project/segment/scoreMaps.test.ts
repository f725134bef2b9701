import { describe, expect, it } from "vitest";
import { IGNORE_LABEL } from "../../../src/dataset/labelMap.ts";
import {
  labelPicture,
  mirrored,
  oneHotMaps,
  probabilities,
  type ScoreMaps,
} from "../../../src/project/segment/scoreMaps.ts";

const maps = (classes: number, height: number, width: number, data: number[]): ScoreMaps => ({
  classes,
  height,
  width,
  data: Float32Array.from(data),
});
const whole = ({ width, height }: ScoreMaps) => ({ left: 0, top: 0, width, height });

describe("scoreMaps", () => {
  it("probabilities() is the softmax over classes at each pixel, of the picture at the offset", () => {
    const logits = Float32Array.of(9, 9, 0, Math.log(3), 0, 0);
    const { data, classes } = probabilities(logits, 2, { classes: 2, height: 1, width: 2 });
    expect(classes).toBe(2);
    expect([...data]).toEqual([0.5, 0.75, 0.5, 0.25].map((p) => expect.closeTo(p, 6)));
  });

  it("probabilities() of one logit are those of two classes", () => {
    const { data, classes } = probabilities(Float32Array.of(Math.log(3)), 0, { classes: 1, height: 1, width: 1 });
    expect(classes).toBe(2);
    expect([...data]).toEqual([expect.closeTo(0.25, 6), expect.closeTo(0.75, 6)]);
  });

  it("probabilities() of large logits do not overflow", () => {
    const { data } = probabilities(Float32Array.of(1e6, -1e6), 0, { classes: 2, height: 1, width: 1 });
    expect([...data]).toEqual([1, 0]);
  });

  it("mirrored() turns maps and exchanges left and right", () => {
    const seen = maps(3, 1, 2, [0.1, 0.2, 0.3, 0.4, 0.6, 0.4]);
    expect([...mirrored(seen, [0, 2, 1]).data]).toEqual([...Float32Array.of(0.2, 0.1, 0.4, 0.6, 0.4, 0.3)]);
  });

  it("labelPicture() takes the largest class at the picture's own size, and the first of equal ones", () => {
    const seen = oneHotMaps([0, 1], { classes: 2, height: 1, width: 2 });
    // Four pixels over two samples: 0, a quarter, three quarters, 1 of class 1.
    const { labels, confidence } = labelPicture([{ maps: seen, window: whole(seen) }], { width: 4, height: 2 });
    expect([...labels.data]).toEqual([0, 0, 1, 1, 0, 0, 1, 1]);
    expect(confidence).toBeCloseTo((1 + 0.75 + 0.75 + 1) / 4, 6);
    const even = maps(2, 1, 1, [0.5, 0.5]);
    expect([...labelPicture([{ maps: even, window: whole(even) }], { width: 1, height: 1 }).labels.data]).toEqual([0]);
  });

  it("labelPicture() reads the picture's window only", () => {
    // Class 2 fills the borders of a frame of 4 x 4 whose inner 2 x 2 is a picture of classes 0 | 1.
    const frame = [2, 2, 2, 2, 2, 0, 1, 2, 2, 0, 1, 2, 2, 2, 2, 2];
    const seen = oneHotMaps(frame, { classes: 3, height: 4, width: 4 });
    const window = { left: 1, top: 1, width: 2, height: 2 };
    const { labels } = labelPicture([{ maps: seen, window }], { width: 2, height: 2 });
    expect([...labels.data]).toEqual([0, 1, 0, 1]);
  });

  it("labelPicture() averages views of different sizes and ignores what is uncertain", () => {
    const sure = maps(2, 1, 1, [0.9, 0.1]);
    const unsure = maps(2, 2, 2, [0.2, 0.6, 0.2, 0.6, 0.8, 0.4, 0.8, 0.4]);
    const views = [sure, unsure].map((m) => ({ maps: m, window: whole(m) }));
    // Means of class 0: .55 at the left, .75 at the right.
    const plain = labelPicture(views, { width: 2, height: 2 });
    expect([...plain.labels.data]).toEqual([0, 0, 0, 0]);
    const strict = labelPicture(views, { width: 2, height: 2 }, 0.7);
    expect([...strict.labels.data]).toEqual([IGNORE_LABEL, 0, IGNORE_LABEL, 0]);
    expect(strict.confidence).toBeCloseTo(0.75, 6);
    expect(labelPicture(views, { width: 2, height: 2 }, 0.99).confidence).toBe(0);
  });
});
