import { cidOf, toCid } from "@copse/ipld";
import { utf8 } from "@copse/primitives";
import { Address, type AttoFil, type Tipset, TipsetKey } from "@copse/types";
import { invokeContract } from "@copse/types/eth";
import type { CID } from "multiformats/cid";
import { describe, expect, it } from "vitest";
import { createMint } from "../../src/mint/create-mint.ts";
import { type MintMachine, noMachine } from "../../src/mint/machine.ts";
import type { AfterTipset } from "../../src/mint/parent.ts";

/** Roots of its own for every tipset. */
function after(tipset: Tipset): AfterTipset {
  const root = (what: string): CID => toCid(cidOf(utf8(`${what} ${TipsetKey.cid(tipset.key)}`)));
  return { stateRoot: root("state"), receipts: root("receipts") };
}

const asked = new Map<string, Tipset | undefined>();
const anyEth = Address.fromEth(new Uint8Array(20).fill(1));

const machine: MintMachine = {
  ...noMachine,
  networkVersion: 22,
  execute(tipset, parents) {
    expect(asked.has(`${tipset.key}`)).toBe(false);
    asked.set(`${tipset.key}`, parents);
    return after(tipset);
  },
  compose: (random, { from, to, nonce, eth }) => ({
    version: 0,
    from,
    to: eth ? anyEth : to,
    nonce,
    value: 0n as AttoFil,
    gasLimit: 1_000_000n,
    gasFeeCap: 1_000_000_000n as AttoFil,
    gasPremium: 1n as AttoFil,
    method: eth ? invokeContract : 2n,
    params: Uint8Array.of(0x41, Math.floor(random() * 256)),
  }),
};

describe("a mint with a machine", () => {
  const mint = createMint({ seed: "machine", machine, forks: 0.5 });
  const epochs = [...mint.epochs().take(60)];
  const byKey = new Map([[`${mint.genesis.tipset.key}`, mint.genesis.tipset]]);
  for (const { tipset, fork } of epochs) {
    for (const one of [tipset, fork?.tipset]) if (one !== undefined) byKey.set(`${one.key}`, one);
  }

  it("names in every header what executing its parents gave, on forks too", () => {
    let seen = 0;
    for (const tipset of byKey.values()) {
      if (tipset.height === 0) continue;
      const parents = byKey.get(`${tipset.parents}`);
      if (parents === undefined) continue; // a fork's first tipset stands on a tipset with one block less
      const { stateRoot, receipts } = after(parents);
      for (const { parentStateRoot, parentMessageReceipts } of tipset.blocks) {
        expect(parentStateRoot.equals(stateRoot)).toBe(true);
        expect(parentMessageReceipts.equals(receipts)).toBe(true);
        seen++;
      }
    }
    expect(seen).toBeGreaterThan(40);
  });

  it("executes a tipset once, when it has children, after its parents", () => {
    const order = [...asked.keys()];
    for (const [key, parents] of asked) {
      if (parents === undefined) expect(key).toBe(`${mint.genesis.tipset.key}`);
      else expect(order.indexOf(`${parents.key}`)).toBeLessThan(order.indexOf(key));
    }
  });

  it("runs under the machine's network version, with the messages it composes", () => {
    expect(mint.network.genesisVersion).toBe(22);
    expect(mint.network.upgrades).toEqual([]);
    const bls = epochs.flatMap(({ blocks }) => blocks.flatMap(({ messages }) => messages.bls));
    expect(bls.length).toBeGreaterThan(0);
    for (const bytes of bls) expect(bytes.at(-2)).toBe(0x41);
  });
});
