import { checkSignatures } from "@copse/crypto";
import { Address, type AttoFil, type BlockHeader, signingBytes } from "@copse/types";
import { expect, it } from "vitest";
import { createMint } from "../../src/mint/create-mint.ts";
import { forgeHeader, mintedMiners } from "../../src/mint/forge.ts";

const mint = createMint({ seed: "forge", miners: 3 });
const [first] = mint
  .epochs()
  .filter(({ tipset }) => tipset !== undefined)
  .map(({ tipset }) => tipset)
  .take(1)
  .toArray();
const header = first?.blocks[0] as BlockHeader;

it("knows the miners of a chain by its seed", () => {
  expect(mintedMiners({ seed: "forge", executed: false, miners: 3 })).toEqual(mint.miners);
});

it("signs a changed header with its own miner's key", () => {
  const forged = forgeHeader(header, { parentBaseFee: 5n as AttoFil }, mint.miners);
  expect(forged).toMatchObject({ parentBaseFee: 5n, height: header.height, miner: header.miner });
  const miner = mint.miners.find(({ address }) => Address.equals(address, header.miner));
  const check = {
    kind: "bls",
    publicKey: Address.payload(miner?.worker as Address),
    message: signingBytes(forged),
    signature: forged.blockSig?.data as Uint8Array,
  } as const;
  const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
  expect(checkSignatures([check, { ...check, message: signingBytes(header) }], { random })).toEqual([true, false]);
});

it("signs for nobody else", () => {
  expect(() => forgeHeader(header, { miner: Address.id(77) }, mint.miners)).toThrow(
    expect.objectContaining({ code: "mint/miner-unknown" }),
  );
});
