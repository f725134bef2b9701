/**
 * How to get more out of several K-means starts without a label: rules that pick one of five trees, and rules that combine them, on the
 * sets of known truth. Each set is clustered from 20 seeds; a rule is given random groups of five of them. AMI / ARI / mIoU at the true
 * K, mean (worst) over the groups. "K" marks rules that must know K; "best" looks at the truth.
 *
 * npx tsx bench/restarts.ts [set ...] [--seeds 20] [--groups 30] [--combined 10]
 */
import { parseArgs } from "node:util";
import { treeObjective } from "../src/cluster/klish/restarts.ts";
import { explainedVariance, imageContingency, predict, stridedPixels, subset } from "../src/cluster.ts";
import {
  adjustedMutualInfo,
  adjustedRandIndex,
  klish,
  type MergeStep,
  type MergeTree,
  matchedMeanIou,
  RandomState,
} from "../src/node.ts";
import { ortBlas } from "../src/nodeParts.ts";
import { classSizes, sizeOrder } from "../src/pixels/labels.ts";
import { hasKlishFixtures, klishFixture } from "./fixtures.ts";

/** K0 and pixel stride. */
const SETS: Readonly<Record<string, readonly [k0: number, stride: number]>> = {
  toy_small: [16, 1],
  toyhard_small: [32, 1],
  synth_small: [40, 2],
  gen_small: [40, 2],
  synth_medium: [50, 4],
  gen_medium: [60, 4],
};
const RESTARTS = 5;
/** K of a tree at which restarts are compared or combined, as fractions of K0. */
const LEVELS = [1 / 2, 1 / 3, 1 / 4, 1 / 6, 1 / 8];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: "string", default: "20" },
    groups: { type: "string", default: "30" },
    combined: { type: "string", default: "10" },
  },
});
const [seeds, groups, combined] = [values.seeds, values.groups, values.combined].map(Number);
if (!hasKlishFixtures) {
  console.log("skipped: the folder of fixtures beside the repository is absent");
  process.exit(0);
}

type Scores = readonly [ami: number, ari: number, miou: number];
const totals = new Map<string, Scores[][]>();
for (const name of positionals.length > 0 ? positionals : Object.keys(SETS)) {
  const found = await compare(name);
  console.log(`\n${name}`);
  for (const [rule, rows] of found) {
    console.log(`  ${rule.padEnd(34)} ${[0, 1, 2].map((c) => cell(rows.map((row) => row[c]))).join("  ")}`);
    totals.set(rule, [...(totals.get(rule) ?? []), rows]);
  }
}
console.log("\nmean over sets: AMI / ARI / mIoU; of the worst groups");
for (const [rule, sets] of totals) {
  const over = (of: (values: number[]) => number): string =>
    [0, 1, 2].map((c) => mean(sets.map((rows) => of(rows.map((row) => row[c])))).toFixed(3)).join(" / ");
  console.log(`  ${rule.padEnd(34)} ${over(mean)};  ${over((x) => Math.min(...x))}`);
}
process.exit(0);

async function compare(name: string): Promise<Map<string, Scores[]>> {
  const fixture = klishFixture(name);
  const [k0, stride] = SETS[name];
  const all = fixture.features(ortBlas({ threads: 1 }));
  const { images = 1, resolution } = fixture;
  const index = resolution === undefined ? undefined : stridedPixels(images, resolution, stride, 0);
  const features = index === undefined ? all : await subset(all, index);
  const every = fixture.bytes("truth.u8");
  const truth = index === undefined ? every : Uint8Array.from(index, (n) => every[n]);
  const k = new Set(every).size;
  const score = (labels: Uint16Array): Scores => [
    adjustedMutualInfo(truth, labels),
    adjustedRandIndex(truth, labels),
    matchedMeanIou(imageContingency(truth, labels, { pixelsPerImage: truth.length / images })).mean,
  ];

  const trees: MergeTree[] = [];
  const labels: Uint16Array[] = [];
  for (let seed = 0; seed < seeds; seed++) {
    trees.push(await klish(features, { initialClusters: k0, seed, criterion: "pair" }));
    labels.push(await predict(features, trees[seed].classifierAt(k)));
  }
  const scores = labels.map(score);
  const stepAt = (tree: MergeTree) => tree.steps[tree.initialClusters - k];
  const levelOf = (tree: MergeTree, fraction: number) =>
    tree.labelsAt(Math.max(2, Math.min(tree.initialClusters, Math.round(fraction * k0))));
  const levels = trees.map((tree) => LEVELS.map((fraction) => levelOf(tree, fraction)));
  const alike = trees.map((_, i) =>
    trees.map((_, j) => (i === j ? 1 : mean(LEVELS.map((_, l) => adjustedMutualInfo(levels[i][l], levels[j][l]))))),
  );
  /** More is better. */
  const merits: Readonly<Record<string, readonly number[]>> = {
    "least objective (restarts)": trees.map((tree) => -treeObjective(tree)),
    "the same, weighted by size": trees.map((tree) => -within(tree, 1 / 2, weightedObjective)),
    "lowest similarity of merged pairs": trees.map((tree) => -within(tree, 1 / 4, (step) => step.ecos)),
    "least objective at K": trees.map((tree) => -mean([...stepAt(tree).objective])),
    "highest mean IoU at K": trees.map((tree) => mean([...stepAt(tree).iou])),
    "highest lowest IoU at K": trees.map((tree) => Math.min(...stepAt(tree).iou)),
    "highest R2 at K": await Promise.all(labels.map((own) => explainedVariance(features, own, k))),
    "highest R2 of the start": await Promise.all(
      trees.map((tree) => explainedVariance(features, tree.initialLabels, tree.initialClusters)),
    ),
    "best (by the truth)": scores.map(([ami]) => ami),
  };
  const found = new Map<string, Scores[]>([["one start", scores]]);
  const add = (rule: string, row: Scores): void => {
    found.set(rule, [...(found.get(rule) ?? []), row]);
  };
  const random = new RandomState(1);
  for (let g = 0; g < groups; g++) {
    const group = [...random.permutation(seeds).slice(0, RESTARTS)];
    for (const [rule, merit] of Object.entries(merits))
      add(rule, scores[group.reduce((best, i) => (merit[i] > merit[best] ? i : best))]);
    const central = group.map((i) => mean(group.map((j) => alike[i][j])));
    add("most like the others (AMI)", scores[group[central.indexOf(Math.max(...central))]]);
    if (g >= combined) continue;
    const own = group.map((i) => labels[i]);
    add("consensus of labels at K", score(consensus(own, own, k)));
    const cells = group.map((i) => levels[i][0]);
    const votes = group.flatMap((i) => levels[i]);
    for (const [rule, start] of [
      ["consensus as a start of K0/2", Math.max(k, Math.round(k0 / 2))],
      ["consensus as a start of K0", k0],
    ] as const) {
      const initialLabels = consensus(cells, votes, start);
      const tree = await klish(features, { initialLabels, criterion: "pair", balance: trees[group[0]].balance });
      add(rule, score(await predict(features, tree.classifierAt(k))));
    }
  }
  return found;
}

/** The mean of a figure over the steps from K0/8 to `most` K0. */
function within({ initialClusters, steps }: MergeTree, most: number, figure: (step: MergeStep) => number): number {
  return mean(steps.filter(({ k }) => k >= initialClusters / 8 && k <= most * initialClusters).map(figure));
}

function weightedObjective({ objective, sizes }: MergeStep): number {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  return objective.reduce((sum, f, c) => sum + (f * sizes[c]) / total, 0);
}

/**
 * Evidence accumulation (Fred & Jain 2005): pixels on which all `cells` agree are one item; items are joined by average linkage of the
 * share of `votes` that tell them apart, pixels counting alike.
 */
function consensus(cells: readonly Uint16Array[], votes: readonly Uint16Array[], k: number): Uint16Array {
  const ids = new Map<string, number>();
  const first: number[] = [];
  const sizes: number[] = [];
  const item = Int32Array.from(cells[0], (_, n) => {
    const key = cells.map((labels) => labels[n]).join();
    const id = ids.get(key) ?? first.length;
    if (id === first.length) {
      ids.set(key, id);
      first.push(n);
      sizes.push(0);
    }
    sizes[id]++;
    return id;
  });
  const m = first.length;
  const distance = first.map((a) => Float64Array.from(first, (b) => mean(votes.map((v) => Number(v[a] !== v[b])))));
  const name = Int32Array.from({ length: m }, (_, i) => i);
  const alive = new Set(name);
  const nearest = new Int32Array(m);
  const seek = (i: number): void => {
    nearest[i] = -1;
    for (const j of alive) if (j !== i && (nearest[i] < 0 || distance[i][j] < distance[i][nearest[i]])) nearest[i] = j;
  };
  for (const i of alive) seek(i);
  while (alive.size > Math.min(k, m)) {
    let a = -1;
    for (const i of alive) if (a < 0 || distance[i][nearest[i]] < distance[a][nearest[a]]) a = i;
    const b = nearest[a];
    alive.delete(b);
    for (const j of alive) {
      if (j === a) continue;
      distance[a][j] = (sizes[a] * distance[a][j] + sizes[b] * distance[b][j]) / (sizes[a] + sizes[b]);
      distance[j][a] = distance[a][j];
    }
    sizes[a] += sizes[b];
    for (let i = 0; i < m; i++) if (name[i] === b) name[i] = a;
    for (const j of alive)
      if (j === a || nearest[j] === a || nearest[j] === b || distance[j][a] < distance[j][nearest[j]]) seek(j);
  }
  const present = [...alive];
  const own = Uint16Array.from(item, (i) => present.indexOf(name[i]));
  const order = [...sizeOrder(classSizes(own, present.length))];
  return own.map((label) => order.indexOf(label));
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
}

function cell(numbers: readonly number[]): string {
  return `${mean(numbers).toFixed(3)} (${Math.min(...numbers).toFixed(3)})`;
}
