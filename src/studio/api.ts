/**
 * The contract between the studio's server and its pages: every route and every event, as zod schemas with their types. A page imports
 * the types, and `urlOf`; nothing here needs Node.
 *
 * How it works, in short:
 * - All routes but `GET /` and the page's own files need the session's cookie, which the browser has from the URL that `klish studio`
 *   printed. Send requests from the page's own origin with plain `fetch(urlOf(...))`; a `POST` has a JSON body unless it is said otherwise.
 * - An answer that is not 2xx is `ApiError`: its `message` is a sentence to be shown as text. Everything that comes from files (names, titles,
 *   paths, notes) is text too, never markup.
 * - The server holds a *workspace*: the opened folder. A *place* is a folder in it that klish made; it is named by `at`, its path in the
 *   workspace with "/". What is written goes into places; no path leaves the workspace.
 * - Files of a place have URLs, such as `/files/parts/samples/seed0001.png`; answers name them in members called `url` or `...Url`.
 * - Several tabs agree: after a change the server sends an event to all. Open one `EventSource("/api/events")`; a browser opens at most six
 *   connections to the server, so tabs should share one stream (BroadcastChannel) if there may be many.
 * - The built page lies in `dist/web/studio/` (`index.html` and what it names; no script within the HTML, the policy is `script-src 'self'`),
 *   the painter's static page in `dist/web/paint/`. `dist/studio/` is this server, compiled.
 */
import { z } from "zod";
import { classNameSchema, colorSchema } from "../dataset/classSchema.ts";
import type { JobName, JobRequest, JobResult } from "../project/jobs/jobs.ts";
import type { ReportData } from "../project/report/data.ts";

// --- The workspace ---------------------------------------------------------------------------------------------------------------

/** Trainings. */
export const runKinds = ["gan", "segmenter", "painter", "extractor"] as const;

/** What kinds of place there are: clustered parts, classes taught by strokes, trainings, data sets (photos with masks are one), and the folder of `klish auto`. */
export const placeKinds = ["project", "teaching", ...runKinds, "dataset", "auto"] as const;

/** A folder that klish made. */
export const place = z.strictObject({
  /** Its path in the workspace, with "/". */
  at: z.string(),
  kind: z.enum(placeKinds),
  /** Whether its job reached its end (an unfinished one goes on by `command`); of a training, whether there is a network yet. */
  complete: z.boolean(),
  /** The command line that makes and continues it; "" where it is not known. To be shown and copied, never run by a page. */
  command: z.string(),
  /** Milliseconds since 1970. */
  modified: z.number(),
  /** A picture of it, or null. */
  previewUrl: z.string().nullable(),
});
export type Place = z.infer<typeof place>;

/** Answer of `GET /api/workspace`. */
export const workspace = z.strictObject({
  /** The opened folder's name, to be shown. */
  name: z.string(),
  /** The path of the opened folder, to be shown. */
  folder: z.string(),
  /** What was opened: a place of that kind, or "empty" where there is nothing yet (the doors), or "folder" with several places. */
  kind: z.enum([...placeKinds, "folder", "empty"]),
  /**
   * How the name of a new place begins, its `outdir`: "" in a folder of several; "parts-" where the project "parts" was opened, whose data set
   * is then "parts-data". No other name is taken.
   */
  prefix: z.string(),
  /** Names in the folder that a new place cannot have, those of places among them. */
  taken: z.array(z.string()),
  /** The place to show first; null where there is none. */
  open: z.string().nullable(),
  places: z.array(place),
  /** Networks that come with klish, by kind, to be named as `network` or `model`: "portraits". */
  shipped: z.strictObject({
    generator: z.array(z.string()),
    segmenter: z.array(z.string()),
    painter: z.array(z.string()),
  }),
  /**
   * Whether requests of jobs may name what they read outside the workspace (a checkpoint, a folder of photos): so on this machine, not with
   * `--host`. A relative path is one of the workspace, or else from where klish was started; "~/" is the home folder.
   */
  outsidePaths: z.boolean(),
  /** Version of klish. */
  version: z.string(),
});
export type Workspace = z.infer<typeof workspace>;

// --- Parts: a project ---------------------------------------------------------------------------------------------------------------

/** A generated picture, by its seed. */
export const picture = z.strictObject({
  seed: z.int(),
  /** At the generator's own size; PNG. */
  url: z.string(),
});

/** Answer of `GET /api/project?at=`. */
export const projectSummary = z.strictObject({
  at: z.string(),
  complete: z.boolean(),
  /** That which `klish cluster` was typed as. */
  command: z.string(),
  /** File name or address of the generator. */
  network: z.string(),
  /** Side of the generator's pictures is not known before it is opened; this is the side of the clustered label maps, in pixels. */
  resolution: z.int(),
  initialClusters: z.int(),
  minClusters: z.int(),
  /** With which the page opens: the labels' K, or else the suggested one. */
  openAt: z.int(),
  /** Whether there is a report: `GET /api/report?at=`. If not, start the job "report" (or "cluster", where it is not complete). */
  report: z.boolean(),
  /** Those of the report, at full size. */
  pictures: z.array(picture),
});
export type ProjectSummary = z.infer<typeof projectSummary>;

/**
 * Answer of `GET /api/report?at=`: what the report's page of this project was given, the same data as in the one-file report. All that the
 * slider needs is in it: a step asks the server for nothing.
 */
export const report = z.custom<ReportData>((value) => typeof value === "object" && value !== null);
export type { ReportData } from "../project/report/data.ts";

// --- Labels: names, merges, what is ignored (labels.json, as `klish label` writes it) -----------------------------------------------

/** A cluster by its id, as `ReportData` and all commands name it: #47 is 47, at every K. */
const id = z.int().min(0);

/** How a class is taken apart by place; "tree" is an edit, not a state. */
export const split = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("left-right") }),
  z.strictObject({ kind: z.literal("components"), count: z.int().min(2).max(16) }),
]);

/** A class of the labels. */
export const labelledClass = z.strictObject({
  /** "part 47" while nobody named it; `named` says so. */
  name: z.string(),
  named: z.boolean(),
  color: colorSchema,
  /** The clusters of it, by id, ascending. */
  parts: z.array(id),
  background: z.boolean(),
  split: split.nullable(),
  /** No other edit, stroke or K changes what it holds. */
  locked: z.boolean(),
  /** Its id in masks, or its ids: "4", "4-5". */
  maskIds: z.string(),
  /** Of a class that is taught: how many pixels of pictures were painted with it. null: it is made of clusters. */
  painted: z.int().nullable(),
});
export type LabelledClass = z.infer<typeof labelledClass>;

/** Answer of `GET /api/labels?at=`, of a project, of classes that are taught, or of an extractor (these cannot be edited here). */
export const labels = z.strictObject({
  at: z.string(),
  /** Of the file's content; "" while there is none. Changes with every edit, by whomever. */
  revision: z.string(),
  /** 0 where classes are taught: there are no clusters then, and edits name a class by the id in its `parts`. */
  k: z.int(),
  /** In the order of their ids in masks. */
  classes: z.array(labelledClass),
  /** Clusters that masks ignore (255), by id. */
  ignored: z.array(id),
  /** Strokes that the masks follow. */
  strokes: z.int(),
  /** What undo and redo would do, in words such as `name #47 "hair"`; null where there is nothing. */
  undo: z.string().nullable(),
  redo: z.string().nullable(),
  /**
   * What every cluster is called at every K, for the slider: names stay with the pixels that they were given to. `classes` are all that were
   * ever named (with the colour that they had last); `byK[n].of[i]` belongs to the i-th cluster of that K in the order of ids (that of
   * `StepData`): an index into `classes`, -1 where nobody named it, -2 where it is ignored. Descending in K like `ReportData.steps`; empty
   * while nothing is named.
   */
  names: z.strictObject({
    classes: z.array(z.strictObject({ name: z.string(), color: colorSchema })),
    byK: z.array(z.strictObject({ k: z.int(), of: z.array(z.int()) })),
  }),
  /** The file itself, to be downloaded; null while there is none. */
  fileUrl: z.string().nullable(),
});
export type Labels = z.infer<typeof labels>;

/**
 * One edit. A class is meant by any cluster of it, by id. Edits are of the labels' own K: `cut` first where the page shows another
 * (`[{type: "cut", k}, {type: "name", ...}]`). Names: 1 to 80 characters, no two alike; giving one class another's name is refused: merge them.
 */
export const labelEdit = z.discriminatedUnion("type", [
  /** Another K; names go with their pixels. `fresh` forgets them. */
  z.strictObject({ type: z.literal("cut"), k: z.int().min(2), fresh: z.boolean().default(false) }),
  z.strictObject({ type: z.literal("name"), part: id, name: classNameSchema }),
  z.strictObject({ type: z.literal("color"), part: id, color: colorSchema }),
  /** Into the first; `name` null keeps its name. */
  z.strictObject({ type: z.literal("merge"), parts: z.array(id).min(2), name: z.string().nullable().default(null) }),
  /** Moves clusters (ignored ones too) out of their class into another, or a new one. */
  z.strictObject({ type: z.literal("take"), parts: z.array(id).min(1), name: classNameSchema }),
  z.strictObject({ type: z.literal("ignore"), parts: z.array(id).min(1) }),
  /** The class that is the background (mask id 0); null: none. */
  z.strictObject({ type: z.literal("background"), part: id.nullable() }),
  /** By place: left and right, connected areas, or null: whole again. */
  z.strictObject({ type: z.literal("split"), part: id, split: split.nullable() }),
  /** Edits that would change what a locked class holds are refused, and strokes leave its pixels as they are. */
  z.strictObject({ type: z.literal("lock"), part: id, locked: z.boolean() }),
  /**
   * Along the tree: a class of several clusters becomes one class for each; one of a single cluster is two, for which K rises to the first at
   * which the tree has both. What has the old id keeps the name; all other classes stay as they are.
   */
  z.strictObject({ type: z.literal("apart"), part: id }),
  /**
   * A brush stroke on a generated picture: its pixels belong to the class of `part` from now on; null: what it covers is left to the classifier
   * again. Positions in [0, 1], radius as a share of the side. The classifier is trained again: masks of all pictures follow
   * (`GET /api/mask` with the answer's revision), the first time after some seconds.
   */
  z.strictObject({
    type: z.literal("stroke"),
    seed: z.int().min(0).max(0xffffffff),
    part: id.nullable(),
    points: z
      .array(z.tuple([z.number(), z.number()]))
      .min(1)
      .max(10_000),
    radius: z.number().min(0).max(1),
  }),
  /** Where classes are taught: a new one; and one that is forgotten with all that was painted of it. */
  z.strictObject({ type: z.literal("add"), name: classNameSchema, color: colorSchema.optional() }),
  z.strictObject({ type: z.literal("remove"), part: id }),
  z.strictObject({ type: z.literal("undo") }),
  z.strictObject({ type: z.literal("redo") }),
]);
export type LabelEdit = z.input<typeof labelEdit>;

/**
 * Body of `POST /api/labels?at=`: edits that are made together or not at all. On disk before the answer. With `revision`, only if the labels
 * are still those (409 if not). A project without labels has fresh ones at the suggested K, which the first edit writes. What
 * was undone stays in the file until another edit.
 */
export const editLabels = z.strictObject({
  edits: z.array(labelEdit).min(1).max(1000),
  revision: z.string().optional(),
});

/** Answer of `POST /api/labels?at=`: the labels now, and what is worth telling, in sentences (such as names that a K is too coarse for). */
export const editedLabels = z.strictObject({ labels, notes: z.array(z.string()) });

// --- Classes that are taught by strokes -------------------------------------------------------------------------------------------------

/**
 * Answer of `GET /api/teaching?at=`: of which generator. `GET` and `POST /api/labels` are those of the classes: the edits "add", "remove", "name",
 * "color", "stroke", "undo" and "redo". From two painted classes on the folder is an extractor's too, of which data sets are made.
 */
export const teaching = z.strictObject({
  at: z.string(),
  /** File name or address of the generator. */
  network: z.string(),
  /** Side of the masks that are painted, in pixels. */
  resolution: z.int(),
  /** Seeds of the pictures that something is painted on, ascending. */
  seeds: z.array(z.int()),
});

// --- Pictures and masks of any seed -------------------------------------------------------------------------------------------------

/** Query of `GET /api/picture` (PNG at the generator's own size) and of `GET /api/mask`. The first one opens the generator: seconds. */
export const pictureQuery = z.strictObject({ at: z.string(), seed: z.coerce.number().int().min(0).max(0xffffffff) });

/**
 * Query of `GET /api/mask`: an 8-bit grey PNG at the picture's size. With `k`: the index of the cluster at that K in the order of ids (that of
 * `StepData`; K at most 255). Without: ids of the project's labels, as in a data set, 255 is ignored; with `revision`, only while the
 * labels are those (204 if not: they have changed since), and the browser keeps the answer.
 */
export const maskQuery = pictureQuery.extend({
  k: z.coerce.number().int().min(2).max(255).optional(),
  revision: z.string().optional(),
});

// --- Jobs ----------------------------------------------------------------------------------------------------------------------------

/** The jobs that a page may start: those of `klish` of the same name. `quick` ones run at once, others one after another. */
export const studioJobs = {
  /** Door 1 and the demo: a generator (`network`: a path, an https URL, "portraits") -> a project. */
  cluster: { quick: false },
  /** Makes a project's report again. */
  report: { quick: false },
  /** Door 2: a folder of photos -> everything. */
  auto: { quick: false },
  autoPlan: { quick: true },
  /** Edits of the tree itself, with classifiers trained again (edits.json): split, merge, lock, undo, redo, list. Seconds the first time. */
  editStep: { quick: true },
  /** Saves them as a project of its own. */
  edit: { quick: false },
  /** A generator -> a folder in which classes are taught by strokes. */
  teach: { quick: true },
  /** Takes over the labels of another run. */
  labelApply: { quick: true },
  /** Draws labels.png. */
  labelPreview: { quick: true },
  /**
   * Pictures with masks. What a filter would remove: make a few without filters (`count: 32`, as a preview) and compare the figures of
   * `GET /api/dataset` with the thresholds; only `count` and `filter` change then.
   */
  dataset: { quick: false },
  datasetExport: { quick: false },
  datasetVerify: { quick: false },
  datasetCheck: { quick: false },
  /** Masks of photos: `images` a folder, such as that into which `POST /api/photo` puts what is dropped. */
  segment: { quick: false },
  trainGan: { quick: false },
  trainGanPlan: { quick: true },
  trainSegmenter: { quick: false },
  trainSegmenterPlan: { quick: true },
  trainPainter: { quick: false },
  trainPainterPlan: { quick: true },
  /** Classes of a generator's pixels from masks of a few pictures. */
  trainExtractor: { quick: false },
  trainExtractorPlan: { quick: true },
  portraits: { quick: false },
  generate: { quick: false },
  /** A painter's static page. */
  paintPage: { quick: true },
} as const satisfies Partial<Record<JobName, { readonly quick: boolean }>>;
/** The name of a job that a page may start. */
export type StudioJob = keyof typeof studioJobs;
const jobKinds = Object.keys(studioJobs) as [StudioJob, ...StudioJob[]];

/** How far a job is. */
export const jobProgress = z.strictObject({
  phase: z.string(),
  done: z.number(),
  total: z.number(),
  /** A short state, such as "K = 41"; "" where there is none. */
  note: z.string(),
  /** Units of this phase in a second, and seconds until its end; null until they can be told. */
  perSecond: z.number().nullable(),
  secondsLeft: z.number().nullable(),
});

/** A job. */
export const job = z.strictObject({
  id: z.string(),
  kind: z.enum(jobKinds),
  /** The place that it makes or changes; null where it changes none. */
  at: z.string().nullable(),
  /** As it was asked for. */
  request: z.record(z.string(), z.unknown()),
  /** Made to be looked at: gone with the job, at the latest when the studio ends. */
  preview: z.boolean().default(false),
  /**
   * "waiting" for another to end; "running"; "pausing": it was asked to stop and reaches its next safe point; "paused": stopped, or cut short when
   * a server ended: continue it and nothing is lost; "done"; "failed": `error`; it can be continued too, once its cause is mended.
   */
  state: z.enum(["waiting", "running", "pausing", "paused", "done", "failed"]),
  progress: jobProgress.nullable(),
  /** What the job returned (`JobResult<kind>`), once it is done. */
  result: z.unknown(),
  /** A sentence, where it failed. */
  error: z.string().nullable(),
  /** Milliseconds since 1970. */
  created: z.number(),
  started: z.number().nullable(),
  ended: z.number().nullable(),
});
export type Job = z.infer<typeof job>;
/** The result of a job that is done, typed by its kind. */
export type StudioJobResult<J extends StudioJob> = JobResult<J>;

/**
 * Body of `POST /api/jobs`. `request` is that of the job's own schema (its options.ts; what is left out has its default), but for
 * paths: those that are written (`outdir`, `project`) are in the workspace; what is read is named as `Workspace.outsidePaths` says.
 * `command` is the server's to say. 400 with a sentence that names each wrong member. A `preview` makes a place of its own, which is none of
 * the workspace's and goes when the next preview begins, when its job is forgotten, or when the studio ends.
 */
export const startJob = z.strictObject({
  kind: z.enum(jobKinds),
  request: z.record(z.string(), z.unknown()),
  preview: z.boolean().default(false),
});
/** The same, typed by the kind. */
export type StartJob<J extends StudioJob = StudioJob> = {
  readonly kind: J;
  readonly request: JobRequest<J>;
  readonly preview?: boolean;
};

/** Body of `POST /api/jobs/act`. "forget" takes a job that does not run off the list; its files stay, but for those of a preview. */
export const actOnJob = z.strictObject({ id: z.string(), action: z.enum(["pause", "continue", "forget"]) });

/** Answer of `GET /api/jobs`, and of `POST /api/jobs/act`: newest first. */
export const jobList = z.strictObject({ jobs: z.array(job) });

/** An option of a job, for forms: from the same schema as the command's help. */
export const jobOption = z.strictObject({
  /** Where it stands in the request: `["filter", "maxUncertain"]`. */
  path: z.array(z.string()),
  /** As on the command line, such as "--images <n>". */
  flag: z.string(),
  help: z.string(),
  /** Heading under which help has it; "" for none. */
  group: z.string(),
  type: z.enum(["number", "integer", "text", "switch", "choice", "choices", "list", "other"]),
  /** Of "choice" and "choices". */
  choices: z.array(z.string()),
  /** Of numbers. */
  minimum: z.number().nullable(),
  maximum: z.number().nullable(),
  /** null where there is none. */
  default: z.unknown(),
  /** What the default comes to, where its value does not say; "". */
  otherwise: z.string(),
  required: z.boolean(),
});
export type JobOption = z.infer<typeof jobOption>;
/** Answer of `GET /api/jobs/options?kind=`. */
export const jobOptions = z.strictObject({ options: z.array(jobOption) });

// --- Runs: trainings, live ------------------------------------------------------------------------------------------------------------

/** A line of log.jsonl: figures by name; `images` is how many were shown so far. */
export const logLine = z.record(z.string(), z.number());
export type LogLine = z.infer<typeof logLine>;

/** A figure of the log, and its meaning in one sentence. */
export const figure = z.strictObject({ name: z.string(), meaning: z.string() });

/** A sheet of samples. */
export const sheet = z.strictObject({
  url: z.string(),
  /** Its file's name. */
  name: z.string(),
  /** After how many images, for the time slider; null for sheets beside (the real ones). */
  images: z.number().nullable(),
});

/** Answer of `GET /api/run?at=`, for a place of one of `runKinds`. */
export const run = z.strictObject({
  at: z.string(),
  kind: z.enum(runKinds),
  /** settings.json. */
  settings: z.record(z.string(), z.unknown()),
  /** All lines so far; later ones come by the event "log". */
  lines: z.array(logLine),
  figures: z.array(figure),
  /** In the order of time. */
  sheets: z.array(sheet),
  /** The newest network, to be named as `network` or `model`: a path in the workspace; null before the first. */
  network: z.string().nullable(),
});
export type Run = z.infer<typeof run>;

/** Answer of `GET /api/clustering?at=`, for a project: what its tree says so far. */
export const clustering = z.strictObject({
  at: z.string(),
  /** One for each K, from K0 down; `merges` counts them. Empty before the first. */
  lines: z.array(logLine),
  figures: z.array(figure),
});
export type Clustering = z.infer<typeof clustering>;

// --- Data sets, and photos with masks ----------------------------------------------------------------------------------------------------

/** A picture with its masks. */
export const sample = z.strictObject({
  /** The stem of its files. */
  name: z.string(),
  imageUrl: z.string(),
  /** One for each label set: 8-bit PNG, the class's index, 255 ignored. */
  maskUrls: z.array(z.string()),
  /** For the first label set, in [0, 1]; null where they were not measured (photos). */
  uncertain: z.number().nullable(),
  foreground: z.number().nullable(),
  /** Where other clusterings were asked: the share of pixels that one of them calls otherwise, in [0, 1]; else null. */
  contested: z.number().nullable(),
  /** Pixels of each class; null where they were not counted. */
  pixels: z.array(z.int()).nullable(),
});
/** Answer of `GET /api/dataset?at=&first=&count=`: at most 200 samples from `first` on. */
export const dataset = z.strictObject({
  at: z.string(),
  /** "generated": by `klish dataset`; "photos": by `klish segment`, whose masks can be corrected. */
  kind: z.enum(["generated", "photos"]),
  complete: z.boolean(),
  /** Samples that are there. */
  count: z.int(),
  /** Classes of the first label set, in the order of their index. */
  classes: z.array(z.strictObject({ name: z.string(), color: colorSchema, background: z.boolean() })),
  samples: z.array(sample),
  /** What a filter left out, and why: the first 200. There are no files of these; `GET /api/picture` draws them again. */
  removed: z.array(z.strictObject({ name: z.string(), seed: z.int(), reasons: z.array(z.string()) })),
  /** A page without scripts, for an iframe with `sandbox`; null where there is none. */
  overviewUrl: z.string().nullable(),
});
export type Dataset = z.infer<typeof dataset>;
/** Query of `GET /api/dataset`. */
export const datasetQuery = z.strictObject({
  at: z.string(),
  first: z.coerce.number().int().min(0).default(0),
  count: z.coerce.number().int().min(1).max(200).default(100),
});

/**
 * Query of `POST /api/photo`: the body is the file itself (PNG, JPEG, WebP, ...; at most 64 MB), `into` the folder of the workspace that it is
 * put into (made if need be), `name` its name as the user has it. Follow with the job "segment" (`images: into`).
 */
export const photoQuery = z.strictObject({
  into: z.string().min(1).max(200),
  name: z.string().min(1).max(200),
});
/** Answer of `POST /api/photo`: the name that it has now, and its size as it is shown, upright. */
export const photo = z.strictObject({ name: z.string(), url: z.string(), width: z.int(), height: z.int() });

/**
 * Query of `POST /api/mask`: a corrected mask of a photo in a place whose `kind` is "photos". The body is `width * height` bytes, class indices
 * row by row (255: ignored). On disk before the answer (`saved`).
 */
export const saveMaskQuery = z.strictObject({ at: z.string(), name: z.string() });
export const saved = z.strictObject({ saved: z.literal(true) });

// --- Painting ----------------------------------------------------------------------------------------------------------------------------

/** Query of `GET /api/painter`: a place of kind "painter" (or a file: .safetensors, .onnx), or the name of a shipped one. */
export const painterQuery = z.strictObject({ model: z.string() });

/** Answer of `GET /api/painter?model=`. The first question opens the painter: a second or two. */
export const painter = z.strictObject({
  /** Side of its pictures and masks, in pixels. */
  side: z.int(),
  /** The index is the label. */
  classes: z.array(z.strictObject({ name: z.string(), color: colorSchema, background: z.boolean() })),
  /** Whether it reads the style of a picture: `POST /api/style`. */
  encodes: z.boolean(),
  /** The file itself, for a page that paints in the browser; null for a shipped one. */
  fileUrl: z.string().nullable(),
  /** Masks to begin with, index PNGs in base64: of drawn portraits, for painters of these; none for others. */
  scenes: z.array(z.strictObject({ name: z.string(), mask: z.string() })),
});

/**
 * A style by its text: "seed:7" (0 to 2^32 - 1), or what `POST /api/style` answered, which the server knows until it ends; it remembers the last
 * few hundred.
 */
export const styleName = z.string().regex(/^(seed:\d{1,10}|style:[\w-]{1,40})$/, "expected a style such as seed:7");

/**
 * Query of `POST /api/paint`: the body is `side * side` bytes, labels row by row (255: left to the painter); the answer a PNG of that side. Several
 * styles of one mask are several requests. For a picture that follows the stroke: wait for the answer before the next one is sent.
 */
export const paintQuery = z.strictObject({ model: z.string(), style: styleName });
export type PaintQuery = z.input<typeof paintQuery>;

/**
 * Query of `POST /api/style`: the style of a picture whose mask is known. The body is the picture, `side * side * 4` bytes RGBA, then its mask,
 * `side * side` labels; classes that the mask has not look as in `otherwise`.
 */
export const styleQuery = z.strictObject({ model: z.string(), otherwise: styleName });
/** Answer of it. */
export const style = z.strictObject({ style: styleName });

// --- Events --------------------------------------------------------------------------------------------------------------------------------

/**
 * What `GET /api/events` sends (Server-Sent Events; `event:` is the type, `data:` the JSON of the rest, `id:` lets a reconnecting
 * EventSource catch up by itself). After "reset" - the first one of a stream without a past, or one whose past is forgotten - fetch anew all that is shown.
 */
export const studioEvent = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("reset") }),
  /** A job is new or changed (progress: at most four times a second); replaces the one of that id. */
  z.strictObject({ type: z.literal("job"), job }),
  z.strictObject({ type: z.literal("forgotten"), id: z.string() }),
  /** Labels were edited, by another tab, or a command: fetch `GET /api/labels` if `revision` is not the shown one. */
  z.strictObject({ type: z.literal("labels"), at: z.string(), revision: z.string() }),
  /** Places came, went or were completed: fetch `GET /api/workspace`. */
  z.strictObject({ type: z.literal("places") }),
  /** Lines that a training wrote since those of `GET /api/run` (whoever runs it); `from` is the index of the first. New sheets come with them. */
  z.strictObject({
    type: z.literal("log"),
    at: z.string(),
    from: z.int(),
    lines: z.array(logLine),
    sheets: z.array(sheet),
  }),
  /** The log was cut (a run went on from an earlier state): fetch `GET /api/run` again. */
  z.strictObject({ type: z.literal("run"), at: z.string() }),
  /** A clustering has merged on (whoever runs it): fetch `GET /api/clustering` again. */
  z.strictObject({ type: z.literal("clustering"), at: z.string() }),
]);
export type StudioEvent = z.infer<typeof studioEvent>;

// --- The table of routes -----------------------------------------------------------------------------------------------------------------------

/** What an answer that is not 2xx holds. 400 wrong request, 401 no session, 403 foreign page, 404 nothing there, 409 in use or changed meanwhile, 413 too large, 500 a fault. */
export const apiError = z.strictObject({ error: z.string(), message: z.string() });
export type ApiError = z.infer<typeof apiError>;

const atQuery = z.strictObject({ at: z.string() });
const nothing = z.strictObject({});

/**
 * Every route that answers JSON: `query` is the address's, `body` a POST's (null: none, or bytes where `bytes` says how many at most).
 * Other routes: `GET /api/picture`, `GET /api/mask` (PNG; `pictureQuery`, `maskQuery`), `POST /api/paint` (PNG; `paintQuery`), `GET /api/events`,
 * `GET /files/<path>`.
 */
export const routes = {
  workspace: { method: "GET", path: "/api/workspace", query: nothing, body: null, answer: workspace },
  project: { method: "GET", path: "/api/project", query: atQuery, body: null, answer: projectSummary },
  report: { method: "GET", path: "/api/report", query: atQuery, body: null, answer: report },
  labels: { method: "GET", path: "/api/labels", query: atQuery, body: null, answer: labels },
  editLabels: { method: "POST", path: "/api/labels", query: atQuery, body: editLabels, answer: editedLabels },
  teaching: { method: "GET", path: "/api/teaching", query: atQuery, body: null, answer: teaching },
  jobs: { method: "GET", path: "/api/jobs", query: nothing, body: null, answer: jobList },
  startJob: { method: "POST", path: "/api/jobs", query: nothing, body: startJob, answer: job },
  actOnJob: { method: "POST", path: "/api/jobs/act", query: nothing, body: actOnJob, answer: jobList },
  jobOptions: {
    method: "GET",
    path: "/api/jobs/options",
    query: z.strictObject({ kind: z.enum(jobKinds) }),
    body: null,
    answer: jobOptions,
  },
  run: { method: "GET", path: "/api/run", query: atQuery, body: null, answer: run },
  clustering: { method: "GET", path: "/api/clustering", query: atQuery, body: null, answer: clustering },
  dataset: { method: "GET", path: "/api/dataset", query: datasetQuery, body: null, answer: dataset },
  painter: { method: "GET", path: "/api/painter", query: painterQuery, body: null, answer: painter },
  style: { method: "POST", path: "/api/style", query: styleQuery, body: null, bytes: 1024 * 1024 * 5, answer: style },
  addPhoto: { method: "POST", path: "/api/photo", query: photoQuery, body: null, bytes: 64e6, answer: photo },
  saveMask: { method: "POST", path: "/api/mask", query: saveMaskQuery, body: null, bytes: 300e6, answer: saved },
} as const satisfies Record<string, Route>;

/** A row of the table. */
export interface Route {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly query: z.ZodObject;
  readonly body: z.ZodType | null;
  /** The body is this many bytes at most, of no JSON. */
  readonly bytes?: number;
  readonly answer: z.ZodType;
}
/** The name of a route. */
export type RouteName = keyof typeof routes;
/** What a route's address asks for. */
export type Query<R extends RouteName> = z.input<(typeof routes)[R]["query"]>;
/** What a POST is given as JSON. */
export type Body<R extends RouteName> = (typeof routes)[R]["body"] extends z.ZodType
  ? z.input<(typeof routes)[R]["body"]>
  : null;
/** What a route answers. */
export type Answer<R extends RouteName> = z.output<(typeof routes)[R]["answer"]>;

/** The address of a path with a query, from the page's own origin. */
export function urlOf(path: string, query: Readonly<Record<string, string | number | undefined>> = {}): string {
  const words = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${encodeURIComponent(name)}=${encodeURIComponent(value)}`],
  );
  return words.length === 0 ? path : `${path}?${words.join("&")}`;
}
