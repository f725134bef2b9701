/**
 * The merge rules on sets with known truth: AMI at the true number of classes of the paper's rule, of the pair criterion
 * with its balance chosen without labels, and of K-means; mean (worst) over K-means starts of several seeds.
 *
 * npx tsx bench/criteria.ts [set ...] [--seeds n]
 */
import { parseArgs } from "node:util";
import { adjustedMutualInfo, klish, kMeans, largestShare, type MergeTree, ortBlas, predict } from "../src/node.ts";
import { hasKlishFixtures, klishFixture } from "./fixtures.ts";

const SETS = ["toy_small", "toyhard_small", "synth_small", "gen_small"];
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seeds: { type: "string", default: "3" } },
});
if (!hasKlishFixtures) {
  console.log("skipped: the folder of fixtures beside the repository is absent");
  process.exit(0);
}

const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i);
console.log(`AMI at the true K, mean (worst) of seeds ${seeds.join(", ")}; share: largest cluster's, mean`);
console.log("| set, K (K0) | paper | share | pair, auto | balance | share | K-means |\n|---|---|---|---|---|---|---|");
for (const name of positionals.length > 0 ? positionals : SETS) {
  const set = klishFixture(name);
  const features = set.features(ortBlas());
  const truth = set.bytes("truth.u8");
  const k = new Set(truth).size;
  const rows = { paper: [] as number[], pair: [] as number[], kMeans: [] as number[] };
  const shares = { paper: [] as number[], pair: [] as number[] };
  const balances: number[] = [];
  for (const seed of seeds) {
    const judge = async (tree: MergeTree, criterion: "paper" | "pair"): Promise<void> => {
      rows[criterion].push(adjustedMutualInfo(truth, await predict(features, tree.classifierAt(k))));
      shares[criterion].push(largestShare(tree.steps.find((s) => s.k === k)!.sizes));
    };
    await judge(await klish(features, { initialClusters: set.k0, seed, criterion: "paper" }), "paper");
    const pair = await klish(features, { initialClusters: set.k0, seed, criterion: "pair" });
    balances.push(pair.balance);
    await judge(pair, "pair");
    rows.kMeans.push(adjustedMutualInfo(truth, (await kMeans(features, { nClusters: k, seed })).labels));
  }
  const mean = (v: number[]): number => v.reduce((a, b) => a + b) / v.length;
  const cell = (v: number[]): string => `${mean(v).toFixed(3)} (${Math.min(...v).toFixed(3)})`;
  console.log(
    `| ${name}, ${k} (${set.k0}) | ${cell(rows.paper)} | ${mean(shares.paper).toFixed(2)} | ${cell(rows.pair)} | ${balances.join(", ")} | ${mean(shares.pair).toFixed(2)} | ${cell(rows.kMeans)} |`,
  );
}
process.exit(0);
