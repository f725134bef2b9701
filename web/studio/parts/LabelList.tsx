/** The list of parts with everything that edits them, undo and redo. */
import { useEffect, useEffectEvent } from "react";
import { useCalled, useChosen, useDispatch, useParts } from "../../shared/parts/context.tsx";
import { PartList, type Row, useRows } from "../../shared/parts/PartList.tsx";
import { addressOf } from "../address.ts";
import { classOf, joined } from "./classes.ts";
import { PartActions, PartDeskProvider } from "./PartActions.tsx";
import type { LabelDesk } from "./useLabels.ts";

interface Props {
  readonly at: string;
  readonly desk: LabelDesk;
}

export function LabelList({ at, desk: { labels, edit } }: Props) {
  const { model } = useParts();
  const { groups, ignored } = useCalled();
  const k = useChosen((state) => state.k);
  const rows = joined(
    useRows().filter(({ id }) => !ignored?.has(id)),
    groups,
  );
  const rename = (row: Row, name: string): void => {
    if (name === "") return;
    const same = rows.find((other) => other.id !== row.id && other.name === name);
    edit(k, [same ? { type: "merge", parts: [same.id, row.id], name } : { type: "name", part: row.id, name }]);
  };
  const named = rows.filter(({ name }) => name !== null).length;
  return (
    <PartDeskProvider value={{ rows, labelledAs: (row) => classOf(labels, k, row), onEdit: (edits) => edit(k, edits) }}>
      <PartList rows={rows} onRename={rename} Actions={PartActions} note={(row) => noteOf(classOf(labels, k, row))}>
        {ignored && ignored.size > 0 && (
          <p className="hint">
            Ignored in masks:{" "}
            {[...ignored].map((id) => (
              <button
                key={id}
                type="button"
                className="quiet"
                title="Take it back"
                onClick={() =>
                  edit(k, [{ type: "take", parts: [id], name: freshName(id, model.data.initialClusters) }])
                }
              >
                #{id} ↩
              </button>
            ))}
          </p>
        )}
        <div className="label-foot">
          <Undo labels={labels} edit={edit} />
          <span className="hint">
            {named} of {rows.length} named
          </span>
          {labels?.fileUrl && (
            <a href={labels.fileUrl} download="labels.json">
              labels.json
            </a>
          )}
          <a className="primary" href={addressOf("dataset", at)}>
            Make a data set →
          </a>
        </div>
        <OtherK labels={labels} edit={edit} />
      </PartList>
    </PartDeskProvider>
  );
}

/** As `klish label` calls a cluster that nobody named. */
const freshName = (id: number, initialClusters: number): string =>
  `part ${String(id).padStart(String(initialClusters - 1).length, "0")}`;

function noteOf(labelled: ReturnType<typeof classOf>): string {
  if (labelled === undefined) return "";
  const { background, split, locked } = labelled;
  return [
    locked && "locked",
    background && "background",
    split && (split.kind === "left-right" ? "left | right" : `${split.count} pieces`),
  ]
    .filter(Boolean)
    .join(", ");
}

/** Undo and redo, by buttons and by Ctrl-Z and Ctrl-Shift-Z. */
function Undo({ labels, edit }: Pick<LabelDesk, "labels" | "edit">) {
  const act = (type: "undo" | "redo"): void => {
    if (labels?.[type]) edit(labels.k, [{ type }]);
  };
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    const key = event.key.toLowerCase();
    if (!(event.ctrlKey || event.metaKey) || event.altKey || (key !== "z" && key !== "y")) return;
    // In a field that is being typed in, the browser's own undo is meant.
    const field = event.target instanceof HTMLInputElement && event.target.matches(".name-field");
    if (field && event.target.value !== event.target.defaultValue) return;
    event.preventDefault();
    act(key === "y" || event.shiftKey ? "redo" : "undo");
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent): void => onKey(event);
    addEventListener("keydown", listener);
    return () => removeEventListener("keydown", listener);
  }, []);
  const button = (type: "undo" | "redo", text: string, keys: string) => (
    <button
      type="button"
      disabled={!labels?.[type]}
      title={labels?.[type] ? `${text}: ${labels[type]} (${keys})` : `Nothing to ${type}`}
      onClick={() => act(type)}
    >
      {text}
    </button>
  );
  return (
    <>
      {button("undo", "Undo", "Ctrl Z")}
      {button("redo", "Redo", "Ctrl Shift Z")}
    </>
  );
}

/** Says where the labels are when the slider stands elsewhere. */
function OtherK({ labels, edit }: Pick<LabelDesk, "labels" | "edit">) {
  const k = useChosen((state) => state.k);
  const dispatch = useDispatch();
  if (labels === null || labels.k === k) return null;
  return (
    <p className="warning" role="note">
      The labels are those of K = {labels.k}. What you change here takes them to K = {k}; names go with their pixels.{" "}
      <button type="button" onClick={() => edit(k, [])}>
        Use K = {k}
      </button>{" "}
      <button type="button" onClick={() => dispatch({ type: "setK", k: labels.k })}>
        Back to K = {labels.k}
      </button>
    </p>
  );
}
