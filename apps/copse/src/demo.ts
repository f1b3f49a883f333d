import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMint } from "@copse/chain/mint";
import { installFastest } from "@copse/crypto/fastest";
import { isCopseError } from "@copse/primitives";
import { actorsOf } from "@copse/types/networks";
import { newestNetworkVersion } from "@copse/vm";
import { loadActors, modulesFolder } from "@copse/vm/node";
import pino from "pino";
import type { CommandContext } from "./commands/command.ts";
import { executedChain } from "./devnet/executed-chain.ts";
import { makeDevnet } from "./devnet/make-devnet.ts";
import { NodeError } from "./errors.ts";
import { type MintedChain, mintChain } from "./local/minted-chain.ts";
import { startServingNode } from "./local/serving-node.ts";
import { networkJson } from "./networks.ts";
import { resolveOptions } from "./options.ts";
import { createProgress } from "./progress.ts";
import { runNode } from "./run-node.ts";
import { actorsFolder } from "./vm/actors-folder.ts";

/** Epochs of the chain when nothing is said: of one that is executed, and of one that is not. */
const [executedEpochs, plainEpochs] = [200, 3000];
const demoVersion = newestNetworkVersion;

/**
 * `copse node demo`: a deterministic local chain, served by two peers over real loopback TCP, synced by a lite node into
 * an on-disk store, by the code that syncs mainnet. Where the bundle of built-in actors is on this machine, the chain is
 * executed by them; else its state never changes.
 *
 * @returns the exit code of the lite node
 */
export async function runDemo(context: CommandContext): Promise<number> {
  const { output, signal, flags } = context;
  const actors = actorsFolder(context);
  const bundle = await loadActors(actors, actorsOf(demoVersion), "mainnet", { signal }).catch(absent);
  const epochs = Number(flags["epochs"] ?? (bundle === undefined ? plainEpochs : executedEpochs));
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
    if (bundle === undefined) {
      const wanted = `v${actorsOf(demoVersion)} of mainnet`;
      const sentence = `no built-in actors ${wanted} in ${actors}: the local chain is not executed (copse actors fetch gets them)`;
      output.event("unexecuted", { actors, wanted }, sentence);
    }
    const chain = await (bundle === undefined ? mint(epochs, context) : execute(epochs, context));
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
        actors,
      },
      {},
    );
    return await runNode(options, context);
  } finally {
    await Promise.allSettled(peers.map((peer) => peer.close()));
    await rm(work, { recursive: true, force: true });
  }
}

function absent(error: unknown): undefined {
  if (isCopseError(error, "vm/bundle-absent")) return undefined;
  throw error;
}

async function execute(epochs: number, context: CommandContext): Promise<MintedChain> {
  const { output, terminal, signal } = context;
  const progress = createProgress(terminal);
  const started = performance.now();
  const task = { networkVersion: demoVersion, epochs, seed: "copse demo", miners: 4, actorsNetwork: "mainnet" };
  try {
    const onEpoch = (height: number): void => progress.update("executing", height, epochs);
    const folders = { actors: actorsFolder(context), modules: modulesFolder(context.environment) };
    const made = await makeDevnet({ ...task, ...folders }, onEpoch, signal);
    progress.stop();
    const chain = executedChain(made, epochs);
    const facts = { ...factsOf(chain, epochs, started), networkVersion: demoVersion, exitCodes: made.exitCodes };
    const executed = Object.values(made.exitCodes).reduce((sum, count) => sum + count, 0);
    const sentence = `${madeSentence(facts)}; network version ${demoVersion}, ${executed} messages executed by the real actors`;
    output.event("minted", facts, sentence);
    return chain;
  } finally {
    progress.stop();
  }
}

interface MadeFacts {
  readonly epochs: number;
  readonly tipsets: number;
  readonly headers: number;
  readonly nullRounds: number;
  readonly forks: number;
  readonly messages: number;
  readonly seconds: number;
}

function factsOf(
  { tipsets, headers, nullRounds, forks, messages }: MintedChain,
  epochs: number,
  since: number,
): MadeFacts {
  const seconds = Math.round((performance.now() - since) / 100) / 10;
  return { epochs, tipsets: tipsets.length, headers, nullRounds, forks: forks.length, messages, seconds };
}

function madeSentence(facts: MadeFacts): string {
  return (
    `made a local chain in ${facts.seconds} s: ${facts.epochs} epochs, ${facts.tipsets} tipsets, ${facts.headers} headers, ` +
    `${facts.nullRounds} null rounds, ${facts.forks} fork tipsets, ${facts.messages} messages`
  );
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
    const facts = factsOf(chain, epochs, started);
    output.event("minted", { ...facts }, madeSentence(facts));
    return chain;
  } finally {
    progress.stop();
  }
}
