import { CID } from "multiformats/cid";
import { Address, AttoFil, type BlockHeader, type Message, type Signature, type SignatureType } from "../src/index.ts";

/** Parses JSON without losing digits: integers past 2^53 arrive as text. */
export function parseVectors<T>(text: string): T {
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
    typeof value === "number" && !Number.isSafeInteger(value) ? context?.source : value,
  ) as T;
}

type Json = Record<string, never> & { [key: string]: Json };
export const base64 = (value: unknown): Uint8Array => Uint8Array.from(Buffer.from((value ?? "") as string, "base64"));
const cid = (value: unknown): CID => CID.parse((value as { "/": string })["/"]);

export function signatureOf(json: { Type: number; Data: string } | null): Signature | null {
  return json === null ? null : { type: json.Type as SignatureType, data: base64(json.Data) };
}

export function messageOf(json: Json): Message {
  return {
    version: Number(json["Version"]),
    to: Address.parse(String(json["To"])),
    from: Address.parse(String(json["From"])),
    nonce: BigInt(json["Nonce"] as unknown as string),
    value: AttoFil.from(BigInt(json["Value"] as unknown as string)),
    gasLimit: BigInt(json["GasLimit"] as unknown as string),
    gasFeeCap: AttoFil.from(BigInt(json["GasFeeCap"] as unknown as string)),
    gasPremium: AttoFil.from(BigInt(json["GasPremium"] as unknown as string)),
    method: BigInt(json["Method"] as unknown as string),
    params: base64(json["Params"]),
  };
}

// biome-ignore lint/suspicious/noExplicitAny: the JSON of another project, read field by field
export function headerOf(json: any): BlockHeader {
  return {
    miner: Address.parse(json.Miner),
    ticket: json.Ticket && { vrfProof: base64(json.Ticket.VRFProof) },
    electionProof: json.ElectionProof && {
      winCount: json.ElectionProof.WinCount,
      vrfProof: base64(json.ElectionProof.VRFProof),
    },
    beaconEntries: (json.BeaconEntries ?? []).map((entry: { Round: number; Data: string }) => ({
      round: entry.Round,
      signature: base64(entry.Data),
    })),
    winPostProof: (json.WinPoStProof ?? []).map((proof: { PoStProof: number; ProofBytes: string }) => ({
      postProof: proof.PoStProof,
      proofBytes: base64(proof.ProofBytes),
    })),
    parents: (json.Parents ?? []).map(cid),
    parentWeight: BigInt(json.ParentWeight),
    height: json.Height,
    parentStateRoot: cid(json.ParentStateRoot),
    parentMessageReceipts: cid(json.ParentMessageReceipts),
    messages: cid(json.Messages),
    blsAggregate: signatureOf(json.BLSAggregate),
    timestamp: json.Timestamp,
    blockSig: signatureOf(json.BlockSig),
    forkSignaling: BigInt(json.ForkSignaling),
    parentBaseFee: AttoFil.from(BigInt(json.ParentBaseFee)),
  };
}
