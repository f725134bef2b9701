import { ONNX_FLOAT, ONNX_INT32, ONNX_INT64, type OnnxGraph, type OnnxTensor } from "../../graph/onnxModel.ts";
import type { PortInfo } from "../../runtime/session.ts";
import type { DType } from "../../tensor/tensor.ts";
import { GeneratorError } from "../errors.ts";
import type { ClassPort, ConstantPort, FedPort, LatentPort, NoiseInput, OnnxInputs } from "./signature.ts";

/** Samples of one run where the model fixes them: more is a mistake, or meant to fill the memory. */
const MOST_SAMPLES = 1024;
/** Numbers of one sample's latent. */
const MOST_NUMBERS = 2 ** 22;
const MOST_CLASSES = 2 ** 14;

const FLOATS: ReadonlySet<string> = new Set(["float32", "float16", "float64"]);
const INTEGERS: ReadonlySet<string> = new Set(["int64", "int32"]);

const LATENT = new Set(["z", "zs", "latent", "latents", "noise", "code", "style", "w", "ws"]);
const CLASS = new Set(
  "c y cls class classes classid label labels onehot hot cond condition conditions category categories target targets".split(
    " ",
  ),
);
const NOISE = new Set(["noise", "noises"]);
const TRUNCATION = new Set(["psi", "trunc", "truncation"]);
const W_SPACE = new Set(["w", "ws", "wp", "dlatent", "dlatents"]);

/** The words of a name: "serving_default_classId:0" has class and id. */
const wordsOf = (name: string): string[] =>
  name
    .replace(/^(onnx::|serving_default_)/, "")
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== "");
const speaksOf = (words: ReadonlySet<string>, { name }: PortInfo): boolean => wordsOf(name).some((w) => words.has(w));

/**
 * Decides what each input of a model is: a latent, a class, noise maps, truncation, or something that stays constant. By
 * types and shapes first, then by where the numbers go in the graph, by names only where these leave it open. Throws
 * GeneratorError with the reason for a model that is not a generator, or that leaves it open.
 */
export function readInputs(ports: readonly PortInfo[], graph: OnnxGraph): OnnxInputs {
  const refuse = (why: string): never => {
    const list = ports.map(describe).join("; ");
    throw new GeneratorError(`not a generator that klish can run: ${why}. Its inputs: ${list || "none"}.`);
  };
  const roles = ports.map((port) => roleOf(port, ports, graph, refuse));
  const having = <K extends Role["kind"]>(kind: K): Extract<Role, { kind: K }>[] =>
    roles.filter((role): role is Extract<Role, { kind: K }> => role.kind === kind);

  const vectors = having("vector").map(({ port }) => port);
  // What alone can be the latent is it, whatever it is called.
  const lonely = vectors.length === 1 || ports.length === 1;
  const oneHots = lonely ? [] : vectors.filter((port) => port.shape.length === 2 && speaksOf(CLASS, port));
  const latents = vectors.filter((port) => !oneHots.includes(port));
  if (latents.length === 0) refuse("expected an input of numbers for the latent, of shape [batch, size]");
  const unclear = latents.length === 1 ? undefined : latents.find((port) => !speaksOf(LATENT, port));
  if (unclear !== undefined)
    refuse(
      `which of its inputs is the latent cannot be told: what is ${unclear.name}? Export it with the names z and, for a class, c; or with its other inputs fixed`,
    );
  const classes: ClassPort[] = [
    ...having("ids").map(({ port, count }): ClassPort => ({ ...port, kind: "ids", count })),
    ...oneHots.map((port): ClassPort => ({ ...port, kind: "one-hot", count: port.size })),
  ];
  if (classes.length > 1) refuse(`it takes ${classes.length} classes: ${classes.map((c) => c.name).join(", ")}`);
  const noise = having("noise").map(({ port, resolution }): NoiseInput => ({ ...port, resolution }));
  const scalars = having("scalar").map(({ port }) => port);
  const truncation = scalars.find((port) => FLOATS.has(port.dtype) && speaksOf(TRUNCATION, port)) ?? null;
  const constants = scalars
    .filter((port) => port !== truncation)
    .map((port): ConstantPort => ({ ...port, value: constantFor(port) }));
  const space = spaceOf(latents);

  const notes = [
    ...latents.map((port) =>
      space.kind === "z"
        ? `input ${port.name}: the latent z, ${port.size} numbers${latents.length > 1 ? " of it" : ""}`
        : `input ${port.name}: w of ${space.layers} layers, ${space.size} numbers each, which another network makes of z: images are made of given ws, not of seeds`,
    ),
    ...classes.map(
      (port) =>
        `input ${port.name}: the class, one of ${port.count}, ${port.kind === "ids" ? "by number" : "one-hot"} (--class)`,
    ),
    ...(truncation === null ? [] : [`input ${truncation.name}: truncation (--trunc), 1 where nothing is said`]),
    ...(noise.length === 0
      ? []
      : [`inputs ${noise.map((port) => port.name).join(", ")}: noise (--noise-mode); const takes fixed maps`]),
    ...constants.map((port) => `input ${port.name}: always ${port.dtype === "bool" ? port.value === 1 : port.value}`),
  ];
  return {
    latents,
    space,
    classes: classes[0] ?? null,
    truncation,
    noise,
    constants,
    batch: batchOf([...latents, ...classes, ...noise], refuse),
    notes,
  };
}

const describe = ({ name, dtype, shape }: PortInfo): string =>
  `${name} ${dtype}[${shape.map((d) => d || "?").join(",")}]`;

type Role =
  | { readonly kind: "vector"; readonly port: LatentPort }
  | { readonly kind: "ids"; readonly port: FedPort; readonly count: number }
  | { readonly kind: "noise"; readonly port: FedPort; readonly resolution: number }
  | { readonly kind: "scalar"; readonly port: FedPort };

/** What one input can be by its type, its shape and its readers. */
function roleOf(info: PortInfo, all: readonly PortInfo[], graph: OnnxGraph, refuse: (why: string) => never): Role {
  const { name, dtype, shape } = info;
  if (!FLOATS.has(dtype) && !INTEGERS.has(dtype) && dtype !== "bool") refuse(`its input ${name} is of type ${dtype}`);
  const noisy = all.length > 1 && speaksOf(NOISE, info);
  if (FLOATS.has(dtype) && !(noisy && shape[1] === 1) && isPicture(shape))
    refuse(
      `its input ${name} is a picture: it turns images into images (super-resolution, translation), and has no latent to draw`,
    );
  const known = shape.slice(1).some((d) => typeof d === "string") ? readSizes(graph, info) : shape;
  const sizes = known.map((d, axis) => (typeof d === "number" ? d : axis === 0 ? "batch" : refuse(unknownSize(info))));
  if (sizes.some((d) => d === 0)) refuse(`its input ${name} is empty`);
  const port: FedPort = { name, dtype: dtype as DType, shape: sizes };
  const size = sizes.slice(1).reduce<number>((n, d) => n * (d as number), 1);
  if (dtype === "bool")
    return size === 1 ? { kind: "scalar", port } : refuse(`its input ${name} takes ${size} truth values`);
  if (size === 1) {
    const count = tableRows(graph, name);
    if (count !== undefined && count > MOST_CLASSES)
      refuse(`its input ${name} chooses among ${count} rows: a text, not a class`);
    if (count !== undefined) return { kind: "ids", port, count };
  }
  if (INTEGERS.has(dtype)) {
    if (size > 1) refuse(`its input ${name} takes ${size} whole numbers, such as a text`);
    if (speaksOf(CLASS, info))
      refuse(`how many classes its input ${name} knows cannot be told. Export it with a one-hot input c`);
    return { kind: "scalar", port };
  }
  const partOfLatent = sizes.length > 1 && speaksOf(LATENT, info) && !speaksOf(NOISE, info);
  if (
    all.length > 1 &&
    !partOfLatent &&
    (sizes.length === 0 || (size === 1 && (sizes[0] === "batch" || sizes[0] === 1)))
  )
    return { kind: "scalar", port };
  if (noisy && sizes.length === 4 && sizes[1] === 1 && sizes[2] === sizes[3] && size > 1)
    return { kind: "noise", port, resolution: sizes[3] as number };
  if (sizes.length < 2) refuse(`expected a latent of shape [batch, size], got ${describe(info)}`);
  if (size > MOST_NUMBERS) refuse(`its input ${name} takes ${size} numbers for one sample`);
  return { kind: "vector", port: { ...port, size } };
}

const unknownSize = (info: PortInfo): string =>
  `expected a latent of shape [batch, size] with a known size, got ${describe(info)}. Export it with only the batch dynamic`;

/** [batch, 1|3, H, W] or channels last, with more than one pixel; sizes may be open. */
function isPicture(shape: readonly (number | string)[]): boolean {
  if (shape.length !== 4) return false;
  const [, a, b, c] = shape;
  const channels = (d: number | string): boolean => d === 1 || d === 3;
  const side = (d: number | string): boolean => typeof d === "string" || d > 1;
  return (channels(a) && side(b) && side(c)) || (channels(c) && side(a) && side(b));
}

function spaceOf(latents: readonly LatentPort[]): OnnxInputs["space"] {
  if (latents.length !== 1) return { kind: "z" };
  const [port] = latents;
  const [, layers, size] = port.shape as number[];
  if (port.shape.length === 3 && layers > 1 && size > 1) return { kind: "w+", layers, size };
  return speaksOf(W_SPACE, port) ? { kind: "w+", layers: 1, size: port.size } : { kind: "z" };
}

/** What an input of one number is fed with: off, whole, or neutral as a factor. */
function constantFor(port: FedPort): number {
  if (!FLOATS.has(port.dtype) || speaksOf(NOISE, port) || speaksOf(new Set(["lod"]), port)) return 0;
  return 1;
}

/** Samples of one run; a class without a batch dimension is for one. */
function batchOf(ports: readonly FedPort[], refuse: (why: string) => never): number | "any" {
  const fixed = ports.flatMap(({ name, shape: [batch = 1] }) => (batch === "batch" ? [] : [{ name, batch }]));
  const [first] = fixed;
  if (first === undefined) return "any";
  const other = fixed.find(({ batch }) => batch !== first.batch);
  if (other !== undefined)
    refuse(`input ${first.name} takes ${first.batch} samples at once, ${other.name} takes ${other.batch}`);
  if (first.batch > MOST_SAMPLES)
    refuse(
      `input ${first.name} fixes a batch of ${first.batch}, more than ${MOST_SAMPLES}. Export it with a dynamic batch`,
    );
  return first.batch;
}

/** Nodes that leave numbers as they are. */
const KEEPING = new Set(["Cast", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity", "Expand"]);

/** Tensors of a graph that are the same in every run, by name. */
function constantsOf({ nodes, initializers }: OnnxGraph): ReadonlyMap<string, OnnxTensor> {
  const constants = new Map<string, OnnxTensor>(initializers.map((t) => [t.name, t]));
  // Nodes stand in topological order.
  for (const { opType, inputs, outputs, attributes } of nodes) {
    const copied = opType === "Identity" || opType === "Cast" ? constants.get(inputs[0]) : undefined;
    if (copied !== undefined) constants.set(outputs[0], copied);
    if (opType === "Constant" && "value" in attributes && "tensor" in attributes["value"])
      constants.set(outputs[0], attributes["value"].tensor);
  }
  return constants;
}

/** The shape of an input whose sizes are open, as the first layer has them: its weights fit one size only. */
function readSizes(graph: OnnxGraph, { name, shape }: PortInfo): readonly (number | string)[] {
  const constants = constantsOf(graph);
  for (const { opType, inputs, attributes } of graph.nodes) {
    const weight = inputs[0] === name ? constants.get(inputs[1])?.dims : undefined;
    if (weight === undefined) continue;
    if (shape.length === 2 && opType === "MatMul" && weight.length === 2) return [shape[0], weight[0]];
    const flips = "transB" in attributes && "int" in attributes["transB"] && attributes["transB"].int === 1;
    if (shape.length === 2 && opType === "Gemm") return [shape[0], weight[flips ? 1 : 0]];
    if (shape.length === 4 && opType === "ConvTranspose") return [shape[0], weight[0], 1, 1];
  }
  return shape;
}

/** How many rows the table has from which an input chooses one: Gather's data, or OneHot's depth. */
function tableRows(graph: OnnxGraph, input: string): number | undefined {
  const constants = constantsOf(graph);
  const names = new Set([input]);
  for (const { opType, inputs, outputs, attributes } of graph.nodes) {
    if (KEEPING.has(opType) && names.has(inputs[0]) && outputs.length === 1) names.add(outputs[0]);
    if (opType === "Gather" && names.has(inputs[1])) {
      const axis = "axis" in attributes && "int" in attributes["axis"] ? attributes["axis"].int : 0;
      const rows = constants.get(inputs[0])?.dims;
      if (rows !== undefined && rows.length === 2 && axis === 0) return rows[0];
    }
    if (opType === "OneHot" && names.has(inputs[0])) return wholeNumber(constants.get(inputs[1]));
  }
  return undefined;
}

/** The one number of an int64, int32 or float tensor. */
function wholeNumber(t: OnnxTensor | undefined): number | undefined {
  if (t === undefined) return undefined;
  const view = new DataView(t.rawData.buffer, t.rawData.byteOffset, t.rawData.byteLength);
  if (t.dataType === ONNX_INT64 && view.byteLength === 8) return Number(view.getBigInt64(0, true));
  if (t.dataType === ONNX_INT32 && view.byteLength === 4) return view.getInt32(0, true);
  return t.dataType === ONNX_FLOAT && view.byteLength === 4 ? view.getFloat32(0, true) : undefined;
}
