/**
 * The pixels whose centres lie inside a polygon (even-odd rule), as indices row by row. `points` are x and y in turn, in pixels from
 * the image's upper left corner. Annotation tools draw their borders a little differently: a pixel on the line may fall on either side.
 */
export function* polygonPixels(points: readonly number[], width: number, height: number): Generator<number> {
  const n = points.length >> 1;
  for (let row = 0; row < height; row++) {
    const y = row + 0.5;
    const crossings: number[] = [];
    for (let i = 0; i < n; i++) {
      const j = (i + 1) % n;
      const [x0, y0, x1, y1] = [points[2 * i], points[2 * i + 1], points[2 * j], points[2 * j + 1]];
      if (y0 <= y !== y1 <= y) crossings.push(x0 + ((y - y0) / (y1 - y0)) * (x1 - x0));
    }
    crossings.sort((a, b) => a - b);
    for (let c = 0; c + 1 < crossings.length; c += 2) {
      const from = Math.max(0, Math.ceil(crossings[c] - 0.5));
      const to = Math.min(width, Math.ceil(crossings[c + 1] - 0.5));
      for (let x = from; x < to; x++) yield row * width + x;
    }
  }
}
