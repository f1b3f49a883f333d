import { existsSync } from "node:fs";
import { saveCarFile } from "@copse/car/node";
import { toCid } from "@copse/ipld";
import { AttoFil, devnet, type NetworkRules, networkVersion } from "@copse/types";
import { fakedSays } from "@copse/vm/conformance";
import { modulesFolder } from "@copse/vm/node";
import { traceLines } from "@copse/vm/trace";
import { CID } from "multiformats/cid";
import { NodeError } from "../errors.ts";
import { resolveNetwork } from "../networks.ts";
import { actorsFolder, actorsOption } from "../vm/actors-folder.ts";
import { amountOf, bytesOf, messageOptions, readMessage } from "../vm/message-input.ts";
import type { MessageOutcome } from "../vm/message-task.ts";
import { tryMessageOnThread } from "../vm/run-on-thread.ts";
import { countFlag, textFlag } from "./car-input.ts";
import type { CommandContext, CommandSpec } from "./command.ts";

/** `copse vm message` */
export const vmMessageCommand: CommandSpec = {
  name: "message",
  says: "Execute a message on a state that a file or repository holds, and show the receipt; nothing is changed",
  options: [
    { form: "--state <cid>", says: "root of the state" },
    { form: "--store <path>", says: "a CAR file of any kind, a folder of LMDB or the repository of a node" },
    { form: "--index <file>", says: "index in a file of its own, for a plain CAR" },
    { form: "--epoch <n>", says: "epoch it is executed at" },
    {
      form: "--network <name>",
      says: "whose rules: mainnet (the default), calibnet, butterflynet, devnet, a .json file",
    },
    { form: "--network-version <n>", says: "default: the network's at the epoch" },
    { form: "--timestamp <seconds>", says: "default: the network's at the epoch" },
    { form: "--base-fee <amount>", says: "default: 100 afil" },
    { form: "--circ-supply <amount>", says: "what actors are told is in circulation (default: 2000000000 FIL)" },
    ...messageOptions,
    { form: "--implicit", says: "as the protocol's own messages: no nonce, no fee, any sender" },
    { form: "--fake-proofs", says: "take every proof for good; else a message that needs one is not executed" },
    { form: "--randomness <hex>", says: "32 bytes that every draw of randomness answers" },
    actorsOption,
    { form: "--trace", says: "print every charge of gas, in order" },
    { form: "-o, --output <file>", says: "write the blocks that are new, as a CAR with the state after as its root" },
    { form: "--force", says: "write over a file that is there" },
  ],
  examples: [
    "copse vm message --state bafy2bzace… --store snapshot.forest.car.zst --epoch 5000000 --from f01000 --to f01001 --value 1",
    "copse vm message --state bafy2bzace… --store ~/.copse/mainnet --epoch 5000000 --message message.cbor --trace",
  ],
  run: tryIt,
};

async function tryIt(context: CommandContext): Promise<number> {
  const { output, signal, flags } = context;
  const root = parseRoot(required(context, "state"));
  const store = required(context, "store");
  const epoch = countFlag(context, "epoch", 0, Number.MAX_SAFE_INTEGER);
  if (epoch === undefined) throw new NodeError("copse/command-malformed", { why: "--epoch <n> is missing" });
  const file = textFlag(context, "output");
  if (file !== undefined && flags["force"] !== true && existsSync(file))
    throw new NodeError("copse/output-exists", { file });
  const { rules, genesisTime } = networkOf(textFlag(context, "network") ?? "mainnet");
  const baseFee = amountOf("--base-fee", textFlag(context, "baseFee") ?? "100 afil");
  const circSupply = amountOf("--circ-supply", textFlag(context, "circSupply") ?? "2000000000 FIL");
  const { message, rawLength } = await readMessage(context);
  const randomness = textFlag(context, "randomness");
  const fakesProofs = flags["fakeProofs"] === true;
  const wanted = {
    store,
    index: textFlag(context, "index"),
    stateRoot: root,
    actors: actorsFolder(context),
    modules: modulesFolder(context.environment),
    bundleNetwork: rules.name === "calibnet" ? "calibrationnet" : rules.name,
    networkVersion: countFlag(context, "networkVersion", 0, 1000) ?? networkVersion(rules, epoch),
    chainId: BigInt(rules.ethChainId),
    epoch,
    timestamp: BigInt(
      countFlag(context, "timestamp", 0, Number.MAX_SAFE_INTEGER) ?? genesisTime + epoch * rules.blockDelay,
    ),
    baseFee,
    circSupply,
    message: { ...message, gasFeeCap: message.gasFeeCap ?? baseFee },
    kind: flags["implicit"] === true ? "implicit" : "explicit",
    rawLength,
    fakesProofs,
    randomness: randomness === undefined ? undefined : digestOf(randomness),
    trace: flags["trace"] === true,
  } as const;
  const outcome = await tryMessageOnThread(wanted, signal);
  const proofs = fakesProofs ? `proofs are faked: ${fakedSays}` : undefined;
  if (file !== undefined) {
    const blocks = outcome.blocks.map(([cid, bytes]) => ({ cid, bytes }));
    await saveCarFile(file, [outcome.stateRoot], blocks, { signal });
  }
  output.answer({ ...outcomeJson(outcome), networkVersion: wanted.networkVersion, proofs }, () =>
    [...(proofs === undefined ? [] : [proofs]), ...outcomeLines(outcome)].join("\n"),
  );
  return 0;
}

function outcomeJson({ blocks, events, ...outcome }: MessageOutcome): Record<string, unknown> {
  return {
    exitCode: outcome.exitCode,
    return: outcome.returnData,
    gasUsed: outcome.gasUsed,
    nonce: outcome.nonce,
    failure: outcome.failure,
    stateRoot: toCid(outcome.stateRoot).toString(),
    newBlocks: blocks.length,
    eventsRoot: outcome.eventsRoot ? toCid(outcome.eventsRoot).toString() : outcome.eventsRoot,
    events,
    penalty: outcome.penalty,
    minerTip: outcome.minerTip,
    baseFeeBurn: outcome.baseFeeBurn,
    overEstimationBurn: outcome.overEstimationBurn,
    refund: outcome.refund,
    gasBurned: outcome.gasBurned,
    trace: outcome.trace,
  };
}

function* outcomeLines(outcome: MessageOutcome): Generator<string> {
  yield* traceLines(outcome.trace ?? []);
  yield `exit code: ${outcome.exitCode}`;
  if (outcome.failure !== undefined) yield `failure: ${outcome.failure}`;
  yield `return: 0x${Buffer.from(outcome.returnData).toString("hex")}`;
  yield `gas used: ${outcome.gasUsed}`;
  if (outcome.eventsRoot) yield `events: ${outcome.events.length}, root ${toCid(outcome.eventsRoot)}`;
  yield `miner tip: ${AttoFil.format(AttoFil.from(outcome.minerTip))}`;
  yield `burnt: ${AttoFil.format(AttoFil.from(outcome.baseFeeBurn + outcome.overEstimationBurn))}`;
  if (outcome.penalty > 0n) yield `penalty of the miner: ${AttoFil.format(AttoFil.from(outcome.penalty))}`;
  yield `state root: ${toCid(outcome.stateRoot)}`;
}

/** A network's rules; a devnet has no genesis of its own here, so its time starts at 0. */
function networkOf(name: string): { readonly rules: NetworkRules; readonly genesisTime: number } {
  if (name === devnet.name) return { rules: devnet, genesisTime: 0 };
  const found = resolveNetwork(name);
  return { rules: found, genesisTime: found.genesisTime };
}

function required(context: CommandContext, name: string): string {
  const value = textFlag(context, name);
  if (value !== undefined) return value;
  throw new NodeError("copse/command-malformed", { why: `--${name} is missing` });
}

function parseRoot(value: string): Uint8Array {
  try {
    return CID.parse(value).bytes;
  } catch (error) {
    throw new NodeError("copse/option-malformed", { option: "--state", value, expected: "a CID" }, { cause: error });
  }
}

function digestOf(value: string): Uint8Array {
  const bytes = bytesOf("--randomness", value);
  if (bytes.length === 32) return bytes;
  throw new NodeError("copse/option-malformed", { option: "--randomness", value, expected: "32 bytes in hex" });
}
