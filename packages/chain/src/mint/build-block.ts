import { type CidBytes, toCid } from "@copse/ipld";
import { fromLatin1 } from "@copse/primitives";
import { type AttoFil, type BeaconEntry, type BlockHeader, encodeBlockHeader, signingBytes } from "@copse/types";
import type { CID } from "multiformats/cid";
import type { EpochClock } from "../rules/beacon-rounds.ts";
import { drawForTicket } from "../rules/draw-randomness.ts";
import { messageRoot } from "../rules/message-root.ts";
import { timestampAt } from "../rules/timing.ts";
import type { OfferedMessage } from "./messages.ts";
import type { MintedMiner } from "./miners.ts";
import type { MintedBlock, MintedParent } from "./parent.ts";
import type { Signer } from "./signer.ts";

/** A miner that won an epoch. */
export interface Winner {
  readonly miner: MintedMiner;
  readonly winCount: number;
  readonly vrfProof: Uint8Array;
}

/** What the blocks of one epoch on one parent share. */
export interface BlockPlan {
  readonly clock: EpochClock;
  readonly height: number;
  readonly parent: MintedParent;
  /** One entry per epoch since the parent. */
  readonly beaconEntries: readonly BeaconEntry[];
  /** Message root of a block without any. */
  readonly noMessages: CID;
  readonly signer: Signer;
}

/** A winning proof of spacetime is 192 bytes; without sectors there is none, so these are zeros. */
const noProof = { postProof: 3, proofBytes: new Uint8Array(192) } as const;
const blsType = 2;

/** A block of a winner that lists the messages given. */
export function buildBlock(
  plan: BlockPlan,
  winner: Winner,
  listed: readonly OfferedMessage[],
): MintedBlock & { readonly header: BlockHeader } {
  const { height, parent, signer } = plan;
  const bls = listed.filter((one) => one.signed.signature.type === blsType);
  const secp = listed.filter((one) => one.signed.signature.type !== blsType);
  const root =
    listed.length === 0 ? plan.noMessages : toCid(messageRoot(bls.map(cidOfOffer), secp.map(cidOfOffer)).root);
  const beacon = (plan.beaconEntries.at(-1) as BeaconEntry).signature;
  const parentTicket = parent.tipset.blocks[0]?.ticket?.vrfProof;
  const { miner } = winner;
  const after = parent.after();
  const draw = drawForTicket({ beacon, height, miner: miner.address }, parentTicket);
  const unsigned: BlockHeader = {
    miner: miner.address,
    ticket: { vrfProof: signer.bls(draw, miner.privateKey) },
    electionProof: { winCount: winner.winCount, vrfProof: winner.vrfProof },
    beaconEntries: plan.beaconEntries,
    winPostProof: [noProof],
    parents: parent.tipset.cids,
    parentWeight: parent.weight,
    height,
    parentStateRoot: after.stateRoot,
    parentMessageReceipts: after.receipts,
    messages: root,
    blsAggregate: { type: blsType, data: signer.aggregate(bls.map((one) => one.signed.signature.data)) },
    timestamp: timestampAt(plan.clock, height),
    blockSig: null,
    forkSignaling: 0n,
    parentBaseFee: parent.baseFee as AttoFil,
  };
  const data = signer.bls(signingBytes(unsigned), miner.privateKey);
  const header = { ...unsigned, blockSig: { type: blsType, data } as const };
  return {
    header,
    bytes: encodeBlockHeader(header),
    messages: { bls: bls.map((one) => one.bytes), secp: secp.map((one) => one.bytes) },
  };
}

function cidOfOffer(one: OfferedMessage): CidBytes {
  return fromLatin1(one.priced.id);
}
