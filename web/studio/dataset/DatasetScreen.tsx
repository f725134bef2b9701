/** Data sets: making one of a project's parts, and looking at one that is there. */
import { Fragment, useId, useState } from "react";
import type { Workspace } from "../../../src/studio/api.ts";
import { addressOf } from "../address.ts";
import { start } from "../client.ts";
import { JobList } from "../jobs/JobList.tsx";
import { freeName } from "../names.ts";
import { screenOf } from "../screens.ts";
import { useAnswer, useShared, useStudioEvent } from "../studio.tsx";
import { useStart } from "../useStart.ts";
import { CorrectButton } from "./CorrectMask.tsx";
import { MakeDataset } from "./MakeDataset.tsx";
import { Samples } from "./Samples.tsx";

export function DatasetScreen({ at }: { readonly at: string | null }) {
  const workspace = useShared((shared) => shared.workspace);
  if (workspace === null) return <main className="waiting">Opening the folder…</main>;
  const place = workspace.places.find((one) => one.at === at);
  const projects = workspace.places.filter(
    ({ kind, complete }) => kind === "project" || ((kind === "teaching" || kind === "extractor") && complete),
  );
  if (place?.kind === "dataset") return <DatasetView key={place.at} at={place.at} workspace={workspace} />;
  const project = projects.find((one) => one === place) ?? projects[0];
  return (
    <main>
      <h1>Data set</h1>
      {project ? (
        <>
          <p className="summary">
            Pictures of the generator with masks of the parts of{" "}
            <a href={addressOf(screenOf(project.kind) ?? "parts", project.at)}>{project.at}</a>, as many as you like.
          </p>
          {projects.length > 1 && (
            <p className="hint">
              Of others:
              {projects
                .filter((other) => other !== project)
                .map((other) => (
                  <Fragment key={other.at}>
                    {" "}
                    <a href={addressOf("dataset", other.at)}>{other.at}</a>
                  </Fragment>
                ))}
            </p>
          )}
          <MakeDataset key={project.at} workspace={workspace} project={project} />
        </>
      ) : (
        <p className="summary">
          A data set is made of a generator's parts: <a href={addressOf("begin")}>find them first</a>.
        </p>
      )}
      <DatasetLinks workspace={workspace} />
    </main>
  );
}

function DatasetLinks({ workspace }: { readonly workspace: Workspace }) {
  const sets = workspace.places.filter(({ kind }) => kind === "dataset");
  if (sets.length === 0) return null;
  return (
    <>
      <h2>In this folder</h2>
      <ul className="plain">
        {sets.map(({ at, complete }) => (
          <li key={at}>
            <a href={addressOf("dataset", at)}>{at}</a>
            {!complete && <span className="hint"> not finished</span>}
          </li>
        ))}
      </ul>
    </>
  );
}

/** Samples shown at first, and with each further click. */
const PAGE = 48;

function DatasetView({ at, workspace }: { readonly at: string; readonly workspace: Workspace }) {
  const [shown, setShown] = useState(PAGE);
  const { answer, reload } = useAnswer("dataset", { at, count: Math.min(200, shown) });
  useStudioEvent((event) => {
    if (event.type === "places" || (event.type === "job" && event.job.at === at && event.job.state === "done"))
      reload();
  });
  if (answer === null) return <main className="waiting">Opening {at}…</main>;
  const { count, classes, samples, overviewUrl, complete, kind } = answer;
  return (
    <main>
      <h1>{at}</h1>
      <p className="summary">
        {count.toLocaleString("en")} {kind === "photos" ? "photos" : "pictures"} with masks of {classes.length} classes
        {complete ? "." : "; not finished."}
      </p>
      <JobList at={at} />
      <Samples
        dataset={answer}
        {...(kind === "photos" && {
          actions: (sample) => <CorrectButton at={at} sample={sample} classes={classes} onSaved={reload} />,
        })}
      />
      {samples.length < Math.min(count, 200) && (
        <button type="button" onClick={() => setShown(shown + PAGE)}>
          Show more
        </button>
      )}
      <ExportForm at={at} workspace={workspace} />
      <JobList kinds={["datasetExport"]} />
      {overviewUrl && (
        <details className="overview">
          <summary>Overview: areas, shares and where each class lies</summary>
          <iframe title={`Overview of ${at}`} src={overviewUrl} sandbox="" />
        </details>
      )}
      <p className="hint">
        <a className="back" href={addressOf("dataset")}>
          All data sets
        </a>
      </p>
    </main>
  );
}

function ExportForm({ at, workspace }: { readonly at: string; readonly workspace: Workspace }) {
  const { busy, begin } = useStart();
  const id = useId();
  const [format, setFormat] = useState("");
  const { answer } = useAnswer("jobOptions", { kind: "datasetExport" });
  const known = answer?.options.find(({ path }) => path.join(".") === "format")?.choices ?? [];
  const chosen = format || known[0];
  if (chosen === undefined) return null;
  return (
    <form
      className="export"
      onSubmit={(event) => {
        event.preventDefault();
        begin(start("datasetExport", { from: [at], format: chosen, outdir: freeName(workspace, `${at}-${chosen}`) }));
      }}
    >
      <label htmlFor={id}>Also as</label>
      <select id={id} value={chosen} onChange={(event) => setFormat(event.currentTarget.value)}>
        {known.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
      <button type="submit" disabled={busy}>
        Export
      </button>
    </form>
  );
}
