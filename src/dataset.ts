/** `klish/dataset`: label maps, formats of data sets, PNG, and portraits drawn by rule. No Node, no browser. */
export { type CheckResult as DatasetCheck, checkDataset } from "./dataset/check.ts";
export { type Component, type Components, connectedComponents } from "./dataset/components.ts";
export { FAULTS as DATASET_FAULTS, type Fault as DatasetFault, type FaultKind } from "./dataset/faults.ts";
export type {
  DatasetFormat,
  DatasetInfo,
  DatasetLayout,
  DatasetSink,
  DatasetWriter,
  Sample as DatasetSample,
} from "./dataset/format.ts";
export {
  formatNamed as datasetFormat,
  formats as datasetFormats,
  layouts as datasetLayouts,
} from "./dataset/formats/index.ts";
export { type DatasetClass, IGNORE_LABEL, type LabelMap, paletteOf } from "./dataset/labelMap.ts";
export { detectFormat as detectDatasetFormat, type ImageFacts, type ProbeImage } from "./dataset/openLayout.ts";
export { decodePng, encodePng, type Png, PngError } from "./dataset/png.ts";
export type { DatasetFolder, FoundLabels, FoundSample, ReportFault } from "./dataset/reading.ts";
export { type Split, splitOf } from "./dataset/split.ts";
export { portraitClasses } from "./portraits/classes.ts";
export { drawPortrait, type Portrait } from "./portraits/portrait.ts";
export { PORTRAIT_VERSION, type PortraitPicture, portraitOf, renderPortrait } from "./portraits/render.ts";
