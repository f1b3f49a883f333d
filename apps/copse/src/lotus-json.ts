import { Address, type BlockHeader, type Message, type Signature, type SignedMessage, TipsetKey } from "@copse/types";
import type { CID } from "multiformats/cid";

/** Lotus' JSON of a CID. */
export const cidJson = (cid: CID): { "/": string } => ({ "/": cid.toString() });

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

const signatureJson = (signature: Signature | null): unknown =>
  signature && { Type: signature.type, Data: base64(signature.data) };

/**
 * A block header as Lotus' JSON-RPC gives it.
 *
 * @param prefix the network's address letter, `f` or `t`
 * @see lotus documentation/en/api-methods-v1-stable.md, ChainGetBlock
 */
export function headerJson(header: BlockHeader, prefix: "f" | "t"): unknown {
  return {
    Miner: Address.format(header.miner, prefix),
    Ticket: header.ticket && { VRFProof: base64(header.ticket.vrfProof) },
    ElectionProof: header.electionProof && {
      WinCount: header.electionProof.winCount,
      VRFProof: base64(header.electionProof.vrfProof),
    },
    BeaconEntries: header.beaconEntries.map(({ round, signature }) => ({ Round: round, Data: base64(signature) })),
    WinPoStProof: header.winPostProof.map((proof) => ({
      PoStProof: proof.postProof,
      ProofBytes: base64(proof.proofBytes),
    })),
    Parents: header.parents.map(cidJson),
    ParentWeight: String(header.parentWeight),
    Height: header.height,
    ParentStateRoot: cidJson(header.parentStateRoot),
    ParentMessageReceipts: cidJson(header.parentMessageReceipts),
    Messages: cidJson(header.messages),
    BLSAggregate: signatureJson(header.blsAggregate),
    Timestamp: header.timestamp,
    BlockSig: signatureJson(header.blockSig),
    ForkSignaling: safe(header.forkSignaling),
    ParentBaseFee: String(header.parentBaseFee),
  };
}

/** A tipset as Lotus' JSON-RPC gives it. @see lotus ChainGetTipSet */
export function tipsetJson(key: TipsetKey, blocks: readonly BlockHeader[], prefix: "f" | "t"): unknown {
  return {
    Cids: TipsetKey.cids(key).map(cidJson),
    Blocks: blocks.map((block) => headerJson(block, prefix)),
    Height: blocks[0]?.height,
  };
}

/** A message as Lotus' JSON-RPC gives it; 64-bit integers past 2^53 keep their digits as text. @see lotus ChainGetMessage */
export function messageJson(message: Message, cid: CID, prefix: "f" | "t"): Record<string, unknown> {
  return {
    Version: message.version,
    To: Address.format(message.to, prefix),
    From: Address.format(message.from, prefix),
    Nonce: safe(message.nonce),
    Value: String(message.value),
    GasLimit: safe(message.gasLimit),
    GasFeeCap: String(message.gasFeeCap),
    GasPremium: String(message.gasPremium),
    Method: safe(message.method),
    Params: base64(message.params),
    CID: cidJson(cid),
  };
}

/** A signed message as Lotus' JSON-RPC gives it. */
export function signedMessageJson(signed: SignedMessage, messageCid: CID, cid: CID, prefix: "f" | "t"): unknown {
  return {
    Message: messageJson(signed.message, messageCid, prefix),
    Signature: signatureJson(signed.signature),
    CID: cidJson(cid),
  };
}

const safe = (value: bigint): number | string =>
  value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : String(value);
