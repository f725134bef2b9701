/** Four doors: a generator, the same with parts that are taught, a folder of photos, the demo; and what is in the opened folder already. */
import { type FormEvent, useId, useState } from "react";
import type { Place, Workspace } from "../../../src/studio/api.ts";
import { addressOf } from "../address.ts";
import { start } from "../client.ts";
import { JobList } from "../jobs/JobList.tsx";
import { freeName } from "../names.ts";
import { PhotoDrop } from "../photos/PhotoDrop.tsx";
import { screenOf } from "../screens.ts";
import { useShared } from "../studio.tsx";
import { useStart } from "../useStart.ts";
import { GeneratorFields, generatorOf, NO_GENERATOR } from "./GeneratorFields.tsx";

/** Pictures of the demo: as many as `npm start` takes. */
const DEMO = { network: "portraits", images: 64, layers: ["16+"] } as const;

export function BeginScreen() {
  const workspace = useShared((shared) => shared.workspace);
  if (workspace === null) return <main className="waiting">Opening the folder…</main>;
  return (
    <main className="begin">
      <h1>{workspace.places.length === 0 ? "Begin" : workspace.name}</h1>
      <p className="summary">
        {workspace.places.length === 0
          ? "Bring a generator, or photos to train one on: its parts are found without a single label."
          : "What klish made in this folder, and what can be made there."}
      </p>
      <JobList />
      <Places places={workspace.places} />
      <h2 className={workspace.places.length === 0 ? "visually-hidden" : undefined}>Begin something new</h2>
      <div className="doors">
        <GeneratorDoor workspace={workspace} />
        <TeachDoor workspace={workspace} />
        <PhotosDoor workspace={workspace} />
        <DemoDoor workspace={workspace} />
      </div>
    </main>
  );
}

const KINDS: Readonly<Record<Place["kind"], string>> = {
  project: "parts of a generator",
  teaching: "parts that you teach",
  gan: "training of a generator",
  segmenter: "training of a segmenter",
  painter: "training of a painter",
  extractor: "classes from a few masks",
  dataset: "pictures with masks",
  auto: "from photos to parts",
};

function Places({ places }: { readonly places: readonly Place[] }) {
  if (places.length === 0) return null;
  return (
    <ul className="places" aria-label="In this folder">
      {places.map(({ at, kind, complete, previewUrl }) => {
        const screen = screenOf(kind);
        const content = (
          <>
            {previewUrl ? <img src={previewUrl} alt="" loading="lazy" /> : <span className="no-preview" />}
            <b>{at}</b>
            <span className="hint">
              {KINDS[kind]}
              {!complete && ", not finished"}
            </span>
          </>
        );
        return <li key={at}>{screen ? <a href={addressOf(screen, at)}>{content}</a> : <span>{content}</span>}</li>;
      })}
    </ul>
  );
}

interface DoorProps {
  readonly workspace: Workspace;
}

function GeneratorDoor({ workspace }: DoorProps) {
  const { busy, begin } = useStart();
  const [generator, setGenerator] = useState(NO_GENERATOR);
  const [images, setImages] = useState(256);
  const [layers, setLayers] = useState("");
  const id = useId();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const chosen = layers.split(",").flatMap((layer) => layer.trim() || []);
    begin(
      start("cluster", {
        ...{ ...generatorOf(generator), images, outdir: freeName(workspace, "parts") },
        ...(chosen.length > 0 && { layers: chosen }),
      }),
    );
  };
  return (
    <form className="door" onSubmit={submit}>
      <h3>A generator</h3>
      <p className="hint">
        The checkpoint of a GAN: a .pkl, .pt, .safetensors or .onnx of PGGAN, StyleGAN, StyleGAN2, ADA or your own. It
        is read as data; nothing in it is run.
      </p>
      <GeneratorFields workspace={workspace} value={generator} onChange={setGenerator} />
      <label htmlFor={`${id}l`}>Layers</label>
      <input
        id={`${id}l`}
        type="text"
        spellCheck={false}
        placeholder="all; 16+ leaves out coarse ones"
        value={layers}
        onChange={(event) => setLayers(event.currentTarget.value)}
      />
      <label htmlFor={`${id}i`}>Pictures to sample</label>
      <input
        id={`${id}i`}
        type="number"
        min={1}
        max={100000}
        value={images}
        onChange={(event) => setImages(event.currentTarget.valueAsNumber || 1)}
      />
      <button type="submit" className="primary" disabled={busy}>
        Find its parts
      </button>
    </form>
  );
}

function TeachDoor({ workspace }: DoorProps) {
  const { busy, begin } = useStart();
  const [generator, setGenerator] = useState(NO_GENERATOR);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    begin(start("teach", { ...generatorOf(generator), outdir: freeName(workspace, "taught") }));
  };
  return (
    <form className="door" onSubmit={submit}>
      <h3>Parts that you teach</h3>
      <p className="hint">
        You know which parts you want: name them, paint a little of each on a few of the generator's pictures, and all
        others follow.
      </p>
      <GeneratorFields workspace={workspace} value={generator} onChange={setGenerator} />
      <button type="submit" className="primary" disabled={busy}>
        Teach parts
      </button>
    </form>
  );
}

function PhotosDoor({ workspace }: DoorProps) {
  const { busy, begin } = useStart();
  const [data, setData] = useState("");
  const [hours, setHours] = useState(2);
  const [heads, setHeads] = useState(false);
  const id = useId();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const from = heads ? { start: DEMO.network } : {};
    begin(start("auto", { data: data.trim(), hours, ...from, outdir: freeName(workspace, "auto") }));
  };
  return (
    <form className="door" onSubmit={submit}>
      <h3>Photos</h3>
      <p className="hint">
        A folder or a .zip of photos of one kind of thing. A generator is trained on them, its parts are found, and a
        segmenter learns them. It can be paused at any time.
      </p>
      <PhotoDrop workspace={workspace} onPhotos={async (folder) => setData(folder)} />
      <label htmlFor={`${id}d`}>Folder or .zip</label>
      <input
        id={`${id}d`}
        type="text"
        required
        spellCheck={false}
        placeholder="photos"
        value={data}
        onChange={(event) => setData(event.currentTarget.value)}
      />
      <label htmlFor={`${id}h`}>Hours of training</label>
      <input
        id={`${id}h`}
        type="number"
        min={0.02}
        max={1000}
        step="any"
        value={hours}
        onChange={(event) => setHours(event.currentTarget.valueAsNumber || 2)}
      />
      {workspace.shipped.generator.includes(DEMO.network) && (
        <label>
          <input type="checkbox" checked={heads} onChange={(event) => setHeads(event.currentTarget.checked)} /> They
          show heads: begin with klish's own portraits, which saves hours
        </label>
      )}
      <button type="submit" className="primary" disabled={busy}>
        Train and find parts
      </button>
    </form>
  );
}

function DemoDoor({ workspace }: DoorProps) {
  const { busy, begin } = useStart();
  if (!workspace.shipped.generator.includes(DEMO.network)) return null;
  return (
    <div className="door">
      <h3>The demo</h3>
      <p className="hint">
        Parts of the portrait generator that comes with klish, from 64 of its pictures: half a minute.
      </p>
      <button
        type="button"
        className="primary"
        disabled={busy}
        onClick={() => begin(start("cluster", { ...DEMO, outdir: freeName(workspace, "demo") }))}
      >
        Start the demo
      </button>
    </div>
  );
}
