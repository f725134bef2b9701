import { execFile } from "node:child_process";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { arch } from "node:os";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import type { SelfTestResult } from "../selfTest.ts";
import { type Provider, type ProviderChoice, providers, RuntimeError } from "../session.ts";
import { cacheFolder } from "./cacheFolder.ts";
import { scriptOf } from "./processes.ts";

/** What a provider can do on this machine. */
export interface ProviderReport {
  readonly provider: Provider;
  /** "ok": every op is right. "wrong": it runs, but some op is not. "absent": it cannot run here. */
  readonly verdict: "ok" | "wrong" | "absent";
  /** Why, when it is not ok. */
  readonly reason: string;
  readonly passed: number;
  readonly total: number;
  /** Largest relative error over the ops that ran. */
  readonly worst: number;
  readonly failures: readonly string[];
  /** One 3x3 convolution, 64 channels at 64x64; null when it cannot run. */
  readonly milliseconds: number | null;
}

/** Minutes at most: software GPUs compile each shader for seconds. */
const PROBE_TIMEOUT_MS = 300_000;

/** Self-tests a provider in a process of its own: drivers may crash it. */
export async function probeProvider(provider: Provider): Promise<ProviderReport> {
  const { file, execArgv } = scriptOf("./probeProcess", import.meta.url);
  const args = [...execArgv, file, provider];
  const { output, failure } = await new Promise<{ output: string; failure: string }>((resolve) => {
    execFile(process.execPath, args, { timeout: PROBE_TIMEOUT_MS, maxBuffer: 2 ** 24 }, (error, stdout, stderr) => {
      const lastWords = stderr.trim().split("\n").at(-1) ?? "";
      resolve({
        output: stdout,
        failure: error === null ? "" : `the self-test process ended abnormally: ${lastWords}`,
      });
    });
  });
  return judge(provider, output, failure);
}

function judge(provider: Provider, output: string, failure: string): ProviderReport {
  const base = { provider, passed: 0, total: 0, worst: 0, failures: [], milliseconds: null };
  let results: readonly SelfTestResult[];
  let milliseconds: number | null;
  try {
    ({ results, milliseconds } = JSON.parse(output) as {
      results: readonly SelfTestResult[];
      milliseconds: number | null;
    });
  } catch {
    return { ...base, verdict: "absent", reason: failure || "the self-test gave no result" };
  }
  const ran = results.filter((r) => r.message === undefined);
  const failed = results.filter((r) => !r.ok);
  const report = {
    provider,
    passed: results.length - failed.length,
    total: results.length,
    worst: Math.max(0, ...ran.map((r) => r.error ?? Number.POSITIVE_INFINITY)),
    failures: failed.map((r) => r.name),
    milliseconds,
  };
  if (ran.length === 0) return { ...base, verdict: "absent", reason: shorten(results[0]?.message ?? failure) };
  if (failed.length > 0)
    return { ...report, verdict: "wrong", reason: `computes wrongly: ${report.failures.join(", ")}` };
  return { ...report, verdict: "ok", reason: "" };
}

/** The last sentence of ONNX Runtime's messages says it; the source paths before it do not help. */
function shorten(message: string): string {
  const lines = message
    .trim()
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  return (lines.at(-1) ?? message).replace(/^.*was false\. /, "").slice(0, 200);
}

/** Reports by provider, remembered in the cache folder; a new version of ONNX Runtime, Node or the machine asks again. */
export async function providerReports(
  options: { readonly fresh?: boolean; readonly only?: readonly Provider[] } = {},
): Promise<ProviderReport[]> {
  const path = join(cacheFolder(), "providers.json");
  const known = options.fresh ? new Map<string, ProviderReport>() : await readReports(path);
  const reports: ProviderReport[] = [];
  for (const provider of options.only ?? providers) {
    const key = [
      provider,
      ort.env.versions.common,
      process.version,
      process.platform,
      arch(),
      process.env["VK_ICD_FILENAMES"] ?? "",
    ].join(" ");
    const report = known.get(key) ?? (await probeProvider(provider));
    known.set(key, report);
    reports.push(report);
  }
  await writeReports(path, known);
  return reports;
}

async function readReports(path: string): Promise<Map<string, ProviderReport>> {
  try {
    return new Map(JSON.parse(await readFile(path, "utf8")) as [string, ProviderReport][]);
  } catch {
    // Absent or damaged: it is only a memory of self-tests, which run again.
    return new Map();
  }
}

async function writeReports(path: string, reports: ReadonlyMap<string, ProviderReport>): Promise<void> {
  try {
    await mkdir(cacheFolder(), { recursive: true });
    const temporary = `${path}.${process.pid}.tmp`;
    await writeFile(temporary, JSON.stringify([...reports], null, 1));
    await rename(temporary, path);
  } catch {
    // A read-only home costs a self-test per start and nothing else.
  }
}

/**
 * The provider to use: the one asked for, if it passes its self-test here. "auto" takes the first that passes and is
 * faster than the CPU (a GPU that is imitated in software is not).
 */
export async function resolveProvider(choice: ProviderChoice): Promise<Provider> {
  if (choice === "cpu") return "cpu";
  if (choice !== "auto") {
    const [{ verdict, reason }] = await providerReports({ only: [choice] });
    if (verdict === "ok") return choice;
    throw new RuntimeError(
      `provider "${choice}" cannot be used on this machine: ${reason}. Use --provider cpu, or see \`klish doctor\`.`,
    );
  }
  const reports = await providerReports();
  const cpuTime = reports.find((r) => r.provider === "cpu")?.milliseconds ?? Number.POSITIVE_INFINITY;
  const faster = reports.find((r) => r.verdict === "ok" && r.milliseconds !== null && r.milliseconds < cpuTime);
  return faster?.provider ?? "cpu";
}
