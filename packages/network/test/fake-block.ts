import { type CidBytes, cidOf, fromCid, toCid } from "@copse/ipld";
import { concatBytes } from "@copse/primitives";
import { Address, type AttoFil, type BlockHeader, type BlockMsg, type Message, type SignedMessage } from "@copse/types";
import type { CID } from "multiformats/cid";

/** Stands for the MsgMeta root: the app's is made of `amt`, sideways of this package. */
export const fakeRoot = (bls: readonly CID[], secp: readonly CID[]): CidBytes =>
  cidOf(concatBytes(Uint8Array.of(bls.length), ...bls.map(fromCid), ...secp.map(fromCid)));

const cid = toCid(cidOf(Uint8Array.of(0x80)));

export function fakeBlock(height: number, change: Partial<BlockHeader> = {}, bls: readonly CID[] = [cid]): BlockMsg {
  const header: BlockHeader = {
    miner: Address.id(1000n),
    ticket: { vrfProof: new Uint8Array(96).fill(1) },
    electionProof: { winCount: 1, vrfProof: new Uint8Array(96).fill(2) },
    beaconEntries: [],
    winPostProof: [],
    parents: [cid],
    parentWeight: 10n,
    height,
    parentStateRoot: cid,
    parentMessageReceipts: cid,
    messages: toCid(fakeRoot(bls, [])),
    blsAggregate: { type: 2, data: new Uint8Array(96) },
    timestamp: height * 30,
    blockSig: { type: 2, data: new Uint8Array(96) },
    forkSignaling: 0n,
    parentBaseFee: 100n as AttoFil,
    ...change,
  };
  return { header, blsMessages: bls, secpMessages: [] };
}

export function fakeSignedMessage(nonce: bigint, change: Partial<Message> = {}): SignedMessage {
  const message: Message = {
    version: 0,
    to: Address.id(1n),
    from: Address.id(2n),
    nonce,
    value: 5n as AttoFil,
    gasLimit: 1_000_000n,
    gasFeeCap: 100n as AttoFil,
    gasPremium: 1n as AttoFil,
    method: 0n,
    params: new Uint8Array(),
    ...change,
  };
  return { message, signature: { type: 1, data: new Uint8Array(65) } };
}
