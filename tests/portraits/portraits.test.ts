import { describe, expect, it } from "vitest";
import { checkClasses } from "../../src/dataset/labelMap.ts";
import { PART, portraitClasses } from "../../src/portraits/classes.ts";
import { drawPortrait } from "../../src/portraits/portrait.ts";
import { type PortraitPicture, portraitOf, renderPortrait } from "../../src/portraits/render.ts";

const SIDE = 48;
const train = Array.from({ length: 200 }, (_, i) => portraitOf(i, SIDE));
const test = Array.from({ length: 60 }, (_, i) => portraitOf(1_000_000 + i, SIDE));
const classes = portraitClasses.length;

/** Mean row and column of a part's pixels; undefined where there are none. */
function centre({ labels }: PortraitPicture, part: number): { x: number; y: number } | undefined {
  let [n, x, y] = [0, 0, 0];
  labels.data.forEach((id, p) => {
    if (id !== part) return;
    n++;
    x += p % labels.width;
    y += Math.floor(p / labels.width);
  });
  return n === 0 ? undefined : { x: x / n, y: y / n };
}

describe("portraitOf", () => {
  it("gives the same portrait for the same seed, and another for another", () => {
    expect(portraitOf(7, 32)).toEqual(portraitOf(7, 32));
    expect(portraitOf(7, 32).rgb).not.toEqual(portraitOf(8, 32).rgb);
    expect(() => portraitOf(-1, 32)).toThrow(RangeError);
  });

  it("shows the same scene at every size", () => {
    for (const seed of [0, 1, 2, 3]) {
      const [small, large] = [portraitOf(seed, 32), portraitOf(seed, 96)];
      let same = 0;
      let difference = 0;
      for (let p = 0; p < 32 * 32; p++) {
        const [x, y] = [p % 32, Math.floor(p / 32)];
        // The middle of a small pixel is the middle of the middle one of its nine.
        same += small.labels.data[p] === large.labels.data[(3 * y + 1) * 96 + 3 * x + 1] ? 1 : 0;
        for (let c = 0; c < 3; c++) {
          let sum = 0;
          for (let k = 0; k < 9; k++) sum += large.rgb[((3 * y + Math.floor(k / 3)) * 96 + 3 * x + (k % 3)) * 3 + c];
          difference += Math.abs(sum / 9 - small.rgb[p * 3 + c]) / (32 * 32 * 3);
        }
      }
      expect(same / (32 * 32)).toBeGreaterThan(0.96);
      expect(difference).toBeLessThan(2);
    }
  });

  it("has every class, none too rare to learn, and no other", () => {
    checkClasses(portraitClasses);
    const share = new Float64Array(classes);
    for (const { labels } of train) for (const id of labels.data) share[id] += 1 / (train.length * SIDE * SIDE);
    // An id beyond the classes would be missing here.
    expect(share.reduce((a, b) => a + b, 0)).toBeCloseTo(1);
    for (const [id, { name }] of portraitClasses.entries()) expect(share[id], name).toBeGreaterThan(0.002);
    expect(share[PART.background]).toBeLessThan(0.6);
  });

  it("puts the parts of a face where they belong", () => {
    for (const [i, picture] of train.entries()) {
      const nose = centre(picture, PART.nose)!;
      const lips = centre(picture, PART.lips) ?? { x: nose.x, y: Infinity };
      const brows = centre(picture, PART.brows) ?? { y: -Infinity };
      const clothes = centre(picture, PART.clothes)!;
      expect(lips.y, `portrait ${i}`).toBeGreaterThan(nose.y);
      expect(brows.y, `portrait ${i}`).toBeLessThan(nose.y);
      expect(clothes.y, `portrait ${i}`).toBeGreaterThan(nose.y);
      const eyes = centre(picture, PART.eyes);
      if (eyes !== undefined) expect(eyes.y, `portrait ${i}`).toBeLessThan(nose.y);
    }
  });

  it("draws glasses and hats for some, and the same scene without them where they are taken off", () => {
    const seeds = Array.from({ length: 300 }, (_, i) => i);
    const hatted = seeds.filter((seed) => drawPortrait(seed).hat !== null);
    const spectacled = seeds.filter((seed) => drawPortrait(seed).glasses !== null);
    for (const some of [hatted, spectacled]) {
      expect(some.length).toBeGreaterThan(15);
      expect(some.length).toBeLessThan(90);
    }
    const bare = { ...drawPortrait(hatted[0]), hat: null };
    expect(renderPortrait(bare, SIDE).labels.data).not.toContain(PART.hat);
    expect(portraitOf(hatted[0], SIDE).labels.data).toContain(PART.hat);
  });

  it("does not give the parts away by colour", () => {
    // The most frequent class of each of 16^3 colours, learned from 200 portraits: no rule of colour alone fits those better.
    const bin = ({ rgb }: PortraitPicture, p: number): number =>
      ((rgb[p * 3] >> 4) * 16 + (rgb[p * 3 + 1] >> 4)) * 16 + (rgb[p * 3 + 2] >> 4);
    const votes = Array.from({ length: 4096 }, () => new Float64Array(classes));
    for (const picture of train)
      picture.labels.data.forEach((id, p) => {
        votes[bin(picture, p)][id]++;
      });
    const best = votes.map((row) => row.indexOf(Math.max(...row)));
    const [hit, found, there] = [0, 0, 0].map(() => new Float64Array(classes));
    for (const picture of test)
      picture.labels.data.forEach((id, p) => {
        const guess = best[bin(picture, p)];
        found[guess]++;
        there[id]++;
        if (guess === id) hit[id]++;
      });
    const ious = Array.from(hit, (n, id) => n / Math.max(1, found[id] + there[id] - n));
    const mean = ious.reduce((a, b) => a + b, 0) / classes;
    console.info(`colour alone: mIoU ${mean.toFixed(3)}`);
    expect(mean).toBeLessThan(0.13);
  });
});
