import { HostFault, isCopseError } from "@copse/primitives";
import { MutableStateTree } from "@copse/state";
import { type Address, encodeMessage, type Message } from "@copse/types";
import { createMachine, type Externs } from "@copse/vm";
import { actorsVersionOf } from "@copse/vm/bundles";
import { bundleReader, failureText, fakedProofs } from "@copse/vm/conformance";
import { loadActors, openEngine } from "@copse/vm/node";
import { LayeredStore } from "./layered-store.ts";
import type { MessageOutcome, MessageTask } from "./message-task.ts";
import { openBlocks } from "./state-store.ts";

/** A signature of secp256k1 or of an Ethereum account, its type and the heads of its CBOR. Unit: bytes. */
const signatureBytes = 69;

/** Executes a message on a state; nothing is written anywhere. To be called on a thread with a large stack. */
export async function tryMessage(task: MessageTask): Promise<MessageOutcome> {
  await using source = await openBlocks(task.store, task.index);
  let absent: unknown;
  const version = actorsVersionOf(task.networkVersion);
  const actors = await loadActors(task.actors, version, task.bundleNetwork).catch((error) => {
    if (!isCopseError(error, "vm/bundle-absent")) throw error;
    absent = error; // the store may hold the code itself
    return undefined;
  });
  const store = new LayeredStore(source.blocks, bundleReader(actors === undefined ? [] : [actors]));
  try {
    return executeOn(store, task);
  } catch (error) {
    throw absent !== undefined && isCopseError(error, "host/block-missing") ? absent : error;
  }
}

function executeOn(store: LayeredStore, task: MessageTask): MessageOutcome {
  const message: Message = { ...task.message, nonce: task.message.nonce ?? nextNonce(store, task) };
  const machine = createMachine({
    networkVersion: task.networkVersion,
    chainId: task.chainId,
    epoch: task.epoch,
    timestamp: task.timestamp,
    baseFee: task.baseFee,
    circSupply: task.circSupply,
    stateRoot: task.stateRoot,
    store,
    externs: externsOf(task.randomness),
    proofs: task.fakesProofs ? fakedProofs : undefined,
    engine: openEngine(task.modules),
    trace: task.trace,
  });
  const rawLength =
    task.rawLength ?? encodeMessage(message).length + (isSignedApart(message.from) ? signatureBytes : 0);
  const { receipt, failure, events, trace, ...result } = machine.execute(message, { kind: task.kind, rawLength });
  const stateRoot = machine.flush();
  return {
    ...receipt,
    eventsRoot: receipt.eventsRoot,
    events,
    penalty: result.penalty,
    minerTip: result.minerTip,
    baseFeeBurn: result.baseFeeBurn,
    overEstimationBurn: result.overEstimationBurn,
    refund: result.refund,
    gasBurned: result.gasBurned,
    failure: failure === undefined ? undefined : failureText(failure),
    nonce: message.nonce,
    stateRoot,
    blocks: store.written(),
    trace,
  };
}

function nextNonce(store: LayeredStore, { stateRoot, message }: MessageTask): bigint {
  const tree = MutableStateTree.load(store, stateRoot);
  const id = tree.lookupId(message.from);
  return (id === undefined ? undefined : tree.getActor(id)?.sequence) ?? 0n;
}

/** BLS signatures are aggregated, and not charged for. */
function isSignedApart(from: Address): boolean {
  return from[0] === 1 || from[0] === 4;
}

/** A state has no chain around it: what asks for one stops, and makes no receipt. */
function externsOf(randomness: Uint8Array | undefined): Externs {
  const refuse = (what: string, instead: string): never => {
    const reason = `a state alone has no chain that tells ${what}${instead}`;
    throw new HostFault("host/worker-failed", { reason });
  };
  const draw = (): Uint8Array => randomness ?? refuse("randomness", ": give it with --randomness");
  return {
    chainRandomness: draw,
    beaconRandomness: draw,
    tipsetCid: () => refuse("CIDs of tipsets", ""),
    verifyConsensusFault: () => refuse("who may have signed headers", ""),
  };
}
