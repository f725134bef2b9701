/** A place into which photos are dropped, or folders of them: what can be read of them is put into a new folder of the workspace. */
import { useState } from "react";
import {
  Button,
  type DropItem,
  DropZone,
  FileTrigger,
  isDirectoryDropItem,
  isFileDropItem,
  Text,
} from "react-aria-components";
import type { Workspace } from "../../../src/studio/api.ts";
import { ask, sentence } from "../client.ts";
import { freeName } from "../names.ts";
import { useStudio } from "../studio.tsx";

const TYPES = ["image/png", "image/jpeg", "image/webp", "image/avif", "image/tiff", "image/gif"];

/** Sentences that are told. */
const MOST_TOLD = 3;

/** The first of many sentences. */
const firstFew = (sentences: readonly string[]): string =>
  [
    ...sentences.slice(0, MOST_TOLD),
    ...(sentences.length > MOST_TOLD ? [`And ${sentences.length - MOST_TOLD} more.`] : []),
  ].join(" ");

/** Files of what was dropped, those of folders among them; what systems hide in folders is left out. */
async function filesIn(items: Iterable<DropItem> | AsyncIterable<DropItem>): Promise<File[]> {
  const files: File[] = [];
  for await (const item of items)
    if (isFileDropItem(item)) {
      if (!item.name.startsWith(".")) files.push(await item.getFile());
    } else if (isDirectoryDropItem(item)) files.push(...(await filesIn(item.getEntries())));
  return files;
}

/** How many of the photos are in the folder. */
interface Uploading {
  readonly done: number;
  readonly of: number;
}

interface Props {
  readonly workspace: Workspace;
  /** The photos are in this folder now. */
  readonly onPhotos: (folder: string) => Promise<void>;
}

export function PhotoDrop({ workspace, onPhotos }: Props) {
  const studio = useStudio();
  const [uploading, setUploading] = useState<Uploading | null>(null);
  const take = async (files: readonly File[]): Promise<void> => {
    if (files.length === 0) throw new Error("There are no files in this: drop photos, or a folder of them.");
    const into = freeName(workspace, "photos");
    const refused: string[] = [];
    for (const [done, photo] of files.entries()) {
      setUploading({ done, of: files.length });
      // One that cannot be read keeps no other from its place.
      await ask("addPhoto", { into, name: photo.name }, photo).catch((error) => refused.push(sentence(error)));
    }
    if (refused.length > 0) studio.fail(new Error(firstFew(refused)));
    if (refused.length < files.length) await onPhotos(into);
  };
  const run = (files: Promise<readonly File[]>): void => {
    files
      .then(take)
      .catch(studio.fail)
      .finally(() => setUploading(null));
  };
  return (
    <DropZone
      className="drop"
      isDisabled={uploading !== null}
      getDropOperation={() => "copy"}
      onDrop={({ items }) => run(filesIn(items))}
    >
      <Text slot="label">{uploading ? `Photo ${uploading.done + 1} of ${uploading.of}…` : "Drop photos here"}</Text>
      <FileTrigger
        acceptedFileTypes={TYPES}
        allowsMultiple
        onSelect={(list) => list && run(Promise.resolve([...list]))}
      >
        <Button className="primary" isDisabled={uploading !== null}>
          Choose photos
        </Button>
      </FileTrigger>
    </DropZone>
  );
}
