import { checkSignatures } from "@copse/crypto";
import { installFastest } from "@copse/crypto/fastest";
import { beforeAll, describe, expect, it } from "vitest";
import { createMint } from "../../src/mint/create-mint.ts";
import { beaconBelow, checkBeacons } from "../../src/validate/check-beacons.ts";
import { checkBaseFee, checkMessages } from "../../src/validate/check-messages.ts";
import { type Checked, settle } from "../../src/validate/verdict.ts";

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
const settled = (checked: Checked) => settle(checked, checkSignatures(checked.checks, { random }));

beforeAll(async () => void (await installFastest()));

describe("a minted chain", () => {
  it("passes every check of beacons, messages and base fees", () => {
    const mint = createMint({ seed: "test" });
    let below = beaconBelow(mint.genesis.tipset);
    let baseFee = checkMessages(mint.network, mint.genesis.tipset, [{ bls: [], secp: [] }]).nextBaseFee;
    for (const { tipset, blocks } of mint.epochs().take(150)) {
      if (tipset === undefined) continue;
      const beacons = checkBeacons(mint.network, [tipset], below);
      expect(settled(beacons)).toEqual([]);
      below = beacons.last;
      expect(checkBaseFee(tipset, baseFee).faults).toEqual([]);
      const messages = checkMessages(
        mint.network,
        tipset,
        blocks.map((block) => block.messages),
      );
      expect(settled(messages)).toEqual([]);
      baseFee = messages.nextBaseFee;
    }
  });
});
