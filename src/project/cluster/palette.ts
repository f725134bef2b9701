/** Colours for up to hundreds of clusters: perceptually far apart, the longest-lived clusters and neighbours farthest. */
import type { Hierarchy } from "../../cluster/tree/hierarchy.ts";

/** Red, green, blue, 0..255. */
export type Rgb = readonly [number, number, number];

/** Bounds of the palette in OKLCH, chosen so that every colour reads on white, on black and over a photograph. */
const LIGHTNESS: readonly number[] = [0.48, 0.54, 0.6, 0.66, 0.72, 0.78, 0.84];
const CHROMA: readonly number[] = [0.04, 0.08, 0.115, 0.15];
const HUE_STEP = 6;

/** The first dozen, which are seen most, come from a calmer band in the middle. */
const CALM_COLORS = 12;
const isCalm = (l: number, c: number): boolean => l > 0.58 && l < 0.82 && c > 0.06;

/** Differences of lightness are read less as "another colour" than differences of hue. */
const LIGHTNESS_WEIGHT = 0.75;

/** The first colour: a calm blue. */
const FIRST = { l: 0.62, c: 0.12, h: 252 };

interface Candidate {
  readonly rgb: Rgb;
  readonly calm: boolean;
  /** Weighted OKLab. */
  readonly lab: Rgb;
}

/**
 * OKLCH to 8-bit sRGB, or null outside the sRGB gamut. `l` in [0, 1], `h` in degrees.
 * Matrices: Ottosson, "A perceptual color space for image processing", 2020.
 */
export function oklchToRgb(l: number, c: number, h: number): Rgb | null {
  const a = c * Math.cos((h * Math.PI) / 180);
  const b = c * Math.sin((h * Math.PI) / 180);
  const long = (l + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const medium = (l - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const short = (l - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const linear = [
    4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
    -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
    -0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short,
  ];
  if (linear.some((x) => x < 0 || x > 1)) return null;
  const [r, g, bl] = linear.map((x) => Math.round(255 * (x <= 0.0031308 ? 12.92 * x : 1.055 * x ** (1 / 2.4) - 0.055)));
  return [r, g, bl];
}

function candidate(l: number, c: number, h: number): Candidate | null {
  const rgb = oklchToRgb(l, c, h);
  const angle = (h * Math.PI) / 180;
  return rgb && { rgb, calm: isCalm(l, c), lab: [LIGHTNESS_WEIGHT * l, c * Math.cos(angle), c * Math.sin(angle)] };
}

/** Squared distance of two colours as they are told apart. */
const distance = ({ lab: [x, y, z] }: Candidate, { lab: [u, v, w] }: Candidate): number =>
  (x - u) ** 2 + (y - v) ** 2 + (z - w) ** 2;

function distinctCandidates(count: number): Candidate[] {
  const pool: Candidate[] = [];
  for (const l of LIGHTNESS)
    for (const c of CHROMA)
      for (let h = 0; h < 360; h += HUE_STEP) {
        const found = candidate(l, c, h);
        if (found) pool.push(found);
      }
  let last = candidate(FIRST.l, FIRST.c, FIRST.h)!;
  const nearest = new Float64Array(pool.length).fill(Number.POSITIVE_INFINITY);
  const chosen = [last];
  while (chosen.length < count) {
    const mayTake = ({ calm }: Candidate): boolean => calm || chosen.length >= CALM_COLORS;
    let farthest = pool.findIndex(mayTake);
    for (let i = 0; i < pool.length; i++) {
      nearest[i] = Math.min(nearest[i], distance(pool[i], last));
      if (nearest[i] > nearest[farthest] && mayTake(pool[i])) farthest = i;
    }
    last = pool[farthest];
    chosen.push(last);
  }
  return chosen.slice(0, count);
}

/**
 * `count` colours, each the farthest in OKLab from all before it (farthest-first traversal, whose smallest distance is at least half the
 * best possible for its band). So the first few are the most distinct. Always the same.
 */
export const distinctColors = (count: number): Rgb[] => distinctCandidates(count).map(({ rgb }) => rgb);

/**
 * A colour for each cluster, by its id, [K0]; the same at every K. The longest-lived clusters get the most distinct colours: the first
 * dozen of `distinctColors`, then twelve, then twice as many each time. Within such a group colours are exchanged as long as that lowers
 * the strain: over all neighbours, the sum of border / squared distance of the colours, a border being its share of the whole border of
 * the one that lives shorter. `borders`, [K0,K0] and symmetric, holds the length of the border between each two start clusters; without
 * it a cluster's only neighbour is the one that it merges into.
 */
export function clusterColors(hierarchy: Hierarchy, borders?: Float64Array): Rgb[] {
  const { bySurvival, maxK } = hierarchy;
  const inLife = borders === undefined ? siblings(hierarchy) : bordersInLife(hierarchy, borders);
  const around = inLife.map((row) => row.reduce((a, b) => a + b, 0) || 1);
  /** By ranks: the share of its whole border that the one that lives shorter has with the other, at its end. */
  const border = (a: number, b: number): number => {
    const [longer, shorter] = [bySurvival[Math.min(a, b)], bySurvival[Math.max(a, b)]];
    return inLife[shorter][longer] / around[shorter];
  };
  const palette = distinctCandidates(maxK);
  const near = Float64Array.from({ length: maxK ** 2 }, (_, i) => {
    const [a, b] = [Math.floor(i / maxK), i % maxK];
    return a === b ? 0 : 1 / distance(palette[a], palette[b]);
  });
  const given = Array.from({ length: maxK }, (_, rank) => rank);
  /** The strain of `rank` in a colour, but for its border with `but`: that stays the same when the two exchange theirs. */
  const strain = (rank: number, color: number, but: number): number => {
    let sum = 0;
    for (let other = 0; other < maxK; other++)
      if (other !== rank && other !== but) sum += border(rank, other) * near[color * maxK + given[other]];
    return sum;
  };
  for (let start = 0, size = CALM_COLORS; start < maxK; start += size, size = Math.max(CALM_COLORS, start)) {
    const end = Math.min(maxK, start + size, MOST_EXCHANGED);
    for (let exchanged = true, round = 0; exchanged && round < MOST_ROUNDS; round++) {
      exchanged = false;
      for (let a = start; a < end; a++)
        for (let b = a + 1; b < end; b++) {
          const now = strain(a, given[a], b) + strain(b, given[b], a);
          if (strain(a, given[b], b) + strain(b, given[a], a) >= now * (1 - 1e-9)) continue;
          [given[a], given[b]] = [given[b], given[a]];
          exchanged = true;
        }
    }
  }
  const colors = new Array<Rgb>(maxK);
  for (const [rank, id] of bySurvival.entries()) colors[id] = palette[given[rank]].rgb;
  return colors;
}

/** Exchanges end by themselves after a few rounds. */
const MOST_ROUNDS = 20;
/** Of hundreds of clusters, those that live shorter than so many others are hardly ever seen. */
const MOST_EXCHANGED = 192;

/** Each cluster's border with every other at the smallest K at which it exists, by ids. */
function bordersInLife({ merges, maxK }: Hierarchy, borders: Float64Array): Float64Array[] {
  const rows = Array.from({ length: maxK }, (_, id) => borders.slice(id * maxK, (id + 1) * maxK));
  for (const { kept, removed } of merges) {
    for (let other = 0; other < maxK; other++) {
      rows[kept][other] += rows[removed][other];
      // The row of what is gone stays as it was.
      if (other === removed) continue;
      rows[other][kept] += rows[other][removed];
      rows[other][removed] = 0;
    }
    rows[kept][kept] = 0;
  }
  return rows;
}

function siblings({ merges, maxK }: Hierarchy): Float64Array[] {
  const rows = Array.from({ length: maxK }, () => new Float64Array(maxK));
  for (const { kept, removed } of merges) rows[removed][kept] = rows[kept][removed] = 1;
  return rows;
}

/** "#rrggbb". */
export const cssColor = (rgb: Rgb): string => `#${rgb.map((v) => v.toString(16).padStart(2, "0")).join("")}`;
