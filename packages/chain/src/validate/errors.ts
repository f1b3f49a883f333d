import { CopseError } from "@copse/primitives";

/** Where a rule was broken. `block` is the CID as text, `height` its epoch. */
type At = { block: string; height: number };
/** Which message of a block. `list` is the list it stands in, `message` its CID as text. */
type AtMessage = At & { list: "bls" | "secp"; index: number; message: string };
/** Which leader, and the epoch whose parent state was read (the lookback's when exact). */
type AtLeader = At & { miner: string; stateEpoch: number };

/** Facts of each rule that a block may break, beyond those of linking. What was found, and what had to be. */
export type BlockFacts = {
  "block/field-missing": At & { field: string };
  "block/miner-not-id": At & { miner: string };
  "block/not-a-winner": At & { found: number; limit: number };
  "block/timestamp-wrong": At & { found: number; expected: number };
  "block/from-future": At & { found: number; now: number };
  "block/out-of-range": At & { lowest: number; highest: number };

  "block/beacon-entries-differ": At & { first: string };
  "block/beacon-count-wrong": At & { found: number; expected: string };
  "block/beacon-round-wrong": At & { index: number; found: number; expected: number };
  "block/beacon-signature-wrong": At & { round: number; beacon: string };
  "block/beacon-not-found": At & { searched: number };

  "block/message-root-wrong": At & { found: string; expected: string };
  "block/message-count-too-large": At & { found: number; limit: number };
  "block/message-malformed": At & { list: "bls" | "secp"; index: number; why: string };
  "block/message-invalid": AtMessage & { field: string; found: string; expected: string };
  "block/gas-limit-too-large": At & { found: bigint; limit: bigint };
  "block/nonce-wrong": AtMessage & { sender: string; found: bigint; expected: bigint };
  "block/signature-type-unsupported": AtMessage & { type: number; networkVersion: number };
  "block/eth-transaction-unsupported": AtMessage & { networkVersion: number };
  "block/sender-missing": AtMessage & { sender: string };
  "block/sender-kind-wrong": AtMessage & { sender: string; expected: string };
  "block/sender-unresolved": AtMessage & { sender: string; why: string };
  "block/message-signature-wrong": AtMessage & { sender: string };
  "block/aggregate-wrong": At & { messages: number };
  "block/base-fee-wrong": At & { found: bigint; expected: bigint };

  "block/parent-state-wrong": At & { found: string; expected: string };
  "block/parent-receipts-wrong": At & { found: string; expected: string };

  "block/parent-weight-wrong": At & { found: bigint; expected: bigint };
  "block/network-without-power": At;
  "block/too-many-null-rounds": At & { nullRounds: number; limit: number };
  "block/state-missing": AtLeader & { missing: string };
  "block/state-unreadable": AtLeader & { why: string };
  "block/miner-unknown": AtLeader;
  "block/miner-ineligible": AtLeader & { why: string };
  "block/worker-kind-wrong": AtLeader & { worker: string };
  "block/ticket-wrong": AtLeader & { worker: string };
  "block/election-proof-wrong": AtLeader & { worker: string };
  "block/win-count-wrong": AtLeader & { found: number; expected: number };
  "block/signature-wrong": AtLeader & { worker: string };
  "block/winning-proof-wrong": AtLeader & { why: string };
};

/** A broken rule's code. */
export type BlockCode = keyof BlockFacts;

const at = (f: At): string => `block ${f.block} at height ${f.height}`;
const message = (f: AtMessage): string => `${at(f)}, ${f.list} message ${f.index} (${f.message})`;
const leader = (f: AtLeader): string => `${at(f)}, miner ${f.miner} by the state of epoch ${f.stateEpoch}`;

const say: { [C in BlockCode]: (facts: Readonly<BlockFacts[C]>) => string } = {
  "block/field-missing": (f) => `${at(f)}: ${f.field} is missing`,
  "block/miner-not-id": (f) => `${at(f)}: miner ${f.miner} is no ID address`,
  "block/not-a-winner": (f) => `${at(f)}: win count ${f.found} is not within 1 to ${f.limit}`,
  "block/timestamp-wrong": (f) => `${at(f)}: timestamp ${f.found} s, expected ${f.expected} s`,
  "block/from-future": (f) => `${at(f)}: timestamp ${f.found} s, our clock says ${f.now} s`,
  "block/out-of-range": (f) => `${at(f)}: not within ${f.lowest} to ${f.highest}`,
  "block/beacon-entries-differ": (f) => `${at(f)}: its beacon entries are not those of ${f.first} in the same tipset`,
  "block/beacon-count-wrong": (f) => `${at(f)}: ${f.found} beacon entries, expected ${f.expected}`,
  "block/beacon-round-wrong": (f) => `${at(f)}: beacon entry ${f.index} is round ${f.found}, expected ${f.expected}`,
  "block/beacon-signature-wrong": (f) => `${at(f)}: round ${f.round} is not signed by the beacon ${f.beacon}`,
  "block/beacon-not-found": (f) => `${at(f)}: no beacon entry in the ${f.searched} tipsets below`,
  "block/message-root-wrong": (f) => `${at(f)}: its messages have the root ${f.found}, the header names ${f.expected}`,
  "block/message-count-too-large": (f) => `${at(f)}: ${f.found} messages, limit ${f.limit}`,
  "block/message-malformed": (f) => `${at(f)}, ${f.list} message ${f.index}: ${f.why}`,
  "block/message-invalid": (f) => `${message(f)}: ${f.field} is ${f.found}, expected ${f.expected}`,
  "block/gas-limit-too-large": (f) => `${at(f)}: its messages ask for ${f.found} gas, limit ${f.limit}`,
  "block/nonce-wrong": (f) => `${message(f)}: nonce of ${f.sender} is ${f.found}, expected ${f.expected}`,
  "block/signature-type-unsupported": (f) =>
    `${message(f)}: signature type ${f.type} has no place in network version ${f.networkVersion}`,
  "block/eth-transaction-unsupported": (f) =>
    `${message(f)}: an eth transaction older than EIP-1559 in network version ${f.networkVersion}`,
  "block/sender-missing": (f) => `${message(f)}: sender ${f.sender} does not exist`,
  "block/sender-kind-wrong": (f) => `${message(f)}: sender ${f.sender} is not ${f.expected}`,
  "block/sender-unresolved": (f) => `${message(f)}: sender ${f.sender} is not resolved: ${f.why}`,
  "block/message-signature-wrong": (f) => `${message(f)}: not signed by ${f.sender}`,
  "block/aggregate-wrong": (f) => `${at(f)}: the aggregate is not the sum of its ${f.messages} messages' signatures`,
  "block/base-fee-wrong": (f) => `${at(f)}: parent base fee ${f.found}, expected ${f.expected}`,
  "block/parent-state-wrong": (f) => `${at(f)}: names the state ${f.found} after its parents, they give ${f.expected}`,
  "block/parent-receipts-wrong": (f) =>
    `${at(f)}: names the receipts ${f.found} of its parents, they give ${f.expected}`,
  "block/parent-weight-wrong": (f) => `${at(f)}: parent weight ${f.found}, expected ${f.expected}`,
  "block/network-without-power": (f) => `${at(f)}: no miner has power in its parents' state, so nothing weighs`,
  "block/too-many-null-rounds": (f) =>
    `${at(f)}: ${f.nullRounds} null rounds above its parents, at most ${f.limit} leave a place to look its miner up`,
  "block/state-missing": (f) => `${leader(f)}: state block ${f.missing} is not at hand`,
  "block/state-unreadable": (f) => `${leader(f)}: ${f.why}`,
  "block/miner-unknown": (f) => `${leader(f)}: has no claim to power`,
  "block/miner-ineligible": (f) => `${leader(f)}: may not win: ${f.why}`,
  "block/worker-kind-wrong": (f) => `${leader(f)}: worker ${f.worker} has no BLS key`,
  "block/ticket-wrong": (f) => `${leader(f)}: the ticket is not drawn by its worker ${f.worker}`,
  "block/election-proof-wrong": (f) => `${leader(f)}: the election proof is not drawn by its worker ${f.worker}`,
  "block/win-count-wrong": (f) => `${leader(f)}: claims ${f.found} wins, its proof is worth ${f.expected}`,
  "block/signature-wrong": (f) => `${leader(f)}: not signed by its worker ${f.worker}`,
  "block/winning-proof-wrong": (f) => `${leader(f)}: its winning proof of spacetime does not hold: ${f.why}`,
};

/** A broken rule in words. */
export function sayBlockFault<C extends BlockCode>(code: C, facts: Readonly<BlockFacts[C]>): string {
  return say[code](facts);
}

/**
 * A block that breaks a rule, as an error; the checks of this package return `BlockFault`s, and `blockError` makes one
 * of these for callers that throw.
 */
export class BlockError<C extends BlockCode = BlockCode> extends CopseError<C, Readonly<BlockFacts[C]>> {
  override readonly name = "BlockError";

  constructor(code: C, facts: Readonly<BlockFacts[C]>, options?: ErrorOptions) {
    super(code, sayBlockFault(code, facts), facts, options);
  }
}
