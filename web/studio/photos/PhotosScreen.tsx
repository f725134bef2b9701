/** Photos that are dropped here get masks by a segmenter; the masks can be corrected and exported. */
import { useId, useState } from "react";
import { Button, DropZone, FileTrigger, isFileDropItem, Text } from "react-aria-components";
import type { Workspace } from "../../../src/studio/api.ts";
import { addressOf } from "../address.ts";
import { ask, sentence, start } from "../client.ts";
import { JobList } from "../jobs/JobList.tsx";
import { freeName } from "../names.ts";
import { useShared, useStudio } from "../studio.tsx";

const TYPES = ["image/png", "image/jpeg", "image/webp", "image/avif", "image/tiff", "image/gif"];

/** How many of the photos are in the folder. */
interface Uploading {
  readonly done: number;
  readonly of: number;
}

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

/** Sentences that are told. */
const MOST_TOLD = 3;

/** The first of many sentences. */
const firstFew = (sentences: readonly string[]): string =>
  [
    ...sentences.slice(0, MOST_TOLD),
    ...(sentences.length > MOST_TOLD ? [`And ${sentences.length - MOST_TOLD} more.`] : []),
  ].join(" ");

interface DropProps {
  readonly workspace: Workspace;
  readonly segmenters: readonly string[];
}

function Drop({ workspace, segmenters }: DropProps) {
  const studio = useStudio();
  const id = useId();
  const [model, setModel] = useState(segmenters[0]);
  const [uploading, setUploading] = useState<Uploading | null>(null);

  const take = async (files: readonly File[]): Promise<void> => {
    const into = freeName(workspace, "photos");
    const refused: string[] = [];
    for (const [done, photo] of files.entries()) {
      setUploading({ done, of: files.length });
      // One that cannot be read keeps no other from its mask.
      await ask("addPhoto", { into, name: photo.name }, photo).catch((error) => refused.push(sentence(error)));
    }
    if (refused.length > 0) studio.fail(new Error(firstFew(refused)));
    if (refused.length === files.length) return;
    studio.keep(await start("segment", { model: { file: model }, images: into, outdir: `${into}-masks` }));
  };
  const run = (files: readonly File[]): void => {
    take(files)
      .catch(studio.fail)
      .finally(() => setUploading(null));
  };
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
      <DropZone
        className="drop"
        isDisabled={uploading !== null}
        onDrop={({ items }) => {
          void Promise.all(items.filter(isFileDropItem).map((item) => item.getFile())).then(run);
        }}
      >
        <Text slot="label">{uploading ? `Photo ${uploading.done + 1} of ${uploading.of}…` : "Drop photos here"}</Text>
        <FileTrigger acceptedFileTypes={TYPES} allowsMultiple onSelect={(list) => run([...(list ?? [])])}>
          <Button className="primary" isDisabled={uploading !== null}>
            Choose photos
          </Button>
        </FileTrigger>
      </DropZone>
    </>
  );
}
