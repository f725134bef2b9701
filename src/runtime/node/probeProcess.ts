/** A process of its own that runs one provider's self-test and prints the results: a GPU driver may take it down. */
import { ortNode } from "../ortNode.ts";
import { selfTest, speedTest } from "../selfTest.ts";
import { type Provider, providers } from "../session.ts";

const provider = providers.find((p): p is Provider => p === process.argv[2]);
if (provider === undefined) throw new Error(`probe: expected one of ${providers.join(", ")}, got ${process.argv[2]}`);
const results = await selfTest(ortNode, provider);
const runs = results.some((r) => r.message === undefined);
const milliseconds = runs ? await speedTest(ortNode, provider) : null;
// A driver that aborts on exit must not lose the results, so they go out first and the exit is immediate.
process.stdout.write(JSON.stringify({ results, milliseconds }), () => process.exit(0));
