/** A thread of `klish worker`: opens a dataset from its folder, and makes the blocks that the queue asks for. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { workerData } from "node:worker_threads";
import { servePieces } from "../../queue/pieceThreads.ts";
import { ProjectError } from "../../storage/files.ts";
import { reopenAgreements } from "../clean/agreement.ts";
import { loadCritic } from "../clean/critic.ts";
import { reopenClassifiers } from "../labelSets.ts";
import { hashOf } from "../sample.ts";
import { DATASET_FILE, type DatasetSettings, openDataset, seedRange } from "../settings.ts";
import { blockMaker } from "./block.ts";
import { blockAt } from "./resume.ts";
import { type BlockPiece, type BlockThreadStart, otherDataset } from "./task.ts";

const start = workerData as BlockThreadStart;
/** The recipe is that of the folder, and must be the run's; labels and generator must be those of the recipe. */
async function openMaker(): Promise<{ settings: DatasetSettings; maker: ReturnType<typeof blockMaker> }> {
  const { dataset, datasetSha256, projects, agree, network, provider, threads } = start;
  const { settings } = await openDataset(dataset);
  if (hashOf(await readFile(join(dataset, DATASET_FILE))).sha256 !== datasetSha256) throw otherDataset(dataset);
  const { classifiers } = await reopenClassifiers(settings, projects, { network, provider, threads });
  const others = await reopenAgreements(settings, agree);
  const { plausibility } = settings;
  const critic = plausibility && (await loadCritic(dataset, plausibility.criticSha256));
  const maker = blockMaker({
    folder: dataset,
    settings,
    source: { ...settings, network, provider, threads },
    classifiers: [...classifiers, ...others],
    ...(critic && { critic }),
  });
  return { settings, maker };
}

servePieces(async () => {
  const { settings, maker } = await openMaker();
  await maker.open();
  return async ({ at, first, end }: BlockPiece) => {
    const { blockSize } = settings;
    const range = seedRange(settings);
    if (
      first < range.first ||
      end > range.end ||
      first >= end ||
      at * blockSize >= end ||
      (at + 1) * blockSize <= first
    )
      throw new ProjectError(`the dataset has no block ${at} of seeds ${first} to ${end - 1}.`);
    return maker.make(blockAt(at, at, blockSize, first, end));
  };
});
