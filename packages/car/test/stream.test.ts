import { type CidBytes, cidOf, hashes, makeCid, rawCidOf } from "@copse/ipld";
import { concatBytes } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { encodeCar } from "../src/index.ts";
import { writeForestCar } from "../src/node.ts";
import { bytesAccess, type CarStoreOptions, createCarStore } from "../src/store.ts";

/** Does not compress, so that a flipped bit of it is found in the file, and is a flipped bit of it alone. */
const large = (length: number, seed = 1): Uint8Array => {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = seed;
  for (let i = 0; i < words.length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    words[i] = state ^ (state >>> 15);
  }
  return new Uint8Array(words.buffer, 0, length);
};
const small = Uint8Array.of(0x80);
const limits = { sectionBytes: 64 << 20 };

async function forestOf(blocks: readonly { cid: CidBytes; bytes: Uint8Array }[]): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeForestCar([], blocks, { limits })) chunks.push(chunk);
  return concatBytes(...chunks);
}

const forms = {
  CARv1: async (blocks: readonly { cid: CidBytes; bytes: Uint8Array }[]) => encodeCar([], blocks, { limits }),
  ".forest.car.zst": forestOf,
};

/** What came of a block before its end or its error. */
async function streamed(file: Uint8Array, cid: CidBytes, options: CarStoreOptions = {}) {
  await using store = await createCarStore(bytesAccess(file), { limits, ...options });
  const pieces: Uint8Array[] = [];
  const steps = store.stream(cid);
  try {
    for (;;) {
      const next = await steps.next();
      if (next.done === true) return { bytes: concatBytes(...pieces), count: pieces.length, found: next.value };
      pieces.push(Uint8Array.from(next.value));
    }
  } catch (error) {
    return { bytes: concatBytes(...pieces), count: pieces.length, code: (error as { code: string }).code };
  }
}

describe.each(Object.keys(forms) as (keyof typeof forms)[])("a block in pieces, of a %s", (form) => {
  const make = forms[form];
  const bytes = large((3 << 20) + 77);

  it("is whole, under every hash there is", async () => {
    const blocks = [hashes.blake2b256, hashes.sha256, hashes.keccak256].map((hash, i) => {
      const data = bytes.subarray(i * 1000);
      return { cid: makeCid(data, { codec: 0x55, hash }), bytes: data };
    });
    const nothing = { cid: rawCidOf(new Uint8Array(0)), bytes: new Uint8Array(0) };
    const file = await make([{ cid: cidOf(small), bytes: small }, ...blocks, nothing]);
    for (const block of blocks) {
      const { bytes: came, count, found } = await streamed(file, block.cid);
      expect(found).toBe(true);
      expect(count).toBeGreaterThan(2);
      expect(Buffer.compare(came, block.bytes)).toBe(0);
    }
    expect(await streamed(file, cidOf(small))).toMatchObject({ bytes: small, found: true });
    expect(await streamed(file, nothing.cid)).toMatchObject({ count: 0, found: true });
    expect(await streamed(file, cidOf(Uint8Array.of(1)))).toMatchObject({ count: 0, found: false });
  });

  it("is never whole where a bit of it is another, which its last piece waits for", async () => {
    for (const at of [0, 1 << 20, bytes.length - 1]) {
      const wrong = Uint8Array.from(bytes);
      wrong[at] = (wrong[at] as number) ^ 4;
      const cid = rawCidOf(bytes);
      const file = await make([{ cid, bytes: wrong }]);
      const { bytes: came, code } = await streamed(file, cid);
      expect(code).toBe("car/block-mismatch");
      expect(came.length).toBeLessThan(bytes.length);
      expect(came.length).toBeGreaterThan(bytes.length / 2);
      const unchecked = await streamed(file, cid, { verify: false });
      expect(unchecked.found).toBe(true);
      expect(Buffer.compare(unchecked.bytes, wrong)).toBe(0);
    }
    const file = await make([{ cid: cidOf(Uint8Array.of(7)), bytes: small }]);
    expect(await streamed(file, cidOf(Uint8Array.of(7)))).toMatchObject({ count: 0, code: "car/block-mismatch" });
  });

  it("is refused under a hash that is unknown here, and before any of it is out", async () => {
    const cid = concatBytes(Uint8Array.of(1, 0x55, 0x13, 0x40), new Uint8Array(64)); // SHA2-512
    const file = await make([{ cid, bytes: small }]);
    expect(await streamed(file, cid)).toMatchObject({ count: 0, code: "car/hash-unsupported" });
    const cut = Uint8Array.from([1, 0x71, 0xa0, 0xe4, 2, 20, ...cidOf(small).subarray(6, 26)]); // 20 B of the digest
    expect(await streamed(await make([{ cid: cut, bytes: small }]), cut)).toMatchObject({ code: "car/block-mismatch" });
  });

  it("may be left in the middle, or stopped", async () => {
    const cid = rawCidOf(bytes);
    await using store = await createCarStore(bytesAccess(await make([{ cid, bytes }])), { limits });
    for await (const piece of store.stream(cid)) {
      expect(piece.length).toBeGreaterThan(0);
      break;
    }
    const stop = new AbortController();
    const loop = async (): Promise<void> => {
      for await (const _ of store.stream(cid, { signal: stop.signal })) stop.abort(new Error("enough"));
    };
    await expect(loop()).rejects.toMatchObject({ code: "host/aborted" });
  });
});
