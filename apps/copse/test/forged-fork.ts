import type { Mint } from "@copse/chain/mint";
import {
  computeWinCount,
  drawForElection,
  drawForTicket,
  log2Power,
  maxWinCount,
  timestampAt,
  tipsetWeight,
} from "@copse/chain/rules";
import { checkMessages } from "@copse/chain/validate";
import { bls } from "@copse/crypto";
import type { CidBytes } from "@copse/ipld";
import { buildGenesisState } from "@copse/state";
import {
  Address,
  type AttoFil,
  type BeaconEntry,
  type BlockHeader,
  createTipset,
  encodeBlockHeader,
  signingBytes,
  type Tipset,
} from "@copse/types";
import type { CID } from "multiformats/cid";
import type { MintedChain, MintedTipset } from "../src/local/minted-chain.ts";

/** What a forger does. */
export interface ForgedFork {
  /** The fork stands on the tipset of this height, or the one below. */
  readonly from: number;
  /** Its height. */
  readonly to: number;
  /**
   * `claims`: blocks of the chain's own miners, signed by other keys, with all the wins that may be claimed, that name the
   * states the chain has. `made-up`: a miner of the forger's own in states of its own making, who holds all power there and
   * wins what its proofs are worth: by those states nothing is wrong with it.
   */
  readonly states: "claims" | "made-up";
}

const blsType = 2;
/** A miner that the chain does not know. */
const ownMiner = 4242n;

/** A forger's key: 32 B, little-endian, and short, for what is signed by it is cheap. */
const forgerKey = (n: number): Uint8Array => new Uint8Array(32).with(0, 0x61).with(1, n);

/**
 * A fork of a minted chain whose blocks nobody won: every link, beacon entry, weight, base fee and timestamp is right, and
 * it is heavier than the chain.
 *
 * @returns the chain up to the fork and the fork, as a peer has them that serves it
 */
export function forgeFork(chain: MintedChain, mint: Mint, { from, to, states }: ForgedFork): MintedChain {
  const { network } = chain.mint;
  const kept = chain.tipsets.filter(({ tipset }) => tipset.height <= from);
  const beacons = beaconsOf(chain);
  const power = mint.totalPower;
  const made = states === "made-up" ? madeUpState(power) : undefined;
  const miners = made === undefined ? mint.miners.map(({ address }) => address) : [Address.id(ownMiner)];
  const log2 = log2Power(power) as number;
  const top = kept.at(-1) as MintedTipset;
  const { messages } = mint.genesis.tipset.blocks[0] as BlockHeader;
  const forged: MintedTipset[] = [];
  let { tipset: parent } = top;
  let lists = top.blocks.map((block) => block.messages);
  for (let height = parent.height + 1; height <= to; height++) {
    const [first] = parent.blocks as [BlockHeader];
    const wins = parent.blocks.reduce((sum, { electionProof }) => sum + (electionProof?.winCount ?? 0), 0);
    const entries: BeaconEntry[] = [];
    for (let epoch = parent.height + 1; epoch <= height; epoch++) entries.push(beacons.get(epoch) as BeaconEntry);
    const beacon = (entries.at(-1) as BeaconEntry).signature;
    const { nextBaseFee } = checkMessages(network, parent, lists);
    const blocks = miners.flatMap((miner, i): BlockHeader[] => {
      const key = forgerKey(i);
      const sign = (message: Uint8Array): Uint8Array => bls.sign(message, key);
      const draw = { beacon, height, miner };
      const vrfProof = sign(drawForElection(draw));
      const winCount = made === undefined ? maxWinCount : computeWinCount(vrfProof, power, power);
      if (winCount === 0) return [];
      const unsigned: BlockHeader = {
        ...first,
        miner,
        ticket: { vrfProof: sign(drawForTicket(draw, first.ticket?.vrfProof)) },
        electionProof: { winCount, vrfProof },
        beaconEntries: entries,
        winPostProof: [{ postProof: 3, proofBytes: new Uint8Array(192) }],
        parents: parent.cids,
        parentWeight: tipsetWeight(first.parentWeight, log2, wins),
        height,
        parentStateRoot: made?.root ?? first.parentStateRoot,
        messages,
        blsAggregate: { type: blsType, data: infinity },
        timestamp: timestampAt(network, height),
        parentBaseFee: nextBaseFee as AttoFil,
        blockSig: null,
      };
      return [{ ...unsigned, blockSig: { type: blsType, data: sign(signingBytes(unsigned)) } }];
    });
    if (blocks.length === 0) continue;
    parent = createTipset(blocks);
    lists = parent.blocks.map(() => ({ bls: [], secp: [] }));
    const bytes = parent.blocks.map((header) => ({
      bytes: encodeBlockHeader(header),
      messages: { bls: [], secp: [] },
    }));
    forged.push({ tipset: parent, blocks: bytes });
  }
  const { genesis } = chain.mint;
  return {
    ...chain,
    mint: { network, genesis: { ...genesis, state: [...genesis.state, ...(made?.blocks ?? [])] } },
    tipsets: [...kept, ...forged],
  };
}

const infinity: Uint8Array = Uint8Array.of(0xc0, ...new Array<number>(95).fill(0));

/** The beacon entry of each epoch: those of null rounds stand in the tipset above. */
function beaconsOf({ tipsets }: MintedChain): ReadonlyMap<number, BeaconEntry> {
  const found = new Map<number, BeaconEntry>();
  let below: Tipset | undefined;
  for (const { tipset } of tipsets) {
    const entries = tipset.blocks[0]?.beaconEntries ?? [];
    for (const [i, entry] of entries.entries()) if (below !== undefined) found.set(below.height + 1 + i, entry);
    below = tipset;
  }
  return found;
}

/** A state in which one miner, whose key is the forger's, has all power. */
function madeUpState(power: bigint): { root: CID; blocks: readonly (readonly [CidBytes, Uint8Array])[] } {
  const worker = Address.fromBls(bls.publicKey(forgerKey(0)));
  const miner = { id: ownMiner, worker, rawBytePower: power, qualityAdjPower: power, sectorSize: 2 ** 35 };
  const { root, blocks } = buildGenesisState({ networkName: "made up", miners: [miner], accounts: [] });
  return { root, blocks };
}
