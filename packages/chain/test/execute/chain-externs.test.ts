import { blake2b256 } from "@copse/crypto";
import { networkVersion, type Tipset, TipsetKey } from "@copse/types";
import { describe, expect, it } from "vitest";
import { beaconRandomness, chainRandomness, tipsetCid } from "../../src/execute/chain-externs.ts";
import { maxBeaconRoundForEpoch } from "../../src/rules/beacon-rounds.ts";
import { makeChain } from "./made-chain.ts";

const chain = makeChain("externs", 60);
const isNull = (height: number): boolean => chain.tipsets[height] === undefined;
const nullRound = chain.tipsets.findIndex((_, height) => isNull(height));
const head = chain.tipsets.findLastIndex((tipset) => tipset !== undefined);
const view = chain.viewFrom(head);
const firstAt = (height: number): Tipset =>
  chain.tipsets.slice(height).find((tipset) => tipset !== undefined) as Tipset;

describe("what a machine asks of its chain", () => {
  it("has a null round to look at", () => expect(nullRound).toBeGreaterThan(0));

  it.each([0, 1, nullRound, nullRound + 1, head])("draws on the ticket at epoch %i, or above a null round", (epoch) => {
    const ticket = firstAt(epoch).blocks[0]?.ticket?.vrfProof as Uint8Array;
    expect(chainRandomness(view, epoch)).toEqual(blake2b256(ticket));
  });

  it.each([1, nullRound, head])("draws on the beacon entry that epoch %i calls for", (epoch) => {
    const { network } = chain.mint;
    const beacon = network.drand[0]?.beacon as NonNullable<(typeof network.drand)[0]>["beacon"];
    const round = maxBeaconRoundForEpoch(network, beacon, networkVersion(network, epoch), epoch);
    const entry = firstAt(epoch).blocks[0]?.beaconEntries.find((one) => one.round === round);
    expect(beaconRandomness(network, view, epoch)).toEqual(blake2b256(entry?.signature as Uint8Array));
  });

  it("draws on genesis for epochs before it", () => {
    const { blocks } = chain.mint.genesis.tipset;
    expect(chainRandomness(view, -5)).toEqual(blake2b256(blocks[0]?.ticket?.vrfProof as Uint8Array));
    expect(beaconRandomness(chain.mint.network, view, -5)).toEqual(
      blake2b256(blocks[0]?.beaconEntries[0]?.signature as Uint8Array),
    );
  });

  it("names the tipset of an epoch, and the one below a null round", () => {
    const below = chain.tipsets.slice(0, nullRound).findLast((tipset) => tipset !== undefined) as Tipset;
    expect(tipsetCid(view, nullRound)).toEqual(TipsetKey.cid(below.key).bytes);
    expect(tipsetCid(view, 1)).toEqual(TipsetKey.cid(firstAt(1).key).bytes);
  });

  it.each(["chain", "beacon", "tipset"])("knows nothing of the future: %s", (what) => {
    const ask = (): Uint8Array =>
      what === "chain"
        ? chainRandomness(view, head + 1)
        : what === "beacon"
          ? beaconRandomness(chain.mint.network, view, head + 1)
          : tipsetCid(view, head + 1);
    expect(ask).toThrow(expect.objectContaining({ code: "chain/lookback-out-of-range" }));
  });
});
