import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MaskEdit } from "../../web/shared/maskEditor/edit.ts";
import { disc, type Point, polygon, type Span } from "../../web/shared/maskEditor/raster.ts";
import { stroke } from "../../web/shared/maskEditor/stroke.ts";
import { blank, rowsOf } from "./handMasks.ts";

/** What a shape paints on a blank mask. */
function painted(width: number, height: number, draw: (emit: Span) => void): string[] {
  const edit = new MaskEdit(blank(width, height));
  draw((y, from, to) => edit.fill(y, from, to, 1));
  return rowsOf(edit);
}
const side = 24;
const along = fc.double({ min: 0, max: side, noNaN: true });
const place = fc.record({ x: along, y: along });
const pen = fc.record({ x: along, y: along, pressure: fc.constant(0.5) });
const pixels = Array.from({ length: side * side }, (_, i) => i);
const centre = (i: number): Point => ({ x: (i % side) + 0.5, y: Math.floor(i / side) + 0.5 });
const apart = (a: Point, b: Point): number => Math.hypot(a.x - b.x, a.y - b.y);

describe("disc", () => {
  it("takes the pixels whose centres lie within the radius", () => {
    const rows = painted(5, 5, (emit) => disc({ x: 2.5, y: 2.5 }, 2, emit));
    expect(rows).toEqual(["00100", "01110", "11111", "01110", "00100"]);
  });

  it("of no size takes the pixel that it lies in", () => {
    expect(painted(3, 2, (emit) => disc({ x: 1.01, y: 1.99 }, 0.1, emit))).toEqual(["000", "010"]);
  });

  it("is what its definition says, anywhere", () => {
    fc.assert(
      fc.property(place, fc.double({ min: 0.1, max: 9, noNaN: true }), (at, radius) => {
        const got = painted(side, side, (emit) => disc(at, radius, emit)).join("");
        const home = Math.floor(at.y) * side + Math.floor(at.x);
        const wrong = pixels.filter((i) => {
          const distance = apart(centre(i), at);
          const inside = distance < radius || (i === home && at.x < side && at.y < side);
          return Math.abs(distance - radius) > 1e-9 && got[i] !== String(Number(inside));
        });
        expect(wrong).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});

describe("polygon", () => {
  it("fills what a line goes round, by the middles of pixels", () => {
    const square = [
      { x: 1, y: 1 },
      { x: 4, y: 1 },
      { x: 4, y: 3 },
      { x: 1, y: 3 },
    ];
    expect(painted(5, 4, (emit) => polygon(square, emit))).toEqual(["00000", "01110", "01110", "00000"]);
  });

  it("fills what is gone round twice, and both loops of an eight", () => {
    const loop = [
      { x: 0, y: 0 },
      { x: 3, y: 0 },
      { x: 3, y: 3 },
      { x: 0, y: 3 },
    ];
    expect(painted(3, 3, (emit) => polygon([...loop, ...loop], emit))).toEqual(["111", "111", "111"]);
    const eight = [
      { x: 0, y: 0 },
      { x: 6, y: 3 },
      { x: 6, y: 0 },
      { x: 0, y: 3 },
    ];
    expect(painted(6, 3, (emit) => polygon(eight, emit))).toEqual(["100001", "111111", "100001"]);
  });

  it("cut in two along a line covers what the whole does, no pixel twice", () => {
    const counts = (points: Point[]): number[] => {
      const count = new Array<number>(side * side).fill(0);
      polygon(points, (y, from, to) => {
        for (let x = from; x < to; x++) count[y * side + x]++;
      });
      return count;
    };
    const leftOf = (p: Point, a: Point, b: Point): number => (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x);
    fc.assert(
      fc.property(place, place, place, place, (a, b, c, d) => {
        fc.pre(leftOf(b, a, c) * leftOf(d, a, c) < 0);
        const [one, other, whole] = [counts([a, b, c]), counts([a, c, d]), counts([a, b, c, d])];
        expect(one.map((n, i) => n + other[i])).toEqual(whole);
        expect(Math.max(...whole)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 60 },
    );
  });
});

describe("stroke", () => {
  it("along a row is a bar with round ends", () => {
    const rows = painted(9, 5, (emit) => {
      const line = stroke(1.5, { x: 2.5, y: 2.5, pressure: 0.5 }, emit);
      line.to({ x: 6.5, y: 2.5, pressure: 0.5 });
      line.end();
    });
    expect(rows).toEqual(["000000000", "011111110", "011111110", "011111110", "000000000"]);
  });

  it("is thicker under more pressure: from half of the radius to one and a half of it", () => {
    const widthAt = (pressure: number): number =>
      painted(20, 20, (emit) => stroke(4, { x: 10, y: 10, pressure }, emit).end()).filter((row) => row.includes("1"))
        .length;
    expect([widthAt(0), widthAt(0.5), widthAt(1)]).toEqual([4, 8, 12]);
  });

  it("between two places covers the line between them, and nothing further than the radius from it", () => {
    fc.assert(
      fc.property(pen, pen, fc.double({ min: 0.5, max: 6, noNaN: true }), (a, b, radius) => {
        const got = painted(side, side, (emit) => {
          const line = stroke(radius, a, emit);
          line.to(b);
          line.end();
        }).join("");
        const length = apart(a, b) ** 2;
        const wrong = pixels.filter((i) => {
          const p = centre(i);
          const along = length === 0 ? 0 : ((p.x - a.x) * (b.x - a.x) + (p.y - a.y) * (b.y - a.y)) / length;
          const t = Math.max(0, Math.min(1, along));
          const distance = apart(p, { x: a.x + t * (b.x - a.x), y: a.y + t * (b.y - a.y) });
          // A pixel in which the line lies belongs to it however thin it is.
          return got[i] === "1" ? distance > Math.max(radius, Math.SQRT1_2) + 1e-9 : distance <= radius - 0.3;
        });
        expect(wrong).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it("of any path is in one piece: no gap, however thin", () => {
    fc.assert(
      fc.property(
        fc.array(pen, { minLength: 2, maxLength: 8 }),
        fc.double({ min: 0.5, max: 3, noNaN: true }),
        (path, radius) => {
          const edit = new MaskEdit(blank(side));
          const line = stroke(radius, path[0], (y, from, to) => edit.fill(y, from, to, 1));
          for (const point of path.slice(1)) line.to(point);
          line.end();
          const found = pixels.filter((i) => edit.data[i] === 1);
          const reached = new Set(found.slice(0, 1));
          for (const i of reached)
            for (const dy of [-1, 0, 1])
              for (const dx of [-1, 0, 1]) {
                const [x, y] = [(i % side) + dx, Math.floor(i / side) + dy];
                if (x >= 0 && x < side && y >= 0 && y < side && edit.data[y * side + x] === 1)
                  reached.add(y * side + x);
              }
          expect(reached.size).toBe(found.length);
        },
      ),
      { numRuns: 60 },
    );
  });
});
