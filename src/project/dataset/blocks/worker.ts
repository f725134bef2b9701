/** A worker thread of `klish dataset`: makes the blocks that it is sent. */
import { workerData } from "node:worker_threads";
import { serve } from "../../../runtime/node/threads.ts";
import { blockMaker } from "./block.ts";
import type { DatasetWorkerStart } from "./protocol.ts";
import type { BlockCalls } from "./thread.ts";

const { make } = blockMaker(workerData as DatasetWorkerStart);
serve<BlockCalls>({ make });
