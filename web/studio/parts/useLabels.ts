/** A project's labels as the server has them, and edits of them. */
import { useEffect, useEffectEvent, useMemo, useRef, useState } from "react";
import type { LabelEdit, Labels } from "../../../src/studio/api.ts";
import { ask } from "../client.ts";
import { useStudio, useStudioEvent } from "../studio.tsx";

export interface LabelDesk {
  readonly labels: Labels | null;
  /** Names by cluster that were sent and are not answered yet. */
  readonly sent: ReadonlyMap<number, string>;
  /** Edits at the K in sight, made together or not at all; they are sent one after another. */
  edit(k: number, edits: readonly LabelEdit[]): void;
}

/** `onK` hears the labels' K after an edit of this page, which may have changed it. */
export function useLabels(at: string, onK: (k: number) => void): LabelDesk {
  const studio = useStudio();
  const [labels, setLabels] = useState<Labels | null>(null);
  const [sent, setSent] = useState<readonly (readonly LabelEdit[])[]>([]);
  /** The labels that were answered last, for edits that follow before the page has shown them. */
  const latest = useRef<Labels | null>(null);
  const turn = useRef<Promise<void>>(Promise.resolve());
  const keep = useEffectEvent((next: Labels) => {
    latest.current = next;
    setLabels(next);
  });
  const read = useEffectEvent(() => {
    turn.current = turn.current.then(() => ask("labels", { at }).then(keep, studio.fail));
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another project has other labels
  useEffect(() => read(), [at]);
  useStudioEvent((event) => {
    if (event.type === "reset" || (event.type === "labels" && event.at === at && event.revision !== labels?.revision))
      read();
  });
  const onMoved = useRef(onK);
  useEffect(() => {
    onMoved.current = onK;
  });
  return useMemo(
    () => ({
      labels,
      sent: new Map(sent.flat().flatMap(namesIn)),
      edit(k, edits) {
        setSent((before) => [...before, edits]);
        turn.current = turn.current.then(async () => {
          const cut: LabelEdit[] = latest.current === null || latest.current.k === k ? [] : [{ type: "cut", k }];
          const all = [...cut, ...edits];
          try {
            if (all.length === 0) return;
            const answer = await ask("editLabels", { at }, { edits: all });
            latest.current = answer.labels;
            setLabels(answer.labels);
            onMoved.current(answer.labels.k);
            if (answer.notes.length > 0) studio.say(answer.notes.join(" "));
          } catch (error) {
            studio.fail(error);
          } finally {
            setSent((before) => before.filter((one) => one !== edits));
          }
        });
      },
    }),
    [labels, sent, at, studio],
  );
}

/** The clusters that an edit names, and how. */
function namesIn(edit: LabelEdit): (readonly [id: number, name: string])[] {
  if (edit.type === "name") return [[edit.part, edit.name]];
  if (edit.type === "merge" && typeof edit.name === "string") {
    const { name } = edit;
    return edit.parts.map((part) => [part, name] as const);
  }
  return [];
}
