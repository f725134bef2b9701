/** Colours for up to hundreds of clusters: perceptually far apart, the longest-lived clusters farthest. */

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

/**
 * `count` colours, each the farthest in OKLab from all before it (farthest-first traversal, whose smallest distance is at least half the
 * best possible for its band). So the first few are the most distinct. Always the same.
 */
export function distinctColors(count: number): Rgb[] {
  const pool: Candidate[] = [];
  for (const l of LIGHTNESS)
    for (const c of CHROMA)
      for (let h = 0; h < 360; h += HUE_STEP) {
        const found = candidate(l, c, h);
        if (found) pool.push(found);
      }
  let last = candidate(FIRST.l, FIRST.c, FIRST.h)!;
  const distance = new Float64Array(pool.length).fill(Number.POSITIVE_INFINITY);
  const colors = [last.rgb];
  while (colors.length < count) {
    const mayTake = ({ calm }: Candidate): boolean => calm || colors.length >= CALM_COLORS;
    let farthest = pool.findIndex(mayTake);
    for (let i = 0; i < pool.length; i++) {
      const [x, y, z] = pool[i].lab;
      const d = (x - last.lab[0]) ** 2 + (y - last.lab[1]) ** 2 + (z - last.lab[2]) ** 2;
      if (d < distance[i]) distance[i] = d;
      if (distance[i] > distance[farthest] && mayTake(pool[i])) farthest = i;
    }
    last = pool[farthest];
    colors.push(last.rgb);
  }
  return colors.slice(0, count);
}

/** A colour for each start cluster: `bySurvival` lists them longest-lived first (see `Hierarchy`). */
export function clusterColors(bySurvival: readonly number[]): Rgb[] {
  const distinct = distinctColors(bySurvival.length);
  const colors: Rgb[] = [];
  bySurvival.forEach((id, rank) => {
    colors[id] = distinct[rank];
  });
  return colors;
}

/** "#rrggbb". */
export const cssColor = (rgb: Rgb): string => `#${rgb.map((v) => v.toString(16).padStart(2, "0")).join("")}`;
