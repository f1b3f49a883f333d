import { checkSignatures, nobleEngine, useEngine } from "@copse/crypto";
import { installFastest } from "@copse/crypto/fastest";
import { cidKey, runSync, type SyncBlockReader } from "@copse/ipld";
import { loadStateTree } from "@copse/state";
import { bench } from "@copse/testkit/bench";
import type { BlockHeader, Tipset } from "@copse/types";
import { createMint } from "../src/mint/index.ts";
import { computeWinCount } from "../src/rules/win-count.ts";
import { beaconBelow, checkBeacons } from "../src/validate/check-beacons.ts";
import { checkHeader } from "../src/validate/check-header.ts";
import { checkLeaders } from "../src/validate/check-leaders.ts";
import { checkMessages } from "../src/validate/check-messages.ts";
import { stateAtHand } from "../src/validate/leader-state.ts";

await installFastest();
const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
const mint = createMint({ seed: "bench", forks: 0 });
const epochs = [...mint.epochs().take(150)];
const full = epochs.flatMap(({ tipset, blocks }) => (tipset === undefined ? [] : [{ tipset, blocks }]));
const tipsets = full.map(({ tipset }) => tipset);
const headers = tipsets.flatMap(({ blocks, cids }) => blocks.map((header, i) => ({ header, cid: cids[i] })));
const held = new Map(mint.genesis.state.map(([cid, bytes]) => [cidKey(cid), bytes]));
const reader: SyncBlockReader = { getSync: (cid) => held.get(cidKey(cid)) };
const below = beaconBelow(mint.genesis.tipset);

await bench("chain/header sanity and time", {
  given: () => headers,
  run: (given) => {
    for (const { header, cid } of given) if (cid !== undefined) checkHeader(mint.network, header, cid);
    return given.length;
  },
  unit: "header",
});

await bench("chain/beacon rules 150-epochs", {
  given: () => tipsets,
  run: (given) => checkBeacons(mint.network, given, below).entries,
  unit: "entry",
});

const verifyBeacons = (given: readonly Tipset[]): number => {
  const { checks, entries } = checkBeacons(mint.network, given, below);
  if (checkSignatures(checks, { random }).includes(false)) throw new Error("a beacon fails");
  return entries;
};
await bench("chain/beacon signatures 150-epochs batch", {
  given: () => tipsets,
  run: verifyBeacons,
  beside: {
    "one-by-one": (given) => {
      const { checks, entries } = checkBeacons(mint.network, given, below);
      for (const check of checks) checkSignatures([check], { random });
      return entries;
    },
  },
  unit: "entry",
});

await bench("chain/win count", {
  given: () => headers.map(({ header }) => header.electionProof?.vrfProof as Uint8Array),
  run: (proofs) => {
    for (const proof of proofs) computeWinCount(proof, mint.miners[0]?.power ?? 1n, mint.totalPower);
    return proofs.length;
  },
  unit: "proof",
});

await bench("chain/message rules and roots", {
  given: () => full.map(({ tipset, blocks }) => ({ tipset, messages: blocks.map(({ messages }) => messages) })),
  run: (given) => {
    let count = 0;
    for (const { tipset, messages } of given) {
      checkMessages(mint.network, tipset, messages);
      for (const { bls, secp } of messages) count += bls.length + secp.length;
    }
    return count;
  },
  unit: "message",
});

const root = (mint.genesis.tipset.blocks[0] as BlockHeader).parentStateRoot;
await bench("chain/leaders with signatures batch", {
  given: () => stateAtHand(runSync(loadStateTree(root), reader), 0, true),
  run: (lookback) => {
    const checks = [];
    let base = mint.genesis.tipset;
    let under = below;
    let count = 0;
    for (const tipset of tipsets.slice(0, 50)) {
      const context = { base, beacon: under.entry, states: { lookback } };
      checks.push(...runSync(checkLeaders(mint.network, tipset, context), reader).checks);
      count += tipset.blocks.length;
      under = beaconBelow(tipset, under);
      base = tipset;
    }
    if (checkSignatures(checks, { random }).includes(false)) throw new Error("a leader fails");
    return count;
  },
  unit: "header",
});

const mintEpochs = (signatures: "real" | "none", count: number): number => {
  for (const _ of createMint({ seed: "speed", signatures }).epochs().take(count));
  return count;
};
await bench("chain/mint without signatures 1000-epochs", {
  given: () => 1000,
  run: (count) => mintEpochs("none", count),
  unit: "epoch",
});
await bench("chain/mint 40-epochs", {
  given: () => 40,
  run: (count) => mintEpochs("real", count),
  beside: {
    noble: async (count) => {
      useEngine(nobleEngine);
      try {
        return mintEpochs("real", count);
      } finally {
        await installFastest();
      }
    },
  },
  rounds: 3,
  unit: "epoch",
});
