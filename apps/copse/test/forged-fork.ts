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
   * wins what its proofs are worth: by those states nothing is wrong with it. `after-nulls`: the same, but that the miner is
   * one of the chain's: it wins one block there that names a state of its making, mines nothing until that state is the one
   * its power is looked up in, and wins all from there on. Nothing at all is wrong with such a fork.
   */
  readonly states: "claims" | "made-up" | "after-nulls";
  /** log2 of the power that its weights claim; the chain's unless told. */
  readonly log2?: number;
}

const blsType = 2;
/** Epochs below a block in whose state its miner is looked up. */
const lookback = 900;
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
export function forgeFork(
  chain: MintedChain,
  mint: Mint,
  { from, to, states, log2: claimed }: ForgedFork,
): MintedChain {
  const { network } = chain.mint;
  const kept = chain.tipsets.filter(({ tipset }) => tipset.height <= from);
  const beacons = beaconsOf(chain);
  const power = mint.totalPower;
  const { made, miners, keyOf, winsOf } = forgers(mint, states);
  const log2 = claimed ?? (log2Power(power) as number);
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
      const key = keyOf(i);
      const sign = (message: Uint8Array): Uint8Array => bls.sign(message, key);
      const draw = { beacon, height, miner };
      const vrfProof = sign(drawForElection(draw));
      const winCount = winsOf(vrfProof, height, forged[0]?.tipset.height);
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

interface Forgers {
  readonly made?: MadeUpState;
  readonly miners: readonly Address[];
  /** The key that the miner of this place signs with. */
  keyOf(place: number): Uint8Array;
  /** @param first - the height at which the fork begins, where it has begun */
  winsOf(vrfProof: Uint8Array, height: number, first: number | undefined): number;
}

function forgers(mint: Mint, states: ForgedFork["states"]): Forgers {
  const power = mint.totalPower;
  const all = (vrfProof: Uint8Array): number => computeWinCount(vrfProof, power, power);
  if (states === "claims") {
    return { miners: mint.miners.map(({ address }) => address), keyOf: forgerKey, winsOf: () => maxWinCount };
  }
  if (states === "made-up") {
    const made = madeUpState(power, ownMiner, forgerKey(0));
    return { made, miners: [Address.id(ownMiner)], keyOf: forgerKey, winsOf: all };
  }
  const [{ address, privateKey, power: own }] = mint.miners as [Mint["miners"][number]];
  return {
    made: madeUpState(power, Address.idOf(address), privateKey),
    miners: [address],
    keyOf: () => privateKey,
    winsOf(vrfProof, height, first) {
      if (first === undefined) return computeWinCount(vrfProof, own, power);
      return height <= first + lookback ? 0 : all(vrfProof);
    },
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

interface MadeUpState {
  readonly root: CID;
  readonly blocks: readonly (readonly [CidBytes, Uint8Array])[];
}

/** A state in which one miner has all power, and this key. */
function madeUpState(power: bigint, id: bigint, key: Uint8Array): MadeUpState {
  const worker = Address.fromBls(bls.publicKey(key));
  const miner = { id, worker, rawBytePower: power, qualityAdjPower: power, sectorSize: 2 ** 35 };
  const { root, blocks } = buildGenesisState({ networkName: "made up", miners: [miner], accounts: [] });
  return { root, blocks };
}
