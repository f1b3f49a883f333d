import { fromHex, isCopseError, toHex, utf8 } from "@copse/primitives";
import { seeded } from "@copse/testkit";
import { beforeAll, describe, expect, it } from "vitest";
import {
  blake2b,
  blake2b32,
  blake2b160,
  blake2b256,
  bls,
  type EngineParts,
  isBlake2b256,
  keccak256,
  nobleEngine,
  secp256k1,
  sha256,
  useEngine,
  verifyBeacon,
  vrfProve,
  vrfVerify,
} from "../src/index.ts";
import { damagedForms, infinityG1, infinityG2, outsideG1, outsideG2 } from "./odd-points.ts";
import { incentinetKey, incentinetRounds, messageSignatures, quicknetKey, quicknetRounds } from "./vectors.ts";

/** The one suite every engine passes: published vectors, refusals, and agreement with noble on random input. */
export function describeEngine(name: string, load: () => Promise<EngineParts>): void {
  describe(name, () => {
    let parts: EngineParts;
    beforeAll(async () => {
      parts = await load();
      useEngine(nobleEngine);
      useEngine(parts);
      return () => useEngine(nobleEngine);
    });
    const random = seeded(7);
    const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => Math.floor(random() * 256));
    const key = (): Uint8Array => Uint8Array.of(...bytes(31), 1);
    /** What noble says to the same question. */
    const noble = <T>(ask: () => T): T => {
      useEngine(nobleEngine);
      try {
        return ask();
      } finally {
        useEngine(parts);
      }
    };

    describe("hashes", () => {
      it("give the published digests", () => {
        expect(toHex(blake2b(utf8("abc"), 64))).toBe(
          "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
        );
        expect(toHex(blake2b256(new Uint8Array(0)))).toBe(
          "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8",
        );
        expect(toHex(sha256(utf8("abc")))).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        expect(toHex(keccak256(new Uint8Array(0)))).toBe(
          "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470",
        );
      });

      it("agree with noble on every length around a block, and hand out results nobody overwrites", () => {
        const kept: [Uint8Array, string][] = [];
        const around = [65_535, 65_536, 65_537, 100_000, 131_072, 200_000];
        for (const length of [...Array(300).keys(), 1024, 5000, ...around]) {
          const input = bytes(length);
          for (const hash of [blake2b256, blake2b160, blake2b32, sha256, keccak256]) {
            const digest = hash(input);
            expect(digest).toBeInstanceOf(Uint8Array);
            kept.push([digest, toHex(noble(() => hash(input)))]);
          }
        }
        for (const [digest, expected] of kept) expect(toHex(digest)).toBe(expected);
      });

      it("read views where they are, Buffers too", () => {
        const whole = bytes(400);
        for (const view of [whole.subarray(3, 303), Buffer.from(whole.buffer, 3, 300)]) {
          for (const hash of [blake2b256, blake2b160, sha256, keccak256]) {
            expect(toHex(hash(view))).toBe(toHex(noble(() => hash(whole.slice(3, 303)))));
          }
        }
      });

      it("tell whether a block has the digest in its CID, of which every bit counts", () => {
        for (const length of [0, 1, 127, 128, 129, 1000, 70_000]) {
          const input = bytes(length);
          const holder = Uint8Array.of(1, 0x71, 0xa0, 0xe4, 2, 0x20, ...blake2b256(input), 9);
          expect(isBlake2b256(input, holder, 6)).toBe(true);
          for (let bit = 0; bit < 256; bit++) {
            const at = 6 + (bit >> 3);
            holder[at] = (holder[at] as number) ^ (1 << (bit & 7));
            expect(isBlake2b256(input, holder, 6)).toBe(false);
            holder[at] = (holder[at] as number) ^ (1 << (bit & 7));
          }
        }
      });

      it("blake2b takes every size", () => {
        const input = bytes(100);
        for (let size = 1; size <= 64; size++) {
          expect(toHex(blake2b(input, size))).toBe(toHex(noble(() => blake2b(input, size))));
        }
        for (const size of [0, 65, 1.5, Number.NaN])
          expect(code(() => blake2b(input, size))).toBe("crypto/hash-size-out-of-range");
      });
    });

    describe("secp256k1", () => {
      it("signs as RFC 6979 says", () => {
        const one = Uint8Array.of(...new Uint8Array(31), 1);
        const made = secp256k1.sign(sha256(utf8("Satoshi Nakamoto")), one);
        expect(toHex(made.subarray(0, 64))).toBe(
          "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d82442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5",
        );
      });

      it("signs, recovers and verifies, byte for byte as noble does", () => {
        for (let i = 0; i < 20; i++) {
          const [secret, digest] = [key(), bytes(32)];
          const made = secp256k1.sign(digest, secret);
          expect(made).toEqual(noble(() => secp256k1.sign(digest, secret)));
          expect(made[64]).toBeLessThan(2);
          const publicKey = secp256k1.publicKey(secret);
          expect(publicKey).toEqual(noble(() => secp256k1.publicKey(secret)));
          expect(secp256k1.recover(digest, made)).toEqual(publicKey);
          expect(secp256k1.verify(digest, made, publicKey)).toBe(true);
          expect(secp256k1.verify(bytes(32), made, publicKey)).toBe(false);
        }
      });

      it("takes high s, as the reference does", () => {
        const [secret, digest] = [key(), bytes(32)];
        const made = secp256k1.sign(digest, secret);
        const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
        const high = order - BigInt(`0x${toHex(made.subarray(32, 64))}`);
        const mirrored = Uint8Array.of(
          ...made.subarray(0, 32),
          ...fromHex(high.toString(16).padStart(64, "0")),
          (made[64] as number) ^ 1,
        );
        expect(secp256k1.recover(digest, mirrored)).toEqual(secp256k1.publicKey(secret));
      });

      it("recovers with r past the order (v 2 and 3)", () => {
        // x = order + 2 is the first coordinate past the order with a point: anyone can make such a signature
        let recovered = 0;
        for (let r = 1; r < 12; r++) {
          for (const v of [2, 3]) {
            const made = new Uint8Array(65);
            made[31] = r;
            made.set(
              bytes(32).map((b) => b >> 1),
              32,
            );
            made[64] = v;
            const digest = bytes(32);
            const mine = secp256k1.recoverOrNothing(digest, made);
            expect(mine).toEqual(noble(() => secp256k1.recoverOrNothing(digest, made)));
            if (mine !== undefined) recovered++;
          }
        }
        expect(recovered).toBeGreaterThan(0);
      });

      it("answers damage with false or a code", () => {
        const [secret, digest] = [key(), bytes(32)];
        const made = secp256k1.sign(digest, secret);
        const publicKey = secp256k1.publicKey(secret);
        const order = fromHex("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
        const bad: Uint8Array[] = [new Uint8Array(65), made.subarray(1), Uint8Array.of(...made, 0), new Uint8Array(0)];
        bad.push(Uint8Array.of(...made.subarray(0, 64), 4), Uint8Array.of(...made.subarray(0, 64), 27));
        bad.push(Uint8Array.of(...order, ...made.subarray(32)));
        bad.push(Uint8Array.of(...made.subarray(0, 32), ...order, made[64] as number));
        bad.push(Uint8Array.of(...new Uint8Array(32), ...made.subarray(32)));
        bad.push(Uint8Array.of(...made.subarray(0, 64), (made[64] as number) + 2));
        for (const signature of bad) {
          expect(secp256k1.verify(digest, signature, publicKey)).toBe(false);
          expect(code(() => secp256k1.recover(digest, signature))).toMatch(/^crypto\/(not-recoverable|length-wrong)$/);
        }
        expect(secp256k1.verify(digest.subarray(1), made, publicKey)).toBe(false);
        expect(secp256k1.verify(digest, made, publicKey.subarray(1))).toBe(false);
        expect(code(() => secp256k1.sign(digest, order))).toBe("crypto/private-key-out-of-range");
        expect(code(() => secp256k1.sign(digest, new Uint8Array(32)))).toBe("crypto/private-key-out-of-range");
        expect(code(() => secp256k1.sign(digest, new Uint8Array(31)))).toBe("crypto/length-wrong");
        expect(code(() => secp256k1.sign(digest.subarray(1), secret))).toBe("crypto/length-wrong");
        expect(code(() => secp256k1.publicKey(new Uint8Array(32).fill(255)))).toBe("crypto/private-key-out-of-range");
      });

      it("agrees with noble on random signatures", () => {
        for (let i = 0; i < 40; i++) {
          const made = Uint8Array.of(...bytes(64), i & 3);
          const digest = bytes(32);
          expect(secp256k1.recoverOrNothing(digest, made)).toEqual(
            noble(() => secp256k1.recoverOrNothing(digest, made)),
          );
        }
      });
    });

    describe("BLS12-381", () => {
      it("makes Filecoin's signatures", () => {
        for (const { message, privateKey, signature } of messageSignatures) {
          expect(toHex(bls.sign(message, privateKey))).toBe(toHex(signature));
          expect(bls.verify(signature, message, bls.publicKey(privateKey))).toBe(true);
        }
      });

      it("makes noble's keys and signatures for random keys", () => {
        for (let i = 0; i < 4; i++) {
          const [secret, message] = [key(), bytes(i * 50)];
          const made = bls.sign(message, secret);
          expect(made).toEqual(noble(() => bls.sign(message, secret)));
          expect(bls.publicKey(secret)).toEqual(noble(() => bls.publicKey(secret)));
          expect(bls.verify(made, message, bls.publicKey(secret))).toBe(true);
          expect(bls.verify(made, bytes(40), bls.publicKey(secret))).toBe(false);
          expect(bls.verify(made, message, bls.publicKey(key()))).toBe(false);
        }
      });

      it("verifies aggregates over distinct messages only", () => {
        const secrets = [key(), key(), key()];
        const messages = [bytes(10), bytes(10), bytes(10)];
        const keys = secrets.map(bls.publicKey);
        const sum = bls.aggregate(secrets.map((secret, i) => bls.sign(messages[i] as Uint8Array, secret)));
        expect(bls.verifyAggregate(sum, messages, keys)).toBe(true);
        expect(bls.verifyAggregate(sum, messages.toReversed(), keys)).toBe(false);
        expect(bls.verifyAggregate(sum, messages.slice(1), keys.slice(1))).toBe(false);
        expect(bls.verifyAggregate(sum, messages, keys.slice(1))).toBe(false);
        expect(bls.verifyAggregate(sum, [], [])).toBe(false);
        expect(bls.verifyAggregate(infinityG2, [], [])).toBe(false);
        const same = [bytes(4)];
        const twice = bls.aggregate([
          bls.sign(same[0] as Uint8Array, secrets[0] as Uint8Array),
          bls.sign(same[0] as Uint8Array, secrets[1] as Uint8Array),
        ]);
        expect(bls.verifyAggregate(twice, [...same, ...same], keys.slice(0, 2))).toBe(false);
        expect(code(() => bls.aggregate([]))).toBe("crypto/nothing-to-aggregate");
        expect(code(() => bls.aggregate([sum, outsideG2]))).toBe("crypto/signature-malformed");
        expect(bls.aggregate([sum, infinityG2])).toEqual(sum);
        const negated = Uint8Array.from(sum);
        negated[0] = (negated[0] as number) ^ 0x20;
        expect(bls.aggregate([sum, negated])).toEqual(infinityG2);
      });

      it("verifies aggregates with several messages of one sender", () => {
        const [mine, other] = [key(), key()];
        const secrets = [mine, other, mine, mine, other];
        const messages = secrets.map(() => bytes(38));
        const keys = secrets.map(bls.publicKey);
        const sum = bls.aggregate(secrets.map((secret, i) => bls.sign(messages[i] as Uint8Array, secret)));
        expect(bls.verifyAggregate(sum, messages, keys)).toBe(true);
        expect(bls.verifyAggregate(sum, messages.with(3, bytes(38)), keys)).toBe(false);
        expect(bls.verifyAggregate(sum, messages, keys.with(3, bls.publicKey(other)))).toBe(false);
        expect(bls.verifyAggregate(sum, messages.with(0, messages[2] as Uint8Array), keys)).toBe(false);
      });

      it("refuses infinity, strangers to the subgroup, and every other encoding", () => {
        const secret = key();
        const message = bytes(20);
        const publicKey = bls.publicKey(secret);
        const made = bls.sign(message, secret);
        expect(bls.verify(made, message, publicKey)).toBe(true);
        const keys = [...damagedForms(publicKey), ["infinity", infinityG1], ["outside", outsideG1]] as const;
        for (const [what, bad] of keys) expect(bls.verify(made, message, bad), what).toBe(false);
        const signatures = [...damagedForms(made), ["infinity", infinityG2], ["outside", outsideG2]] as const;
        for (const [what, bad] of signatures) expect(bls.verify(bad, message, publicKey), what).toBe(false);
        expect(bls.verify(infinityG2, message, infinityG1)).toBe(false);
        const negated = Uint8Array.from(made);
        negated[0] = (negated[0] as number) ^ 0x20;
        expect(bls.verify(negated, message, publicKey)).toBe(false);
        expect(bls.verifyAggregate(made, [message, bytes(3)], [publicKey, infinityG1])).toBe(false);
        expect(code(() => bls.sign(message, new Uint8Array(32)))).toBe("crypto/private-key-out-of-range");
        expect(code(() => bls.sign(message, new Uint8Array(32).fill(0xff)))).toBe("crypto/private-key-out-of-range");
        expect(code(() => bls.publicKey(new Uint8Array(33)))).toBe("crypto/length-wrong");
      });

      it("proves and verifies draws", () => {
        const [secret, input] = [key(), bytes(32)];
        const proof = vrfProve(secret, input);
        expect(vrfVerify(bls.publicKey(secret), input, proof)).toBe(true);
        expect(vrfVerify(bls.publicKey(secret), bytes(32), proof)).toBe(false);
      });
    });

    describe("drand", () => {
      it("takes the rounds of mainnet's headers", () => {
        const chain = { scheme: "chained", publicKey: incentinetKey } as const;
        for (const [i, entry] of incentinetRounds.entries()) {
          const previous = incentinetRounds[i - 1]?.signature;
          expect(verifyBeacon(chain, entry, previous)).toBe(previous !== undefined);
        }
        for (const entry of quicknetRounds) {
          expect(verifyBeacon({ scheme: "unchained", publicKey: quicknetKey }, entry)).toBe(true);
        }
      });

      it("refuses other rounds, other predecessors, and odd points", () => {
        const chained = { scheme: "chained", publicKey: incentinetKey } as const;
        const [first, second] = incentinetRounds as [
          { round: number; signature: Uint8Array },
          { round: number; signature: Uint8Array },
        ];
        expect(verifyBeacon(chained, { ...second, round: second.round + 1 }, first.signature)).toBe(false);
        expect(verifyBeacon(chained, second, second.signature)).toBe(false);
        expect(
          verifyBeacon({ ...chained, publicKey: infinityG1 }, { ...second, signature: infinityG2 }, first.signature),
        ).toBe(false);
        const quicknet = { scheme: "unchained", publicKey: quicknetKey } as const;
        const entry = quicknetRounds[0] as { round: number; signature: Uint8Array };
        expect(verifyBeacon(quicknet, { ...entry, round: entry.round + 1 })).toBe(false);
        for (const round of [-1, 0.5, Number.NaN, 2 ** 53])
          expect(verifyBeacon(quicknet, { ...entry, round })).toBe(false);
        for (const [what, bad] of [
          ...damagedForms(entry.signature),
          ["infinity", infinityG1],
          ["outside", outsideG1],
        ] as const) {
          expect(verifyBeacon(quicknet, { ...entry, signature: bad }), what).toBe(false);
        }
        for (const [what, bad] of [
          ...damagedForms(quicknetKey),
          ["infinity", infinityG2],
          ["outside", outsideG2],
        ] as const) {
          expect(verifyBeacon({ ...quicknet, publicKey: bad }, entry), what).toBe(false);
        }
        expect(verifyBeacon({ ...quicknet, publicKey: infinityG2 }, { ...entry, signature: infinityG1 })).toBe(false);
      });
    });
  });
}

function code(run: () => unknown): string {
  try {
    run();
    return "none";
  } catch (error) {
    return isCopseError(error, "crypto/") ? error.code : `not coded: ${String(error)}`;
  }
}
