import { type CidBytes, toCid } from "@copse/ipld";
import { Address, type AttoFil, type BlockHeader } from "@copse/types";
import { CID } from "multiformats/cid";
import { initialBaseFee } from "../rules/base-fee.ts";
import { messageRoot } from "../rules/message-root.ts";

/** What every genesis block names as its parent; there is no such block. */
const genesisParent: CID = CID.parse("bafyreiaqpwbbyjo4a42saasj36kkrpv4tsherf2e7bvezkert2a7dhonoi");

/** The root of an empty list of receipts, which is that of an empty list of messages. */
export function emptyReceipts(): CID {
  return toCid((messageRoot([], []).blocks[0] as readonly [CidBytes, Uint8Array])[0]);
}

/**
 * A genesis block in the form all networks share.
 *
 * @param ticket - 32 B; it tells networks of equal state apart
 * @see lotus:chain/gen/genesis/genesis.go MakeGenesisBlock
 */
export function genesisBlock(stateRoot: CidBytes, ticket: Uint8Array, timestamp: number): BlockHeader {
  return {
    miner: Address.id(0),
    ticket: { vrfProof: ticket },
    electionProof: { winCount: 0, vrfProof: new Uint8Array(0) },
    beaconEntries: [{ round: 0, signature: new Uint8Array(32) }],
    winPostProof: [],
    parents: [genesisParent],
    parentWeight: 0n,
    height: 0,
    parentStateRoot: toCid(stateRoot),
    parentMessageReceipts: emptyReceipts(),
    messages: toCid(messageRoot([], []).root),
    blsAggregate: null,
    timestamp,
    blockSig: null,
    forkSignaling: 0n,
    parentBaseFee: initialBaseFee as AttoFil,
  };
}
