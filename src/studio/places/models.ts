/** Models by what pages call them: a training run or a file of the workspace, or a name of the package. */
import { join } from "node:path";
import { isShipped } from "../../project/network/shipped.ts";
import type { runKinds } from "../api.ts";
import { placeKind } from "./kinds.ts";
import { pathWithin, type Workspace } from "./workspace.ts";

/** A kind of model that comes with klish, too. */
export type ModelKind = Parameters<typeof isShipped>[0];

/** The trainings that make each kind. */
const RUN_OF: Readonly<Record<ModelKind, (typeof runKinds)[number]>> = {
  generator: "gan",
  segmenter: "segmenter",
  painter: "painter",
};

/** Whether `name` means a model of the package: what was trained in the workspace under that name goes first. */
export async function namesShipped(workspace: Workspace, kind: ModelKind, name: string): Promise<boolean> {
  if (!isShipped(kind, name)) return false;
  return !workspace.admits(name) || (await placeKind(join(workspace.base, name))) !== RUN_OF[kind];
}

/** The path of a model of the workspace, or the name of a shipped one. Throws Refusal for a path that leads out. */
export const modelPath = async (workspace: Workspace, kind: ModelKind, name: string): Promise<string> =>
  (await namesShipped(workspace, kind, name)) ? name : pathWithin(workspace, name);
