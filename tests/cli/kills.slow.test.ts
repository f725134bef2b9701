import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { RandomState } from "../../src/tensor/random.ts";
import { tinyGenerator } from "../tinyGenerator.ts";
import { main } from "./klish.ts";

/** Kills in all; 200 take eleven minutes on two cores: KLISH_KILLS=200 npx vitest run --project slow tests/cli/kills.slow.test.ts */
const KILLS = Number(process.env["KLISH_KILLS"] ?? 12);
const SEED = Number(process.env["KLISH_SEED"] ?? Math.floor(Math.random() * 1e6));

const cpu = ["--provider", "cpu", "--threads", "2", "--quiet"];
/** Every command that writes, in an order in which each finds what it needs. */
const COMMANDS: readonly (readonly string[])[] = [
  ["portraits", "--outdir", "drawn", "--count", "96", "--resolution", "32", "--quiet"],
  ["generate", "--network", "tiny.onnx", "--seeds", "0-199", "--outdir", "generated", "--sheet", "10", ...cpu],
  ["convert", "--network", "tiny.onnx", "--out", "converted/tiny.onnx", "--quiet"],
  ["cluster", "--network", "tiny.onnx", "--outdir", "run", "--images", "60", "--init-clusters", "12", ...cpu],
  ["report", "run", ...cpu],
  ["label", "cut", "run", "6", ...cpu],
  ["label", "merge", "run", "part 01", "part 03", "as", "both", ...cpu],
  ["label", "ignore", "run", "both", ...cpu],
  ["label", "undo", "run", ...cpu],
  ["label", "cut", "run", "4", ...cpu],
  ["edit", "do", "run", "cut", "5", ...cpu],
  ["edit", "do", "run", "cut", "4", ...cpu],
  ["edit", "undo", "run", ...cpu],
  ["edit", "redo", "run", ...cpu],
  ["edit", "save", "run", "--outdir", "edited", ...cpu],
  ["dataset", "--project", "run", "--outdir", "set", "--count", "120", "--format", "coco", ...cpu],
  ["dataset", "export", "set", "--format", "voc", "--outdir", "exported", "--quiet"],
  ["segment", "--model", "portraits", "--images", "drawn/images", "--outdir", "segmented", "--quiet"],
  [
    ...["train", "gan", "--data", "drawn/images", "--outdir", "trained", "--resolution", "16", "--cbase", "128"],
    ...["--cmax", "8", "--batch", "8", "--kimg", "0.6", "--save", "0", "--snap", "1", "--metrics", "none", ...cpu],
  ],
];
/** Files that hold times, of pictures too, or speeds; of these only the names are compared. */
const TIMED =
  /(^|\/)(project\.json|report\.html|overview\.html|runs\.jsonl|clock\.json|log\.jsonl|settings\.json|files\.jsonl|photos\.jsonl)$/;
/**
 * Of these there is one for each time that training began; and a state before the last; and a note that an edit is not told of yet, which
 * the next edit takes away.
 */
const PER_RUN = /(^|\/)(events\.|state-previous|\.[\w.]+\.untold$)/;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-kills-"));
  await writeFile(join(folder, "tiny.onnx"), tinyGenerator());
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly ms: number;
  readonly stderr: string;
  /** Whether it had said what it did: its user would not repeat it. */
  readonly said: boolean;
}

/** Runs klish in a folder of its own; `killAfter` milliseconds it is killed. */
async function klish(cwd: string, args: readonly string[], killAfter?: number): Promise<Ended> {
  const started = performance.now();
  const child = spawn(process.execPath, [main, ...args], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (data: Buffer) => {
    stdout += data.toString();
  });
  child.stderr.on("data", (data: Buffer) => {
    stderr += data.toString();
  });
  const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killAfter);
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(timer);
  return { code, ms: performance.now() - started, stderr, said: stdout !== "" };
}

/** All files by name: their content, with paths as if the folder were the root. */
async function contents(root: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(root.length + 1);
    if (PER_RUN.test(name)) continue;
    found[name] = TIMED.test(name) ? "" : (await readFile(path, "latin1")).replaceAll(root, "");
  }
  return found;
}

async function begin(name: string): Promise<string> {
  const root = join(folder, name);
  await mkdir(root);
  await copyFile(join(folder, "tiny.onnx"), join(root, "tiny.onnx"));
  return root;
}

it(`klish commands killed ${KILLS} times at random moments, each repeated until it ends, leave what they leave unkilled`, async () => {
  console.log(`kills from seed ${SEED}: KLISH_SEED=${SEED} KLISH_KILLS=${KILLS}`);
  const random = new RandomState(SEED);
  const whole = await begin("whole");
  const durations: number[] = [];
  for (const command of COMMANDS) {
    const { code, ms, stderr } = await klish(whole, command);
    expect({ command, code, stderr }).toEqual({ command, code: 0, stderr: "" });
    durations.push(ms);
  }
  const expected = await contents(whole);
  let kills = 0;
  for (let pass = 0; kills < KILLS; pass++) {
    const root = await begin(`broken${pass}`);
    for (const [i, command] of COMMANDS.entries()) {
      for (;;) {
        const end = await klish(
          root,
          command,
          kills < KILLS ? durations[i] * (0.2 + random.randomSample()) : undefined,
        );
        if (end.code === null) kills++;
        expect({ pass, command, ...end, code: end.code ?? 0, ms: 0 }).toMatchObject({ code: 0 });
        // Half of them are killed again.
        if (end.code === 0 || end.said || random.randomSample() < 0.5) {
          if (end.code === 0 || end.said) break;
          const { code, stderr } = await klish(root, command);
          expect({ pass, command, code, stderr }).toEqual({ pass, command, code: 0, stderr: "" });
          break;
        }
      }
    }
    const found = await contents(root);
    expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort());
    for (const [name, content] of Object.entries(expected)) expect(found[name] === content ? "" : name).toBe("");
    await rm(root, { recursive: true });
  }
});
