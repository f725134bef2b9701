/** Trainings: their curves and samples as they come, and new ones. */
import { type FormEvent, useEffect, useEffectEvent, useId, useState } from "react";
import type { Run, StudioJob, Workspace } from "../../../src/studio/api.ts";
import { addressOf } from "../address.ts";
import { GeneratorFields, generatorOf, NO_GENERATOR } from "../begin/GeneratorFields.tsx";
import { ask, start } from "../client.ts";
import { JobList } from "../jobs/JobList.tsx";
import { freeName } from "../names.ts";
import { useShared, useStudio, useStudioEvent } from "../studio.tsx";
import { useStart } from "../useStart.ts";
import { Curves } from "./Curves.tsx";

/** Each kind of training: what it is called, and the job that makes and continues it. */
const KINDS = {
  gan: { title: "Training of a generator", job: "trainGan" },
  segmenter: { title: "Training of a segmenter", job: "trainSegmenter" },
  painter: { title: "Training of a painter", job: "trainPainter" },
  extractor: { title: "Training of an extractor", job: "trainExtractor" },
} as const satisfies Record<Run["kind"], { readonly title: string; readonly job: StudioJob }>;
/** Clusterings are among what runs here for long. */
const RUN_JOBS: readonly StudioJob[] = [...Object.values(KINDS).map(({ job }) => job), "cluster", "auto"];

export function RunsScreen({ at }: { readonly at: string | null }) {
  const workspace = useShared((shared) => shared.workspace);
  if (workspace === null) return <main className="waiting">Opening the folder…</main>;
  return at === null ? (
    <main>
      <h1>Trainings</h1>
      <p className="summary">A generator learns from photos; a segmenter and a painter learn from a data set.</p>
      <JobList kinds={RUN_JOBS} />
      <NewRuns workspace={workspace} />
    </main>
  ) : (
    <RunView key={at} at={at} workspace={workspace} />
  );
}

/** The run with the lines that come while it is shown. */
function useRun(at: string): Run | null {
  const studio = useStudio();
  const [run, setRun] = useState<Run | null>(null);
  const read = useEffectEvent(() => {
    ask("run", { at }).then(setRun, studio.fail);
  });
  useEffect(() => read(), []);
  useStudioEvent((event) => {
    if (event.type === "reset" || (event.type === "run" && event.at === at)) read();
    if (event.type !== "log" || event.at !== at || run === null) return;
    // Lines that were missed, or figures that are new: ask for all.
    const known = new Set(run.figures.map(({ name }) => name));
    if (event.from > run.lines.length || event.lines.some((line) => Object.keys(line).some((name) => !known.has(name))))
      read();
    else setRun({ ...run, lines: [...run.lines.slice(0, event.from), ...event.lines], sheets: event.sheets });
  });
  return run;
}

/** Figures that are the axis of the others, or counted up with it. */
const AXES = new Set(["images", "kimg", "seconds"]);

/** What says how the machine does, not how well the network does: it comes last. */
const OF_THE_MACHINE = new Set(["imagesPerSecond", "memoryMB", "learningRate"]);

function RunView({ at, workspace }: { readonly at: string; readonly workspace: Workspace }) {
  const run = useRun(at);
  const { busy, begin } = useStart();
  const jobs = useShared((shared) => shared.jobs);
  if (run === null) return <main className="waiting">Opening {at}…</main>;
  const active = jobs.some((job) => job.at === at && ["running", "waiting", "pausing", "paused"].includes(job.state));
  const x = run.lines.map((line) => line["images"] ?? 1000 * (line["kimg"] ?? 0));
  const goOn = (): void => begin(start(KINDS[run.kind].job, { resume: at }));
  return (
    <main>
      <h1>{at}</h1>
      <p className="summary">
        {KINDS[run.kind].title}
        {x.length > 0 && `: ${Math.round(x[x.length - 1]).toLocaleString("en")} ${unitOf(run)} so far`}.
      </p>
      <JobList at={at} />
      <div className="sheet-actions">
        {!active && !(isSolved(run) && run.network !== null) && (
          <button type="button" disabled={busy} onClick={goOn}>
            Continue
          </button>
        )}
        {run.kind === "gan" && run.network && <FindParts network={run.network} workspace={workspace} />}
        {run.kind === "extractor" && run.network && <a href={addressOf("dataset", at)}>Make a data set</a>}
      </div>
      <Sheets sheets={run.sheets} />
      <h2>Curves</h2>
      {run.lines.length === 0 ? (
        <p className="hint">
          {isSolved(run)
            ? "Its minimum is found at once: there are no steps to draw."
            : "The first line comes after a while."}
        </p>
      ) : (
        <Curves
          x={x}
          lines={run.lines}
          figures={run.figures
            .filter(({ name }) => !AXES.has(name))
            .toSorted((a, b) => Number(OF_THE_MACHINE.has(a.name)) - Number(OF_THE_MACHINE.has(b.name)))}
        />
      )}
      <details>
        <summary>Settings</summary>
        <dl className="settings">
          {Object.entries(run.settings).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{typeof value === "object" ? JSON.stringify(value) : String(value)}</dd>
            </div>
          ))}
        </dl>
      </details>
      <p>
        <a className="back" href={addressOf("runs")}>
          All trainings, and new ones
        </a>
      </p>
    </main>
  );
}

/** Whether there are no steps to make: a minimum is found. */
const isSolved = ({ settings }: Run): boolean => settings["method"] === "lse";

/** What a run counts. */
const unitOf = ({ settings }: Run): string => (settings["method"] === "mlp-ensemble" ? "pixels" : "pictures");

function FindParts({ network, workspace }: { readonly network: string; readonly workspace: Workspace }) {
  const { busy, begin } = useStart();
  return (
    <>
      <button
        type="button"
        disabled={busy}
        onClick={() => begin(start("cluster", { network, outdir: freeName(workspace, `${network}-parts`) }))}
      >
        Find its parts
      </button>
      <button
        type="button"
        disabled={busy}
        onClick={() => begin(start("teach", { network, outdir: freeName(workspace, `${network}-taught`) }))}
      >
        Teach parts of it
      </button>
    </>
  );
}

/** What sheets beside the samples show. */
const BESIDE: Readonly<Record<string, string>> = {
  "reals.png": "real pictures",
  "extractor.png": "pictures, their masks, and what the extractor says",
};

/** Sample sheets over time, with a slider; the real pictures beside them. */
function Sheets({ sheets }: { readonly sheets: Run["sheets"] }) {
  const dated = sheets.filter(({ images }) => images !== null);
  const others = sheets.filter(({ images }) => images === null);
  /** null: the newest, also when a newer one comes. */
  const [chosen, setChosen] = useState<number | null>(null);
  const id = useId();
  if (sheets.length === 0) return null;
  const index = Math.min(chosen ?? dated.length - 1, dated.length - 1);
  const shown = dated.at(index);
  return (
    <>
      <h2>Samples</h2>
      {dated.length > 1 && (
        <p className="sheet-slider">
          <label htmlFor={id}>After {shown?.images?.toLocaleString("en")} pictures</label>
          <input
            id={id}
            type="range"
            min={0}
            max={dated.length - 1}
            value={index}
            onChange={(event) => {
              const at = event.currentTarget.valueAsNumber;
              setChosen(at === dated.length - 1 ? null : at);
            }}
          />
        </p>
      )}
      <div className="sample-sheets">
        {shown !== undefined && (
          <figure>
            <img src={shown.url} alt={`Samples after ${shown.images} pictures`} />
            <figcaption>{shown.name}</figcaption>
          </figure>
        )}
        {others.map((sheet) => (
          <figure key={sheet.name}>
            <img src={sheet.url} alt={sheet.name} loading="lazy" />
            <figcaption>{BESIDE[sheet.name] ?? sheet.name}</figcaption>
          </figure>
        ))}
      </div>
    </>
  );
}

function NewRuns({ workspace }: { readonly workspace: Workspace }) {
  const { busy, begin } = useStart();
  const id = useId();
  const sets = workspace.places.filter(({ kind, complete }) => kind === "dataset" && complete);
  const runs = workspace.places.filter(({ kind }) => kind in KINDS || kind === "project");
  const [data, setData] = useState("");
  const [hours, setHours] = useState(2);
  const [set, setSet] = useState("");
  const chosen = sets.some(({ at }) => at === set) ? set : sets[0]?.at;
  const trainGan = (event: FormEvent): void => {
    event.preventDefault();
    begin(start("trainGan", { data: data.trim(), hours, outdir: freeName(workspace, "gan") }));
  };
  const trainSegmenter = (event: FormEvent): void => {
    event.preventDefault();
    if (chosen) begin(start("trainSegmenter", { data: chosen, hours, outdir: freeName(workspace, "segmenter") }));
  };
  const trainPainter = (): void => {
    if (chosen) begin(start("trainPainter", { data: chosen, hours, outdir: freeName(workspace, "painter") }));
  };
  const hoursField = (which: string) => (
    <>
      <label htmlFor={`${id}${which}`}>Hours of training</label>
      <input
        id={`${id}${which}`}
        type="number"
        min={0.01}
        max={1000}
        step="any"
        value={hours}
        onChange={(event) => setHours(event.currentTarget.valueAsNumber || 2)}
      />
    </>
  );
  return (
    <>
      {runs.length > 0 && (
        <ul className="plain">
          {runs.map(({ at, kind }) => (
            <li key={at}>
              <a href={addressOf(kind === "project" ? "parts" : "runs", at)}>{at}</a>{" "}
              <span className="hint">
                {kind === "project" ? "clustering of a generator" : KINDS[kind as Run["kind"]].title}
              </span>
            </li>
          ))}
        </ul>
      )}
      <h2>New trainings</h2>
      <div className="doors">
        <form className="door" onSubmit={trainGan}>
          <h3>A generator</h3>
          <label htmlFor={`${id}d`}>Photos: a folder or a .zip</label>
          <input
            id={`${id}d`}
            type="text"
            required
            spellCheck={false}
            value={data}
            onChange={(event) => setData(event.currentTarget.value)}
          />
          {hoursField("g")}
          <button type="submit" className="primary" disabled={busy}>
            Train
          </button>
        </form>
        {chosen !== undefined && (
          <form className="door" onSubmit={trainSegmenter}>
            <h3>A segmenter or a painter</h3>
            <p className="hint">A segmenter finds the parts in photos; a painter makes pictures of painted masks.</p>
            <label htmlFor={`${id}s`}>Data set</label>
            <select id={`${id}s`} value={chosen} onChange={(event) => setSet(event.currentTarget.value)}>
              {sets.map(({ at }) => (
                <option key={at}>{at}</option>
              ))}
            </select>
            {hoursField("h")}
            <div className="sheet-actions">
              <button type="submit" className="primary" disabled={busy}>
                Train a segmenter
              </button>
              <button type="button" disabled={busy} onClick={trainPainter}>
                Train a painter
              </button>
            </div>
          </form>
        )}
        <ExtractorDoor workspace={workspace} />
      </div>
    </>
  );
}

/** Ways to learn classes from a few masks. */
const METHODS = [
  { value: "lse", text: "a linear layer: seconds" },
  { value: "mlp-ensemble", text: "ten perceptrons that vote" },
  { value: "cnn", text: "convolutions" },
] as const;

function ExtractorDoor({ workspace }: { readonly workspace: Workspace }) {
  const { busy, begin } = useStart();
  const id = useId();
  const [generator, setGenerator] = useState(NO_GENERATOR);
  const [masks, setMasks] = useState("");
  const [method, setMethod] = useState<(typeof METHODS)[number]["value"]>("lse");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const outdir = freeName(workspace, "extractor");
    begin(start("trainExtractor", { ...generatorOf(generator), masks: masks.trim(), method, outdir }));
  };
  return (
    <form className="door" onSubmit={submit}>
      <h3>Classes from a few masks</h3>
      <p className="hint">
        An extractor learns classes of a generator's pixels from masks of some of its pictures, such as those that you
        painted to <a href={addressOf("begin")}>teach parts</a>.
      </p>
      <GeneratorFields workspace={workspace} value={generator} onChange={setGenerator} />
      <label htmlFor={`${id}m`}>Folder of masks, seed0007.png …</label>
      <input
        id={`${id}m`}
        type="text"
        required
        spellCheck={false}
        placeholder="taught/masks"
        value={masks}
        onChange={(event) => setMasks(event.currentTarget.value)}
      />
      <label htmlFor={`${id}w`}>Learns by</label>
      <select id={`${id}w`} value={method} onChange={(event) => setMethod(event.currentTarget.value as typeof method)}>
        {METHODS.map(({ value, text }) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
      <button type="submit" className="primary" disabled={busy}>
        Train an extractor
      </button>
    </form>
  );
}
