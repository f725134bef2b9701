import { describe, expect, it } from "vitest";
import { truncationWarning } from "../../../src/project/network/options.ts";
import { positionWarning } from "../../../src/project/report/warnings.ts";
import { fewPicturesWarning } from "../../../src/project/train/pictures/fewPictures.ts";
import { handTree } from "../../cluster/tree/handTree.ts";

const SIDE = 8;
const IMAGES = 6;
/** The quadrant of a place in an image. */
const quadrant = (place: number): number => 2 * Number(place >= SIDE ** 2 / 2) + Number(place % SIDE >= SIDE / 2);
const maps = (label: (image: number, place: number) => number): number[] =>
  Array.from({ length: IMAGES * SIDE ** 2 }, (_, n) => label(Math.floor(n / SIDE ** 2), n % SIDE ** 2));
const tree = (labels: readonly number[]) =>
  handTree({ labels, k0: 4 }, [
    [0, 1],
    [0, 2],
  ]);

describe("positionWarning()", () => {
  it("tells of clusters that are quadrants of every image, at every K", () => {
    const where = tree(maps((_, place) => quadrant(place)));
    for (const k of [4, 3, 2])
      expect(positionWarning(where, IMAGES, k)).toEqual([
        expect.stringMatching(`^At K = ${k}, #0.*, with 100 % of the pixels, .*say where, not what`),
      ]);
    // One pixel of each image is otherwise.
    const nearly = tree(maps((image, place) => (place === 10 * image ? 3 - quadrant(place) : quadrant(place))));
    expect(positionWarning(nearly, IMAGES, 4)).toHaveLength(1);
  });

  it("says nothing of clusters that move, nor of a single image", () => {
    const moving = tree(maps((image, place) => quadrant((place + 3 * image + 8 * image) % SIDE ** 2)));
    expect(positionWarning(moving, IMAGES, 4)).toEqual([]);
    const anything = tree(maps((image, place) => (image * 7 + place * place) % 4));
    expect(positionWarning(anything, IMAGES, 4)).toEqual([]);
    expect(positionWarning(tree(Array.from({ length: SIDE ** 2 }, (_, n) => quadrant(n))), 1, 4)).toEqual([]);
  });
});

it("truncationWarning() tells of a psi that nobody means", () => {
  expect([null, 0, 0.7, 1, 1.5].map(truncationWarning)).toEqual(Array.from({ length: 5 }, () => undefined));
  expect(truncationWarning(7)).toBe(
    "--trunc 7 is odd: 1 is no truncation and 0 the average image; far above 1 images fall apart.",
  );
  expect(truncationWarning(-1)).toContain("below 0 images are turned into their opposites");
});

it("fewPicturesWarning() tells of fewer than 1,000", () => {
  expect(fewPicturesWarning(1000, false)).toBeUndefined();
  expect(fewPicturesWarning(110, false)).toMatch(/^110 pictures are few: .*--mirror/);
  expect(fewPicturesWarning(999, true)).not.toContain("--mirror");
});
