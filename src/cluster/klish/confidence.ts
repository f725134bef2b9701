/** The inner products of confidence maps, which compare clusters. */
import type { SparseMap } from "../../pixels/pixels.ts";

/**
 * The inner products v_i.v_j and sums of a set of confidence maps. A product is always summed over pixels in ascending order,
 * so it does not depend on when it was computed.
 */
export class ConfidenceProducts {
  readonly #maps = new Map<number, SparseMap>();
  readonly #products = new Map<number, Float64Array>();
  readonly #sums = new Map<number, number>();
  readonly #dense: Float32Array;
  readonly #capacity: number;

  /** Maps over `pixels` pixels, named by integers below `capacity`. */
  constructor(pixels: number, capacity: number) {
    this.#dense = new Float32Array(pixels);
    this.#capacity = capacity;
  }

  /** Adds the map `id` and its products with every map present. */
  add(id: number, map: SparseMap): void {
    const dense = this.#dense;
    const row = new Float64Array(this.#capacity);
    for (let i = 0; i < map.index.length; i++) dense[map.index[i]] = map.value[i];
    this.#maps.set(id, map);
    for (const [other, { index, value }] of this.#maps) {
      let sum = 0;
      for (let i = 0; i < index.length; i++) sum += dense[index[i]] * value[i];
      row[other] = sum;
      const column = this.#products.get(other);
      if (column !== undefined) column[id] = sum;
    }
    for (let i = 0; i < map.index.length; i++) dense[map.index[i]] = 0;
    this.#products.set(id, row);
    let total = 0;
    for (const v of map.value) total += v;
    this.#sums.set(id, total);
  }

  /** The map `id`. */
  map(id: number): SparseMap {
    const map = this.#maps.get(id);
    if (map === undefined) throw new RangeError(`ConfidenceProducts: no map ${id}`);
    return map;
  }

  delete(id: number): void {
    this.#maps.delete(id);
    this.#products.delete(id);
    this.#sums.delete(id);
  }

  /** v_i.v_j. */
  product(i: number, j: number): number {
    const row = this.#products.get(i);
    if (row === undefined) throw new RangeError(`ConfidenceProducts: no map ${i}`);
    return row[j];
  }

  /** sum_x v_i. */
  sum(i: number): number {
    const sum = this.#sums.get(i);
    if (sum === undefined) throw new RangeError(`ConfidenceProducts: no map ${i}`);
    return sum;
  }

  /**
   * S_lambda(i,j) = (G_ij - lambda m_i m_j) / sqrt((G_ii - lambda m_i^2) (G_jj - lambda m_j^2)), where G and m are means over
   * pixels of v_i v_j and v_i. lambda = 0 is ECoS (Eq. 5), lambda = 1 Pearson correlation. 0 where a map has no variation.
   */
  similarity(i: number, j: number, lambda: number): number {
    const n = this.#dense.length;
    const centred = (a: number, b: number) => this.product(a, b) / n - lambda * (this.sum(a) / n) * (this.sum(b) / n);
    const scale = Math.sqrt(Math.max(centred(i, i) * centred(j, j), 0));
    return scale > 0 ? centred(i, j) / scale : 0;
  }
}
