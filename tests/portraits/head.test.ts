import { describe, expect, it } from "vitest";
import { type Head, headFrame, surfacePoint } from "../../src/portraits/head.ts";

const straight: Head = {
  x: 0.1,
  y: -0.2,
  scale: 0.5,
  roll: 0,
  yaw: 0,
  pitch: 0,
  width: 0.8,
  taper: 0,
  chin: 2,
  crown: 2,
  cheeks: 0,
  age: 0.5,
  rugged: 0.5,
};

describe("headFrame", () => {
  it("maps an ellipsoid seen from the front to itself", () => {
    const frame = headFrame(straight);
    const point = surfacePoint();
    // With these numbers the silhouette is the ellipse (x / 0.8)^2 + y^2 = 1 around (0.1, -0.2), half as large.
    frame.place(0.1 + 0.5 * 0.4, -0.2 + 0.5 * 0.6, point);
    expect(point).toMatchObject({ x: expect.closeTo(0.4), y: expect.closeTo(0.6) });
    expect(frame.locate(point, 1, 1)).toBe(true);
    expect(point.reach).toBeCloseTo(0.8 * 0.8, 4);
    expect(point.side).toBeCloseTo(0.4 / 0.64, 4);
    expect(point.u).toBeCloseTo(0.4, 4);
    expect(point.v).toBeCloseTo(0.6, 4);
    expect(point.cosine).toBeGreaterThan(0);
  });

  it("rejects heights above the crown and below the chin, unless the shell is higher", () => {
    const frame = headFrame(straight);
    const point = surfacePoint();
    frame.place(0.1, -0.2 - 0.5 * 1.1, point);
    expect(frame.locate(point, 1, 1)).toBe(false);
    expect(frame.locate(point, 1, 1.2)).toBe(true);
  });

  it("carries the middle of a turned face to the side by its depth times the sine", () => {
    const yaw = 0.3;
    const frame = headFrame({ ...straight, yaw });
    const point = surfacePoint();
    // At eye height the nose's line lies 1.12 half widths before the axis.
    frame.place(0.1 + 0.5 * 0.8 * 1.12 * Math.sin(yaw), -0.2, point);
    frame.locate(point, 1, 1);
    expect(point.sine).toBeCloseTo(0, 4);
    expect(point.u).toBeCloseTo(0, 4);
  });

  it("lets features sink when the head nods, those on the sides not", () => {
    const frame = headFrame({ ...straight, pitch: 0.2 });
    const point = surfacePoint();
    frame.place(0.1, -0.2 + 0.5 * 0.3, point);
    frame.locate(point, 1, 1);
    expect(point.v).toBeLessThan(0.3);
    frame.place(0.1 + 0.5 * 0.8 * 0.9539, -0.2 + 0.5 * 0.3, point);
    frame.locate(point, 1, 1);
    expect(point.v).toBeCloseTo(0.3, 2);
  });
});
