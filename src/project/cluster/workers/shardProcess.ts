/** The process of `processWorker`: answers the one that started it, and ends with it. */
import { Socket } from "node:net";
import { decodeMessage } from "../../../pixels/shards/message.ts";
import { ortNode } from "../../../runtime/ortNode.ts";
import { openNetwork } from "../../network/network.ts";
import { onFrames, sendFrame } from "./frames.ts";
import type { ProcessSetup } from "./processes.ts";
import { ShardServer } from "./protocol.ts";

const stream = new Socket({ fd: 3 });
let setup: ProcessSetup | undefined;
const server = new ShardServer({
  openNetwork: ({ settings, provider }) => {
    if (setup === undefined) throw new Error("nobody said where the generator lies");
    const { file, signature } = setup;
    return openNetwork(file, {
      runtime: ortNode,
      provider,
      threads: 1,
      latent: settings.latent,
      ...(signature && { signature }),
    });
  },
});

onFrames(stream, async (message) => {
  // The first is from this package itself, of the same version: it started this process.
  if (setup === undefined) {
    setup = decodeMessage(message) as ProcessSetup;
    return;
  }
  sendFrame(stream, await server.reply(message));
});
stream.on("close", () => process.exit(0));
