import { CborWriter, type CidBytes, toCid } from "@copse/ipld";
import { equalBytes, isCopseError } from "@copse/primitives";
import type { ActorBundle } from "../bundle/bundle.ts";

import type { Engine } from "../engine/engine.ts";
import { type StampedEvent, stampedEventCodec } from "../events.ts";
import type { ApplyResult } from "../executor/apply-result.ts";
import type { GasTrace } from "../gas/trace.ts";
import { createMachine } from "../machine/create-machine.ts";
import type { Machine } from "../machine/machine.ts";
import { bundleReader } from "./actors.ts";
import { failureText } from "./failure-text.ts";
import { fakedProofs, vectorExterns } from "./faked.ts";
import { type ActualMessage, compareMessage, type Mismatch } from "./result.ts";
import type { ExpectedMessage, MessageVector, VectorMessage } from "./vector.ts";
import { VectorStore } from "./vector-store.ts";

/** What a vector is run with. */
export interface RunOptions {
  /** Bundles of actors: those that the vector's state points to must be among them. */
  readonly bundles: Iterable<ActorBundle>;
  /** To be shared between runs. Default: one of its own. */
  readonly engine?: Engine | undefined;
  /** Keeps every charge of gas. Default: no. */
  readonly trace?: boolean | undefined;
}

/** A message of a vector that was run. */
export interface MessageResult {
  readonly expected: ExpectedMessage | undefined;
  readonly actual: ActualMessage;
  readonly trace: GasTrace | undefined;
}

/** What came of a vector. */
export interface VectorResult {
  readonly id: string;
  readonly networkVersion: number;
  readonly messages: readonly MessageResult[];
  readonly stateRoot: { readonly expected: CidBytes; readonly actual: CidBytes };
  /** Empty where all is as the vector has it. */
  readonly mismatches: readonly Mismatch[];
}

/**
 * Runs a vector and compares what comes of it: exit code, return, gas and, where the vector tells, events and fees of each
 * message; after all the state root. Proofs are taken for good ({@link fakedProofs}); nothing else is. Whether the vector
 * asks to be skipped is for the caller to see.
 *
 * Synchronous, and deep: to be called where the stack is large.
 *
 * @throws {VmError} what no machine executes
 * @throws {HostFault} `host/block-missing` for code that is in no bundle; the end of the stack
 * @see ref-fvm:testing/conformance/src/driver.rs
 * @example
 * const { mismatches } = runVector(vector, { bundles: [await loadActors(folder, 9, "mainnet")] });
 */
export function runVector(vector: MessageVector, options: RunOptions): VectorResult {
  const machine = createMachine({
    networkVersion: vector.networkVersion,
    chainId: vector.chainId,
    epoch: vector.epoch,
    timestamp: BigInt(vector.timestamp),
    baseFee: vector.baseFee,
    circSupply: vector.circSupply,
    stateRoot: vector.stateRoot,
    store: new VectorStore(vector.blocks, bundleReader(options.bundles)),
    externs: vectorExterns(vector),
    proofs: fakedProofs,
    engine: options.engine,
    trace: options.trace,
  });
  const mismatches: Mismatch[] = [];
  const messages = vector.messages.map((message, at): MessageResult => {
    const { actual, trace } = apply(machine, message);
    const expected = vector.expected.messages[at];
    if (expected !== undefined) mismatches.push(...compareMessage(at, expected, actual));
    return { expected, actual, trace };
  });
  if (vector.expected.messages.length !== vector.messages.length) {
    const [expected, actual] = [vector.expected.messages.length, vector.messages.length].map(String);
    mismatches.push({ message: undefined, what: "number of receipts", expected, actual } as Mismatch);
  }
  const stateRoot = { expected: vector.expected.stateRoot, actual: machine.flush() };
  if (!equalBytes(stateRoot.expected, stateRoot.actual)) {
    const [expected, actual] = [stateRoot.expected, stateRoot.actual].map((root) => toCid(root).toString());
    mismatches.push({ message: undefined, what: "state root", expected, actual } as Mismatch);
  }
  return { id: vector.id, networkVersion: vector.networkVersion, messages, stateRoot, mismatches };
}

function apply(
  machine: Machine,
  { message, kind, rawLength }: VectorMessage,
): { readonly actual: ActualMessage; readonly trace: GasTrace | undefined } {
  try {
    const result = machine.execute(message, { kind, rawLength });
    return { actual: actualOf(result), trace: result.trace };
  } catch (error) {
    if (!isCopseError(error, "vm/message-invalid")) throw error;
    return { actual: refusedFor(error.message), trace: undefined };
  }
}

function actualOf(result: ApplyResult): ActualMessage {
  const { receipt, failure, events } = result;
  return {
    refused: undefined,
    exitCode: receipt.exitCode,
    returnData: receipt.returnData,
    gasUsed: receipt.gasUsed,
    eventsRoot: receipt.eventsRoot,
    events: encodeEvents(events),
    outputs: result,
    failure: failure === undefined ? undefined : failureText(failure),
  };
}

function refusedFor(why: string): ActualMessage {
  return {
    refused: why,
    exitCode: 0,
    returnData: new Uint8Array(0),
    gasUsed: 0n,
    eventsRoot: undefined,
    events: undefined,
    outputs: undefined,
    failure: undefined,
  };
}

/** Nothing where there are none. */
function encodeEvents(events: readonly StampedEvent[]): Uint8Array {
  if (events.length === 0) return new Uint8Array(0);
  const writer = new CborWriter().array(events.length);
  for (const event of events) stampedEventCodec.encode(writer, event);
  return writer.finish();
}
