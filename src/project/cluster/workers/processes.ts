/** Workers that are processes of this machine, a core each. */
import { spawn } from "node:child_process";
import type { Duplex } from "node:stream";
import { encodeMessage } from "../../../pixels/shards/message.ts";
import type { ShardWorker } from "../../../pixels/shards/shardCrew.ts";
import { scriptOf } from "../../../runtime/node/processes.ts";
import type { OpenedNetwork } from "../../network/network.ts";
import { onFrames, sendFrame } from "./frames.ts";
import { remoteWorker } from "./protocol.ts";
import type { ShardRecipe } from "./recipe.ts";

/** What a process is told first, by the one that started it. */
export interface ProcessSetup {
  /** Where the generator lies, and what its trial run found. */
  readonly file: string;
  readonly signature?: OpenedNetwork["signature"];
}

/** How much of a process's last words are kept. */
const LAST_WORDS = 2000;

/** A worker that is a process, started when it is first asked. */
export function processWorker(name: string, recipe: ShardRecipe, network: OpenedNetwork): ShardWorker {
  let exchange: ReturnType<typeof startProcess> | undefined;
  return remoteWorker(
    name,
    recipe,
    (question) => {
      exchange ??= startProcess(network);
      return exchange.ask(question);
    },
    () => exchange?.end(),
  );
}

/** Starts a process that holds shards of the generator of `file`. It answers one question after another. */
export function startProcess({ file, signature }: ProcessSetup) {
  const { file: script, execArgv } = scriptOf("./shardProcess", import.meta.url);
  const child = spawn(process.execPath, [...execArgv, script], { stdio: ["ignore", "ignore", "pipe", "pipe"] });
  const stream = child.stdio[3] as Duplex;
  let waiting: { resolve(reply: Uint8Array): void; reject(error: Error): void } | undefined;
  let gone: Error | undefined;
  let words = "";
  const fail = (error: Error): void => {
    gone ??= error;
    waiting?.reject(gone);
    waiting = undefined;
  };
  child.stderr?.on("data", (text: Buffer) => {
    words = (words + text.toString("utf8")).slice(-LAST_WORDS);
  });
  child.on("error", fail);
  child.on("close", (code, signal) =>
    fail(new Error(signal === null ? `ended with code ${code}. ${words.trim()}`.trim() : `killed by ${signal}`)),
  );
  // A process that is killed resets the stream; that it is gone, its end says.
  stream.on("error", () => undefined);
  onFrames(stream, (message) => {
    waiting?.resolve(message);
    waiting = undefined;
  });
  const setup: ProcessSetup = { file, ...(signature && { signature }) };
  sendFrame(stream, encodeMessage(setup));
  return {
    ask: (question: Uint8Array) =>
      new Promise<Uint8Array>((resolve, reject) => {
        if (gone !== undefined) return reject(gone);
        waiting = { resolve, reject };
        sendFrame(stream, question);
      }),
    end: (): void => {
      // It ends itself; a run of its own may take long.
      stream.end();
      child.unref();
      child.kill("SIGKILL");
    },
  };
}
