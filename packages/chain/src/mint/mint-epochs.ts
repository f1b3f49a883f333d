import { blake2b256 } from "@copse/crypto";
import { type BeaconEntry, drandAt, type Network, networkVersion } from "@copse/types";
import type { CID } from "multiformats/cid";
import { maxBeaconRoundForEpoch } from "../rules/beacon-rounds.ts";
import { drawForElection } from "../rules/draw-randomness.ts";
import { log2Power, weightGain } from "../rules/weight.ts";
import { countWins } from "../rules/win-count.ts";
import type { Winner } from "./build-block.ts";
import { buildTipset, withoutBlock } from "./build-tipset.ts";
import type { MintMachine } from "./machine.ts";
import { offerMessages, type Sender } from "./messages.ts";
import type { MintedPower } from "./miners.ts";
import type { MintedEpoch, MintedParent } from "./parent.ts";
import type { Seeded } from "./seeded.ts";
import type { Signer } from "./signer.ts";

/** Everything the epochs of a chain are made of. */
export interface ChainParts {
  readonly network: Network;
  readonly seeded: Seeded;
  readonly power: MintedPower;
  readonly senders: readonly Sender[];
  readonly signer: Signer;
  readonly machine: MintMachine;
  readonly noMessages: CID;
  /** Chance that an epoch begins a fork. */
  readonly forks: number;
}

/** A fork in progress: one miner has missed a block and builds on for a while without it. */
interface Branch {
  parent: MintedParent;
  readonly miner: number;
  left: number;
}

const longestFork = 4;

/** Epochs from 1 on, each made when it is asked for. */
export function* mintEpochs(chain: ChainParts, genesis: MintedParent): Generator<MintedEpoch, never, undefined> {
  let main = genesis;
  let branch: Branch | undefined;
  let beacons: readonly { readonly epoch: number; readonly entry: BeaconEntry }[] = [];
  for (let height = 1; ; height++) {
    const random = chain.seeded.stream("epoch", height);
    // Entries back to the lower of the two tips, for null rounds carry none.
    const lowest = Math.min(main.tipset.height, branch?.parent.tipset.height ?? Number.POSITIVE_INFINITY);
    beacons = [...beacons.filter(({ epoch }) => epoch > lowest), { epoch: height, entry: beaconEntry(chain, height) }];
    const winners = hold(chain, height, beacons.at(-1)?.entry.signature ?? new Uint8Array(), random);

    const build = (parent: MintedParent, won: readonly Winner[]): MintedParent =>
      buildTipset(
        {
          ...chain,
          clock: chain.network,
          totalPower: chain.power.total,
          height,
          parent,
          beaconEntries: beacons.filter(({ epoch }) => epoch > parent.tipset.height).map(({ entry }) => entry),
          offered: offerMessages(
            random,
            chain.senders,
            { ...parent, height: parent.tipset.height },
            chain.network.ethChainId,
            chain.machine.compose,
          ),
          random,
        },
        won,
      );

    branch ??= openBranch(chain, main, winners, random);
    const strayed = branch && winners.find(({ miner }) => miner === chain.power.miners[branch?.miner ?? -1]);
    const others = winners.filter((winner) => winner !== strayed);
    const loses = branch && strayed && weightAfter(chain, branch.parent, [strayed]) < weightAfter(chain, main, others);
    const fork = loses ? build(branch?.parent as MintedParent, [strayed]) : undefined;
    const tipset =
      winners.length === 0 || (fork && others.length === 0) ? undefined : build(main, fork ? others : winners);
    if (branch !== undefined) {
      branch.left--;
      if (fork !== undefined) branch.parent = fork;
      // A fork that would not lose is given up: its miner comes back to the chain.
      if (branch.left === 0 || (strayed && !loses)) branch = undefined;
    }
    if (tipset !== undefined) main = tipset;
    yield {
      height,
      tipset: tipset?.tipset,
      blocks: tipset?.blocks ?? [],
      fork: fork && { tipset: fork.tipset, blocks: fork.blocks },
    };
  }
}

function beaconEntry(chain: ChainParts, epoch: number): BeaconEntry {
  const { network } = chain;
  const { beacon } = drandAt(network, epoch);
  const round = maxBeaconRoundForEpoch(network, beacon, networkVersion(network, epoch), epoch);
  return { round, signature: chain.signer.beacon(round) };
}

// The election of an epoch does not depend on what a miner builds on.
function hold(chain: ChainParts, height: number, beacon: Uint8Array, random: () => number): readonly Winner[] {
  const winners: Winner[] = [];
  for (const miner of chain.power.miners) {
    if (random() >= chain.power.awake) continue;
    const draw = drawForElection({ beacon, height, miner: miner.address });
    const vrfProof = chain.signer.bls(draw, miner.privateKey);
    const winCount = countWins(blake2b256(vrfProof), miner.thresholds);
    if (winCount > 0) winners.push({ miner, winCount, vrfProof });
  }
  return winners;
}

// One of several winners has missed one block of the parents, not its own.
function openBranch(
  chain: ChainParts,
  main: MintedParent,
  winners: readonly Winner[],
  random: () => number,
): Branch | undefined {
  const { blocks } = main.tipset;
  if (blocks.length < 2 || winners.length < 2 || random() >= chain.forks) return undefined;
  const strayed = (winners[Math.floor(random() * winners.length)] as Winner).miner;
  const missed = blocks.findIndex((block) => block.miner !== strayed.address);
  return {
    parent: withoutBlock({ ...chain, totalPower: chain.power.total }, main, missed),
    miner: chain.power.miners.indexOf(strayed),
    left: 1 + Math.floor(random() * longestFork),
  };
}

function weightAfter(chain: ChainParts, parent: MintedParent, winners: readonly Winner[]): bigint {
  if (winners.length === 0) return parent.weight;
  const wins = winners.reduce((sum, { winCount }) => sum + winCount, 0);
  return parent.weight + weightGain(log2Power(chain.power.total) ?? 0, wins);
}
