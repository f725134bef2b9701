/**
 * Changes good datasets at random, knowing their structure (COCO, CVAT, Label Studio, LabelMe, YOLO, tables, tar, PNG, folders of klish's own), and
 * checks and exports them: each must end in faults or a clean error, in two seconds of the processor and 500 MB, writing nowhere else; what
 * `check` calls an error, `export` must refuse. Then as many changes of a clustered project, which must open or be refused. `npx tsx bench/fuzzDatasets.ts [--from 0] [--runs 100000] [--seed 1] [--only run]`.
 */
import { type FuzzResult, fuzzDatasets } from "./fuzz/datasets.ts";
import { fuzzProjects } from "./fuzz/projects.ts";

const MAX_MEGABYTES = 500;
const REPORT_EVERY = 1000;

const args = process.argv.slice(2);
const option = (flag: string, otherwise: number): number =>
  args.includes(flag) ? Number(args[args.indexOf(flag) + 1]) : otherwise;
const runs = option("--runs", 100_000);
const seed = option("--seed", 1);
const only = option("--only", -1);

const started = performance.now();
const first = option("--from", 0);
const [from, to] = only >= 0 ? [only, only + 1] : [first, first + runs];
console.log(`seed ${seed}, runs ${from} to ${to - 1}`);
const progress = (run: number): void => {
  if (run % REPORT_EVERY === 0) process.stderr.write(process.stderr.isTTY ? `\r${run}` : `${run}\n`);
};
const datasets = await fuzzDatasets(seed, from, to, { timed: true, progress });
for (const failure of datasets.failures) console.log(failure);
const megabytes = process.resourceUsage().maxRSS / 1024;
const summary = ({ clean, failures, slowest }: FuzzResult): string =>
  `${clean} taken, the others refused; ${failures.length} failures; slowest ${slowest.toFixed(0)} ms of the processor`;
console.log(`datasets: ${summary(datasets)}; peak memory ${megabytes.toFixed(0)} MiB`);
// Clustering the project that is changed takes memory of its own.
const projects = await fuzzProjects(seed, from, to);
for (const failure of projects.failures) console.log(failure);
console.log(`projects: ${summary(projects)}; ${((performance.now() - started) / 1000).toFixed(0)} s in all`);
if (datasets.failures.length + projects.failures.length > 0 || megabytes > MAX_MEGABYTES) process.exitCode = 1;
