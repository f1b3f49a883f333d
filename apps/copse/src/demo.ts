import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMint } from "@copse/chain/mint";
import { installFastest } from "@copse/crypto/fastest";
import pino from "pino";
import type { CommandContext } from "./commands/command.ts";
import { NodeError } from "./errors.ts";
import { type MintedChain, mintChain } from "./local/minted-chain.ts";
import { startServingNode } from "./local/serving-node.ts";
import { networkJson } from "./networks.ts";
import { resolveOptions } from "./options.ts";
import { createProgress } from "./progress.ts";
import { runNode } from "./run-node.ts";

/** Epochs of the chain when nothing is said. */
const usualEpochs = 3000;

/**
 * `copse node demo`: a deterministic local chain, served by two peers over real loopback TCP, synced by a lite node into
 * an on-disk store, by the code that syncs mainnet.
 *
 * @returns the exit code of the lite node
 */
export async function runDemo(context: CommandContext): Promise<number> {
  const { output, signal, flags } = context;
  const epochs = Number(flags["epochs"] ?? usualEpochs);
  if (!Number.isSafeInteger(epochs) || epochs < 1) {
    throw new NodeError("copse/option-malformed", {
      option: "--epochs",
      value: String(flags["epochs"]),
      expected: "a whole number above 0",
    });
  }
  const given = typeof flags["repo"] === "string" ? flags["repo"] : undefined;
  const work = await mkdtemp(join(tmpdir(), "copse-demo-"));
  const log = pino({ level: "silent" });
  const peers: { close(): Promise<void>; readonly address: string }[] = [];
  try {
    await installFastest();
    const chain = await mint(epochs, context);
    const { network } = chain.mint;
    const networkFile = join(work, `${network.name}.json`);
    await writeFile(networkFile, networkJson(network));
    for (const name of ["first", "second"]) {
      const peer = await startServingNode(chain, log, signal);
      peers.push(peer);
      output.event("serving", { name, address: peer.address }, `the ${name} peer serves at ${peer.address}`);
    }
    const options = resolveOptions(
      {
        network: networkFile,
        repo: given ?? join(work, "lite"),
        listen: ["/ip4/127.0.0.1/tcp/0"],
        peer: peers.map(({ address }) => address),
        bootstrap: false,
        once: true,
        logLevel: "warn",
        api: "off",
      },
      {},
    );
    return await runNode(options, context);
  } finally {
    await Promise.allSettled(peers.map((peer) => peer.close()));
    await rm(work, { recursive: true, force: true });
  }
}

async function mint(epochs: number, { output, terminal, signal }: CommandContext): Promise<MintedChain> {
  const progress = createProgress(terminal);
  const started = performance.now();
  try {
    const chain = await mintChain(
      createMint({ seed: "copse demo", miners: 4 }),
      epochs,
      (height) => progress.update("minting", height, epochs),
      signal,
    );
    progress.stop();
    const seconds = Math.round((performance.now() - started) / 100) / 10;
    const facts = {
      epochs,
      tipsets: chain.tipsets.length,
      headers: chain.headers,
      nullRounds: chain.nullRounds,
      forks: chain.forks.length,
      messages: chain.messages,
      seconds,
    };
    output.event(
      "minted",
      facts,
      `made a local chain in ${seconds} s: ${epochs} epochs, ${facts.tipsets} tipsets, ${facts.headers} headers, ` +
        `${facts.nullRounds} null rounds, ${facts.forks} fork tipsets, ${facts.messages} messages`,
    );
    return chain;
  } finally {
    progress.stop();
  }
}
