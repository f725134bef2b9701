import { rm } from "node:fs/promises";
import { readSafetensors, writeSafetensors } from "../../checkpoint/safetensors.ts";
import type { KlishStart } from "../../cluster/klish/klishOptions.ts";
import type { AnyTensor, Tensor } from "../../tensor/tensor.ts";
import { readIfThere, writeAtomic } from "../storage/files.ts";
import { type Project, pathIn } from "./project.ts";

/** What a long run has before its merge tree begins: K-means, then its clusters and how far their classifiers are trained. */
const FILE = "start.safetensors";

export async function saveStart(project: Project, { kMeans, clusters, training }: KlishStart): Promise<void> {
  const tensors = new Map<string, AnyTensor>();
  const metadata: Record<string, string> = {};
  const vector = (name: string, data: Float64Array): void => {
    tensors.set(name, { dtype: "float64", shape: [data.length], data });
  };
  if (kMeans !== undefined) {
    vector("kMeans.centroids", kMeans.centroids);
    vector("kMeans.mean", kMeans.mean);
    metadata["kMeans"] = JSON.stringify({ variance: kMeans.variance, iterations: kMeans.iterations });
  }
  if (clusters !== undefined) {
    tensors.set("clusters.labels", { dtype: "uint16", shape: [clusters.labels.length], data: clusters.labels });
    metadata["clusters"] = JSON.stringify({ k: clusters.k });
  }
  if (training !== undefined) {
    vector("training.weight", training.weight);
    vector("training.bias", training.bias);
  }
  await writeAtomic(pathIn(project, FILE), writeSafetensors(tensors, metadata));
}

/** What an earlier run saved; undefined when there is nothing, or it is of other sizes or damaged: that costs its time only. */
export async function loadStart(
  project: Project,
  { pixels, channels }: { readonly pixels: number; readonly channels: number },
): Promise<KlishStart | undefined> {
  const bytes = await readIfThere(pathIn(project, FILE));
  if (bytes === undefined) return undefined;
  try {
    const { tensors, metadata } = readSafetensors(bytes);
    const read = (name: string): AnyTensor => {
      const found = tensors.get(name);
      if (found === undefined) throw new Error(`${name} is missing`);
      return found.read();
    };
    const numbers = (name: string): Float64Array => (read(name) as Tensor<"float64">).data;
    const about = (name: string): Record<string, number> | undefined =>
      metadata[name] === undefined ? undefined : JSON.parse(metadata[name]);
    const kMeans = about("kMeans");
    const clusters = about("clusters");
    const start: KlishStart = {
      ...(kMeans && {
        kMeans: {
          centroids: numbers("kMeans.centroids"),
          mean: numbers("kMeans.mean"),
          variance: kMeans["variance"],
          iterations: kMeans["iterations"],
        },
      }),
      ...(clusters && {
        clusters: { labels: (read("clusters.labels") as Tensor<"uint16">).data, k: clusters["k"] },
      }),
      ...(tensors.has("training.weight") && {
        training: { weight: numbers("training.weight"), bias: numbers("training.bias") },
      }),
    };
    const fits =
      (start.kMeans === undefined || start.kMeans.mean.length === channels) &&
      (start.clusters === undefined || start.clusters.labels.length === pixels) &&
      (start.training === undefined || start.training.weight.length === start.training.bias.length * channels);
    return fits ? start : undefined;
  } catch {
    return undefined;
  }
}

export async function dropStart(project: Project): Promise<void> {
  await rm(pathIn(project, FILE), { force: true });
}
