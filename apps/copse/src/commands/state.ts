import { readFileSync, statSync } from "node:fs";
import { installFastest } from "@copse/crypto/fastest";
import { HostFault, isCopseError } from "@copse/primitives";
import { maxProofBytes, type ProvenRead, verifyProof } from "@copse/state/proof";
import { Address, TipsetKey } from "@copse/types";
import { CID } from "multiformats/cid";
import { NodeError } from "../errors.ts";
import { trustOptions } from "../f3-files/manifests.ts";
import { findInChain } from "../state/chain-anchor.ts";
import { findFinal } from "../state/f3-anchor.ts";
import { openStatePlace } from "../state/open-place.ts";
import { readOne, readProven } from "../state/read-proven.ts";
import { answerReads, readsJson } from "../state/reads-output.ts";
import type { NamedTipset, StatePlace } from "../state/state-place.ts";
import { parseTipset } from "../state/tipset-name.ts";
import { writeProof } from "../state/write-proof.ts";
import { needed, textFlag } from "./car-input.ts";
import { refuseExisting } from "./car-output.ts";
import type { CommandContext, CommandSpec, OptionSpec } from "./command.ts";

const sourceOptions: readonly OptionSpec[] = [
  {
    form: "--tipset <tipset>",
    says: "head, an epoch, or CIDs of its blocks: its parent state is read, as Lotus' StateGetActor does (default: head)",
  },
  { form: "--from <file>", says: "read from a CAR file: a snapshot; its roots are the head" },
  {
    form: "--peer <multiaddr>",
    says: "peer to fetch from what is not at hand; may be given several times",
    many: true,
  },
  { form: "--network <name>", says: "network whose default repository is meant, and whose peers are asked" },
  { form: "--repo <dir>", says: "the repository to read from" },
  {
    form: "--proof <file>",
    says: "write the proof as a CAR file: the header, and the blocks from state root to value",
  },
  { form: "--force", says: "write over a file that is there" },
];
const address = { form: "<address>", says: "an actor: f0…, or any other address that it has" };
const anyAddress = { form: "[address]", says: "a miner or client; without one, the state of the actor itself" };

/** `copse state …` */
export const stateCommands: readonly CommandSpec[] = [
  {
    name: "get",
    says: "Show an actor, its kind and its state",
    takes: [address],
    options: sourceOptions,
    examples: [
      "copse state get f01000 --from snapshot.car.zst",
      "copse state get f04 --tipset 4863283 --proof power.car",
    ],
    run: (context) =>
      read(context, async (place, tipset) => {
        const actor = `actors/${addressOf(context, 0)}`;
        return [actor, `${actor}/kind`, await statePath(context, place, tipset, actor)];
      }),
  },
  {
    name: "actor",
    says: "Show an actor: code, head, nonce, balance",
    takes: [address],
    options: sourceOptions,
    examples: ["copse state actor f099 --json", "copse state actor f01234 --peer /ip4/1.2.3.4/tcp/1347/p2p/12D3…"],
    run: (context) => read(context, async () => [`actors/${addressOf(context, 0)}`]),
  },
  {
    name: "miner",
    says: "Show a miner: its info, what it owes, the power it claims",
    takes: [address],
    options: sourceOptions,
    examples: ["copse state miner f01000 --tipset head --proof miner.car"],
    run: (context) =>
      read(context, async (place, tipset) => {
        const id = await idOf(context, place, tipset);
        const actor = `actors/${addressOf(context, 0)}`;
        return [`${actor}/id`, `${actor}/state/info`, `${actor}/state/feeDebt`, `actors/f04/state/claims/${id}`];
      }),
  },
  {
    name: "power",
    says: "Show the power of a miner beside that of all, or the state of the power actor",
    takes: [anyAddress],
    options: sourceOptions,
    examples: ["copse state power f01000 --json", "copse state power"],
    run: (context) =>
      read(context, async (place, tipset) => {
        if (context.args[0] === undefined) return ["actors/f04/state"];
        const id = await idOf(context, place, tipset);
        const totals = ["totalRawBytePower", "totalQualityAdjPower", "minerAboveMinPowerCount"];
        return [`actors/f04/state/claims/${id}`, ...totals.map((name) => `actors/f04/state/${name}`)];
      }),
  },
  {
    name: "market",
    says: "Show the funds that an address has in the market, or the state of the market actor",
    takes: [anyAddress],
    options: sourceOptions,
    examples: ["copse state market f01000", "copse state market --json"],
    run: (context) =>
      read(context, async (place, tipset) => {
        if (context.args[0] === undefined) return [await statePath(context, place, tipset, "actors/f05")];
        const id = await idOf(context, place, tipset);
        return [`actors/f05/state/escrowTable/${id}`, `actors/f05/state/lockedTable/${id}`];
      }),
  },
  {
    name: "read",
    says: "Show what paths into the state lead to: actors/f04/state/claims/f01000, actors/f01000/state/info/worker",
    takes: [{ form: "<paths...>", says: "names of fields, keys of maps and indexes of lists between slashes" }],
    options: sourceOptions,
    examples: [
      "copse state read actors/f04/state/claims/f01000 --proof claim.car",
      "copse state read actors/f05/state/proposals/7 actors/f05/state/states/7 --tipset 4863283",
      "copse state read actors/f04/head/2",
    ],
    run: (context) => read(context, async () => context.args.filter((path) => path !== undefined)),
  },
  {
    name: "verify",
    says: "Check a proof offline: every hash, and every value read anew from its blocks alone",
    takes: [{ form: "<file>", says: "the proof" }],
    options: [
      {
        form: "--header <cids>",
        says: "headers that you trust, with commas between them: it must be in the state of one",
      },
      { form: "--path <path>", says: "what it must prove; may be given several times", many: true },
      { form: "--repo <dir>", says: "the repository whose chain must hold the header" },
      {
        form: "--f3 <file>",
        says: "F3 data, bare or in a snapshot: its certificates must make the header's tipset final",
      },
      {
        form: "--network <name>",
        says: "network whose F3 that is (default: told by the data), and the prefix of addresses",
      },
      ...trustOptions,
      { form: "--workers <n>", says: "threads that check signatures of certificates (default: cores)" },
    ],
    examples: [
      "copse state verify claim.car",
      "copse state verify claim.car --f3 mainnet.f3snap",
      "copse state verify claim.car --repo ~/.copse/mainnet",
      "copse state verify claim.car --header bafy2bzace… --path actors/f04/state/claims/f01000 --json",
    ],
    run: verify,
  },
];

type PathsOf = (place: StatePlace, tipset: NamedTipset) => Promise<readonly string[]>;

async function read(context: CommandContext, pathsOf: PathsOf): Promise<number> {
  await installFastest();
  const { signal } = context;
  const wanted = parseTipset(textFlag(context, "tipset"));
  const file = textFlag(context, "proof");
  if (file !== undefined) refuseExisting(context, file);
  await using place = await openStatePlace(context);
  const tipset = await place.tipset(wanted);
  const proof = await advising(context, place, async () =>
    readProven(place, tipset, await pathsOf(place, tipset), { signal }),
  );
  const written = file === undefined ? undefined : await writeProof(context, file, proof);
  const { blocks, bytes } = place.fetched();
  answerReads(context, {
    tipset: {
      height: tipset.height,
      cids: TipsetKey.cids(tipset.key).map(String),
      from: tipset.anchor,
    },
    stateRoot: proof.header.parentStateRoot.toString(),
    reads: readsJson(proof.reads, place.prefix),
    ...(place.asksPeers ? { fetched: { blocks, bytes } } : {}),
    ...(written === undefined ? {} : { proof: written }),
  });
  return 0;
}

/** Says where a block may be had that is not at hand: a node keeps few of the state's. */
async function advising<T>({ output }: CommandContext, place: StatePlace, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (isCopseError(error, "copse/block-absent") && !place.asksPeers) {
      output.talk("copse: not all of this state is here; --peer MULTIADDR fetches what is needed of it");
    }
    throw error;
  }
}

async function verify(context: CommandContext): Promise<number> {
  await installFastest();
  const file = needed(context, 0);
  const { header, headerCid, stateRoot, reads, blocks, bytes } = verifyProof(bytesOf(file), {
    headers: headersOf(context),
    paths: context.flags["path"] as readonly string[] | undefined,
  });
  const network = textFlag(context, "network") ?? "mainnet";
  const f3 = textFlag(context, "f3");
  const repo = textFlag(context, "repo");
  const anchors = {
    ...(repo === undefined ? {} : { repository: await findInChain(repo, headerCid) }),
    ...(headersOf(context) === undefined ? {} : { header: "one that you named" }),
    ...(f3 === undefined ? {} : { f3: await findFinal(context, f3, headerCid, header.height) }),
  };
  answerReads(context, {
    header: headerCid.toString(),
    height: header.height,
    stateRoot: stateRoot.toString(),
    anchors: Object.keys(anchors).length === 0 ? "none: this header is held against no chain" : anchors,
    reads: readsJson(reads as readonly ProvenRead[], network === "mainnet" ? "f" : "t"),
    proof: { file, blocks, bytes },
  });
  return 0;
}

/** @throws {NodeError} `copse/option-malformed` */
function headersOf(context: CommandContext): readonly CID[] | undefined {
  const text = textFlag(context, "header");
  try {
    return text?.split(",").map((cid) => CID.parse(cid));
  } catch (error) {
    const facts = { option: "--header", value: text ?? "", expected: "CIDs with commas between them" };
    throw new NodeError("copse/option-malformed", facts, { cause: error });
  }
}

/** A file, of which no more is read than a proof may have. @throws {HostFault} `host/store-failed` */
function bytesOf(file: string): Uint8Array {
  try {
    const { size } = statSync(file);
    return size > maxProofBytes ? new Uint8Array(maxProofBytes + 1) : new Uint8Array(readFileSync(file));
  } catch (error) {
    throw new HostFault("host/store-failed", { operation: `read ${file}`, reason: String(error) }, { cause: error });
  }
}

/** @throws {NodeError} `copse/option-malformed` */
function addressOf(context: CommandContext, at: number): string {
  const text = needed(context, at);
  if (Address.isAddress(text)) return text;
  throw new NodeError("copse/option-malformed", { option: "argument", value: text, expected: "an address" });
}

/** The path to an actor's state: by names where this version's is read so, else its block as it stands. */
async function statePath(
  { signal }: CommandContext,
  place: StatePlace,
  tipset: NamedTipset,
  actor: string,
): Promise<string> {
  try {
    await readOne(place, tipset, `${actor}/state`, { signal });
    return `${actor}/state`;
  } catch (error) {
    if (isCopseError(error) && ["state/actors-too-old", "state/actor-kind"].includes(error.code))
      return `${actor}/head/.`;
    throw error;
  }
}

/** The ID address of an argument. @throws {NodeError} `copse/absent` where the state has none for it */
async function idOf(context: CommandContext, place: StatePlace, tipset: NamedTipset): Promise<string> {
  const text = addressOf(context, 0);
  const parsed = Address.parse(text);
  if (Address.protocol(parsed) === 0) return text;
  const reading = await readOne(place, tipset, `actors/${text}/id`, { signal: context.signal });
  if (reading.kind !== "value")
    throw new NodeError("copse/absent", { what: `actor ${text} at height ${tipset.height}` });
  return Address.format(reading.value as Address, place.prefix);
}
