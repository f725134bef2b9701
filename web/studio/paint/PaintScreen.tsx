/** A mask is painted, and a painter of the folder makes a picture of it. */
import { useEffect, useState } from "react";
import type { Workspace } from "../../../src/studio/api.ts";
import { readMask } from "../../shared/maskEditor/maskFile.ts";
import type { PaintEngine } from "../../shared/paint/engine.ts";
import { PaintView, type Scene } from "../../shared/paint/PaintView.tsx";
import { addressOf } from "../address.ts";
import { ask } from "../client.ts";
import { useShared, useStudio } from "../studio.tsx";
import { ExportPage } from "./ExportPage.tsx";
import { serverPainter } from "./serverEngine.ts";

/** Masks of a data set that are offered to begin with. */
const SCENES = 8;

export function PaintScreen({ at }: { readonly at: string | null }) {
  const workspace = useShared((shared) => shared.workspace);
  if (workspace === null) return <main className="waiting">Opening the folder…</main>;
  const own = workspace.places.find(({ kind }) => kind === "painter")?.at;
  const model = at ?? own ?? workspace.shipped.painter.at(0);
  return (
    <main>
      <h1>Paint</h1>
      <p className="summary">Paint what is where; the picture follows.</p>
      {model === undefined ? (
        <p>
          There is no painter yet: <a href={addressOf("runs")}>train one on a data set</a>.
        </p>
      ) : (
        <Painter key={model} model={model} workspace={workspace} />
      )}
    </main>
  );
}

interface Opened {
  readonly engine: PaintEngine;
  readonly scenes: readonly Scene[];
}

function Painter({ model, workspace }: { readonly model: string; readonly workspace: Workspace }) {
  const studio = useStudio();
  const [opened, setOpened] = useState<Opened | "failed" | null>(null);
  // The painter is opened once: masks of data sets that come later are not worth starting again.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the workspace of that moment
  useEffect(() => {
    let wanted = true;
    openPainter(model, workspace).then(
      (found) => wanted && setOpened(found),
      (error) => {
        if (!wanted) return;
        setOpened("failed");
        studio.fail(error);
      },
    );
    return () => {
      wanted = false;
    };
  }, [model, studio]);
  if (opened === null) return <p className="waiting">Opening the painter…</p>;
  if (opened === "failed") return <p>The painter {model} cannot be opened.</p>;
  return (
    <>
      <PaintView engine={opened.engine} scenes={opened.scenes} keptAs={`studio ${model}`} />
      <ExportPage model={model} workspace={workspace} />
    </>
  );
}

async function openPainter(model: string, workspace: Workspace): Promise<Opened> {
  const { engine, scenes } = await serverPainter(model);
  const own = await scenesFor(engine, workspace);
  return { engine, scenes: own.length > 0 ? own : scenes };
}

/** Masks of the first data set whose classes are the painter's. */
async function scenesFor({ classes }: PaintEngine, { places }: Workspace): Promise<Scene[]> {
  for (const { at, kind } of places) {
    if (kind !== "dataset") continue;
    const found = await ask("dataset", { at, count: SCENES });
    const same =
      found.classes.length === classes.length && found.classes.every(({ name }, i) => name === classes[i].name);
    if (!same) continue;
    return Promise.all(
      found.samples.map(async ({ name, maskUrls: [url] }) => {
        const response = await fetch(url);
        return { name, mask: readMask(new Uint8Array(await response.arrayBuffer()), classes) };
      }),
    );
  }
  return [];
}
