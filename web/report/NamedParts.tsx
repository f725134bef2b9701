/** The list of parts, which can be named, and what takes the names out of the page. */
import { useMemo } from "react";
import { useCalled, useChosen, useParts } from "../shared/parts/context.tsx";
import { PartList, useRows } from "../shared/parts/PartList.tsx";
import { CopyButton } from "../shared/ui/CopyButton.tsx";
import { labelCommands, labelsFile, projectOf } from "./labelsFile.ts";

/** Masks hold this many classes at most. */
const MOST_CLASSES = 255;

export function NamedParts({ onRename }: { readonly onRename: (id: number, name: string) => void }) {
  const rows = useRows();
  return (
    <PartList rows={rows} onRename={(row, name) => onRename(row.id, name)}>
      <TakeOut />
    </PartList>
  );
}

function TakeOut() {
  const { model } = useParts();
  const { names } = useCalled();
  const k = useChosen((state) => state.k);
  const commands = useMemo(() => labelCommands(names, k, projectOf(location)), [names, k]);
  if (names.size === 0 || k > MOST_CLASSES) return null;
  const download = (): void => {
    const url = URL.createObjectURL(new Blob([labelsFile(model, names, k)], { type: "application/json" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = "labels.json";
    link.click();
    URL.revokeObjectURL(url);
  };
  return (
    <div className="take-out">
      <p className="hint">
        {names.size} of {k} named. Put labels.json into the project's folder, or run the commands; then{" "}
        <code>klish dataset</code> makes images with these masks.
      </p>
      <button type="button" onClick={download}>
        Download labels.json
      </button>{" "}
      <CopyButton text={commands}>Copy commands</CopyButton>
    </div>
  );
}
