/** Photos that are dropped here get masks by a segmenter; the masks can be corrected and exported. */
import { useId, useState } from "react";
import type { Workspace } from "../../../src/studio/api.ts";
import { addressOf } from "../address.ts";
import { start } from "../client.ts";
import { JobList } from "../jobs/JobList.tsx";
import { useShared, useStudio } from "../studio.tsx";
import { PhotoDrop } from "./PhotoDrop.tsx";

/** Segmenters that can be asked: those of the folder, and the one that comes with klish. */
function segmentersOf({ places, shipped }: Workspace): string[] {
  const own = places.filter(({ kind, complete }) => kind === "segmenter" && complete).map(({ at }) => at);
  return [...own, ...shipped.segmenter];
}

export function PhotosScreen() {
  const workspace = useShared((shared) => shared.workspace);
  if (workspace === null) return <main className="waiting">Opening the folder…</main>;
  const segmenters = segmentersOf(workspace);
  return (
    <main>
      <h1>Photos</h1>
      <p className="summary">
        A segmenter that was trained on generated pictures finds the same parts in photos, of any size.
      </p>
      {segmenters.length > 0 ? (
        <Drop workspace={workspace} segmenters={segmenters} />
      ) : (
        <p>
          There is no segmenter yet: <a href={addressOf("runs")}>train one on a data set</a>.
        </p>
      )}
      <JobList kinds={["segment"]} />
    </main>
  );
}

interface DropProps {
  readonly workspace: Workspace;
  readonly segmenters: readonly string[];
}

function Drop({ workspace, segmenters }: DropProps) {
  const studio = useStudio();
  const id = useId();
  const [model, setModel] = useState(segmenters[0]);
  return (
    <>
      <p>
        <label htmlFor={id}>Segmenter</label>{" "}
        <select id={id} value={model} onChange={(event) => setModel(event.currentTarget.value)}>
          {segmenters.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </p>
      <PhotoDrop
        workspace={workspace}
        onPhotos={async (images) =>
          studio.begun(await start("segment", { model: { file: model }, images, outdir: `${images}-masks` }))
        }
      />
    </>
  );
}
