/** A project's parts: the view of the report, with names, merges and all else that makes labels of clusters. */
import { useCallback, useEffect, useState } from "react";
import type { Answer, Place } from "../../../src/studio/api.ts";
import { PartsProvider } from "../../shared/parts/context.tsx";
import { atFragment } from "../../shared/parts/fragment.ts";
import { type Model, openModel } from "../../shared/parts/model.ts";
import { openScene, PartsView, type Scene } from "../../shared/parts/PartsView.tsx";
import { initialState } from "../../shared/parts/state.ts";
import { makePartsStore, type PartsStore } from "../../shared/parts/store.ts";
import { ask, start } from "../client.ts";
import { JobList } from "../jobs/JobList.tsx";
import { Curves } from "../runs/Curves.tsx";
import { useAnswer, useShared, useStudio, useStudioEvent } from "../studio.tsx";
import { useStart } from "../useStart.ts";
import { calledAt } from "./classes.ts";
import { LabelList } from "./LabelList.tsx";
import { useLabels } from "./useLabels.ts";

/** Of a project, or of the newest one. */
export function PartsScreen({ at }: { readonly at: string | null }) {
  const workspace = useShared((shared) => shared.workspace);
  if (workspace === null) return <main className="waiting">Opening…</main>;
  const projects = workspace.places.filter(({ kind }) => kind === "project");
  const place = projects.find((one) => one.at === at) ?? (at === null ? projects[0] : undefined);
  if (place === undefined)
    return <main className="waiting">{at ?? "A generator with parts"} is not in this folder.</main>;
  return place.complete ? <FoundParts key={place.at} at={place.at} /> : <Unfinished place={place} />;
}

/** While the parts are being found, or when that was cut short. */
function Unfinished({ place: { at, command } }: { readonly place: Place }) {
  const known = useShared(({ jobs }) => jobs.some((job) => job.at === at));
  return (
    <main>
      <h1>{at}</h1>
      <p className="summary">The parts are not found yet.</p>
      <JobList at={at} />
      <Merges at={at} />
      {!known && command !== "" && (
        <p className="hint">
          It goes on by <code>{command}</code>
        </p>
      )}
    </main>
  );
}

/** The curves of the merges so far. */
function Merges({ at }: { readonly at: string }) {
  const { answer, reload } = useAnswer("clustering", { at });
  useStudioEvent((event) => {
    if (event.type === "reset" || (event.type === "clustering" && event.at === at)) reload();
  });
  if (answer === null || answer.lines.length === 0) return null;
  const { lines, figures } = answer;
  return (
    <>
      <h2>Over the merges</h2>
      <Curves x={lines.map((line) => line["merges"])} lines={lines} figures={figures} />
    </>
  );
}

function FoundParts({ at }: { readonly at: string }) {
  const { answer: project, reload } = useAnswer("project", { at });
  const { busy, begin } = useStart();
  useStudioEvent((event) => {
    if (event.type === "job" && event.job.at === at && event.job.state === "done") reload();
  });
  if (project === null) return <main className="waiting">Opening {at}…</main>;
  if (project.report) return <OpenedParts key={at} at={at} project={project} />;
  return (
    <main>
      <h1>{at}</h1>
      <p className="summary">The parts were found; their report was not written yet.</p>
      <p>
        <button
          type="button"
          className="primary"
          disabled={busy}
          onClick={() => begin(start("report", { outdir: at }))}
        >
          Write the report
        </button>
      </p>
      <JobList at={at} />
    </main>
  );
}

interface Opened {
  readonly model: Model;
  readonly store: PartsStore;
  readonly scene: Scene;
}

function OpenedParts({ at, project }: { readonly at: string; readonly project: Answer<"project"> }) {
  const studio = useStudio();
  const [opened, setOpened] = useState<Opened | null>(null);
  useEffect(() => {
    let wanted = true;
    const open = async (): Promise<void> => {
      const model = await openModel(await ask("report", { at }));
      const range = { ...model.hierarchy, pictures: model.samples };
      const store = makePartsStore(atFragment(initialState(project.openAt), location.hash, range), range);
      const scene = await openScene(model);
      if (wanted) setOpened({ model, store, scene });
    };
    open().catch(studio.fail);
    return () => {
      wanted = false;
    };
  }, [at, project.openAt, studio]);
  return opened ? <Parts at={at} {...opened} /> : <main className="waiting">Opening the parts of {at}…</main>;
}

function Parts({ at, model, store, scene }: Opened & { readonly at: string }) {
  const desk = useLabels(at, (labelled) => store.dispatch({ type: "setK", k: labelled }));
  const calledHere = useCallback((k: number) => calledAt(desk, model, k), [desk, model]);
  return (
    <PartsProvider model={model} store={store} calledAt={calledHere}>
      <section className="screen-head" aria-label="About these parts">
        <h1>{model.data.title}</h1>
        <p className="summary">{model.data.summary}</p>
        {model.data.notes.map((note) => (
          <p key={note} className="warning" role="note">
            {note}
          </p>
        ))}
      </section>
      <PartsView scene={scene} list={<LabelList at={at} desk={desk} />} />
    </PartsProvider>
  );
}
