import { bls } from "@copse/crypto";
import { CborReader, type CidBytes, cidKey, runSync, type SyncBlockReader, toCid } from "@copse/ipld";
import { equalBytes, HostFault, isCopseError } from "@copse/primitives";
import { accountKey, loadStateTree, minerInfo } from "@copse/state";
import { Address, type BlockHeader, blockCid, type NetworkRules, networkVersion, signingBytes } from "@copse/types";
import { blockHeaderCodec } from "@copse/types/codecs";
import { lookbackDepth } from "../rules/lookback.ts";
import { chainFinality } from "../rules/timing.ts";
import { type ChainView, lookUpTipset } from "./chain-view.ts";

/** How a miner has broken the rules of mining, by the numbers that the actors use. */
export const faultTypes = { doubleFork: 1, parentGrinding: 2, timeOffset: 3 } as const;

/** A proven fault of a miner. */
export interface ConsensusFault {
  /** ID of the miner. */
  readonly target: bigint;
  /** Of the later block. */
  readonly epoch: number;
  readonly type: (typeof faultTypes)[keyof typeof faultTypes];
}

/** Where a fault is judged. */
export interface FaultContext {
  readonly network: NetworkRules;
  readonly view: ChainView;
  /** Epoch of execution: a null round may be below the view's head. */
  readonly epoch: number;
  /** State the machine began with. */
  readonly base: CidBytes;
  readonly store: SyncBlockReader;
}

// Calibnet halted over reports of faults here. @see lotus:chain/vm/fvm.go, lotus:build/buildconstants/params_calibnet.go
const unjudged = { network: "calibnet", around: 1_070_494 };

/**
 * Judges two block headers, and a third that may show their relation. Headers that cannot be decoded, or whose
 * signatures cannot be checked, prove nothing.
 *
 * @returns `undefined` where there is no fault
 * @throws {HostFault} where a block of state or chain is not at hand
 * @see lotus:chain/vm/fvm.go VerifyConsensusFault. Forest refuses some inputs with an error instead: Lotus is followed
 * @example
 * verifyConsensusFault(context, first, second, new Uint8Array(0)) // => { target: 1000n, epoch: 77, type: 1 }
 */
export function verifyConsensusFault(
  context: FaultContext,
  first: Uint8Array,
  second: Uint8Array,
  extra: Uint8Array,
): ConsensusFault | undefined {
  const a = readHeader(first);
  const b = readHeader(second);
  if (a === undefined || b === undefined || blockCid(a).equals(blockCid(b))) return undefined;
  if (isUnjudged(context, a.height) || isUnjudged(context, b.height)) return undefined;
  if (!equalBytes(a.miner, b.miner) || b.height < a.height || Address.protocol(a.miner) !== 0) return undefined;
  const witness = extra.length === 0 ? undefined : readHeader(extra);
  if (extra.length > 0 && witness === undefined) return undefined;
  const type = typeOf(a, b, witness);
  if (type === undefined || !isSigned(context, a) || !isSigned(context, b)) return undefined;
  return { target: Address.idOf(a.miner), epoch: b.height, type };
}

// As Lotus reads them: bytes after the header are passed over.
function readHeader(bytes: Uint8Array): BlockHeader | undefined {
  try {
    return blockHeaderCodec.decode(new CborReader(bytes));
  } catch (error) {
    if (isCopseError(error)) return undefined;
    throw error;
  }
}

function isUnjudged({ network }: FaultContext, height: number): boolean {
  return network.name === unjudged.network && Math.abs(height - unjudged.around) < chainFinality;
}

function typeOf(a: BlockHeader, b: BlockHeader, witness: BlockHeader | undefined): ConsensusFault["type"] | undefined {
  if (witness !== undefined && sameParents(a, witness) && a.height === witness.height) {
    if (isParent(witness, b) && !isParent(a, b)) return faultTypes.parentGrinding;
  }
  if (a.height === b.height) return faultTypes.doubleFork;
  return sameParents(a, b) ? faultTypes.timeOffset : undefined;
}

// Whatever their order. A parent of `a` that `b` names twice makes up for one it leaves out, but not the other way round.
// @see lotus:chain/types/blockheader.go CidArrsEqual
function sameParents(a: BlockHeader, b: BlockHeader): boolean {
  const known = new Set(a.parents.map((parent) => cidKey(parent.bytes)));
  return a.parents.length === b.parents.length && b.parents.every((parent) => known.has(cidKey(parent.bytes)));
}

function isParent(block: BlockHeader, child: BlockHeader): boolean {
  const cid = blockCid(block);
  return child.parents.some((parent) => parent.equals(cid));
}

// Any trouble but the machine's own means that nothing is proven.
function isSigned(context: FaultContext, header: BlockHeader): boolean {
  try {
    const worker = workerKey(context, header);
    const { blockSig } = header;
    if (worker === undefined || blockSig?.type !== 2 || Address.protocol(worker) !== 3) return false;
    return bls.verify(blockSig.data, signingBytes(header), Address.payload(worker));
  } catch (error) {
    if (isCopseError(error) && !(error instanceof HostFault)) return false;
    throw error;
  }
}

// The miner of the lookback state; its worker's key in the state the machine began with.
function workerKey({ network, view, epoch, base, store }: FaultContext, header: BlockHeader): Address | undefined {
  const { height, miner } = header;
  if (height < epoch - chainFinality) return undefined;
  const round = Math.max(0, height - lookbackDepth(networkVersion(network, height)));
  if (round >= view.head.height) return undefined;
  const root = lookUpTipset(view, round + 1, "above").blocks[0]?.parentStateRoot;
  if (root === undefined) return undefined;
  const info = runSync(minerInfo(runSync(loadStateTree(root), store), miner), store);
  return runSync(accountKey(runSync(loadStateTree(toCid(base)), store), info.worker), store);
}
