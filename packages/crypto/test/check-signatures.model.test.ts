import { seeded } from "@copse/testkit";
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type BlsCheck,
  bls,
  checkSignature,
  checkSignatures,
  currentEngine,
  nobleEngine,
  type SignatureCheck,
  useEngine,
} from "../src/index.ts";
import { wasmEngine } from "../src/wasm.ts";
import { infinityG1, infinityG2, outsideG1, outsideG2 } from "./odd-points.ts";
import { bytesOf, damaged, goodChecks } from "./sample-checks.ts";

for (const [name, load] of [
  ["noble", async () => nobleEngine],
  ["wasm", wasmEngine],
] as const) {
  describe(`checkSignatures, ${name}`, () => {
    const random = seeded(11);
    const options = { random: (length: number) => bytesOf(random, length) };
    const check = (checks: readonly SignatureCheck[]): boolean[] => checkSignatures(checks, options);
    let good: SignatureCheck[];
    beforeAll(async () => {
      useEngine(await load());
      good = goodChecks(random);
    });
    afterAll(() => useEngine(nobleEngine));

    it("finds good ones good", () => {
      expect(check(good)).toEqual(good.map(() => true));
      expect(check([])).toEqual([]);
      expect(check([...good, ...good])).toEqual([...good, ...good].map(() => true));
    });

    it("says of each what it says of it alone, whatever is wrong with the others", () => {
      for (let round = 0; round < (name === "noble" ? 3 : 12); round++) {
        const share = [0.05, 0.3, 1][round % 3] as number;
        const mixed = good.map((each) => (random() < share ? damaged(each, random) : each));
        expect(check(mixed)).toEqual(mixed.map(checkSignature));
      }
    });

    it("names two that are wrong by amounts that cancel", () => {
      const [a, b] = good.filter((each): each is BlsCheck => each.kind === "bls") as [BlsCheck, BlsCheck];
      const { Point } = bls12_381.G2;
      const off = Point.BASE.multiply(12345n);
      const higher = { ...a, signature: Point.fromBytes(a.signature).add(off).toBytes() };
      const lower = { ...b, signature: Point.fromBytes(b.signature).subtract(off).toBytes() };
      expect(check([good[4] as SignatureCheck, higher, lower, good[3] as SignatureCheck])).toEqual([
        true,
        false,
        false,
        true,
      ]);
      expect(
        check([
          { ...a, signature: b.signature },
          { ...b, signature: a.signature },
        ]),
      ).toEqual([false, false]);
    });

    it("refuses odd points, wrong lengths, and what is no aggregate", () => {
      const a = good[0] as BlsCheck;
      const odd: SignatureCheck[] = [
        { ...a, publicKey: infinityG1 },
        { ...a, publicKey: outsideG1 },
        { ...a, signature: outsideG2 },
        { ...a, signature: infinityG2 },
        { ...a, publicKey: infinityG1, signature: infinityG2 },
        { ...a, signature: new Uint8Array(0) },
        { kind: "bls-aggregate", publicKeys: [], messages: [], signature: infinityG2 },
        { kind: "bls-aggregate", publicKeys: [a.publicKey], messages: [], signature: a.signature },
        {
          kind: "bls-aggregate",
          publicKeys: [a.publicKey, a.publicKey],
          messages: [a.message, a.message],
          signature: a.signature,
        },
      ];
      expect(check([...odd, ...good])).toEqual([...odd.map(() => false), ...good.map(() => true)]);
    });

    it("checks long aggregates by themselves, and their bad ones too", () => {
      const secrets = Array.from({ length: 12 }, (_, i) => new Uint8Array(32).fill(i + 1, 0, 20));
      const messages = secrets.map(() => bytesOf(random, 38));
      const signature = bls.aggregate(secrets.map((secret, i) => bls.sign(messages[i] as Uint8Array, secret)));
      const long: SignatureCheck = {
        kind: "bls-aggregate",
        publicKeys: secrets.map(bls.publicKey),
        messages,
        signature,
      };
      const wrong: SignatureCheck = { ...long, messages: messages.with(5, new Uint8Array(1)) };
      expect(check([long, ...good, wrong])).toEqual([true, ...good.map(() => true), false]);
    });

    it("asks for one product a kind of pairing where all is good, and few more where one is bad", () => {
      const { bls } = currentEngine();
      let products = 0;
      let pairs = 0;
      useEngine({
        name: "counting",
        bls: {
          ...bls,
          productIsOne(g1s, g2s) {
            products++;
            pairs += g1s.length;
            return bls.productIsOne(g1s, g2s);
          },
        },
      });
      check([...good, ...good, ...good, ...good]);
      expect(products).toBe(2);
      expect(pairs).toBeLessThanOrEqual(8); // three keys and drand's two, the two sums
      const [first, ...others] = good as [BlsCheck, ...SignatureCheck[]];
      const before = products;
      const set = [...others, { ...first, message: new Uint8Array(3) }];
      expect(check(set)).toEqual([...others.map(() => true), false]);
      expect(products - before).toBeLessThanOrEqual(2 + 2 * Math.ceil(Math.log2(set.length)));
      useEngine({ name, bls });
    });
  });
}
